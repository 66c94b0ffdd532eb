/**
 * Reading and decoding of successes, and the `Decode.Input` of a response.
 *
 * @internal
 */
import type { Input } from "@effect-venice/core/Decode"
import { nameOf } from "@effect-venice/core/Operation"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import type * as Fiber from "effect/Fiber"
import type { HttpClientError } from "effect/http/HttpClientError"
import type { HttpClientResponse } from "effect/http/HttpClientResponse"
import { MaxBodySize } from "effect/http/HttpIncomingMessage"
import * as Schema from "effect/Schema"
import type { UnexpectedBody } from "../Failure.ts"
import { readWhole } from "./body.ts"
import { redactFailure, secretsOf } from "./credentials.ts"
import { type Call, CurrentCall, recordResponse } from "./currentCall.ts"
import { withEveryRetryAfter } from "./retryAfter.ts"
import { fromSchemaError, notJson, tooLong } from "./unexpectedBody.ts"

type BodyInput = Pick<Input, "body" | "bodyTruncated" | "delivered" | "operation">

/** The input of `Decode` for a response and its body, or a part of it. By default the request gives the operation. */
export const inputAt = (
  fiber: Fiber.Fiber<unknown, unknown>,
  response: HttpClientResponse,
  bodyInput: BodyInput
): Input => {
  const { request, status } = response
  return {
    ...bodyInput,
    status,
    headers: withEveryRetryAfter(response),
    operation: bodyInput.operation ?? nameOf(request.method, request.url),
    now: fiber.getRef(Clock.Clock).currentTimeMillisUnsafe(),
    secrets: secretsOf(request)
  }
}

/** {@link inputAt} for the running fiber. */
export const inputOf = (response: HttpClientResponse, bodyInput: BodyInput): Effect.Effect<Input> =>
  Effect.withFiber((fiber) => Effect.succeed(inputAt(fiber, response, bodyInput)))

/** The limit if `MaxBodySize` is not set. More than Venice sends as JSON. */
const defaultMaxBytes = 256 * 1024 * 1024

export const readSuccess = (
  response: HttpClientResponse,
  operation: string
): Effect.Effect<string, HttpClientError | UnexpectedBody> =>
  Effect.withFiber((fiber) => {
    const bytes = Number(fiber.getRef(MaxBodySize) ?? defaultMaxBytes)
    return Effect.flatMap(
      Effect.mapError(readWhole(response, bytes), (error) => redactFailure(error)),
      ({ text, truncated }) =>
        truncated
          ? Effect.fail(tooLong(inputAt(fiber, response, { body: text, bodyTruncated: true, operation }), bytes))
          : Effect.succeed(text)
    )
  })

/** The exit, if the effect is one already. Most decoding needs no run. */
export const exitOf = <A, E, R>(effect: Effect.Effect<A, E, R>): Exit.Exit<A, E> | undefined =>
  Exit.isExit(effect) ? effect as Exit.Exit<A, E> : undefined

/** The value of a JSON text, or `undefined` if the text is not JSON. */
export const parseJson = (text: string): unknown => {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

/** Decodes parsed JSON. Builds the input of `Decode` only if the JSON does not match. */
export type DecodeJson<S extends Schema.Constraint> = (
  json: unknown,
  call: Call | undefined,
  getInput: () => Input
) => Effect.Effect<S["Type"], UnexpectedBody, S["DecodingServices"]>

/** Makes a decoder of successes, or of events of a stream. */
export const decodeJson = <S extends Schema.Constraint>(schema: S): DecodeJson<S> => {
  const decode = Schema.decodeUnknownEffect(Schema.toCodecJson(schema))
  return (json, call, getInput) => {
    if (json === undefined) return Effect.fail(notJson(getInput()))
    recordResponse(call, json, () => getInput().secrets)
    const decoded = decode(json)
    const exit = exitOf(decoded)
    return exit !== undefined && Exit.isSuccess(exit)
      ? exit as Exit.Success<S["Type"]>
      : Effect.catch(decoded, (error) => Effect.fail(fromSchemaError(error, getInput())))
  }
}

/** Makes a decoder of successes that were read to their end. */
export const decodeSuccess = <S extends Schema.Constraint>(schema: S) => {
  const decode = decodeJson(schema)
  return (response: HttpClientResponse, bodyInput: BodyInput) =>
    Effect.withFiber((fiber) =>
      decode(parseJson(bodyInput.body), fiber.getRef(CurrentCall), () => inputAt(fiber, response, bodyInput))
    )
}
