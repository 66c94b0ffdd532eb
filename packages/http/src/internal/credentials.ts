/**
 * The secrets of a request (keys, wallet signatures, cookies), and how they are redacted in errors, responses and
 * spans.
 *
 * @internal
 */
import * as Redact from "@effect-venice/core/Redact"
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Base64 from "effect/encoding/Base64"
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
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import * as Result from "effect/Result"
import * as Stream from "effect/Stream"
import * as Tracer from "effect/Tracer"

// Besides Venice's own headers, those that gateways ask for end with one of these: `cf-aig-authorization`.
const secretHeaderName =
  /^(?:.*cookie|(?:x-)?sign-in-with-x|x-402-payment|x-payment|x-key|(?:.*[-_])?(?:authorization|authentication|auth|(?:(?:rapid)?api|auth|secret|functions|access|master|litellm|bfl|virtual|subscription)[-_]?key|token|secret|signature|jwt|password))$/

// Receipts of payments, and offers to sign.
const responseHeaderNames = ["payment-response", "payment-required", "x-payment-response"]

const secretParamName =
  /^(?:key|sig|code|(?:[\w-]*[-_])?(?:(?:api|auth|secret|access|master|subscription)[-_]?key|token|secret|signature|jwt|password))$/i

const placeholder = "<redacted>"

/** The secrets of redacted requests, which do not contain them any more. */
const secretsOfRedacted = new WeakMap<HttpClientRequest.HttpClientRequest, ReadonlyArray<string>>()

const decodeBase64 = (text: string): string => Result.getOrElse(Base64.decodeString(text), () => "")

const addSecrets = (secrets: Array<string>, name: string, value: string): void => {
  // The scheme of `Bearer <token>` is no secret. A server may repeat the value of a cookie without its name.
  const [, scheme, credentials] = /^(?:([\w-]+) +)?(.*)/s.exec(value)!
  const kind = scheme?.toLowerCase()
  secrets.push(name.includes("auth") || kind === "bearer" ? credentials! : value)
  if (kind === "basic") {
    const userAndPassword = decodeBase64(credentials!)
    secrets.push(userAndPassword, userAndPassword.slice(userAndPassword.indexOf(":") + 1))
  }
  if (name.endsWith("cookie")) secrets.push(...value.split(";").map((pair) => pair.slice(pair.indexOf("=") + 1).trim()))
}

const decodePercent = (text: string): string => {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}

