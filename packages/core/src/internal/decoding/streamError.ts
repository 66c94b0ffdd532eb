/**
 * The error among the events of a stream.
 *
 * @internal
 */
import * as Sse from "effect/encoding/Sse"
import type * as Headers from "effect/http/Headers"
import * as Predicate from "effect/Predicate"
import * as ErrorBody from "./errorBody.ts"
import { isSuccess } from "./received.ts"

const startsStream = /^[\ufeff\s]*(?:data|event|id|retry|):/

/** Whether the body of a response is a stream of events. */
export const isStream = (status: number, headers: Headers.Headers, body: string): boolean =>
  isSuccess(status)
  && (headers["content-type"]?.toLowerCase().startsWith("text/event-stream") === true
    || startsStream.test(body.slice(0, 100)))

// Events without an error may have `"error": null` or `"error": ""`.
const isError = (error: unknown): boolean => typeof error === "string" ? error !== "" : Predicate.isObject(error)

/** An error body from the JSON of one event: with `error` at top level, or in the `response` of a `response.failed`. */
export const errorOfEvent = (data: string): unknown => {
  if (!data.includes("\"error\"")) return undefined
  try {
    const json: unknown = JSON.parse(data)
    if (!Predicate.isObject(json)) return undefined
    const { error, response } = json as { readonly error?: unknown; readonly response?: unknown }
    if (isError(error)) return json
    const inner = Predicate.isObject(response) ? (response as { readonly error?: unknown }).error : undefined
    return isError(inner) ? { error: inner } : undefined
  } catch {
    return undefined
  }
}

/** Reads the first error of a stream. A stream without one counts as an empty body. */
export const readStream = (text: string): ErrorBody.ErrorBody => {
  let error: unknown
  const parser = Sse.makeParser((event) => {
    if (event._tag === "Event") error ??= errorOfEvent(event.data)
  }, { maxEventSize: Number.MAX_SAFE_INTEGER })
  parser.feed(text)
  // The connection may have ended before the blank line that closes the last event.
  parser.feed("\n\n")
  return error === undefined ? ErrorBody.read("") : ErrorBody.fromJson(error)
}
