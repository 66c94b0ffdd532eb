/**
 * Keeps a request, its body and its signatures at the origin that it is for.
 *
 * Venice sends no redirects. A server that does would get a charged request again, with wallet signatures that nobody
 * removes, and its response would pass for one of Venice.
 *
 * @internal
 */
import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as FetchHttpClient from "effect/http/FetchHttpClient"
import * as HttpClient from "effect/http/HttpClient"
import { HttpClientError, InvalidUrlError } from "effect/http/HttpClientError"
import * as HttpClientRequest from "effect/http/HttpClientRequest"
import type { HttpClientResponse } from "effect/http/HttpClientResponse"
import * as Option from "effect/Option"
import * as Tracer from "effect/Tracer"
import { readBody } from "./body.ts"

// The layer of `fetch` merges the options that it was built with into the context of a request, below those of the
// caller. So the options are read, and replaced, inside of it: by the effect that hands over the request. The services
// that `refuseOthers` provides around it end with the context from before.
const setManualRedirects: Effect.Effect<void> = Effect.withFiber((fiber) => {
  const options = Context.getOrUndefined(fiber.context, FetchHttpClient.RequestInit)
  fiber.setContext(Context.add(fiber.context, FetchHttpClient.RequestInit, { ...options, redirect: "manual" }))
  return Effect.void
})

const followed = (request: HttpClientRequest.HttpClientRequest, url: URL): HttpClientError => {
  const description = `the client followed a redirect to ${url.origin}`
  return new HttpClientError({ reason: new InvalidUrlError({ request, description }) })
}

const urlOf = (request: HttpClientRequest.HttpClientRequest): URL | undefined =>
  Option.getOrUndefined(HttpClientRequest.toUrl(request))

/** Whether the URL is another one. Its query may differ: a redacted request has another. */
const isOther = (expected: URL, url: URL): boolean =>
  url.origin !== expected.origin || url.pathname !== expected.pathname

/** Fails if a client has followed a redirect to another origin. The path is no proof: a stub may respond with any. */
const checkOrigin = (
  request: HttpClientRequest.HttpClientRequest,
  response: HttpClientResponse
): Effect.Effect<HttpClientResponse, HttpClientError> => {
  // The usual case, without parsing a URL twice.
  if (response.url === request.url) return Effect.succeed(response)
  const expected = urlOf(request)
  const url = URL.canParse(response.url) ? new URL(response.url) : undefined
  if (expected === undefined || url === undefined || url.origin === expected.origin) return Effect.succeed(response)
  return Effect.andThen(
    // Reading nothing of it releases the connection.
    readBody(response, { bytes: 0, time: Duration.seconds(1) }),
    Effect.fail(followed(request, url))
  )
}

/**
 * Fails before `HttpClient.followRedirects` beneath sends the next request. It makes that request itself, but every
 * client of `HttpClient.make` asks `TracerDisabledWhen` about a request before it sends it, unless tracing is disabled
 * as a whole. Throwing is the only way to answer that it must not be sent.
 */
const refuseOthers = <A, E, R>(
  self: Effect.Effect<A, E, R>,
  request: HttpClientRequest.HttpClientRequest
): Effect.Effect<A, E | HttpClientError, R> =>
  Effect.withFiber((fiber) => {
    const isDisabled = fiber.getRef(Tracer.DisablePropagation)
    const isDisabledFor = fiber.getRef(HttpClient.TracerDisabledWhen)
    let refusal: HttpClientError | undefined
    return self.pipe(
      Effect.provideService(Tracer.DisablePropagation, false),
      Effect.provideService(HttpClient.TracerDisabledWhen, (next) => {
        const expected = next === request ? undefined : urlOf(request)
        const url = expected === undefined ? undefined : urlOf(next)
        if (expected === undefined || url === undefined || !isOther(expected, url)) {
          return isDisabled || isDisabledFor(next)
        }
        refusal = followed(request, url)
        throw refusal
      }),
      Effect.catchCause((cause): Effect.Effect<never, E | HttpClientError> =>
        refusal === undefined ? Effect.failCause(cause) : Effect.fail(refusal)
      )
    )
  })

/** The client without redirects: none is followed, by `fetch` or beneath, and no response is from another origin. */
export const withoutRedirects = <E, R>(
  client: HttpClient.HttpClient.With<E, R>
): HttpClient.HttpClient.With<E | HttpClientError, R> =>
  HttpClient.makeWith(
    (request) =>
      Effect.flatMap(request, (request) =>
        Effect.flatMap(
          refuseOthers(client.postprocess(Effect.as(setManualRedirects, request)), request),
          (response) => checkOrigin(request, response)
        )),
    client.preprocess
  )
