import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { createServer } from "node:http"
import type { AddressInfo } from "node:net"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { type Child, run } from "./command.ts"

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
      const { status, stderr, stdout } = yield* run(["classify"], { input: [good, ...bad, good, ""].join("\n") })
      const output = lines(stdout)

      assert.strictEqual(status, 1)
      assert.strictEqual(output.length, bad.length + 2)
      assert.strictEqual(output[0].id, "good")
      assert.strictEqual(output.at(-1).id, "good")
      for (const line of output.slice(1, -1)) {
        assert.deepStrictEqual(Object.keys(line), ["id", "line", "problem"])
      }
      assert.deepStrictEqual(output.slice(1, -1).map(({ line }) => line), bad.map((_, i) => i + 2))
      assert.strictEqual(stderr, "effect-venice: 13 of 15 lines refused; see `problem` in the output\n")
      assert.deepStrictEqual(output.slice(1, 7).map(({ problem }) => problem), [
        "an empty line",
        "not JSON",
        "Expected object",
        "Expected object",
        "status: Missing key",
        "status: Expected a value between 100 and 999"
      ])
    }))

  it.live("keeps the id of a line that is not a response", () =>
    Effect.gen(function*() {
      const refused = [{ id: 7 }, { id: { a: ["b"] }, status: "429", body: "" }, { id: "c", status: 429 }]
      const { stdout } = yield* run(["classify"], { input: refused.map((line) => JSON.stringify(line)).join("\n") })

      assert.deepStrictEqual(lines(stdout).map(({ id, line }) => [id, line]), [[7, 1], [{ a: ["b"] }, 2], ["c", 3]])
    }))

  it.live("tells a success from an error inside a success", () =>
    Effect.gen(function*() {
      const successes = [
        { body: "" },
        { body: "<html></html>" },
        { body: "ok" },
        { body: "{\"choices\":[],\"error\":null}" },
        { body: "{\"message\":\"key deleted\"}" },
        { body: "data: {\"choices\":[]}\n\ndata: [DONE]\n\n" }
      ]
      const errors = [
        { body: "{\"error\":\"strange\"}" },
        { body: "", headers: { "X-Venice-Is-Content-Violation": "true" } },
        { body: "data: {\"error\":{\"code\":\"model_overloaded\"}}\n\n" },
        { body: "data: {\"error\":{\"message\":\"strange\"}}\n\n" }
      ]
      const { status, stderr, stdout } = yield* run(["classify"], {
        input: [...successes, ...errors].map((line, id) => JSON.stringify({ id, status: 200, ...line })).join("\n")
      })
      const output = lines(stdout)

      assert.deepStrictEqual(
        output.slice(0, successes.length),
        successes.map((_, id) => ({ id, line: id + 1, tag: null, problem: "not a failing response" }))
      )
      assert.deepStrictEqual(output.slice(successes.length).map(({ tag }) => tag), [
        "UNRECOGNIZED_RESPONSE",
        "CONTENT_POLICY_VIOLATION",
        "MODEL_OVERLOADED",
        "UNRECOGNIZED_RESPONSE"
      ])
      assert.strictEqual(stderr, "")
      assert.strictEqual(status, 0)
    }))

  it.live("reads a file of concatenated files, with byte order marks and without a newline at the end", () =>
    Effect.gen(function*() {
      const directory = mkdtempSync(join(tmpdir(), "classify-"))
      const file = join(directory, "responses.jsonl")
      const line = "\ufeff{\"status\":504,\"body\":\"\"}"
      writeFileSync(file, `${line}\r\n${line}\n${line}`)
      const { status, stdout } = yield* run(["classify", file])
      rmSync(directory, { recursive: true })

      assert.strictEqual(status, 0)
      assert.deepStrictEqual(lines(stdout).map(({ tag }) => tag), Array.from({ length: 3 }, () => "REQUEST_TIMEOUT"))
    }))

  it.live("says in one line that it cannot read the file", () =>
    Effect.gen(function*() {
      const { status, stderr, stdout } = yield* run(["classify", "/no/such\u001b[31m/file"])

      assert.match(stderr, /^effect-venice: cannot read \/no\/such\\u001b\[31m\/file: ENOENT.*\n$/)
      assert.strictEqual(stdout, "")
      assert.strictEqual(status, 1)
    }))

  it.live("writes nothing for an empty input", () =>
    Effect.gen(function*() {
      assert.deepStrictEqual(yield* run(["classify"]), { status: 0, stdout: "", stderr: "" })
    }))

  it.live("escapes what could paint the terminal, in the same JSON", () =>
    Effect.gen(function*() {
      const paint = "\u001b[31m\u009b31m\u007f\u202e\u2028\u0007"
      const input = [
        { id: paint, status: 418, body: JSON.stringify({ error: paint }) },
        { id: paint, status: 429, body: "", headers: { [paint]: {} } }
      ]
      const { stderr, stdout } = yield* run(["classify"], {
        input: input.map((line) => JSON.stringify(line)).join("\n")
      })
      const [error, refused] = lines(stdout)

      // oxlint-disable-next-line no-control-regex
      assert.notMatch(stdout + stderr, /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u2028\u202e]/)
      assert.strictEqual(error.id, paint)
      assert.strictEqual(error.message, paint)
      assert.strictEqual(refused.id, paint)
      assert.include(refused.problem, paint)
    }))

  it.live("refuses a line that is nested too deeply, and goes on", () =>
    Effect.gen(function*() {
      const deep = `${"[".repeat(200_000)}${"]".repeat(200_000)}`
      const { stdout } = yield* run(["classify"], {
        input: `{"id":${deep},"status":429,"body":""}\n{"status":429,"body":""}`
      })

      assert.deepStrictEqual(lines(stdout).map(({ problem, tag }) => problem ?? tag), [
        "nested too deeply",
        "RATE_LIMIT_EXCEEDED"
      ])
    }))

  it.live("ends with its reader, though more input may come", () =>
    Effect.gen(function*() {
      const line = "{\"status\":429,\"body\":\"\"}\n"
      const onStart = (child: Child) => {
        child.stdout!.once("data", () => child.stdout!.destroy()).once("close", () => child.stdin.write(line))
      }
      const { status, stderr } = yield* run(["classify"], { input: line, onStart })

      assert.strictEqual(stderr, "")
      assert.strictEqual(status, 0)
    }))
})

