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

/** Decodes the JSON of a success. */
export const decodeJson = <S extends Schema.Constraint>(
  schema: S
): (input: Input) => Effect.Effect<S["Type"], UnexpectedBody, S["DecodingServices"]> => {
  const decode = Schema.decodeUnknownEffect(Schema.toCodecJson(schema))
  return Effect.fnUntraced(function*(input) {
    const json = yield* Effect.try({
      try: (): unknown => JSON.parse(input.body),
      catch: () => UnexpectedBody.notJson(input)
    })
    yield* noteAnswer(json)
    return yield* Effect.mapError(decode(json), (error) => UnexpectedBody.fromSchemaError(error, input))
  })
}
