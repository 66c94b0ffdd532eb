/**
 * The body of a response of undici, read without the platform's stream.
 *
 * Effect's stream of a response aborts its request when it ends, also after the last byte, and undici pays for that with
 * a `DOMException` and its stack. A body that has arrived together with the headers needs no waiting either.
 *
 * @internal
 */
import * as Effect from "effect/Effect"
import type { HttpClientResponse } from "effect/http/HttpClientResponse"
import * as Predicate from "effect/Predicate"

type Event = "data" | "end" | "error" | "close"

/** What is used of a `Readable` of Node, so that browsers need no types of Node. */
export interface NodeBody {
  readonly _readableState: { readonly ended: boolean }
  readonly destroyed: boolean
  readonly readableEnded: boolean
  readonly readableEncoding: null
  readonly read: () => unknown
  readonly on: (event: Event, listener: (value: unknown) => void) => unknown
  readonly off: (event: Event, listener: (value: unknown) => void) => unknown
  readonly destroy: () => unknown
}

/** Takes a chunk. Returns false if no more are wanted. */
export type Take = (chunk: Uint8Array) => boolean

// Effect's wrapper that aborts a request with the fiber. Another wrapper may change the body, so it is not opened.
const withoutWrapper = (response: HttpClientResponse): object =>
  Object.hasOwn(response, "original") && Predicate.hasProperty(response, "controller")
    && response.controller instanceof AbortController && Predicate.hasProperty(response, "original")
    && Predicate.isObject(response.original)
    ? response.original
    : response

const isNodeBody = (body: unknown): body is NodeBody =>
  Predicate.isObject(body)
  && ["read", "on", "off", "destroy"].every((name) =>
    Predicate.hasProperty(body, name) && typeof body[name] === "function"
  )
  && Predicate.hasProperty(body, "readableEncoding") && body.readableEncoding === null
  && Predicate.hasProperty(body, "_readableState")
  && Predicate.hasProperty(body._readableState, "ended") && typeof body._readableState.ended === "boolean"

/** The body of a response of the platform's client over undici. */
export const nodeBody = (response: HttpClientResponse): NodeBody | undefined => {
  const original = withoutWrapper(response)
  if (!Object.hasOwn(original, "source") || Object.hasOwn(original, "stream")) return undefined
  const source: unknown = Predicate.hasProperty(original, "source") ? original.source : undefined
  const body: unknown = Predicate.hasProperty(source, "body") ? source.body : undefined
  return isNodeBody(body) ? body : undefined
}

const noop = () => {}

/** Takes what has arrived, and returns whether it was the rest. */
const drain = (body: NodeBody, take: Take): boolean => {
  if (body.readableEnded) return true
  // What a broken connection left in the buffer goes to the one who waits for it.
  if (body.destroyed) return false
  for (let chunk = body.read(); chunk instanceof Uint8Array; chunk = body.read()) {
    if (!take(chunk)) {
      body.destroy()
      return true
    }
  }
  return body._readableState.ended
}

const wait = (body: NodeBody, take: Take): Effect.Effect<void, unknown> =>
  Effect.callback((resume) => {
    const detach = () => {
      body.off("data", onData)
      body.off("end", onEnd)
      body.off("error", onError)
      body.off("close", onClose)
    }
    const end = (exit: Effect.Effect<void, unknown>) => {
      detach()
      body.destroy()
      resume(exit)
    }
    const onData = (chunk: unknown) => {
      if (chunk instanceof Uint8Array && !take(chunk)) end(Effect.void)
    }
    const onEnd = () => end(Effect.void)
    const onError = (cause: unknown) => end(Effect.fail(cause))
    const onClose = () => end(Effect.fail(new TypeError("the response body was closed")))
    if (body.destroyed) return onClose()
    body.on("end", onEnd)
    body.on("error", onError)
    body.on("close", onClose)
    body.on("data", onData)
    return Effect.sync(() => {
      detach()
      body.destroy()
    })
  })

/**
 * Reads a body until its end, or until no more chunks are wanted. Fails with the platform's error if the body breaks
 * off. Only the waiting for what has not arrived yet is under the limit of `withLimit`.
 */
export const readNodeBody = <E>(
  body: NodeBody,
  take: Take,
  withLimit: (waiting: Effect.Effect<void, unknown>) => Effect.Effect<void, E>
): Effect.Effect<void, E> =>
  Effect.suspend(() => {
    // Without a listener the error of a destroyed body would be thrown.
    body.on("error", noop)
    return drain(body, take) ? Effect.void : withLimit(wait(body, take))
  })
