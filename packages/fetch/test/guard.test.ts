import { assert, describe, it } from "@effect/vitest"
import { errorOf, make, type Options } from "../src/index.ts"

const chat = "https://api.venice.ai/api/v1/chat/completions"

/** The statuses of calls of a `fetch` whose requests all fail with 404. */
const statuses = async (guard: Options["guard"], calls: number): Promise<ReadonlyArray<number>> => {
  const fetch = make({ guard, fetch: async () => new Response("{\"error\":\"No such model\"}", { status: 404 }) })
  const out: Array<number> = []
  for (let i = 0; i < calls; i++) {
    out.push((await fetch(chat, { method: "POST", body: "{\"model\":\"lama\"}" })).status)
  }
  return out
}

describe("the option guard", () => {
  it("holds requests back before Venice locks the key out", async () => {
    const all = await statuses(true, 46)

    assert.deepStrictEqual(all.slice(0, 45), Array.from({ length: 45 }, () => 404))
    assert.strictEqual(all[45], 429)
  })

  it("takes other limits", async () => {
    assert.deepStrictEqual(await statuses({ limit: 2, spare: 1 }, 2), [404, 429])
  })

  it("is off by default", async () => {
    assert.deepStrictEqual(new Set(await statuses(undefined, 60)), new Set([404]))
    assert.deepStrictEqual(new Set(await statuses(false, 60)), new Set([404]))
  })

  it("refuses a guard that makes no sense", () => {
    assert.throws(() => make({ guard: { limit: 0 } }), RangeError)
  })

  it("says when the next request may be sent", async () => {
    const fetch = make({
      guard: { limit: 1, spare: 0, windowMillis: 60_000 },
      fetch: async () => new Response("{\"error\":\"No such model\"}", { status: 404 })
    })
    await fetch(chat, { method: "POST", body: "{}" })
    const error = errorOf(await fetch(chat, { method: "POST", body: "{}" }))

    assert.strictEqual(error?.code, "RATE_LIMIT_EXCEEDED")
    assert.approximately(error?.retryAfterMillis ?? 0, 60_000, 5000)
  })
})
