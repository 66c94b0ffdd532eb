/**
 * Links that hold the state of the playground in their fragment, which browsers send to no server.
 *
 * A link holds no credential: of a response it holds what the decoder keeps, with everything redacted that is redacted
 * on the page.
 */
import { Redact } from "@effect-venice/core"
import * as Base64Url from "effect/encoding/Base64Url"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import type { ResponseInput } from "../../packages/testing/src/internal/pasted/response.ts"
import { maxLinkedText, State } from "./state.ts"

const prefix = "#s="

/** The longest fragment that is read, in UTF-16 code units. */
export const maxFragment = 65_536

const Json = Schema.fromJsonString(State)

const decode = Schema.decodeUnknownResult(Json)

const encode = Schema.encodeSync(Json)

const cut = (text: string): string =>
  text.length > maxLinkedText ? text.slice(0, maxLinkedText).replace(/[\ud800-\udbff]$/, "") : text

/** A response as `curl -i` prints it, without its credentials. */
export const transcriptOf = (input: ResponseInput): string => {
  const { body, headers } = Redact.response(input)
  const kept = Object.entries(Redact.headers({ ...headers as Readonly<Record<string, string>> }))
  return [
    `HTTP/1.1 ${input.status}`,
    ...kept.map(([name, value]) => `${name}: ${value.replace(/[\r\n]+/g, " ")}`),
    "",
    Redact.text(body)
  ].join("\n")
}

/** The text that a link holds for a pasted one: the response in it, or else the text itself, without credentials. */
export const linkedText = (text: string, input: ResponseInput | undefined): string =>
  cut(input === undefined ? Redact.text(text) : transcriptOf(input))

/** The fragment of a state, whose text must be a {@link linkedText}. */
export const fragmentOf = (state: State): string => `${prefix}${Base64Url.encode(encode(state))}`

/** The state of a fragment; nothing if the fragment is none of ours, and a failure if it cannot be read. */
export const stateOf = (fragment: string): Result.Result<State, "unreadable"> | undefined => {
  if (!fragment.startsWith(prefix)) return undefined
  const state = fragment.length > maxFragment
    ? undefined
    : Result.getOrUndefined(
      Result.flatMap(Base64Url.decodeString(fragment.slice(prefix.length)), (json) => decode(json))
    )
  return state === undefined ? Result.fail("unreadable") : Result.succeed(state)
}
