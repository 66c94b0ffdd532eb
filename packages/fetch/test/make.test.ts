import { assert, describe, it } from "@effect/vitest"
import { errorOf, fetch as defaultFetch, make, type Options, type PlainError, type RetryInfo } from "../src/index.ts"
import { decode, event } from "../src/plain.ts"

const chat = "https://api.venice.ai/api/v1/chat/completions"

const busy = async () =>
  new Response("{\"error\":\"The model is at capacity. Please try again later.\"}", {
    status: 503,
    headers: { "retry-after-ms": "1" }
  })

/** Calls a `fetch` with the options, and counts its attempts. */
const calling = async (options: Options, send: () => Promise<Response> = busy) => {
  let attempts = 0
  const fetch = make({
    ...options,
    fetch: () => {
      attempts++
      return send()
    }
  })
  const response = await fetch(chat, { method: "POST", body: "{}" })
  return { attempts, error: errorOf(response) }
}

describe("a policy", () => {
  it.each<[Options["retry"], number]>([
    [undefined, 1],
    ["eager", 4],
    [{ preset: "eager", attempts: 2 }, 2],
    [{ preset: "eager", only: "RateLimit" }, 1],
    [{ preset: "eager", only: ["RateLimit", "Capacity"] }, 4],
    [{ preset: "eager", longestHintMillis: 0 }, 1],
    [{ preset: "eager", elapsedMillis: 0 }, 1]
  ])("of %j makes its attempts", async (retry, attempts) => {
    assert.strictEqual((await calling({ retry })).attempts, attempts)
  })

  it.each<[string, unknown]>([
    ["an unknown preset", "fast"],
    ["a name of every object", "constructor"],
    ["an unknown preset among options", { preset: "fast" }],
    ["no attempts", { attempts: 0 }],
    ["a negative time", { elapsedMillis: -1 }],
    ["what is no number", { longestHintMillis: Number.NaN }]
  ])("is refused with %s", (_, retry) => {
    assert.throws(() => make({ retry } as Options), RangeError)
  })

  it("tells of its retries", async () => {
    const seen: Array<RetryInfo> = []
    await calling({ retry: { preset: "eager", attempts: 2 }, onRetry: (info) => seen.push(info) })

    assert.strictEqual(seen.length, 1)
    assert.deepInclude(seen[0], { kind: "Capacity", retry: 1, hintMillis: 1 })
    assert.isAtLeast(seen[0]!.delayMillis, 1)
    assert.strictEqual(seen[0]!.error?.code, "MODEL_AT_CAPACITY")
  })

  it("tells of a retry without a response", async () => {
    const seen: Array<RetryInfo> = []
    const refused = Object.assign(new TypeError("fetch failed"), { code: "ECONNREFUSED" })
    const thrown = await calling(
      { retry: { preset: "eager", attempts: 2 }, onRetry: (info) => seen.push(info) },
      () => Promise.reject(refused)
    ).catch((error: unknown) => error)

    assert.strictEqual(thrown, refused)
    assert.deepInclude(seen[0], { kind: "Transport", retry: 1 })
    assert.notProperty(seen[0], "error")
  })
})

it("tells of the error as a plain object", async () => {
  const seen: Array<PlainError> = []
  const { error } = await calling({ onError: (error) => seen.push(error) })

  assert.deepInclude(seen[0], { code: "MODEL_AT_CAPACITY", operation: "POST /chat/completions", retryable: true })
  assert.strictEqual(error?.code, "MODEL_AT_CAPACITY")
  assert.deepStrictEqual(JSON.parse(JSON.stringify(seen[0])), seen[0])
})

it("reads as much of an error body as it may", async () => {
  const seen: Array<PlainError> = []
  const long = async () => new Response("x".repeat(100), { status: 500 })
  await calling({ maxBytes: 10, onError: (error) => seen.push(error) }, long)

  assert.deepInclude(seen[0], { body: "x".repeat(10), bodyTruncated: true })
})

it("uses the fetch of the platform at the time of the request", async () => {
  const { fetch } = globalThis
  globalThis.fetch = busy
  try {
    assert.strictEqual(errorOf(await defaultFetch(chat))?.code, "MODEL_AT_CAPACITY")
  } finally {
    globalThis.fetch = fetch
  }
})

it("decodes without a client", async () => {
  assert.strictEqual((await decode(await busy())).code, "MODEL_AT_CAPACITY")
  assert.strictEqual(event("{\"error\":{\"code\":\"MODEL_OFFLINE\"}}")?.code, "MODEL_OFFLINE")
})
