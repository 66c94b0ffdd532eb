/**
 * The request of an operation: its path with the values of the parameters, its query, headers and body.
 *
 * @internal
 */
import * as Effect from "effect/Effect"
import type * as Headers from "effect/http/Headers"
import * as HttpBody from "effect/http/HttpBody"
import * as HttpClientError from "effect/http/HttpClientError"
import * as HttpClientRequest from "effect/http/HttpClientRequest"
import type { HttpMethod } from "effect/http/HttpMethod"
import type * as UrlParams from "effect/http/UrlParams"

/** The parts of a request, whatever the operation. */
export interface Parts {
  readonly path?: Readonly<Record<string, string | number>> | undefined
  readonly query?: UrlParams.Input | undefined
  readonly headers?: Headers.Input | undefined
  readonly body?: unknown
}

/** Fails before the request is sent, with an error that no policy retries. */
export const invalidUrl = (request: HttpClientRequest.HttpClientRequest, description: string) =>
  Effect.fail(
    new HttpClientError.HttpClientError({ reason: new HttpClientError.InvalidUrlError({ request, description }) })
  )

const toBody = (
  request: HttpClientRequest.HttpClientRequest,
  body: unknown
): Effect.Effect<HttpBody.HttpBody, HttpClientError.HttpClientError> => {
  if (body === undefined) return Effect.succeed(HttpBody.empty)
  if (HttpBody.isHttpBody(body)) return Effect.succeed(body)
  if (body instanceof FormData) return Effect.succeed(HttpBody.formData(body))
  return Effect.mapError(HttpBody.json(body), (cause) =>
    new HttpClientError.HttpClientError({
      reason: new HttpClientError.EncodeError({ request, cause, description: "the body cannot be encoded as JSON" })
    }))
}

// A URL loses tabs and line ends, and what is left may be a segment with dots. A space would end the path.
const whiteSpace = /[\s\p{Cc}]/u

// A segment that URLs take as "here" or "up": the request would call another operation.
const dotSegment = /(?:^|[/\\])(?:\.|%2e){1,2}(?:[/\\?#]|$)/i

/** The path with the values of its parameters, or what is wrong with them. */
const fillPath = (
  template: string,
  values: Parts["path"]
): { readonly path: string; readonly problem?: string | undefined } => {
  const missing: Array<string> = []
  const path = template.replace(/\{([^{}]*)\}/g, (_, name: string) => {
    const value = values !== undefined && Object.hasOwn(values, name) ? String(values[name] ?? "") : ""
    if (value === "") missing.push(name)
    // A lone surrogate cannot be encoded.
    return encodeURIComponent(value.replace(/\p{Surrogate}/gu, "\ufffd"))
  })
  if (missing.length > 0) return { path, problem: `needs a value for ${missing.join(", ")}` }
  if (whiteSpace.test(template)) return { path, problem: "has a path with white space or a control character in it" }
  return { path, problem: dotSegment.test(path.split("?", 1)[0]!) ? "has a path with . or .. in it" : undefined }
}

export const toRequest = (
  operation: string,
  parts: Parts
): Effect.Effect<HttpClientRequest.HttpClientRequest, HttpClientError.HttpClientError> => {
  const method = operation.split(" ", 1)[0] as HttpMethod
  const template = operation.slice(method.length + 1)
  const { path, problem } = fillPath(template, parts.path)
  const request = HttpClientRequest.make(method)(path, { urlParams: parts.query, headers: parts.headers })
  return problem === undefined
    ? Effect.map(toBody(request, parts.body), (body) => HttpClientRequest.setBody(request, body))
    : invalidUrl(request, `${nameOf(operation)} ${problem}`)
}

// A query in the text of an operation may hold a token, and would give each of its values a name of its own.
export const nameOf = <Op extends string>(operation: Op): Op => operation.split("?", 1)[0] as Op
