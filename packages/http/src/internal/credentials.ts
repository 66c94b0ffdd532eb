/**
 * What a request proves itself with, and how it is kept out of all that is said about the request: errors, spans, and
 * whatever prints either.
 *
 * @internal
 */
import * as Redact from "@effect-venice/core/Redact"
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import { constTrue } from "effect/Function"
import * as Headers from "effect/http/Headers"
import * as HttpBody from "effect/http/HttpBody"
import * as HttpClient from "effect/http/HttpClient"
import * as HttpClientError from "effect/http/HttpClientError"
import * as HttpClientRequest from "effect/http/HttpClientRequest"
import type { HttpClientResponse } from "effect/http/HttpClientResponse"
import * as UrlParams from "effect/http/UrlParams"
import * as Inspectable from "effect/Inspectable"
import * as Redacted from "effect/Redacted"
import * as Stream from "effect/Stream"
import * as Tracer from "effect/Tracer"

const headerNames = [
  "authorization",
  "proxy-authorization",
  "x-api-key",
  "cookie",
  "sign-in-with-x",
  "x-sign-in-with-x",
  "payment-signature",
  "x-402-payment",
  "x-payment"
]

// What a server sends that is as good as a credential, or offers what one signs.
const answeredNames = ["set-cookie", "payment-response", "payment-required", "x-payment-response"]

const queryName = /^(?:key|sig|secret|password|(?:[\w-]*[-_])?(?:api[-_]?key|token|signature))$/i

const mark = "<redacted>"

/** The secrets of requests that no longer show them. */
const known = new WeakMap<HttpClientRequest.HttpClientRequest, ReadonlyArray<string>>()

const addSecrets = (secrets: Array<string>, name: string, value: string): void => {
  // The scheme is no secret: `Bearer <token>`; and a cookie may be repeated without its name.
  secrets.push(name.endsWith("authorization") ? value.slice(value.indexOf(" ") + 1) : value)
  if (name === "cookie") secrets.push(...value.split(";").map((pair) => pair.slice(pair.indexOf("=") + 1)))
}

const isSecretParam = ([name]: readonly [string, unknown]): boolean => queryName.test(name)

/** What the request proves itself with. A server that echoes the request must not put it into an error. */
export const secretsOf = (request: HttpClientRequest.HttpClientRequest): ReadonlyArray<string> => {
  const concealed = known.get(request)
  if (concealed !== undefined) return concealed
  const secrets: Array<string> = []
  for (const name of headerNames) {
    const value = request.headers[name]
    if (value !== undefined) addSecrets(secrets, name, value.trim())
  }
  for (const param of request.urlParams.params) {
    if (isSecretParam(param)) secrets.push(typeof param[1] === "string" ? param[1] : Redacted.value(param[1]))
  }
  return secrets
}

/**
 * The request without its credentials, and without its body: an error may be kept for long, and a body is large and the
 * user's own.
 */
const concealed = (request: HttpClientRequest.HttpClientRequest): HttpClientRequest.HttpClientRequest => {
  if (known.has(request)) return request
  const shown = HttpClientRequest.makeWith(
    request.method,
    UrlParams.redactUrl(request.url),
    UrlParams.make(request.urlParams.params.map((param) => isSecretParam(param) ? [param[0], mark] : param)),
    request.hash,
    headerNames.reduce(
      (headers, name) => Headers.has(headers, name) ? Headers.set(headers, name, mark) : headers,
      request.headers
    ),
    HttpBody.empty
  )
  known.set(shown, secretsOf(request))
  return shown
}

/**
 * What lies beneath a failure of the transport, of the same class, with clean texts: a parser's error holds what it
 * could not parse, which may repeat the request.
 */
const concealedCause = (cause: unknown, clean: (text: string) => string, depth = 0): unknown => {
  if (typeof cause === "string") return clean(cause)
  if (!(cause instanceof Error)) return cause
  const out: Record<string, unknown> = Object.create(Object.getPrototypeOf(cause))
  for (const name of Object.getOwnPropertyNames(cause)) {
    const value: unknown = Reflect.get(cause, name)
    if (value instanceof Error && depth > 4) continue
    Object.defineProperty(out, name, {
      value: Array.isArray(value)
        ? value.map((item) => concealedCause(item, clean, depth + 1))
        : concealedCause(value, clean, depth + 1),
      configurable: true,
      enumerable: Object.prototype.propertyIsEnumerable.call(cause, name),
      writable: true
    })
  }
  return out
}

