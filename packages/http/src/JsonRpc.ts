/**
 * An error of a blockchain's node, behind `POST /crypto/rpc/{network}`.
 *
 * Venice answers 200 and hands over what the node said: for a single request a result or an error, for a batch a list of
 * both. `VeniceClient.execute` fails with the error of a single request; the items of a batch are for the caller to tell
 * apart, with {@link Item}. What Venice itself refuses arrives as an error of the algebra, as everywhere.
 *
 * **Gotchas**
 *
 * It is no error of Venice's: the request was answered and billed, and no policy repeats it.
 *
 * @since 0.1.0
 */
import type { Input } from "@effect-venice/core/Decode"
import { context, event, withoutSecrets } from "@effect-venice/core/Decode"
import { ResponseContext } from "@effect-venice/core/ResponseContext"
import * as Predicate from "effect/Predicate"
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

// As long as an excerpt of a body: what a contract gives as the reason of a revert is far below.
const maxData = 8192

const isShort = (data: unknown): boolean => JSON.stringify(data).length <= maxData

/**
 * An error of a blockchain's node. `code` is JSON-RPC's or the node's, `data` what the node gave beside the message, such
 * as the reason of a revert; left out where it is longer than 8 KB.
 *
 * @category errors
 * @since 0.1.0
 */
export class JsonRpcError extends Schema.TaggedError<JsonRpcError>()("JsonRpcError", {
  ...Body.fields,
  response: ResponseContext
}) {
  /**
   * The error in an answer to a single request, if it is one.
   *
   * @since 0.1.0
   */
  static from(input: Input): JsonRpcError | undefined {
    const error = errorOf(withoutSecrets(input).body)
    if (error === undefined) return undefined
    const { data, ...said } = error
    // What it says in words is read as every message is: bounded, and without what looks like a credential.
    const message = event(input.body, input)?.message ?? said.message
    return new JsonRpcError({
      ...said,
      message,
      ...(data !== undefined && isShort(data) && { data }),
      response: context(input)
    })
  }
}

const decode = Schema.decodeUnknownOption(Body)

const errorOf = (body: string): typeof Body.Type | undefined => {
  try {
    const json: unknown = JSON.parse(body)
    if (!Predicate.hasProperty(json, "error")) return undefined
    const error = decode(json.error)
    return error._tag === "Some" ? error.value : undefined
  } catch {
    return undefined
  }
}
