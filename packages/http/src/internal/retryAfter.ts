/**
 * The `Retry-After` headers of a response, all of them.
 *
 * Of several headers of this name, `node:http` keeps the first. The longest hint must count, since a retry inside the
 * window of either server is refused.
 *
 * @internal
 */
import * as Headers from "effect/http/Headers"
import type { HttpClientResponse } from "effect/http/HttpClientResponse"
import * as Predicate from "effect/Predicate"

/** The response of the platform. Effect wraps it to abort its request with the fiber. */
const unwrapped = (response: unknown): unknown =>
  Predicate.hasProperty(response, "original") ? unwrapped(response.original) : response

/** The headers as `node:http` received them: names and values in turn. */
const rawHeadersOf = (response: HttpClientResponse): ReadonlyArray<unknown> => {
  const original = unwrapped(response)
  const source: unknown = Predicate.hasProperty(original, "source") ? original.source : undefined
  return Predicate.hasProperty(source, "rawHeaders") && Array.isArray(source.rawHeaders) ? source.rawHeaders : []
}

/** The headers of the response, with its `Retry-After` headers joined as `fetch` joins them. */
export const withEveryRetryAfter = (response: HttpClientResponse): Headers.Headers => {
  const { headers } = response
  if (headers["retry-after"] === undefined) return headers
  const raw = rawHeadersOf(response)
  const values = raw.filter((_, i) => i % 2 === 1 && String(raw[i - 1]).toLowerCase() === "retry-after")
  return values.length > 1 ? Headers.set(headers, "retry-after", values.join(", ")) : headers
}
