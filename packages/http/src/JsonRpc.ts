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
import { context, event } from "@effect-venice/core/Decode"
import * as Redact from "@effect-venice/core/Redact"
import { ResponseContext } from "@effect-venice/core/ResponseContext"
import type { VeniceError } from "@effect-venice/core/VeniceError"
import * as ErrorReporter from "effect/ErrorReporter"
import * as Predicate from "effect/Predicate"
import * as Schema from "effect/Schema"
import * as Struct from "effect/Struct"

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

// The reason of a revert is far shorter, and is no credential though it looks as random.
const isHex = (data: unknown): data is string => typeof data === "string" && /^0x[\da-f]{0,8192}$/i.test(data)

/**
 * An error of a blockchain's node. `code` is JSON-RPC's or the node's, absent where the node gave none; `data` is what it
 * gave beside the message, such as the reason of a revert: hexadecimal text of up to 8 KB as it is, anything else within
 * the bounds of `Redact.json`.
 *
 * @category errors
 * @since 0.1.0
 */
export class JsonRpcError extends Schema.TaggedError<JsonRpcError>()("JsonRpcError", {
  code: Schema.optionalKey(Schema.Finite),
  message: Schema.String,
  data: Schema.optionalKey(Schema.Json),
  response: ResponseContext
}) {
  /**
   * What error reporters are told.
   *
   * @since 0.1.0
   */
  override get [ErrorReporter.severity]() {
    return "Info" as const
  }

  /**
   * What error reporters are told.
   *
   * @since 0.1.0
   */
  override get [ErrorReporter.attributes]() {
    return Struct.pick(this.response, ["status", "operation", "requestId"])
  }
}

/**
 * The error in the answer to a single request, of the node or of Venice.
 *
 * @internal
 */
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
