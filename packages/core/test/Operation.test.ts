import { Operation } from "@effect-venice/core"
import { assert, describe, it } from "@effect/vitest"
import { operations } from "./fixtures/read.ts"

describe("Operation", () => {
  it("has every operation, as documented", () => {
    assert.deepStrictEqual(
      Object.entries(Operation.operations).map(([operation, facts]) => ({ operation, ...facts })),
      operations.map(({ alsoSeen, documented, onReplay, operation }) => ({ operation, onReplay, documented, alsoSeen }))
        .map((row) => row as never)
    )
  })

  it.each(operations)("recognizes a request for $operation", ({ operation }) => {
    const [method, template] = operation.split(" ") as [string, string]
    const path = template.replace(/\{\w+\}/g, "some-value")

    assert.strictEqual(Operation.fromRequest(method, `/api/v1${path}`), operation)
    assert.strictEqual(Operation.fromRequest(method.toLowerCase(), path), operation)
  })

  it("takes the longest template that fits", () => {
    assert.strictEqual(Operation.fromRequest("GET", "/api/v1/characters/models"), "GET /characters/{slug}")
    assert.strictEqual(Operation.fromRequest("GET", "/api_keys/rate_limits"), "GET /api_keys/rate_limits")
  })

  it("names a request without its query, whatever the URL", () => {
    assert.strictEqual(Operation.nameOf("POST", "/chat/completions?key=secret"), "POST /chat/completions")
    assert.strictEqual(Operation.nameOf("GET", "https://user:secret@proxy.example/a/b#secret"), "GET /a/b")
    assert.strictEqual(Operation.nameOf("GET", "https://user:secret@[proxy/a?secret"), "GET /")
  })

  it("knows no operation for another method or path", () => {
    assert.isUndefined(Operation.fromRequest("DELETE", "/models"))
    assert.isUndefined(Operation.fromRequest("GET", "/"))
    assert.isUndefined(Operation.fromRequest("GET", "/models/one/two"))
  })
})
