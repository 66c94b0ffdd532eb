/**
 * Where requests that are worth more than inference may go.
 *
 * Others than the author of a program may set its environment. An admin key, a wallet's sign-in and a signed payment go
 * to a host that the environment alone names only if it is Venice's or this machine.
 *
 * @internal
 */
import * as Effect from "effect/Effect"
import type * as HttpClientRequest from "effect/http/HttpClientRequest"
import { invalidUrl } from "./operationRequest.ts"

const fromEnvironment = new WeakSet<URL>()

/** Marks a URL as read from the environment. */
export const markAsEnvironment = (url: URL): URL => {
  fromEnvironment.add(url)
  return url
}

/** Whether a request has what is worth more than inference: an admin key, a wallet's sign-in, a signed payment. */
export const isWorthMore = ({ headers }: HttpClientRequest.HttpClientRequest): boolean =>
  Object.entries(headers).some(([name, value]) =>
    /^(?:x-)?sign-in-with-x$|payment/.test(name) || /venice[-_]admin[-_]key/i.test(value)
  )

const isTrusted = (url: URL): boolean =>
  /^(?:localhost|127\.\d+\.\d+\.\d+|\[::1\])$/.test(url.hostname)
  || (url.protocol === "https:" && /(?:^|\.)venice\.ai$/.test(url.hostname))

/** Makes the check that nothing worth more than inference goes to a host that the environment alone names. */
export const checkDestination = (baseUrl: string | URL | undefined) => {
  if (!(baseUrl instanceof URL) || !fromEnvironment.has(baseUrl) || isTrusted(baseUrl)) return Effect.succeed
  const description =
    `an admin key, a sign-in and a payment are not sent to ${baseUrl.hostname}, which the environment `
    + "names: give the base URL in code"
  return (request: HttpClientRequest.HttpClientRequest) =>
    isWorthMore(request) ? invalidUrl(request, description) : Effect.succeed(request)
}