const concealedError = (error: HttpClientError.HttpClientError): HttpClientError.HttpClientError => {
  const { reason } = error
  if (known.has(reason.request)) return error
  const clean = Redact.secrets(secretsOf(reason.request))
  const Reason = reason.constructor as new(fields: object) => HttpClientError.HttpClientErrorReason
  const shown = new HttpClientError.HttpClientError({
    reason: new Reason({
      request: concealed(reason.request),
      ...("response" in reason && { response: concealedResponse(reason.response) }),
      ...(reason.cause !== undefined && { cause: concealedCause(reason.cause, clean) }),
      ...(reason.description !== undefined && { description: clean(reason.description) })
    })
  })
  if (error.stack !== undefined) shown.stack = clean(error.stack)
  return shown
}

/** The failure, without what its request proved itself with. */
export const concealFailure = <E>(error: E): E =>
  HttpClientError.isHttpClientError(error) ? concealedError(error) as E & HttpClientError.HttpClientError : error

const readers = ["text", "json", "arrayBuffer", "formData", "urlParamsBody"] as const

/** The response, whose request shows no credentials, neither here nor in the error of reading its body. */
export const concealedResponse = (response: HttpClientResponse): HttpClientResponse => {
  const request = concealed(response.request)
  if (request === response.request) return response
  const toJSON = () => ({ ...response.toJSON() as object, request: request.toJSON() })
  return Object.create(response, {
    request: { value: request, enumerable: true },
    stream: { get: () => Stream.mapError(response.stream, concealFailure) },
    toJSON: { value: toJSON },
    [Inspectable.NodeInspectSymbol]: { value: toJSON },
    ...Object.fromEntries(
      readers.map((name) => [name, {
        get: () =>
          Effect.mapError(response[name] as Effect.Effect<unknown, HttpClientError.HttpClientError>, concealFailure)
      }])
    )
  })
}

/** A span that records no secret, and keeps neither request nor response alive. */
const concealSpan = (span: Tracer.Span, clean: (text: string) => string): Tracer.Span => {
  const { attribute, end } = span
  return Object.assign(span, {
    attribute: (name: string, value: unknown) =>
      attribute.call(span, name, typeof value === "string" ? clean(value) : value),
    end: (time: bigint, exit: Exit.Exit<unknown, unknown>) =>
      end.call(span, time, Exit.isSuccess(exit) ? Exit.void : Exit.failCause(Cause.map(exit.cause, concealFailure)))
  })
}

const concealingTracer = (tracer: Tracer.Tracer, clean: (text: string) => string): Tracer.Tracer =>
  Object.create(tracer, {
    span: { value: (options: Parameters<Tracer.Tracer["span"]>[0]) => concealSpan(tracer.span(options), clean) }
  })

const concealingSpans = <A, E, R>(
  self: Effect.Effect<A, E, R>,
  request: HttpClientRequest.HttpClientRequest
): Effect.Effect<A, E, R> => {
  const clean = Redact.secrets(secretsOf(request))
  return self.pipe(
    Effect.updateService(Tracer.Tracer, (tracer) => concealingTracer(tracer, clean)),
    Effect.updateService(Headers.CurrentRedactedNames, (names) => [...names, ...headerNames, ...answeredNames]),
    Effect.updateService(UrlParams.CurrentRedactedNames, (names) => [...names, queryName])
  )
}

/**
 * Keeps what requests prove themselves with out of the client's errors and spans; its responses still know it. Without a
 * tracer there are no spans: Effect's own would keep some that nobody reads.
 */
export const concealing = <E, R>(client: HttpClient.HttpClient.With<E, R>): HttpClient.HttpClient.With<E, R> =>
  HttpClient.makeWith(
    (request) =>
      Effect.flatMap(request, (request) => {
        const sent = Effect.mapError(client.postprocess(Effect.succeed(request)), concealFailure)
        return Effect.withFiber((fiber) =>
          fiber.getRef(Tracer.Tracer) === Tracer.nativeTracer
            ? Effect.provideService(sent, HttpClient.TracerDisabledWhen, constTrue)
            : concealingSpans(sent, request)
        )
      }),
    client.preprocess
  )

// Control characters, and what is no single byte.
const isHeaderValue = (text: string): boolean => /^[\t\x20-\x7e\x80-\xff]*$/.test(text)

/**
 * Fails on a header that cannot be sent. A platform would fail too, some with the value in the text, some by throwing,
 * and a policy would take it for a lost connection.
 */
export const checkHeaders = (
  request: HttpClientRequest.HttpClientRequest
): Effect.Effect<HttpClientRequest.HttpClientRequest, HttpClientError.HttpClientError> => {
  const wrong = Object.keys(request.headers).find((name) => !isHeaderValue(request.headers[name]!))
  if (wrong === undefined) return Effect.succeed(request)
  const description = `the header ${wrong} holds characters that no header may have`
  return Effect.fail(
    new HttpClientError.HttpClientError({
      reason: new HttpClientError.EncodeError({ request: concealed(request), description })
    })
  )
}
