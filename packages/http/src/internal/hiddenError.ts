/**
 * The error that a success hides.
 *
 * @internal
 */
import { hidden } from "@effect-venice/core/Decode"
import type { VeniceError } from "@effect-venice/core/VeniceError"
import * as Effect from "effect/Effect"
import type { HttpClientResponse } from "effect/http/HttpClientResponse"
import type { JsonRpcError } from "../Failure.ts"
import { errorOf } from "./jsonRpcError.ts"
import { inputOf } from "./success.ts"

const isJsonRpc = (operation: string): boolean => operation === "POST /crypto/rpc/{network}"

/** Fails with the error that a success hides: that of a blockchain's node, or one of Venice under status 200. */
export const failIfHidden = (
  operation: string,
  response: HttpClientResponse,
  body: string
): Effect.Effect<void, VeniceError | JsonRpcError> => {
  if (!isJsonRpc(operation) && !body.includes("\"error\"") && !body.includes("\"failed\"")) return Effect.void
  return Effect.flatMap(inputOf(response, { body, operation }), (input) => {
    const error = isJsonRpc(operation) ? errorOf(input) : hidden(input)
    return error === undefined ? Effect.void : Effect.fail(error)
  })
}
