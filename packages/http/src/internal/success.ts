/**
 * What was received, in the form that core decodes: with the operation, the moment, and what must not appear in an error.
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
import { concealFailure, secretsOf } from "./credentials.ts"
import { type Call, CurrentCall, note } from "./currentCall.ts"
import { fromSchemaError, notJson, tooLong } from "./unexpectedBody.ts"

type Part = Pick<Input, "body" | "bodyTruncated" | "delivered" | "operation">

/** A response with its body, or the part of it that is being looked at. Without an operation, the request tells. */
export const inputAt = (
  fiber: Fiber.Fiber<unknown, unknown>,
  { headers, request, status }: HttpClientResponse,
  part: Part
): Input => ({
  ...part,
  status,
  headers,
  operation: part.operation ?? nameOf(request.method, request.url),
  now: fiber.getRef(Clock.Clock).currentTimeMillisUnsafe(),
  secrets: secretsOf(request)
})

/** What is received at this moment. */
export const inputOf = (response: HttpClientResponse, part: Part): Effect.Effect<Input> =>
  Effect.withFiber((fiber) => Effect.succeed(inputAt(fiber, response, part)))

/** The bytes a client reads of a success unless `MaxBodySize` says otherwise: more than Venice sends as JSON. */
const defaultMaxBytes = 256 * 1024 * 1024

/** Reads the body of a success. */
export const readSuccess = Effect.fnUntraced(function*(
  response: HttpClientResponse,
  operation: string
): Effect.fn.Return<string, HttpClientError | UnexpectedBody> {
  const bytes = Number((yield* MaxBodySize) ?? defaultMaxBytes)
  const read = readWhole(response, bytes)
  const { text, truncated } = yield* Effect.mapError(read, concealFailure)
  if (!truncated) return text
  const input = yield* inputOf(response, { body: text, bodyTruncated: true, operation })
  return yield* tooLong(input, bytes)
})

/** What an effect comes to that needs no running, as most decoding does. */
export const settled = <A, E, R>(effect: Effect.Effect<A, E, R>): Exit.Exit<A, E> | undefined =>
  Exit.isExit(effect) ? effect as Exit.Exit<A, E> : undefined

/** Decodes JSON. What else was received with it is only looked at when it is not what was expected. */
export type DecodeJson<S extends Schema.Constraint> = (
  json: string,
  call: Call | undefined,
  received: () => Input
) => Effect.Effect<S["Type"], UnexpectedBody, S["DecodingServices"]>

/** A decoder of successes, or of their events. */
export const decodeJson = <S extends Schema.Constraint>(schema: S): DecodeJson<S> => {
  const decode = Schema.decodeUnknownEffect(Schema.toCodecJson(schema))
  return (text, call, received) => {
    let json: unknown
    try {
      json = JSON.parse(text)
    } catch {
      return Effect.fail(notJson(received()))
    }
    note(call, json)
    const decoded = decode(json)
    const exit = settled(decoded)
    return exit !== undefined && Exit.isSuccess(exit)
      ? Effect.succeed(exit.value)
      : Effect.catch(decoded, (error) => Effect.fail(fromSchemaError(error, received())))
  }
}

/** A decoder of a success that was read whole. */
export const decodeSuccess = <S extends Schema.Constraint>(schema: S) => {
  const decode = decodeJson(schema)
  return (response: HttpClientResponse, part: Part) =>
    Effect.withFiber((fiber) => decode(part.body, fiber.getRef(CurrentCall), () => inputAt(fiber, response, part)))
}
