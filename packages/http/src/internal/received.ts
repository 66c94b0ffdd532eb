/**
 * What was received, in the form that core decodes: with the operation, the moment, and what must not appear in an error.
 *
 * @internal
 */
import type { Input } from "@effect-venice/core/Decode"
import { nameOf } from "@effect-venice/core/Operation"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import type { HttpClientRequest } from "effect/http/HttpClientRequest"
import type { HttpClientResponse } from "effect/http/HttpClientResponse"
import * as Schema from "effect/Schema"
import { UnexpectedBody } from "../UnexpectedBody.ts"

// What a request may prove itself with. A server that echoes the request must not put it into an error.
const credentials = [
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

const secretsOf = ({ headers }: HttpClientRequest): ReadonlyArray<string> => {
  const secrets: Array<string> = []
  for (const name of credentials) {
    const value = headers[name]
    if (value === undefined) continue
    // The scheme is no secret: `Bearer <token>`; and a cookie may be repeated without its name.
    secrets.push(name.endsWith("authorization") ? value.slice(value.indexOf(" ") + 1) : value)
    if (name === "cookie") secrets.push(...value.split(";").map((pair) => pair.slice(pair.indexOf("=") + 1)))
  }
  return secrets
}

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
    return Effect.catch(
      decode(json),
      (error) => failing(received, (input) => UnexpectedBody.fromSchemaError(error, input))
    )
  }
}
