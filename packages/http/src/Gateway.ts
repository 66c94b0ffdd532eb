/**
 * Errors as answers to users of your own, for backends that stand between them and Venice.
 *
 * {@link toResponse} answers with an error in Venice's shape, in OpenAI's, or as problem details; {@link errors} declares
 * the errors of an operation on an `HttpApiEndpoint`, so that they are in its channel, in its OpenAPI, and typed again in
 * a generated client; {@link fromFailure} makes an error of the algebra of whatever else a call can fail with.
 *
 * **Details**
 *
 * Status, `Retry-After`, ids and budgets are passed on as `Encode` says. {@link conceal} keeps to yourself what is
 * nobody's business but the owner's of the Venice account.
 *
 * **Example** (Answering a user of one's own)
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
import type { Format } from "@effect-venice/core/Encode"
import { event as encodeEvent, headerNames, problemBase, response as encodeResponse } from "@effect-venice/core/Encode"
import type { ConsentRequired } from "@effect-venice/core/Errors"
import { UnrecognizedResponse } from "@effect-venice/core/Errors"
import type { Operation } from "@effect-venice/core/Operation"
import { nameOf } from "@effect-venice/core/Operation"
import * as OperationFailure from "@effect-venice/core/OperationFailure"
import { isRepeatable } from "@effect-venice/core/Retry"
import type { NotInCategory, VeniceError, VeniceErrorClass } from "@effect-venice/core/VeniceError"
import { byCode, isVeniceError } from "@effect-venice/core/VeniceError"
import * as Array from "effect/Array"
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as HttpApiSchema from "effect/http-api/HttpApiSchema"
import type { HttpClientError } from "effect/http/HttpClientError"
import { isHttpClientError } from "effect/http/HttpClientError"
import * as HttpServerResponse from "effect/http/HttpServerResponse"
import * as Option from "effect/Option"
import * as Record from "effect/Record"
import * as Schema from "effect/Schema"
import type * as Scope from "effect/Scope"
import * as Sink from "effect/Sink"
import * as Stream from "effect/Stream"
import * as Struct from "effect/Struct"
import type { Failure } from "./Failure.ts"

/**
 * What {@link fromFailure} makes of a failure.
 *
 * @category models
 * @since 0.1.0
 */
export type FromFailure<E> =
  | Extract<E, VeniceError>
  | (E extends { readonly _tag: "JobFailure"; readonly reason: infer R } ? Extract<R, VeniceError> : never)
  | UnrecognizedResponse

const stands = (
  status: 502 | 504,
  message: string,
  { operation, repeatable = false }: { readonly operation?: string | undefined; readonly repeatable?: boolean }
): UnrecognizedResponse =>
  new UnrecognizedResponse({
    category: status === 504 ? "Timeout" : "Upstream",
    message,
    matchedBy: "none",
    response: {
      status,
      ...(operation !== undefined && { operation }),
      // A 502 reads as if it might pass. What was done may be done, and billed, again.
      ...(!repeatable && { shouldRetry: false })
    }
  })

const unanswered = (error: HttpClientError | Cause.TimeoutError): UnrecognizedResponse => {
  const isTimeout = Cause.isTimeoutError(isHttpClientError(error) ? error.reason.cause : error)
  const known = {
    operation: isHttpClientError(error) ? nameOf(error.request.method, error.request.url) : undefined,
    repeatable: isRepeatable(error)
  }
  return isTimeout ? stands(504, "Venice did not answer in time", known) : stands(502, "Venice did not answer", known)
}

const convert = (error: Failure): VeniceError => {
  if (isVeniceError(error)) return error
  switch (error._tag) {
    case "JobFailure":
      return convert(error.reason)
    case "UnexpectedBody":
    case "UnfinishedStream":
      return stands(502, "Venice's answer could not be read", error.response)
    case "JsonRpcError":
      return stands(502, `The node answered: ${error.message}`, error.response)
    default:
      return unanswered(error)
  }
}

