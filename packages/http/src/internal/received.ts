/**
 * What was received, in the form that core decodes: with the operation, the moment, and what must not appear in an error.
 *
 * @internal
 */
import type { Input } from "@effect-venice/core/Decode"
import { nameOf } from "@effect-venice/core/Operation"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import type { HttpClientResponse } from "effect/http/HttpClientResponse"
import * as Schema from "effect/Schema"
import { UnexpectedBody } from "../UnexpectedBody.ts"
import { secretsOf } from "./credentials.ts"
import { noteAnswer } from "./currentCall.ts"

/** A response with its body, or the part of it that is being looked at. Without an operation, the request tells. */
export const inputOf = (
  { headers, request, status }: HttpClientResponse,
  received: Pick<Input, "body" | "bodyTruncated" | "delivered" | "operation">
): Effect.Effect<Input> =>
  Effect.map(Clock.currentTimeMillis, (now) => ({
    ...received,
    status,
    headers,
    operation: received.operation ?? nameOf(request.method, request.url),
    now,
    secrets: secretsOf(request)
  }))

/** Decodes the JSON of a success. What else was received with it is only looked at when it is not what was expected. */
export const decodeJson = <S extends Schema.Constraint>(
  schema: S
): (
  body: string,
  received: Effect.Effect<Input>
) => Effect.Effect<S["Type"], UnexpectedBody, S["DecodingServices"]> => {
  const decode = Schema.decodeUnknownEffect(Schema.toCodecJson(schema))
  const failing = (received: Effect.Effect<Input>, f: (input: Input) => UnexpectedBody) =>
    Effect.flatMap(received, (input) => Effect.fail(f(input)))
  return (body, received) => {
    let json: unknown
    try {
      json = JSON.parse(body)
    } catch {
      return failing(received, UnexpectedBody.notJson)
    }
    const decoded = Effect.catch(
      decode(json),
      (error) => failing(received, (input) => UnexpectedBody.fromSchemaError(error, input))
    )
    return Effect.andThen(noteAnswer(json), decoded)
  }
}
