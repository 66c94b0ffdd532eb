/**
 * Batches of `POST /crypto/rpc/{network}`.
 *
 * Venice responds with 200 and passes on the body of the blockchain's node: a result or an error for a single request,
 * a list of both for a batch. `VeniceClient.execute` fails with the `Failure.JsonRpcError` of a single request, and
 * {@link Item} decodes the items of a batch. If Venice itself refuses, the call fails with an error of Venice as usual.
 *
 * @since 0.1.0
 */
import * as Schema from "effect/Schema"

/** JSON-RPC reserves the codes -32768 to -32000, such as -32601 for an unknown method. */
const ErrorMember = Schema.Struct({
  code: Schema.Finite,
  message: Schema.String,
  data: Schema.optionalKey(Schema.Json)
})

const Id = Schema.NullOr(Schema.Union([Schema.String, Schema.Finite]))

/**
 * The schema of one item of a batch, a result or an error, to pass to `execute` as a part of `success`.
 *
 * **Example** (Reading a batch)
 *
 * ```ts no-run
 * import { JsonRpc, VeniceClient } from "@effect-venice/http"
 * import { Effect, Schema } from "effect"
 *
 * const program = Effect.gen(function*() {
 *   const venice = yield* VeniceClient
 *   const items = yield* venice.execute("POST /crypto/rpc/{network}", {
 *     path: { network: "base-mainnet" },
 *     body: [
 *       { jsonrpc: "2.0", id: 1, method: "eth_blockNumber", params: [] },
 *       { jsonrpc: "2.0", id: 2, method: "eth_chainId", params: [] }
 *     ],
 *     success: Schema.Array(JsonRpc.Item(Schema.String))
 *   })
 *   return items.map((item) => "error" in item ? item.error.message : item.result)
 * })
 * ```
 *
 * @category schemas
 * @since 0.1.0
 */
export const Item = <S extends Schema.Constraint>(result: S) =>
  Schema.Union([
    Schema.Struct({ id: Id, error: ErrorMember }),
    Schema.Struct({ id: Id, result })
  ])
