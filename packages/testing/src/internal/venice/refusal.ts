/**
 * A request that Venice refuses, with the response to it.
 *
 * @internal
 */
import type { VeniceError } from "@effect-venice/core"
import { Errors } from "@effect-venice/core"
import * as Effect from "effect/Effect"
import type { ZodError, ZodIssue } from "zod/v3"
import { fromError } from "../wire/encode.ts"
import type { WireResponse } from "../wire/response.ts"
import { json } from "../wire/response.ts"

/** The budget that a failure counts against. Only a 4xx counts, and a 429 never does. */
export type Counted = "failures" | "unsupported" | "none"

export interface Refusal {
  readonly response: WireResponse
  readonly counted: Counted
}

export type Refusing<A> = Effect.Effect<A, Refusal>

const refusal = (response: WireResponse, counted: Counted): Refusing<never> => {
  const counts = response.status >= 400 && response.status < 500 && response.status !== 429
  return Effect.fail({ response, counted: counts ? counted : "none" })
}

/** Refuses with an error, in Venice's form. */
export const error = (error: VeniceError.VeniceError, counted: Counted = "failures"): Refusing<never> =>
  refusal(fromError(error), counted)

/** Refuses with a body that is no error of its own. */
export const body = (
  status: number,
  body: object,
  headers: Readonly<Record<string, string>> = {},
  counted: Counted = "failures"
): Refusing<never> => refusal(json(status, body, headers), counted)

/** Refuses with a sentence. */
export const message = (status: number, message: string, counted: Counted = "failures"): Refusing<never> =>
  body(status, { error: message }, {}, counted)

/** Refuses a body that Venice's schema does not accept, with the tree and the list of its errors. */
export const invalid = (error: ZodError): Refusing<never> =>
  body(400, { error: Errors.InvalidRequest.defaultMessage, details: error.format(), issues: error.issues })

/** Refuses a single field, as Venice does where a model does not support what the request asks for. */
export const invalidField = (
  path: ReadonlyArray<string | number>,
  reason: string,
  counted: Counted = "failures",
  issue: Partial<ZodIssue> = { code: "custom" }
): Refusing<never> => {
  const details: Record<string, unknown> = { _errors: [] }
  let node = details
  for (const name of path) {
    const child: Record<string, unknown> = { _errors: [] }
    node[name] = child
    node = child
  }
  node._errors = [reason]
  return body(
    400,
    { error: Errors.InvalidRequest.defaultMessage, details, issues: [{ ...issue, path, message: reason }] },
    {},
    counted
  )
}