// Schemes of the web need no slashes. A user may be `DOMAIN\name`.
const userAndPassword = /^(?:\s*https?:|[^/\\?#]*(?=[/\\]{2}))[/\\]*(?![/\\])([^/?#:]*)(?::([^/?#]*))?@/i

/** The password of a URL, or a token in place of user and password, and the parameters in its text. */
const addUrlSecrets = (secrets: Array<string>, url: string): void => {
  const [, user = "", password] = userAndPassword.exec(url) ?? []
  const inAuthority = password || user
  secrets.push(inAuthority, decodePercent(inAuthority))
  for (const pair of url.split(/[?&#]/).slice(1)) {
    const [name, value = ""] = pair.split(/=(.*)/s)
    if (secretParamName.test(decodePercent(name!))) secrets.push(value, decodePercent(value.replaceAll("+", " ")))
  }
}

const isSecretParam = ([name]: readonly [string, unknown]): boolean => secretParamName.test(name)

const findSecrets = (request: HttpClientRequest.HttpClientRequest): ReadonlyArray<string> => {
  const secrets: Array<string> = []
  for (const [name, value] of Object.entries(request.headers)) {
    if (secretHeaderName.test(name)) addSecrets(secrets, name, value.trim())
  }
  if (/[@=]/.test(request.url)) addUrlSecrets(secrets, request.url)
  for (const param of request.urlParams.params) {
    if (isSecretParam(param)) secrets.push(typeof param[1] === "string" ? param[1] : Redacted.value(param[1]))
  }
  return secrets
}

/** The secrets of a request. They are redacted in errors because a server may repeat the request in its response. */
export const secretsOf = (request: HttpClientRequest.HttpClientRequest): ReadonlyArray<string> =>
  secretsOfRedacted.get(request) ?? findSecrets(request)

/**
 * The request without its secrets and without its body: errors may be kept for long, and a body is large and private.
 */
const redactRequest = (request: HttpClientRequest.HttpClientRequest): HttpClientRequest.HttpClientRequest => {
  if (secretsOfRedacted.has(request)) return request
  const redacted = HttpClientRequest.makeWith(
    request.method,
    // A fragment is never sent, and may hold a token.
    UrlParams.redactUrl(UrlParams.redactUrl(request.url.split("#", 1)[0]!), [secretParamName]),
    UrlParams.make(request.urlParams.params.map((param) => isSecretParam(param) ? [param[0], placeholder] : param)),
    Option.none(),
    Headers.fromRecordUnsafe(Object.fromEntries(
      Object.entries(request.headers).map(([name, value]) => [name, secretHeaderName.test(name) ? placeholder : value])
    )),
    HttpBody.empty
  )
  secretsOfRedacted.set(redacted, secretsOf(request))
  return redacted
}

const redactError = (
  error: HttpClientError.HttpClientError,
  more: ReadonlyArray<string>
): HttpClientError.HttpClientError => {
  const { reason } = error
  if (secretsOfRedacted.has(reason.request)) return error
  const secrets = [...secretsOf(reason.request), ...more]
  const redactText = Redact.secrets(secrets)
  const Reason = reason.constructor as new(fields: object) => HttpClientError.HttpClientErrorReason
  const redacted = new HttpClientError.HttpClientError({
    reason: new Reason({
      request: redactRequest(reason.request),
      ...("response" in reason && { response: redactResponse(reason.response) }),
      ...(reason.cause !== undefined && { cause: Redact.cause(reason.cause, secrets) }),
      ...(reason.description !== undefined && { description: Redact.printable(redactText(reason.description)) })
    })
  })
  if (error.stack !== undefined) redacted.stack = redactText(error.stack)
  return redacted
}

/** The failure without the secrets of its request, and without more that are known. */
export const redactFailure = <E>(error: E, more: ReadonlyArray<string> = []): E =>
  HttpClientError.isHttpClientError(error) ? redactError(error, more) as E & HttpClientError.HttpClientError : error

const bodyReaders = ["text", "json", "arrayBuffer", "formData", "urlParamsBody"] as const

/** The response with a redacted request, also in the errors of reading its body. */
export const redactResponse = (response: HttpClientResponse): HttpClientResponse => {
  const request = redactRequest(response.request)
  if (request === response.request) return response
  const toJSON = () => ({ ...response.toJSON() as object, request: request.toJSON() })
  return Object.create(response, {
    request: { value: request, enumerable: true },
    stream: { get: () => Stream.mapError(response.stream, (error) => redactFailure(error)) },
    toJSON: { value: toJSON },
    [Inspectable.NodeInspectSymbol]: { value: toJSON },
    ...Object.fromEntries(
      bodyReaders.map((name) => [name, {
        get: () =>
          Effect.mapError(
            response[name] as Effect.Effect<unknown, HttpClientError.HttpClientError>,
            (error) => redactFailure(error)
          )
      }])
    )
  })
}

/** Redacts the attributes of a span, and drops the response of its exit, which a span would keep in memory. */
const redactSpan = (span: Tracer.Span, redactText: (text: string) => string): Tracer.Span => {
  const { attribute, end } = span
  return Object.assign(span, {
    attribute: (name: string, value: unknown) =>
      attribute.call(span, name, typeof value === "string" ? redactText(value) : value),
    end: (time: bigint, exit: Exit.Exit<unknown, unknown>) =>
      end.call(
        span,
        time,
        Exit.isSuccess(exit) ? Exit.void : Exit.failCause(Cause.map(exit.cause, (error) => redactFailure(error)))
      )
  })
}

const redactingTracer = (tracer: Tracer.Tracer, redactText: (text: string) => string): Tracer.Tracer =>
  Object.create(tracer, {
    span: { value: (options: Parameters<Tracer.Tracer["span"]>[0]) => redactSpan(tracer.span(options), redactText) }
  })

const withRedactedSpans = <A, E, R>(
  self: Effect.Effect<A, E, R>,
  request: HttpClientRequest.HttpClientRequest
): Effect.Effect<A, E, R> => {
  const redactText = Redact.secrets(secretsOf(request))
  return self.pipe(
    Effect.updateService(Tracer.Tracer, (tracer) => redactingTracer(tracer, redactText)),
    Effect.updateService(
      Headers.CurrentRedactedNames,
      (names) => [...names, secretHeaderName, ...responseHeaderNames]
    ),
    Effect.updateService(UrlParams.CurrentRedactedNames, (names) => [...names, secretParamName])
  )
}

/**
 * Redacts the secrets of requests in the errors and spans of a client. Its responses keep them, so that their bodies
 * can be redacted. Without an exporter there are no spans: Effect's native tracer would keep them in memory.
 */
export const redacting = <E, R>(client: HttpClient.HttpClient.With<E, R>): HttpClient.HttpClient.With<E, R> =>
  HttpClient.makeWith(
    (request) => {
      const sent = Effect.flatMap(request, (request) => {
        const response = client.postprocess(Effect.succeed(request))
        return Effect.withFiber((fiber) =>
          fiber.getRef(Tracer.Tracer) === Tracer.nativeTracer
            ? Effect.provideService(response, HttpClient.TracerDisabledWhen, constTrue)
            : withRedactedSpans(Effect.mapError(response, (error) => redactFailure(error)), request)
        )
      })
      return Effect.mapError(sent, (error) => redactFailure(error))
    },
    client.preprocess
  )

// No control characters, and no characters of more than one byte.
const isHeaderValue = (text: string): boolean => /^[\t\x20-\x7e\x80-\xff]*$/.test(text)

/**
 * Fails if a header cannot be sent. Some platforms would put its value into the error or throw, and a policy would take
 * the error for a lost connection.
 */
export const checkHeaders = (
  request: HttpClientRequest.HttpClientRequest
): Effect.Effect<HttpClientRequest.HttpClientRequest, HttpClientError.HttpClientError> => {
  const invalid = Object.keys(request.headers).find((name) => !isHeaderValue(request.headers[name]!))
  if (invalid === undefined) return Effect.succeed(request)
  const description = `the header ${invalid} contains characters that are not allowed in a header`
  return Effect.fail(
    new HttpClientError.HttpClientError({
      reason: new HttpClientError.EncodeError({ request: redactRequest(request), description })
    })
  )
}
