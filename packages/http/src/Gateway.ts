/**
 * Error responses for your own users, for a backend between them and Venice.
 *
 * {@link toResponse} encodes an error in Venice's shape, in OpenAI's or Anthropic's, or as problem details. {@link errors} declares
 * the errors of an operation on an `HttpApiEndpoint`. {@link fromFailure} converts the other failures of a call to an
 * error, and {@link conceal} removes what only the owner of the Venice account may see. Status, `Retry-After`, ids and
 * budgets are sent as `Encode` describes.
 *
 * **Example** (Responding to a user)
 *
 * ```ts
 * import { Errors } from "@effect-venice/core"
 * import { Gateway } from "@effect-venice/http"
 * import { Effect } from "effect"
 * import { HttpServerResponse } from "effect/http"
 *
 * const handler = Effect.fail(new Errors.ModelAtCapacity()).pipe(
 *   Effect.as(HttpServerResponse.empty()),
 *   Gateway.respond("openai")
 * )
 *
 * const { status } = await Effect.runPromise(handler)
 * status // => 503
 * ```
 *
 * @since 0.1.0
 */
import { response as decodeResponse } from "@effect-venice/core/Decode"
import type { Encoded, Format } from "@effect-venice/core/Encode"
import { event as encodeEvent, headerNames, response as encodeResponse } from "@effect-venice/core/Encode"
import type { ConsentRequired, RateLimitExceeded } from "@effect-venice/core/Errors"
import { UnrecognizedResponse } from "@effect-venice/core/Errors"
import type * as Operation from "@effect-venice/core/Operation"
import { nameOf } from "@effect-venice/core/Operation"
import * as OperationFailure from "@effect-venice/core/OperationFailure"
import * as Redact from "@effect-venice/core/Redact"
import { isRepeatable } from "@effect-venice/core/Retry"
import type { NotInCategory, VeniceError, VeniceErrorClass } from "@effect-venice/core/VeniceError"
import { byCode, isVeniceError } from "@effect-venice/core/VeniceError"
import * as Array from "effect/Array"
import type * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as HttpApiSchema from "effect/http-api/HttpApiSchema"
import type { HttpClientError } from "effect/http/HttpClientError"
import { isHttpClientError } from "effect/http/HttpClientError"
import * as HttpServerResponse from "effect/http/HttpServerResponse"
import * as Option from "effect/Option"
import * as Predicate from "effect/Predicate"
import * as Record from "effect/Record"
import * as Schema from "effect/Schema"
import type * as Scope from "effect/Scope"
import * as Sink from "effect/Sink"
import * as Stream from "effect/Stream"
import * as Struct from "effect/Struct"
import type { Failure, LockoutAhead, PaceExceeded } from "./Failure.ts"
import { asCapacity, asRateLimit } from "./internal/unsent.ts"

/**
 * The errors that {@link fromFailure} returns for the failures in `E`, for signatures of your own.
 *
 * @category models
 * @since 0.1.0
 */
export type FromFailure<E> =
  | Extract<E, VeniceError>
  | (E extends { readonly _tag: "JobFailure"; readonly reason: infer R } ? Extract<R, VeniceError> : never)
  | (E extends LockoutAhead | PaceExceeded ? RateLimitExceeded : never)
  | UnrecognizedResponse

const gatewayError = (
  status: 502 | 504,
  message: string,
  { operation, repeatable = false }: { readonly operation?: string | undefined; readonly repeatable?: boolean }
): UnrecognizedResponse =>
  new UnrecognizedResponse({
    category: status === 504 ? "Timeout" : "Upstream",
    message,
    // What is known to be repeatable must not be taken for the lost response of a proxy.
    matchedBy: repeatable ? "code" : "none",
    response: {
      status,
      ...(operation !== undefined && { operation }),
      // Clients retry a 502. If Venice has processed the request, a retry is billed again.
      ...(!repeatable && { shouldRetry: false })
    }
  })

const timeoutCodes: ReadonlySet<unknown> = new Set([
  "ETIMEDOUT",
  "UND_ERR_CONNECT_TIMEOUT",
  "UND_ERR_HEADERS_TIMEOUT",
  "UND_ERR_BODY_TIMEOUT"
])

