/**
 * The batches of `POST /crypto/rpc/{network}`.
 *
 * Venice answers 200 and passes on what the node of the blockchain answered: a result or an error for a single request,
 * a list of both for a batch. `VeniceClient.execute` fails with the `Failure.JsonRpcError` of a single request; {@link Item}
 * decodes the items of a batch. What Venice itself refuses is an error of the algebra, as for every operation.
 *
 * @since 0.1.0
 */
import * as Schema from "effect/Schema"

/** Codes of -32768 to -32000 are JSON-RPC's own and the node's, such as -32601 for an unknown method. */
const Body = Schema.Struct({
  code: Schema.Finite,
  message: Schema.String,
  data: Schema.optionalKey(Schema.Json)
})

const Id = Schema.NullOr(Schema.Union([Schema.String, Schema.Finite]))

/**
 * One answer of a batch: a result, or an error.
 *
 * **Example** (Reading a batch)
 *
 * ```ts no-run
 * import { JsonRpc, VeniceClient } from "@effect-venice/http"
 * import { Effect, Schema } from "effect"
 *
 * const program = Effect.gen(function*() {
 *   const venice = yield* VeniceClient
 *   const answers = yield* venice.execute("POST /crypto/rpc/{network}", {
 *     path: { network: "base-mainnet" },
 *     body: [
 *       { jsonrpc: "2.0", id: 1, method: "eth_blockNumber", params: [] },
 *       { jsonrpc: "2.0", id: 2, method: "eth_chainId", params: [] }
 *     ],
 *     success: Schema.Array(JsonRpc.Item(Schema.String))
 *   })
 *   return answers.map((answer) => "error" in answer ? answer.error.message : answer.result)
 * })
 * ```
 *
 * @category schemas
 * @since 0.1.0
 */
export const Item = <S extends Schema.Constraint>(result: S) =>
  Schema.Union([
    Schema.Struct({ id: Id, error: Body }),
    Schema.Struct({ id: Id, result })
  ])
