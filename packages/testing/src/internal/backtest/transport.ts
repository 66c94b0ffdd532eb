/**
 * Failures without a response.
 *
 * @internal
 */
import * as HttpClientError from "effect/http/HttpClientError"
import * as HttpClientRequest from "effect/http/HttpClientRequest"
import type { HttpMethod } from "effect/http/HttpMethod"

/** A failure without a response of an operation, as a client reports it. */
export const transport = (operation: string, code?: string): unknown => {
  const [method = "POST", path = "/"] = operation.split(" ")
  const cause = code === undefined ? undefined : Object.assign(new Error(code), { code })
  return new HttpClientError.HttpClientError({
    reason: new HttpClientError.TransportError({ request: HttpClientRequest.make(method as HttpMethod)(path), cause })
  })
}