/** Whether an error, described by `Redact.cause`, says that the time was up. `AbortSignal.timeout` has only a name. */
const isTimeout = (described: unknown): boolean =>
  described instanceof Error
  && (described.name === "TimeoutError" || timeoutCodes.has(Reflect.get(described, "code")) ||
    isTimeout(described.cause))

const withoutResponse = (error: HttpClientError | Cause.TimeoutError): UnrecognizedResponse => {
  const details = {
    operation: isHttpClientError(error) ? nameOf(error.request.method, error.request.url) : undefined,
    repeatable: isRepeatable(error)
  }
  return isTimeout(Redact.cause(error, []))
    ? gatewayError(504, "Venice did not respond in time", details)
    : gatewayError(502, "Venice did not respond", details)
}

const convert = (error: Failure): VeniceError => {
  if (isVeniceError(error)) return error
  switch (error._tag) {
    case "JobFailure":
      return convert(error.reason)
    case "UnexpectedBody":
    case "UnfinishedStream":
      return gatewayError(502, "Venice's response could not be read", error.response)
    case "JsonRpcError":
      return gatewayError(502, `The node responded with an error: ${error.message}`, error.response)
    case "LOCKOUT_AHEAD":
    case "PACE_EXCEEDED":
      return asRateLimit(error)
    case "CIRCUIT_OPEN":
      return asCapacity(error)
    default:
      return withoutResponse(error)
  }
}

/**
 * Converts any failure of a call to an error of Venice, so that {@link toResponse} or an endpoint of {@link errors} can
 * send it.
 *
 * **Details**
 *
 * An error stays itself, and a failed job becomes its error. A call that a part of `resilience` did not send becomes an
 * error with the time to wait: `RateLimitExceeded`, or an `UnrecognizedResponse` with status 503. Any other failure becomes an `UnrecognizedResponse` with status 504 (no response in time) or 502 (no response, or one that could not be read). Its message does not mention
 * your network or the response, except for the message of a blockchain's node.
 *
 * @category converting
 * @since 0.1.0
 */
export const fromFailure = <E extends Failure>(error: E): FromFailure<E> => convert(error) as FromFailure<E>

type AccountCategory = "Authentication" | "Permission" | "Billing"

const accountCategories: ReadonlySet<string> = new Set<AccountCategory>(["Authentication", "Permission", "Billing"])

/**
 * The errors that {@link conceal} returns for the errors in `E`, for signatures of your own.
 *
 * @category models
 * @since 0.1.0
 */
export type Concealed<E> = NotInCategory<E, AccountCategory> | Extract<E, ConsentRequired> | UnrecognizedResponse

/**
 * Removes from an error what only the owner of the Venice account may see: balance, budgets, Venice's body, and the
 * history of your attempts.
 *
 * **When to use**
 *
 * In a backend whose users share your key. Users with keys of their own may see everything.
 *
 * **Details**
 *
 * An error about the account itself (key, plan, credit) becomes an `UnrecognizedResponse` with status 502 and a general
 * message. An unrecognized response with a body keeps its status and loses its message, which may be a part of the
 * body.
 *
 * **Gotchas**
 *
 * Other messages are passed on as Venice sent them: they are about the request.
 *
 * @category converting
 * @since 0.1.0
 */
export const conceal = <E extends VeniceError>(error: E): Concealed<E> => {
  const { attempts: _, message, response, ...fields } = error
  // The user gives the consent, so the user must see this error.
  if (accountCategories.has(error.category) && error._tag !== "CONSENT_REQUIRED") {
    return gatewayError(502, "The service cannot use Venice at present", { operation: response.operation })
  }
  const shownResponse = Struct.omit(response, ["balance", "body", "bodyTruncated", "rateLimit"])
  const isVerbatim = error._tag === "UNRECOGNIZED_RESPONSE" && response.body !== undefined
  const shownMessage = isVerbatim ? UnrecognizedResponse.defaultMessage : message
  const Class = byCode.get(error._tag) as new(fields: object) => VeniceError
  return new Class({ ...fields, message: shownMessage, response: shownResponse }) as Concealed<E>
}

