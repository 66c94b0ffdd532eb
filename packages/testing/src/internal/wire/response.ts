/**
 * A response on the wire, in a module of its own because `WireResponse` and the forms of an error both build one.
 *
 * @internal
 */
import type * as Duration from "effect/Duration"

/**
 * A response to send: pass it to `reply` of the emulator, or serve it from a server of your own.
 *
 * @category models
 * @since 0.1.0
 */
export interface WireResponse {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  /** A list of chunks is sent as a stream. */
  readonly body: string | Uint8Array | ReadonlyArray<Chunk>
}

/**
 * A part of a body that is sent by itself: an event of a stream, or a piece of a slow download. Write the body of a
 * {@link WireResponse} with it to test how a client reads a response that arrives in parts.
 *
 * @category models
 * @since 0.1.0
 */
export interface Chunk {
  readonly data: string | Uint8Array
  /** The delay between the part before, or the header, and this one; none by default. */
  readonly delay?: Duration.Duration
}

/**
 * Makes a response with a JSON body, for a shape that {@link fromError} does not write.
 *
 * @category constructors
 * @since 0.1.0
 */
export const json = (status: number, body: unknown, headers: Readonly<Record<string, string>> = {}): WireResponse => ({
  status,
  headers: { "content-type": "application/json", ...headers },
  body: JSON.stringify(body)
})

/**
 * Makes a response with a text body, such as the error page of a proxy.
 *
 * @category constructors
 * @since 0.1.0
 */
export const text = (
  status: number,
  body: string,
  headers: Readonly<Record<string, string>> = { "content-type": "text/plain" }
): WireResponse => ({ status, headers, body })
