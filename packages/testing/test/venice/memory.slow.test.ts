import { Dynamics } from "@effect-venice/testing"
import { assert, it } from "@effect/vitest"
import { Duration, Effect } from "effect"
import { setFlagsFromString } from "node:v8"
import { runInNewContext } from "node:vm"
import { type Ask, chat, form, make } from "./ask.ts"

setFlagsFromString("--expose-gc")
const collect: () => void = runInNewContext("gc")

const heap = Effect.sync(() => {
  collect()
  return process.memoryUsage().heapUsed
})

/** Set it to a million to see that the limit below does not depend on it. That takes minutes. */
const total = Number(process.env.REQUESTS ?? 100_000)

/** Requests of ever new keys, users and models, of which the emulator could remember each. */
const requestOf = (n: number): readonly [route: string, options: Ask] => {
  const key = `key-${n}`
  switch (n % 8) {
    case 0:
      return ["POST /embeddings", {
        body: { model: "text-embedding-qwen3-8b", dimensions: 2, input: "x" },
        key
      }]
    case 1:
      return ["POST /chat/completions", { body: { ...chat, user: `user-${n}`, temperature: 3 }, key }]
    case 2:
      return ["POST /chat/completions", { body: { ...chat, model: `model-${n}` }, key }]
    case 3:
      return ["POST /video/queue", {
        body: { model: "wan-2-7-text-to-video", prompt: "x", duration: "5s" },
        key
      }]
    case 4:
      return ["POST /crypto/rpc/base-mainnet", {
        body: { id: 1, method: "eth_chainId" },
        headers: { "idempotency-key": `k-${n}` },
        key
      }]
    case 5:
      return ["POST /x402/top-up", { headers: { "x-payment": "e30=" }, key: undefined }]
    case 6:
      return ["POST /audio/voices", { ...form({ model: "tts-chatterbox-hd" }), key }]
    default:
      return ["GET /image/styles", { key }]
  }
}

it.live("keeps its memory, however many requests there are", () =>
  Effect.gen(function*() {
    const { ask } = yield* make({ ...Dynamics.venice, balance: { usd: 1e6 } })
    const run = (from: number, to: number) =>
      Effect.gen(function*() {
        for (let n = from; n < to; n++) yield* ask(...requestOf(n))
      })
    // By then, whatever is bounded has been full.
    const full = Math.min(total, 60_000)
    yield* run(0, full)
    const before = yield* heap
    yield* run(full, total)
    const after = yield* heap

    assert.isBelow(after - before, 10_000_000)
  }), Math.max(Duration.toMillis(Duration.minutes(10)), 3 * total))

it.live("refuses a body above 35 MB, and no smaller one", () =>
  Effect.gen(function*() {
    const body = new Uint8Array(35 * 1024 * 1024 + 1).fill(32)
    const { ask } = yield* make()
    const large = yield* ask("POST /chat/completions", { body })
    const small = yield* ask("POST /chat/completions", { body: body.subarray(1) })

    assert.strictEqual(large.status, 413)
    assert.deepStrictEqual(large.json, {
      code: "PAYLOAD_TOO_LARGE",
      error: "Request body exceeds the maximum allowed size."
    })
    assert.strictEqual(small.error?.message, "Invalid JSON request")
  }))

it.live("refuses a file above 25 MB, and no smaller one", () =>
  Effect.gen(function*() {
    const { ask } = yield* make()
    const transcribe = (bytes: Uint8Array) =>
      ask("POST /audio/transcriptions", form({ model: "whisper-1", file: { name: "a.wav", bytes } }))
    const recording = new Uint8Array(25 * 1024 * 1024 + 1)
    recording.set(new TextEncoder().encode("RIFF....WAVE"))

    assert.strictEqual((yield* transcribe(recording)).error?._tag, "PAYLOAD_TOO_LARGE")
    assert.strictEqual((yield* transcribe(recording.subarray(0, -1))).status, 200)
  }))