/**
 * Encodes an error as a response with status, headers such as `Retry-After`, and a JSON body in the format.
 *
 * **When to use**
 *
 * In a handler without `HttpApi` that treats some errors itself. {@link respond} does it for all of them.
 *
 * @category encoding
 * @since 0.1.0
 */
export const toResponse = (error: VeniceError, format: Format = "venice"): HttpServerResponse.HttpServerResponse => {
  const { body, headers: { "content-type": contentType, ...headers }, status } = encodeResponse(error, format)
  return HttpServerResponse.jsonUnsafe(body, { status, headers, contentType })
}

/**
 * Turns the errors of Venice that a handler without `HttpApi` fails with into responses. Its other failures stay.
 *
 * @category combinators
 * @since 0.1.0
 */
export const respond = (format: Format = "venice") =>
<E, R>(
  self: Effect.Effect<HttpServerResponse.HttpServerResponse, E, R>
): Effect.Effect<HttpServerResponse.HttpServerResponse, Exclude<E, VeniceError>, R> =>
  Effect.catchIf(
    self,
    (error): error is Extract<E, VeniceError> => isVeniceError(error),
    (error) => Effect.succeed(toResponse(error, format))
  ) as Effect.Effect<HttpServerResponse.HttpServerResponse, Exclude<E, VeniceError>, R>

const sse = (json: string): string => `data: ${json}\n\n`

/**
 * Responds with the events of a stream, such as `VeniceClient.stream`, as server-sent events that end with `[DONE]`.
 *
 * **When to use**
 *
 * In a handler that passes a stream of Venice on to a user.
 *
 * **Details**
 *
 * A failure before the first event fails the handler, so that the response has an error status. A later failure becomes
 * the last event, in the shape of an error in the streams of OpenAI and Venice.
 *
 * @category encoding
 * @since 0.1.0
 */
export const streamed = <E extends Failure, R>(
  events: Stream.Stream<Schema.Json, E, R>
): Effect.Effect<HttpServerResponse.HttpServerResponse, E, R | Scope.Scope> =>
  Effect.gen(function*() {
    const [first, rest] = yield* Stream.peel(events, Sink.head<Schema.Json>())
    const body = Stream.fromIterable(Option.toArray(first)).pipe(
      Stream.concat(rest),
      Stream.map((event) => sse(JSON.stringify(event))),
      Stream.catch((error) => Stream.succeed(sse(encodeEvent(fromFailure(error))))),
      Stream.concat(Stream.succeed(sse("[DONE]"))),
      Stream.encodeText
    )
    return HttpServerResponse.stream(body, { contentType: "text/event-stream" })
  })

const otherMembers = [Schema.Record(Schema.String, Schema.Json)] as const

/** The page whose fragments were the types of problems before each error had a page. A client still decodes them. */
const tableOfVenice = "https://docs.venice.ai/api-reference/error-codes"

const bodyOf = (format: Format, status: number, classes: ReadonlyArray<VeniceErrorClass>): Schema.Top => {
  const common = {
    code: Schema.Literals(classes.map(({ code }) => code)),
    request_id: Schema.optionalKey(Schema.String)
  }
  switch (format) {
    case "venice":
      return Schema.StructWithRest(Schema.Struct({ error: Schema.String, ...common }), otherMembers)
    case "openai":
      return Schema.StructWithRest(
        Schema.Struct({
          error: Schema.StructWithRest(
            Schema.Struct({
              message: Schema.String,
              type: Schema.String,
              param: Schema.NullOr(Schema.String),
              code: Schema.NullOr(Schema.String),
              retry_after: Schema.optionalKey(Schema.Finite)
            }),
            otherMembers
          ),
          ...common
        }),
        otherMembers
      )
    case "anthropic":
      return Schema.StructWithRest(
        Schema.Struct({
          type: Schema.Literal("error"),
          error: Schema.StructWithRest(Schema.Struct({ type: Schema.String, message: Schema.String }), otherMembers),
          ...common
        }),
        otherMembers
      )
    case "problem":
      return Schema.StructWithRest(
        Schema.Struct({
          type: Schema.Literals(classes.flatMap(({ code, docs }) => [docs, `${tableOfVenice}#${code}`])),
          title: Schema.String,
          status: Schema.Literal(status),
          detail: Schema.String,
          ...common
        }),
        otherMembers
      )
  }
}