/**
 * An error of the algebra for any failure of a call: itself, the error of a failed job, or an `UnrecognizedResponse` of
 * 504 (no answer in time) or 502 (no answer, or none that could be read) that says nothing of your network or of the
 * answer.
 *
 * @category converting
 * @since 0.1.0
 */
export const fromFailure = <E extends Failure>(error: E): FromFailure<E> => convert(error) as FromFailure<E>

type OwnersBusiness = "Authentication" | "Permission" | "Billing"

const ownersBusiness: ReadonlySet<string> = new Set<OwnersBusiness>(["Authentication", "Permission", "Billing"])

/**
 * What {@link conceal} leaves of the errors in `E`.
 *
 * @category models
 * @since 0.1.0
 */
export type Concealed<E> = NotInCategory<E, OwnersBusiness> | Extract<E, ConsentRequired> | UnrecognizedResponse

/**
 * The error as it may be shown to users who do not own the Venice account: without its balance, its budgets, Venice's
 * body and the history of your attempts. What is wrong with the account itself (its key, its plan, its credit) is an
 * `UnrecognizedResponse` of 502 that says no more, and so is what nobody recognised.
 *
 * **When to use**
 *
 * Where users share your key. Where they bring their own, all of it is theirs to see.
 *
 * **Gotchas**
 *
 * The messages of the rest are Venice's, as they came: they are about the request.
 *
 * @category converting
 * @since 0.1.0
 */
export const conceal = <E extends VeniceError>(error: E): Concealed<E> => {
  const { attempts: _, message, response, ...fields } = error
  // Consent is the user's to give.
  if (ownersBusiness.has(error.category) && error._tag !== "CONSENT_REQUIRED") {
    return stands(502, "The service cannot use Venice at present", { operation: response.operation })
  }
  const shown = Struct.omit(response, ["balance", "body", "bodyTruncated", "rateLimit"])
  const isVerbatim = error._tag === "UNRECOGNIZED_RESPONSE" && response.body !== undefined
  const said = isVerbatim ? UnrecognizedResponse.defaultMessage : message
  const Class = byCode.get(error._tag) as new(fields: object) => VeniceError
  return new Class({ ...fields, message: said, response: shown }) as Concealed<E>
}

/**
 * Answers with an error: status, `Retry-After` and the other headers, and a JSON body in the format.
 *
 * @category encoding
 * @since 0.1.0
 */
export const toResponse = (error: VeniceError, format: Format = "venice"): HttpServerResponse.HttpServerResponse => {
  const { body, headers: { "content-type": contentType, ...headers }, status } = encodeResponse(error, format)
  return HttpServerResponse.jsonUnsafe(body, { status, headers, contentType })
}

/**
 * Answers with the errors of the algebra a handler fails with, and leaves its other failures to it.
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

const data = (json: string): string => `data: ${json}\n\n`

/**
 * Answers with the events of a stream, such as those of `VeniceClient.stream`, as server-sent events with `[DONE]` at the
 * end.
 *
 * **Details**
 *
 * What fails before the first event fails the handler, so that it is answered with a status. What fails later is the
 * last event, in the shape that OpenAI's streams and Venice's have for an error.
 *
 * @category encoding
 * @since 0.1.0
 */
export const streamed = <E extends Failure, R>(
  events: Stream.Stream<Schema.Json, E, R>
): Effect.Effect<HttpServerResponse.HttpServerResponse, E, R | Scope.Scope> =>
  Effect.gen(function*() {
    const context = yield* Effect.context<R>()
    const [first, rest] = yield* Stream.peel(events, Sink.head<Schema.Json>())
    const body = Stream.fromIterable(Option.toArray(first)).pipe(
      Stream.concat(rest),
      Stream.map((event) => data(JSON.stringify(event))),
      Stream.catch((error) => Stream.succeed(data(encodeEvent(fromFailure(error))))),
      Stream.concat(Stream.succeed(data("[DONE]"))),
      Stream.encodeText,
      Stream.provideContext(context)
    )
    return HttpServerResponse.stream(body, { contentType: "text/event-stream" })
  })

const rest = [Schema.Record(Schema.String, Schema.Json)] as const

