/**
 * Exchanges of a HAR file, which browsers and proxies export.
 *
 * @internal
 */
import { Operation } from "@effect-venice/core"
import * as Base64 from "effect/encoding/Base64"
import * as Predicate from "effect/Predicate"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import { joinHeaders, secretsOf, type Transcript } from "./transcript.ts"

const Header = Schema.Struct({ name: Schema.String, value: Schema.String })

/** The members that are read. Others are ignored, and browsers write many. */
const Entry = Schema.Struct({
  request: Schema.Struct({
    method: Schema.String,
    url: Schema.String,
    headers: Schema.optionalKey(Schema.Array(Header))
  }),
  response: Schema.Struct({
    status: Schema.Int,
    headers: Schema.optionalKey(Schema.Array(Header)),
    content: Schema.optionalKey(Schema.Struct({
      text: Schema.optionalKey(Schema.String),
      encoding: Schema.optionalKey(Schema.String)
    }))
  })
})

const decodeEntry = Schema.decodeUnknownOption(Entry)

/** How many entries of a file are read. */
const maxEntries = 1000

/** The entries of a file, or the one entry that the value is; nothing if it is neither. */
export const entriesOf = (json: unknown): ReadonlyArray<unknown> | undefined => {
  if (Predicate.hasProperty(json, "log") && Predicate.hasProperty(json.log, "entries")) {
    return Array.isArray(json.log.entries) ? json.log.entries.slice(0, maxEntries) : undefined
  }
  return Predicate.hasProperty(json, "request") && Predicate.hasProperty(json, "response")
      && Predicate.hasProperty(json.request, "url")
    ? [json]
    : undefined
}

const textOf = ({ encoding, text = "" }: { readonly text?: string; readonly encoding?: string }): string =>
  encoding === "base64"
    ? Result.match(Base64.decodeString(text), { onFailure: () => text, onSuccess: (decoded) => decoded })
    : text

/** The response of an entry. A request without a response has the status 0, and is refused. */
export const read = (entry: unknown): Result.Result<Transcript, string> => {
  const decoded = decodeEntry(entry)
  if (decoded._tag === "None") return Result.fail("Not an entry of a HAR file")
  const { request, response } = decoded.value
  if (response.status < 100 || response.status > 999) return Result.fail("The request got no response")
  const pairs = (headers: ReadonlyArray<typeof Header.Type> | undefined) =>
    (headers ?? []).map(({ name, value }) => [name, value] as const)
  return Result.succeed({
    status: response.status,
    headers: joinHeaders(pairs(response.headers)),
    body: textOf(response.content ?? {}),
    operation: Operation.nameOf(request.method, request.url),
    secrets: secretsOf(pairs(request.headers))
  })
}