const headerFields = Record.fromIterableWith(headerNames, (name) => [name, Schema.optionalKey(Schema.String)])

/** The body with the declared status in place of the one that Venice sent. */
const withStatus = (body: Encoded["body"], status: number): Encoded["body"] => ({
  ...body,
  ...("status" in body && { status }),
  ...("venice_status" in body && { venice_status: status }),
  ...(Predicate.hasProperty(body.error, "venice_status") && {
    error: { ...body.error as object, venice_status: status }
  })
})

/** The schema for all codes of one status: an endpoint can have one response for each status. */
const schemaOf = <E>(
  format: Format,
  status: number,
  classes: ReadonlyArray<VeniceErrorClass>,
  operation: string | undefined
): ErrorSchema<E> => {
  const body = bodyOf(format, status, classes).annotate({
    description: classes.map(({ code, defaultMessage }) => `${code}: ${defaultMessage}`).join("\n")
  })
  const contentType = format === "problem" ? "application/problem+json" : "application/json"
  const schema = Schema.Union(classes).pipe(HttpApiSchema.encodeToWithHeaders({
    body: body.pipe(HttpApiSchema.status(status), HttpApiSchema.asJson({ contentType })) as Schema.Codec<object>,
    headers: headerFields
  }, {
    encode: (error) => {
      const { body, headers } = encodeResponse(error, format)
      return { headers, body: withStatus(body, status) }
    },
    // No clock is needed: hints are durations, and resets are times since the epoch.
    decode: ({ body, headers }) =>
      decodeResponse({ status, headers, body: JSON.stringify(body), operation, now: Infinity })
  }))
  // The table of operations gives the classes by name, without their types.
  return schema as unknown as ErrorSchema<E>
}

/**
 * The schema of the errors with one status, which encodes them to a response: an element of {@link errors}, named in
 * the type of an API that declares them.
 *
 * @category models
 * @since 0.1.0
 */
export interface ErrorSchema<E> extends Schema.Codec<E, unknown> {}

const unrecognizedStatus = 502

/**
 * Declares the errors of one or more operations on an `HttpApiEndpoint`, one schema for each status.
 *
 * **When to use**
 *
 * As `error` of an endpoint that calls Venice. Its handler fails with the errors themselves, such as those of
 * `VeniceClient.execute` through {@link fromFailure}. They are in its OpenAPI, and a generated client decodes them.
 *
 * **Gotchas**
 *
 * An endpoint declares its statuses, so the response has the documented status of the code, even if Venice sent another
 * one, and 502 for an `UnrecognizedResponse`. An endpoint has one response for each status and content type: give
 * errors of your own another status, or send them as JSON beside the format `problem`.
 *
 * **Example** (Declaring the errors of an endpoint)
 *
 * ```ts
 * import { Gateway } from "@effect-venice/http"
 * import { Schema } from "effect"
 * import { HttpApiEndpoint } from "effect/http-api"
 *
 * const chat = HttpApiEndpoint.post("chat", "/chat/completions", {
 *   payload: Schema.Struct({ model: Schema.String }),
 *   success: Schema.Struct({ content: Schema.String }),
 *   error: Gateway.errors("POST /chat/completions", "openai")
 * })
 *
 * chat.error.size > 5 // => true
 * ```
 *
 * @category declaring
 * @since 0.1.0
 */
export const errors = <const Op extends Operation.Operation>(
  operation: Op | ReadonlyArray<Op>,
  format: Format = "venice"
): ReadonlyArray<ErrorSchema<OperationFailure.Of<Op>>> => {
  const operations = typeof operation === "string" ? [operation] : operation
  const codes = new Set(operations.flatMap((operation) => [...OperationFailure.codes(operation)]))
  const byStatus = Array.groupBy(
    [...codes].map((code) => byCode.get(code)!),
    (Class) => String(Class === UnrecognizedResponse ? unrecognizedStatus : Class.status)
  )
  const singleOperation = operations.length === 1 ? operations[0] : undefined
  return Object.entries(byStatus).map(([status, classes]) => schemaOf(format, Number(status), classes, singleOperation))
}
