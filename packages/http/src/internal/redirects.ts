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
import { readBody } from "./body.ts"

// The layer of `fetch` merges the options that it was built with into the context of a request, below those of the
// caller. So the options are read, and replaced, inside of it: by the effect that hands over the request.
const setManualRedirects: Effect.Effect<void> = Effect.withFiber((fiber) => {
  const options = Context.getOrUndefined(fiber.context, FetchHttpClient.RequestInit)
  fiber.setContext(Context.add(fiber.context, FetchHttpClient.RequestInit, { ...options, redirect: "manual" }))
  return Effect.void
})

const originOf = (url: string): string | undefined => URL.canParse(url) ? new URL(url).origin : undefined

/** Fails if a client has followed a redirect to another origin on its own. */
const checkOrigin = (
  request: HttpClientRequest.HttpClientRequest,
  response: HttpClientResponse
): Effect.Effect<HttpClientResponse, HttpClientError> => {
  const expected = Option.getOrUndefined(HttpClientRequest.toUrl(request))?.origin
  const origin = originOf(response.url)
  if (expected === undefined || origin === undefined || origin === expected) return Effect.succeed(response)
  const description = `the response comes from ${origin}: the client followed a redirect`
  return Effect.andThen(
    // Reading nothing of it releases the connection.
    readBody(response, { bytes: 0, time: Duration.seconds(1) }),
    Effect.fail(new HttpClientError({ reason: new InvalidUrlError({ request, description }) }))
  )
}

/** The client without redirects: `fetch` does not follow them, and no response is from another origin. */
export const withoutRedirects = <E, R>(
  client: HttpClient.HttpClient.With<E, R>
): HttpClient.HttpClient.With<E | HttpClientError, R> =>
  HttpClient.makeWith(
    (request) =>
      Effect.flatMap(request, (request) =>
        Effect.withFiber((fiber) => {
          const { context } = fiber
          return client.postprocess(Effect.as(setManualRedirects, request)).pipe(
            Effect.ensuring(Effect.sync(() => fiber.setContext(context))),
            Effect.flatMap((response) => checkOrigin(request, response))
          )
        })),
    client.preprocess
  )