const bodyOf = (format: Format, status: number, codes: ReadonlyArray<string>): Schema.Top => {
  const known = { code: Schema.Literals(codes), request_id: Schema.optionalKey(Schema.String) }
  switch (format) {
    case "venice":
      return Schema.StructWithRest(Schema.Struct({ error: Schema.String, ...known }), rest)
    case "openai":
      return Schema.StructWithRest(
        Schema.Struct({
          error: Schema.Struct({
            message: Schema.String,
            type: Schema.String,
            param: Schema.NullOr(Schema.String),
            code: Schema.NullOr(Schema.String),
            retry_after: Schema.optionalKey(Schema.Finite)
          }),
          ...known
        }),
        rest
      )
    case "problem":
      return Schema.StructWithRest(
        Schema.Struct({
          type: Schema.Literals(codes.map((code) => `${problemBase}#${code}`)),
          title: Schema.String,
          status: Schema.Literal(status),
          detail: Schema.String,
          ...known
        }),
        rest
      )
  }
}

const headerFields = Record.fromIterableWith(headerNames, (name) => [name, Schema.optionalKey(Schema.String)])

/** All codes of one status: an endpoint can have one response for each. */
const schemaOf = <E>(
  format: Format,
  status: number,
  classes: ReadonlyArray<VeniceErrorClass>,
  operation: string | undefined
): ErrorSchema<E> => {
  const body = bodyOf(format, status, classes.map(({ code }) => code)).annotate({
    description: classes.map(({ code, defaultMessage }) => `${code}: ${defaultMessage}`).join("\n")
  })
  const contentType = format === "problem" ? "application/problem+json" : "application/json"
  const schema = Schema.Union(classes).pipe(HttpApiSchema.encodeToWithHeaders({
    body: body.pipe(HttpApiSchema.status(status), HttpApiSchema.asJson({ contentType })) as Schema.Codec<object>,
    headers: headerFields
  }, {
    encode: (error) => {
      const { body, headers } = encodeResponse(error, format)
      return { headers, body: "status" in body ? { ...body, status } : body }
    },
    // Waits are said in durations and moments by the epoch: there is nothing to read against the clock.
    decode: ({ body, headers }) =>
      decodeResponse({ status, headers, body: JSON.stringify(body), operation, now: Infinity })
  }))
  // The classes are those of an operation, which the table knows by name and not by type.
  return schema as unknown as ErrorSchema<E>
}

/** The schema of the errors of one status, which encodes to a response. */
export interface ErrorSchema<E> extends Schema.Codec<E, unknown> {}

const unrecognizedStatus = 502

/**
 * The errors an operation, or several, can answer with, to be declared on an `HttpApiEndpoint`: one schema for each
 * status, with the body in the format and the headers beside it.
 *
 * **Details**
 *
 * A handler fails with the errors themselves, such as those of `VeniceClient.execute` through {@link fromFailure}. A
 * generated client decodes them again.
 *
 * **Gotchas**
 *
 * An endpoint declares its statuses, so an error is answered with the documented status of its code, whichever Venice
 * answered, and an `UnrecognizedResponse` with 502. It also has one response for a status and content type: errors of
 * your own stand beside these under another status, or as JSON beside the format `problem`.
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
export const errors = <const Op extends Operation | ReadonlyArray<Operation>>(
  operation: Op,
  format: Format = "venice"
): ReadonlyArray<ErrorSchema<OperationFailure.Of<Op extends ReadonlyArray<string> ? Op[number] : Op>>> => {
  const operations: ReadonlyArray<Operation> = typeof operation === "string" ? [operation] : operation
  const codes = new Set(operations.flatMap((operation) => [...OperationFailure.codes(operation)]))
  const byStatus = Array.groupBy(
    [...codes].map((code) => byCode.get(code)!),
    (Class) => String(Class === UnrecognizedResponse ? unrecognizedStatus : Class.status)
  )
  const only = operations.length === 1 ? operations[0] : undefined
  return Object.entries(byStatus).map(([status, classes]) => schemaOf(format, Number(status), classes, only))
}
