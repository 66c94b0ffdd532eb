import { Failure, Gateway, JsonRpc, VeniceClient } from "@effect-venice/http"
import { NodeHttpClient } from "@effect/platform-node"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Redacted, Schema } from "effect"
import { answer, serve } from "./server.ts"

const key = "key-aB3dE5fG7hJ9"

const call = <S extends Schema.Constraint>(reply: unknown, success: S, status = 200) =>
  Effect.gen(function*() {
    const api = yield* serve((response) => answer(response, status, reply))
    const venice = yield* VeniceClient.make({ apiKey: Redacted.make(key), baseUrl: api.url })
    return yield* venice.execute("POST /crypto/rpc/{network}", {
      path: { network: "base-mainnet" },
      body: { jsonrpc: "2.0", id: 1, method: "eth_call", params: [] },
      success
    })
  }).pipe(Effect.provide(NodeHttpClient.layerUndici), Effect.scoped)

const Result = Schema.Struct({ result: Schema.String })

const reverted = { code: 3, message: "execution reverted", data: `0x08c379a0${"0".repeat(128)}` }

describe("an error of a node", () => {
  it.live("in a success fails the call, with code, message and data", () =>
    Effect.gen(function*() {
      const error = yield* Effect.flip(call({ jsonrpc: "2.0", id: 1, error: reverted }, Schema.Unknown))

      assert.instanceOf(error, Failure.JsonRpcError)
      assert.deepInclude(error, reverted)
      assert.strictEqual(error.response.operation, "POST /crypto/rpc/{network}")
    }))

  it.live("does not repeat the key it was asked with", () =>
    Effect.gen(function*() {
      const said = { code: -32_000, message: `no access for ${key}`, data: { authorization: key } }
      const error = yield* Effect.flip(call({ jsonrpc: "2.0", id: 1, error: said }, Schema.Unknown))

      assert.strictEqual(error._tag, "JsonRpcError")
      assert.notInclude(JSON.stringify(error), key)
    }))

  it.live.each<[string, unknown]>([
    ["long", { code: 3, message: "m".repeat(100_000), data: "d".repeat(100_000) }],
    ["deep", `{"error":{"code":1,"message":"m","data":${"[".repeat(20_000)}${"]".repeat(20_000)}}}`],
    [
      "with an escaped name",
      `{"\\u0065rror":{"code":1,"message":"${"m".repeat(20_000)} Bearer sk-${"a1".repeat(20)}"}}`
    ],
    ["with a credential of another's", {
      code: 1,
      message: "m",
      data: { authorization: `Bearer sk-${"a1".repeat(20)}` }
    }],
    ["with a credential before what looks like hexadecimal", {
      code: 1,
      message: "m",
      data: `Bearer sk-${"a1".repeat(20)} 0x00`
    }]
  ])("is bounded, and holds no credential: %s", ([, said]) =>
    Effect.gen(function*() {
      const error = yield* Effect.flip(call(typeof said === "string" ? said : { id: 1, error: said }, Schema.Unknown))

      assert.strictEqual(error._tag, "JsonRpcError")
      assert.isBelow(JSON.stringify(error).length, 24_000)
      assert.notInclude(JSON.stringify(error), "a1a1")
    }))

  it.live.each<[string, unknown, object]>([
    ["without a code", { message: "m" }, { message: "m" }],
    ["with a code as text", { code: "-32000", message: "m" }, { code: -32_000 }],
    ["with a code as text without a sign", { code: "3", message: "m" }, { code: 3 }],
    ["with data in capitals", { code: 3, data: "0xABCDEF" }, { data: "0xABCDEF" }],
    ["with no data but its prefix", { code: 3, data: "0x" }, { data: "0x" }],
    ["without a message", { code: 1, message: 5 }, { message: "The node gave no reason" }],
    ["with an empty message", { code: 1, message: "" }, { message: "" }]
  ])("is one %s", ([, error, expected]) =>
    Effect.gen(function*() {
      assert.deepInclude(yield* Effect.flip(call({ id: 1, error }, Schema.Unknown)), expected)
    }))

  it.live("is none where there is a result", () =>
    Effect.gen(function*() {
      assert.deepStrictEqual(yield* call({ jsonrpc: "2.0", id: 1, result: "0x1", error: null }, Result), {
        result: "0x1"
      })
      assert.strictEqual((yield* Effect.flip(call("no JSON", Result)))._tag, "UnexpectedBody")
    }))

  it.live("is none of a node with a code that is neither a number nor absent", () =>
    Effect.gen(function*() {
      for (const code of ["12ab", "ab12", "1.5", ""]) {
        const error = yield* Effect.flip(call({ error: { code, message: "m" } }, Schema.Unknown))
        assert.strictEqual(error._tag, "UNRECOGNIZED_RESPONSE", code)
      }
    }))

  it.live("keeps data in hexadecimal up to a length", () =>
    Effect.gen(function*() {
      const dataOf = Effect.fnUntraced(function*(data: string) {
        const error = yield* Effect.flip(call({ error: { code: 3, data } }, Schema.Unknown))
        return error._tag === "JsonRpcError" ? error.data : undefined
      })
      const [longest, longer] = [`0x${"ab".repeat(4096)}`, `0x${"ab".repeat(4096)}a`]

      assert.strictEqual(yield* dataOf(longest), longest)
      assert.notStrictEqual(yield* dataOf(longer), longer)
    }))

  it.live.each<[unknown, string]>([
    ["Rate limit exceeded", "RATE_LIMIT_EXCEEDED"],
    [{ code: "RATE_LIMIT_EXCEEDED", message: "slow down" }, "RATE_LIMIT_EXCEEDED"],
    ["nobody knows", "UNRECOGNIZED_RESPONSE"]
  ])("is Venice's where a success says so: %s", ([error, code]) =>
    Effect.gen(function*() {
      assert.strictEqual((yield* Effect.flip(call({ error }, Schema.Unknown)))._tag, code)
    }))

  it.live("of Venice stays one of Venice", () =>
    Effect.gen(function*() {
      const error = yield* Effect.flip(call({ error: "Rate limit exceeded" }, Result, 429))

      assert.strictEqual(error._tag, "RATE_LIMIT_EXCEEDED")
    }))

  it.live("is passed on by a gateway", () =>
    Effect.gen(function*() {
      const error = yield* Effect.flip(call({ jsonrpc: "2.0", id: 1, error: reverted }, Schema.Unknown))

      assert.strictEqual(Gateway.fromFailure(error).message, "The node responded with an error: execution reverted")
    }))
})

it.live("tells the items of a batch apart", () =>
  Effect.gen(function*() {
    const items = [{ jsonrpc: "2.0", id: 2, error: reverted }, { jsonrpc: "2.0", id: 1, result: "0x1" }]
    const answers = yield* call(items, Schema.Array(JsonRpc.Item(Schema.String)))

    assert.deepStrictEqual(answers, [{ id: 2, error: reverted }, { id: 1, result: "0x1" }])
  }))

it.effect("an item of a batch has an id of text, a number or none", () =>
  Effect.gen(function*() {
    const decode = Schema.decodeUnknownEffect(JsonRpc.Item(Schema.String))

    for (const id of ["a", 1, null]) {
      assert.deepStrictEqual(yield* decode({ id, result: "0x1" }), { id, result: "0x1" })
      const error = { code: -32_601, message: "no such method" }
      assert.deepStrictEqual(yield* decode({ id, error }), { id, error })
    }
    yield* Effect.flip(decode({ id: true, result: "0x1" }))
    yield* Effect.flip(decode({ result: "0x1" }))
  }))
