/**
 * The error that a success of `POST /crypto/rpc/{network}` hides.
 *
 * @internal
 */
import type { Input } from "@effect-venice/core/Decode"
import { context, event } from "@effect-venice/core/Decode"
import * as Redact from "@effect-venice/core/Redact"
import type { VeniceError } from "@effect-venice/core/VeniceError"
import * as Predicate from "effect/Predicate"
import { JsonRpcError } from "../Failure.ts"

// The reason of a revert is far shorter, and is no credential though it looks as random.
const isHex = (data: unknown): data is string => typeof data === "string" && /^0x[\da-f]{0,8192}$/i.test(data)

/** The error in the response to a single request, of the node or of Venice. */
export const errorOf = (input: Input): JsonRpcError | VeniceError | undefined => {
  const found = parse(Redact.response(input).body)
  if (typeof found === "string" || isCoded(found)) return event(input.body, input)
  if (!Predicate.isObject(found)) return undefined
  const { code, data, message } = found as {
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

// Venice's codes are words, a node's are numbers.
const isCoded = (error: unknown): boolean =>
  Predicate.hasProperty(error, "code") && typeof error.code === "string" && !/^-?\d+$/.test(error.code)

const parse = (body: string): unknown => {
  try {
    const json: unknown = JSON.parse(body)
    return Predicate.hasProperty(json, "error") ? json.error : undefined
  } catch {
    return undefined
  }
}
