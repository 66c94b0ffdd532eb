/**
 * The error among the events of a stream.
 *
 * @internal
 */
import * as Sse from "effect/encoding/Sse"
import type * as Headers from "effect/http/Headers"
import * as Predicate from "effect/Predicate"
import * as ErrorBody from "./errorBody.ts"
import { headersOf, type Input, isSuccess } from "./received.ts"

const startsStream = /^[\ufeff\s]*(?:data|event|id|retry|):/

const eventStream = /^text\/event-stream/i

// `{` and `<`: nearly every body is JSON or a page.
const isOpening = (code: number): boolean => code === 123 || code === 60

/** Whether the body of a response is a stream of events, under whatever status. */
export const isStream = (headers: Headers.Headers, body: string): boolean =>
  eventStream.test(headers["content-type"] ?? "")
  || (!isOpening(body.charCodeAt(0)) && startsStream.test(body.slice(0, 100)))

type Members = Readonly<Record<string, unknown>>

const isObject = (value: unknown): value is Members => Predicate.isObject(value) && !Array.isArray(value)

// An event without an error may have `null`, `""` or `[]` in its place.
const isError = (error: unknown): boolean =>
  typeof error === "string" || Array.isArray(error) ? error.length > 0 : isObject(error)

const responseFailed = { error: "The response failed" }

/** The error of one event whose JSON was parsed. */
const errorOfJson = (json: unknown, name: string | undefined): unknown => {
  if (!isObject(json)) return name === "error" ? { error: json } : undefined
  const { code, error, message, response, type } = json
  if (isError(error)) return json
  const inner = isObject(response) ? response.error : undefined
  if (isError(inner)) return { error: inner }
  if (
    name === "response.failed" || type === "response.failed" || (isObject(response) && response.status === "failed")
  ) return responseFailed
  if (name === "error") return { ...json, error: json }
  return type === "error" && (typeof message === "string" || typeof code === "string") ? { error: json } : undefined
}

const mayBeError = (data: string, name: string | undefined): boolean =>
  name === "error" || name === "response.failed" || data.includes("\"error\"") || data.includes("failed\"")

const failed = /"status"\s*:\s*"failed"/

/** A stream has one error. More events that look like one, and are none, are not searched. */
const maxCandidates = 1000

/**
 * The error in the data of one event: `error` at top level or inside the `response` of a `response.failed`, or the whole
 * data if the event is named `error`. A response that failed without an error is one too.
 */
export const errorOfEvent = (data: string, name?: string): unknown => {
  if (!mayBeError(data, name)) return undefined
  try {
    return errorOfJson(JSON.parse(data), name)
  } catch {
    return name === "error" ? { error: data } : undefined
  }
}

/** The error in the JSON of a success, at top level or in a response that failed. */
export const errorOfSuccess = (body: string, operation: string | undefined): unknown => {
  const error = errorOfEvent(body)
  if (error !== undefined || !failed.test(body)) return error
  try {
    const json: unknown = JSON.parse(body)
    if (!isObject(json) || json.status !== "failed") return undefined
    const isResponse = json.object === "response" || json.output !== undefined || operation === "POST /responses"
    return isResponse ? { ...responseFailed, status: "failed" } : undefined
  } catch {
    return undefined
  }
}

/**
 * Reads the first error among the events. A stream without one is read as an empty body, and under a failing status as
 * the text that it is.
 */
export const readStream = (text: string, status: number): ErrorBody.ErrorBody => {
  let found: unknown
  let candidates = 0
  const parser = Sse.makeParser((event) => {
    if (event._tag !== "Event" || found !== undefined || candidates === maxCandidates) return
    if (!mayBeError(event.data, event.event)) return
    candidates++
    found = errorOfEvent(event.data, event.event)
  }, { maxEventSize: Number.MAX_SAFE_INTEGER })
  parser.feed(text)
  // The connection may have ended before the blank line that closes the last event.
  parser.feed("\n\n")
  if (found !== undefined) return ErrorBody.fromJson(found)
  return ErrorBody.read(isSuccess(status) ? "" : text)
}

/** Reads the body of a response, which may be a stream. */
export const readBody = (input: Input): ErrorBody.ErrorBody =>
  isStream(headersOf(input), input.body) ? readStream(input.body, input.status) : ErrorBody.read(input.body)
