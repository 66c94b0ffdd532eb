/**
 * The request that a caller of `fetch` passes, in any of its forms.
 *
 * @internal
 */
import * as HttpClientRequest from "effect/http/HttpClientRequest"
import type { HttpMethod } from "effect/http/HttpMethod"

/** The arguments of `fetch`. */
export type Arguments = Parameters<typeof globalThis.fetch>

export interface Sent {
  /** Method, URL and headers: what names the operation, and what has the secrets. */
  readonly request: HttpClientRequest.HttpClientRequest
  readonly headers: Headers
  readonly signal: AbortSignal | undefined
  /** The body that was passed beside the request, if it is text. */
  readonly text: string | undefined
  /** Whether the same arguments may be passed to `fetch` again. */
  readonly canBeSentAgain: boolean
}

// A platform may have a `Request` of its own, so that `instanceof` would not tell.
const asRequest = (input: Arguments[0]): Request | undefined =>
  typeof (input as Partial<Request> | null | undefined)?.url === "string" ? input as Request : undefined

const headersIn = (init: HeadersInit | undefined): Headers => {
  try {
    return new Headers(init)
  } catch {
    // The request will be refused with this error by whoever sends it.
    return new Headers()
  }
}

/** Whether sending uses the body up: a stream, or anything that may be one. */
const isReplayable = (body: unknown): boolean =>
  typeof body === "string" || body instanceof URLSearchParams || body instanceof FormData || body instanceof Blob
  || body instanceof ArrayBuffer || ArrayBuffer.isView(body)

/** Reads the arguments of `fetch` as `fetch` does: a member of `init` wins over that of a `Request`. */
export const sentBy = (input: Arguments[0], init: Arguments[1]): Sent => {
  const source = asRequest(input)
  const method = (init?.method ?? source?.method ?? "GET").toUpperCase()
  const headers = headersIn(init?.headers ?? source?.headers)
  const body: unknown = init?.body ?? undefined
  // The body of a `Request` is a stream. Not every platform shows it, but these methods have none.
  const hasStream = source !== undefined && source.body !== null && method !== "GET" && method !== "HEAD"
  const signal = init?.signal === undefined ? source?.signal : init.signal
  return {
    request: HttpClientRequest.make(method as HttpMethod)(source?.url ?? String(input), {
      headers: Object.fromEntries(headers)
    }),
    headers,
    signal: signal ?? undefined,
    text: typeof body === "string" ? body : undefined,
    canBeSentAgain: body === undefined ? !hasStream : isReplayable(body)
  }
}
