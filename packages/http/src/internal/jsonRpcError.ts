/**
 * The error in a success of `POST /crypto/rpc/{network}`.
 *
 * @internal
 */
import type { Input } from "@effect-venice/core/Decode"
import { context, event } from "@effect-venice/core/Decode"
import * as Redact from "@effect-venice/core/Redact"
import type { VeniceError } from "@effect-venice/core/VeniceError"
import * as Predicate from "effect/Predicate"
import { JsonRpcError } from "../Failure.ts"

// Redaction would take the hexadecimal reason of a revert for a credential. It is far shorter than the limit.
const isHex = (data: unknown): data is string => typeof data === "string" && /^0x[\da-f]{0,8192}$/i.test(data)

/** The error of the node or of Venice in the response to a single request. */
export const errorOf = (input: Input): JsonRpcError | VeniceError | undefined => {
  const error = parseError(Redact.response(input).body)
  if (typeof error === "string" || hasVeniceCode(error)) return event(input.body, input)
  if (!Predicate.isObject(error)) return undefined
  const { code, data, message } = error as {
    readonly code?: unknown
    readonly data?: unknown
    readonly message?: unknown
  }
  const number = typeof code === "string" ? Number(code) : code
  return new JsonRpcError({
    message: typeof message === "string" ? String(Redact.json(message)) : "The node gave no reason",
    ...(typeof number === "number" && Number.isFinite(number) && { code: number }),
    ...(data !== undefined && { data: isHex(data) ? data : Redact.json(data) }),
    response: context(input)
  })
}

// The codes of Venice are words, those of a node are numbers.
const hasVeniceCode = (error: unknown): boolean =>
  Predicate.hasProperty(error, "code") && typeof error.code === "string" && !/^-?\d+$/.test(error.code)

const parseError = (body: string): unknown => {
  try {
    const json: unknown = JSON.parse(body)
    return Predicate.hasProperty(json, "error") ? json.error : undefined
  } catch {
    return undefined
  }
}
