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

type Event = "data" | "end" | "error" | "close"

/** What is used of a `Readable` of Node, so that browsers need no types of Node. */
export interface NodeBody {
  readonly _readableState: { readonly ended: boolean }
  readonly destroyed: boolean
  readonly readableDidRead: boolean
  readonly readableEnded: boolean
  readonly readableEncoding: null
  readonly read: () => unknown
  readonly on: (event: Event, listener: (value: unknown) => void) => unknown
  readonly off: (event: Event, listener: (value: unknown) => void) => unknown
  readonly destroy: () => unknown
}

/** Takes a chunk. Returns false if no more are wanted. */
export type Take = (chunk: Uint8Array) => boolean

/** A response of the platform's client over undici, in Effect's wrapper that aborts a request with the fiber. */
interface Platform extends HttpClientResponse {
  readonly controller?: unknown
  readonly original?: Platform
  /** Runs the readers of the wrapper, so that it knows that the response is read. */
  readonly applyInterrupt?: <A, E>(reading: Effect.Effect<A, E>) => Effect.Effect<A, E>
  readonly source?: { readonly body?: Partial<NodeBody> | null } | null
}

const isNodeBody = (body: Partial<NodeBody> | null | undefined): body is NodeBody =>
  typeof body?.read === "function" && typeof body._readableState?.ended === "boolean" && body.readableEncoding === null

/** The body of a response over undici. */
export const nodeBody = (response: HttpClientResponse): NodeBody | undefined => {
  const { controller, original } = response as Platform
  // Another wrapper than Effect's may change the body, so it is not opened.
  const inner = Object.hasOwn(response, "original") && controller instanceof AbortController ? original : response
  // So may one that inherits from the response.
  if (inner == null || !Object.hasOwn(inner, "source") || Object.hasOwn(inner, "stream")) return undefined
  const body = (inner as Platform).source?.body
  return isNodeBody(body) ? body : undefined
}

const noop = () => {}

/** Takes what has arrived, and returns whether it was the rest. */
const drain = (body: NodeBody, take: Take): boolean => {
  if (body.readableEnded) return true
  // Nothing can be read of it any more.
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
      for (const [event, listener] of listeners) body.off(event, listener)
    }
    const end = (exit: Effect.Effect<void, unknown>) => {
      detach()
      body.destroy()
      resume(exit)
    }
    const listeners: ReadonlyArray<readonly [Event, (value: unknown) => void]> = [
      ["end", () => end(Effect.void)],
      ["error", (cause) => end(Effect.fail(cause))],
      ["close", () => end(Effect.fail("closed"))],
      ["data", (chunk) => {
        if (chunk instanceof Uint8Array && !take(chunk)) end(Effect.void)
      }]
    ]
    if (body.destroyed) return resume(Effect.fail("closed"))
    for (const [event, listener] of listeners) body.on(event, listener)
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
  response: HttpClientResponse,
  body: NodeBody,
  take: Take,
  withLimit: (waiting: Effect.Effect<void, unknown>) => Effect.Effect<void, E>
): Effect.Effect<void, E> => {
  const reading = Effect.suspend(() => {
    // Without a listener the error of a destroyed body would be thrown.
    body.on("error", noop)
    return drain(body, take) ? Effect.void : withLimit(wait(body, take))
  })
  // Otherwise the wrapper takes the response for unread, and aborts its request when the response is collected.
  return (response as Platform).applyInterrupt?.(reading) ?? reading
}
