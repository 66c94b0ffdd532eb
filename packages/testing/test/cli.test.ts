import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { createServer } from "node:http"
import type { AddressInfo } from "node:net"
import { run } from "./command.ts"

const lines = (text: string) => text.trimEnd().split("\n").map((line) => JSON.parse(line))

const now = Date.UTC(2026, 0, 1)

describe("effect-venice classify", () => {
  it.live("writes the error of each response", () =>
    Effect.gen(function*() {
      const input = [
        {
          id: 7,
          status: 429,
          headers: {
            "X-RateLimit-Remaining-Requests": 0,
            "x-ratelimit-reset-requests": String(now + 1500),
            "cf-ray": "r"
          },
          body: "{\"error\":\"Rate limit exceeded\"}",
          operation: "POST /chat/completions"
        },
        { status: 404, headers: null, body: "{\"error\":\"Specified model not found: a. Did you mean: b?\"}" }
      ]
      const { status, stderr, stdout } = yield* run(["classify", "--now", String(now)], {
        input: input.map((line) => JSON.stringify(line)).join("\r\n")
      })

      assert.strictEqual(stderr, "")
      assert.strictEqual(status, 0)
      assert.deepStrictEqual(lines(stdout), [
        {
          id: 7,
          tag: "RATE_LIMIT_EXCEEDED",
          category: "RateLimit",
          matchedBy: "message",
          retryable: true,
          retryAfterMillis: 1500,
          requestId: "r",
          message: "Rate limit exceeded",
          error: {
            _tag: "RATE_LIMIT_EXCEEDED",
            message: "Rate limit exceeded",
            matchedBy: "message",
            response: {
              status: 429,
              operation: "POST /chat/completions",
              requestId: "r",
              rayId: "r",
              retryAfter: 1500,
              rateLimit: { requests: { remaining: 0, resetAt: now + 1500 } },
              body: "{\"error\":\"Rate limit exceeded\"}"
            },
            limit: "requests"
          }
        },
        {
          id: null,
          tag: "MODEL_NOT_FOUND",
          category: "NotFound",
          matchedBy: "message",
          retryable: false,
          retryAfterMillis: null,
          requestId: null,
          message: "Specified model not found: a. Did you mean: b?",
          error: {
            _tag: "MODEL_NOT_FOUND",
            message: "Specified model not found: a. Did you mean: b?",
            matchedBy: "message",
            response: { status: 404, body: input[1]!.body },
            model: "a",
            suggestions: ["b"]
          }
        }
      ])
    }))

  it.live("writes a problem for each line that is not a response, and exits with 1", () =>
    Effect.gen(function*() {
      const good = "{\"id\":\"good\",\"status\":500,\"body\":\"\"}"
      const bad = [
        "",
        "words",
        "[]",
        "null",
        "{\"body\":\"\"}",
        "{\"status\":99,\"body\":\"\"}",
        "{\"status\":429.5,\"body\":\"\"}",
        "{\"status\":\"429\",\"body\":\"\"}",
        "{\"status\":429}",
        "{\"id\":1,\"status\":429,\"body\":{}}",
        "{\"status\":429,\"body\":\"\",\"headers\":[]}",
        "{\"status\":429,\"body\":\"\",\"headers\":{\"a\":{}}}",
        "{\"status\":429,\"body\":\"\",\"operation\":1}"
      ]
      const { status, stdout } = yield* run(["classify"], { input: [good, ...bad, good, ""].join("\n") })
      const output = lines(stdout)

      assert.strictEqual(status, 1)
      assert.strictEqual(output.length, bad.length + 2)
      assert.strictEqual(output[0].id, "good")
      assert.strictEqual(output.at(-1).id, "good")
      for (const line of output.slice(1, -1)) {
        assert.deepStrictEqual(Object.keys(line), ["id", "problem"])
        assert.isNull(line.id)
      }
      assert.deepStrictEqual(output.slice(1, 7).map(({ problem }) => problem), [
        "an empty line",
        "not JSON",
        "Expected object",
        "Expected object",
        "status: Missing key",
        "status: Expected a value between 100 and 999"
      ])
    }))
})

describe("effect-venice demo", () => {
  it.live("calls the API at VENICE_BASE_URL with --live", () =>
    Effect.gen(function*() {
      const server = createServer((_, response) => {
        response.writeHead(404, { "content-type": "application/json" })
        response.end("{\"error\":\"Specified model not found: no-such-model\"}")
      })
      yield* Effect.promise(() => new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve)))
      const { port } = server.address() as AddressInfo
      const { status, stdout } = yield* run(["demo", "--live"], {
        env: { VENICE_API_KEY: "some-key", VENICE_BASE_URL: `http://127.0.0.1:${port}/v1` }
      })
      server.close()

      assert.match(stdout, /404 +MODEL_NOT_FOUND +NotFound +no retry/)
      assert.strictEqual(status, 1)
    }))

  it.live("says what is missing for --live", () =>
    Effect.gen(function*() {
      const { status, stderr, stdout } = yield* run(["demo", "--live"])

      assert.strictEqual(status, 1)
      assert.include(stdout + stderr, "VENICE_API_KEY")
    }))
})

describe("effect-venice policy", () => {
  it.live("shows what a policy does about a script of failures", () =>
    Effect.gen(function*() {
      const { status, stdout } = yield* run([
        "policy",
        "standard",
        "--fail",
        "RATE_LIMIT_EXCEEDED, MODEL_OVERLOADED,GONE"
      ])

      assert.strictEqual(status, 0)
      assert.strictEqual(
        stdout,
        [
          "     0 s  RATE_LIMIT_EXCEEDED     no hint             waits 1 s to 1.25 s",
          "     1 s  MODEL_OVERLOADED        no hint             waits 1 s to 1.25 s",
          "     2 s  GONE                    gives up (final)",
          ""
        ].join("\n")
      )
    }))

  it.live("shows every kind, and draws them", () =>
    Effect.gen(function*() {
      const text = yield* run(["policy", "patient"])
      const picture = yield* run(["policy", "patient", "--svg"])

      assert.include(text.stdout, "Transport")
      assert.match(picture.stdout, /^<svg xmlns/)
      for (const kind of ["RateLimit", "Capacity", "Server", "Upstream", "Timeout", "Transport"]) {
        assert.include(picture.stdout, `<title>${kind}</title>`)
      }
      assert.include(picture.stdout, "longest hint: 3600 s")
      assert.notInclude(picture.stdout, "NaN")
    }))

  it.live("refuses an unknown preset or code", () =>
    Effect.gen(function*() {
      assert.strictEqual((yield* run(["policy", "hasty"])).status, 1)
      const { status, stderr } = yield* run(["policy", "standard", "--fail", "NOPE"])

      assert.strictEqual(status, 1)
      assert.include(stderr, "\"NOPE\"")
    }))
})
