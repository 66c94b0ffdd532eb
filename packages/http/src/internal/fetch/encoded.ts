/**
 * Errors as responses and events in the form that a client reads.
 *
 * @internal
 */
import * as Decode from "@effect-venice/core/Decode"
import * as Encode from "@effect-venice/core/Encode"
import * as Redact from "@effect-venice/core/Redact"
import type { VeniceError } from "@effect-venice/core/VeniceError"
import * as Predicate from "effect/Predicate"
import { type Client, mayRepeat, statusFor } from "./client.ts"

/** The parts of a response that `errorOf` decodes. */
export interface Parts {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
}

// Registered, so that another copy of this module reads it too: the package without Effect has one.
const partsKey = Symbol.for("@effect-venice/http/VeniceFetch/parts")

/** The parts of a response that {@link responseOf} made. Its body cannot be read without waiting. */
export const partsOf = (response: object): unknown => Reflect.get(response, partsKey)

const define = (response: Response, values: Readonly<Record<PropertyKey, unknown>>): Response =>
  Object.defineProperties(
    response,
    Object.fromEntries(Reflect.ownKeys(values).map((key) => [key, { value: values[key], configurable: true }]))
  )

/** What a constructed response lacks of the original. */
export const withOrigin = (response: Response, { redirected, type, url }: Response): Response =>
  define(response, { url, redirected, type })

/** A response for the client, which is told not to repeat the request if it must not. */
export const responseOf = (error: VeniceError, client: Client, original: Response, isFinal: boolean): Response => {
  const encoded = Encode.response(error, client.format)
  const held = isFinal || !mayRepeat(error, client)
  const headers = {
    ...encoded.headers,
    "x-venice-code": error._tag,
    "x-venice-status": String(encoded.status),
    ...(held && { "x-should-retry": "false" })
  }
  const body = JSON.stringify(encoded.body)
  const parts: Parts = { status: encoded.status, headers, body }
  const init = { status: statusFor(encoded.status, error, client, held), headers }
  const make = (): Response =>
    define(withOrigin(new Response(body, init), original), { [partsKey]: parts, clone: make })
  return make()
}

type Members = Readonly<Record<string, unknown>>

const parse = (data: string): Members => {
  try {
    const json: unknown = JSON.parse(data)
    return Predicate.isObject(json) ? json as Members : {}
  } catch {
    return {}
  }
}

const written = (name: string | undefined, body: unknown): string =>
  `${name === undefined ? "" : `event: ${name}\n`}data: ${JSON.stringify(body)}\n\n`

/** The error as an event in OpenAI's form: that of a chat, or of `/responses`. */
const openAiEvent = (error: VeniceError, name: string, original: Members, client: Client): string => {
  const body = JSON.parse(Encode.event(error)) as { readonly error: Members }
  // The AI SDK drops every member but these, and passes any `param`.
  const { code, message, type } = body.error
  const inner = client.isAiSdk ? { message, type, code, param: body.error } : body.error
  if (Predicate.isObject(original.response)) {
    return written(name === "response.failed" ? name : undefined, {
      ...original,
      response: { ...original.response as object, error: inner }
    })
  }
  if (original.type === "error") {
    const { sequence_number } = original
    return written(name === "error" ? name : undefined, { type: "error", sequence_number, ...body, error: inner })
  }
  return written(undefined, { ...body, error: inner })
}

/** The event in the form that the client reads, if it is an error. `found` is told. */
export const eventFor = (
  data: string,
  name: string,
  input: Omit<Decode.Input, "body">,
  client: Client,
  found: (error: VeniceError) => void
): string | undefined => {
  const error = Decode.event(data, input, name)
  if (error === undefined) return undefined
  found(error)
  return client.format === "anthropic"
    ? Encode.serverSentEvent(error, "anthropic")
    : openAiEvent(error, name, parse(Redact.response({ ...input, body: data }).body), client)
}