describe("effect-venice demo", () => {
  it.live("calls the API at VENICE_BASE_URL with --live", () =>
    Effect.gen(function*() {
      const server = createServer((_, response) => {
        response.writeHead(404, { "content-type": "application/json" })
        response.end("{\"error\":\"Specified model not found: \\u001b[31mno-such-model\"}")
      })
      yield* Effect.promise(() => new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve)))
      const { port } = server.address() as AddressInfo
      const { status, stderr, stdout } = yield* run(["demo", "--live"], {
        env: { VENICE_API_KEY: "some-key", VENICE_BASE_URL: `http://127.0.0.1:${port}/v1` }
      })
      server.close()

      assert.match(stdout, /404 +MODEL_NOT_FOUND +NotFound +no retry/)
      assert.strictEqual(
        stderr,
        "effect-venice: UNRECOGNIZED_RESPONSE: Specified model not found: \\u001b[31mno-such-model\n"
      )
      assert.strictEqual(status, 1)
    }))

  it.live("says what is missing for --live", () =>
    Effect.gen(function*() {
      const { status, stderr, stdout } = yield* run(["demo", "--live"])

      assert.strictEqual(status, 1)
      assert.strictEqual(stdout, "")
      assert.match(stderr, /^effect-venice: .*VENICE_API_KEY.*\n$/)
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

  it.live("says first which code it does not know and which was meant, then the usage", () =>
    Effect.gen(function*() {
      const { status, stderr, stdout } = yield* run([
        "policy",
        "standard",
        "--fail",
        "MODEL_OVERLOADED,RATE_LIMIT_EXEEDED"
      ])

      assert.strictEqual(
        stderr,
        [
          "effect-venice: Unknown code \"RATE_LIMIT_EXEEDED\" in --fail; did you mean RATE_LIMIT_EXCEEDED?",
          "",
          "Usage: effect-venice policy [flags] <preset>",
          "Run `effect-venice policy --help` for details and examples.",
          ""
        ].join("\n")
      )
      assert.strictEqual(stdout, "")
      assert.strictEqual(status, 2)
    }))
})
