/** The tokens that `Pacing` counts: the estimate of a request, and what its response says was used. */
import { assert, describe, it } from "@effect/vitest"
import { estimate, usageOf } from "../../src/internal/resilience/tokens.ts"

const model = "llama-3.3-70b"

describe("the estimate", () => {
  it("is a quarter of the characters, and what the model may produce", () => {
    const messages = [{ role: "user", content: "x".repeat(4000 - model.length - "user".length) }]

    for (const limit of ["max_tokens", "max_completion_tokens", "max_output_tokens"]) {
      assert.strictEqual(estimate({ model, messages, [limit]: 50 }), 1050)
    }
    assert.strictEqual(estimate({ model, messages }), 2000)
    assert.strictEqual(estimate({ model, input: messages, stream: false }), 2000)
    assert.strictEqual(estimate({ model, input: messages }), 1000)
    assert.strictEqual(estimate({ model: "", stream: true }), 0)
  })

  it("takes the limit that Venice takes of several, and none that is no number", () => {
    assert.strictEqual(estimate({ model: "", max_tokens: 1, max_completion_tokens: 3, max_output_tokens: 2 }), 3)
    assert.strictEqual(estimate({ model: "", max_tokens: 1, max_output_tokens: 2 }), 2)
    for (const limit of [-1, NaN, Infinity, null, undefined]) {
      assert.strictEqual(estimate({ model: "", max_tokens: limit, messages: [] }), 1000)
    }
    assert.strictEqual(estimate({ model: "", max_tokens: "7", messages: [] }), 1001)
    assert.strictEqual(estimate({ model: "", max_tokens: 0, messages: [] }), 0)
  })

  it("takes a picture for a thousand tokens, and no other object than a plain one", () => {
    assert.strictEqual(estimate({ model: "", image: `data:${"x".repeat(100_000)}` }), 1000)
    class Own {
      readonly text = "x".repeat(4000)
    }
    for (const value of [new Uint8Array(100_000), new Date(0), new Own(), () => "text", 4000, undefined, null]) {
      assert.strictEqual(estimate({ model: "", value }), 0)
    }
    assert.strictEqual(estimate({ input: "no model" }), 0)
    assert.strictEqual(estimate("model"), 0)
  })

  it("ends in a body or a list that refers to itself", () => {
    const list: Array<unknown> = ["four"]
    list.push(list)
    assert.strictEqual(estimate({ model: "", list }), 12)
    const body: Record<string, unknown> = { model: "", text: "four" }
    body.self = body
    assert.strictEqual(estimate(body), 13)
  })
})

describe("the usage", () => {
  it("is the total, or the sum of its parts under either name", () => {
    assert.strictEqual(usageOf({ usage: { total_tokens: 9, prompt_tokens: 1, completion_tokens: 1 } }), 9)
    assert.strictEqual(usageOf({ usage: { prompt_tokens: 3, completion_tokens: 4 } }), 7)
    assert.strictEqual(usageOf({ usage: { input_tokens: 3, output_tokens: 4 } }), 7)
    assert.strictEqual(usageOf({ usage: { prompt_tokens: 3 } }), 3)
    assert.strictEqual(usageOf({ usage: { output_tokens: 4 } }), 4)
    assert.strictEqual(usageOf({ usage: { prompt_tokens: 2.5, completion_tokens: 0 } }), 3)
  })

  it("may be in the response of an event", () => {
    assert.strictEqual(usageOf({ type: "response.completed", response: { usage: { total_tokens: 5 } } }), 5)
  })

  it("is not known without a number", () => {
    for (
      const success of [undefined, null, "text", {}, { usage: null }, { usage: {} }, { usage: { total_tokens: "9" } }]
    ) {
      assert.isUndefined(usageOf(success))
    }
    assert.isUndefined(usageOf({ usage: { total_tokens: -1, prompt_tokens: NaN } }))
  })
})
