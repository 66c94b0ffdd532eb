import { Operation } from "@effect-venice/core"
import { assert, describe, expect, it } from "@effect/vitest"
import { Effect, Random } from "effect"
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
    assert.strictEqual(Operation.fromRequest("GET", "/api/v1/characters/characters"), "GET /characters/{slug}")
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

describe("whether a request may be sent again", () => {
  const outcomes = ["refused", "failed", "lost"] as const

  const words = new Map([[true, "yes"], [false, "no"]])

  const answers = (operation: string | undefined, hasIdempotencyKey?: boolean) =>
    outcomes.map((outcome) => `${outcome} ${words.get(Operation.mayRepeat(operation, outcome, { hasIdempotencyKey }))}`)
      .join(", ")

  it("is written down for every operation", async () => {
    const others = [
      "HEAD /new",
      "OPTIONS /new",
      "QUERY /new",
      "get /new",
      "GET /new",
      "GETS /new",
      "POST /new",
      "POST GET /new",
      "PUT /new",
      "GET"
    ]
    const lines = [
      ...Operation.all.map((operation) => {
        const { alsoSeen, documented, onReplay } = Operation.operations[operation]
        const statuses = `documented ${documented.join(" ") || "none"}, also seen ${alsoSeen.join(" ") || "none"}`
        return `${operation} (${onReplay}) → ${answers(operation)}; ${statuses}`
      }),
      "",
      "# With an idempotency key",
      ...Operation.all.filter(Operation.takesIdempotencyKey).map((operation) =>
        `${operation} → ${answers(operation, true)}`
      ),
      `POST /video/queue → ${answers("POST /video/queue", true)}`,
      "",
      "# Outside of Venice",
      ...others.map((operation) => `${operation} → ${answers(operation)}`),
      `no operation → ${answers(undefined)}`
    ]

    await expect(`${lines.join("\n")}\n`).toMatchFileSnapshot("golden/operations.txt")
  })

  it("does not follow from an idempotency key that is not sent", () => {
    const operation = "POST /crypto/rpc/{network}"

    assert.isFalse(Operation.mayRepeat(operation, "lost"))
    assert.isFalse(Operation.mayRepeat(operation, "failed", { hasIdempotencyKey: false }))
    assert.isTrue(Operation.mayRepeat(operation, "failed", { hasIdempotencyKey: true }))
    assert.isFalse(Operation.takesIdempotencyKey("POST /new"))
  })

  it.effect("is asked with references that are unset by default", () =>
    Effect.gen(function*() {
      assert.isUndefined(yield* Operation.Current)
      assert.isUndefined(yield* Operation.IdempotencyKey)
      assert.isFalse(yield* Operation.ReplayAllowed)
      assert.isTrue(yield* Operation.allowReplay(Operation.ReplayAllowed))
    }))

  it.effect("follows from an idempotency key of 24 characters out of 64", () =>
    Effect.gen(function*() {
      const keys: Array<string> = []
      for (let i = 0; i < 100; i++) keys.push((yield* Operation.withIdempotencyKey(Operation.IdempotencyKey))!)

      for (const key of keys) assert.match(key, /^[A-Za-z0-9_-]{24}$/)
      assert.strictEqual(new Set(keys).size, 100)
      assert.strictEqual(new Set(keys.join("")).size, 64)
    }).pipe(Random.withSeed(1)))
})

describe("the operation of a request", () => {
  it.each<[string, string, string | undefined]>([
    ["GET", "/characters", "GET /characters"],
    ["GET", "/characters/x", "GET /characters/{slug}"],
    ["GET", "/characters/x/reviews", "GET /characters/{slug}/reviews"],
    ["GET", "/x/characters", "GET /characters"],
    ["GET", "characters", "GET /characters"],
    ["GET", "//characters//x/", "GET /characters/{slug}"],
    ["GET", "/characters/x/y", undefined],
    ["GET", "/api_keys/abc", "GET /api_keys/{id}"],
    ["GET", "/api_keys/rate_limits/log", "GET /api_keys/rate_limits/log"],
    ["GET", "/api_keys/generate_web3_key", "GET /api_keys/generate_web3_key"],
    ["PoSt", "/api_keys/generate_web3_key", "POST /api_keys/generate_web3_key"],
    ["POST", "/crypto/rpc/base-mainnet", "POST /crypto/rpc/{network}"],
    ["POST", "/rpc/base-mainnet", undefined],
    ["POST", "", undefined]
  ])("%s %s", (method, path, expected) => {
    assert.strictEqual(Operation.fromRequest(method, path), expected)
  })

  it("is named by the method and the path outside of Venice", () => {
    assert.strictEqual(Operation.nameOf("GET", "health?secret"), "GET /health")
    assert.strictEqual(Operation.nameOf("post", "/health#secret"), "post /health")
  })

  it("is recognized by its exact name", () => {
    assert.isTrue(Operation.isOperation("GET /models"))
    assert.isFalse(Operation.isOperation("get /models"))
    assert.isFalse(Operation.isOperation("toString"))
  })
})
