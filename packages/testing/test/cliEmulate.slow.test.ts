import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { execFile } from "node:child_process"
import { mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { createServer } from "node:http"
import type { AddressInfo } from "node:net"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { type Child, run } from "./command.ts"

/** Runs `emulate`, calls `use` when it is ready, and ends it with a signal. */
const serving = <A>(
  args: ReadonlyArray<string>,
  use: (ready: string) => Promise<A>,
  signal: NodeJS.Signals = "SIGINT"
) => {
  let used: Promise<A> | undefined
  return Effect.gen(function*() {
    const result = yield* run(["emulate", "--port", "0", ...args], {
      onStart: (child: Child) =>
        child.stdout!.once("data", (line) => {
          used = use(String(line)).finally(() => child.kill(signal))
          used.catch(() => {})
        })
    })
    return { ...result, used: used === undefined ? undefined : yield* Effect.promise(() => used!) }
  })
}

const withFile = <A, E, R>(text: string, use: (file: string) => Effect.Effect<A, E, R>) =>
  Effect.suspend(() => {
    const directory = mkdtempSync(join(tmpdir(), "emulate-"))
    const file = join(directory, "script.json")
    writeFileSync(file, text)
    return Effect.ensuring(use(file), Effect.sync(() => rmSync(directory, { recursive: true })))
  })

const curl = (...args: ReadonlyArray<string>) =>
  new Promise<{ readonly code: unknown; readonly stdout: string }>((resolve) => {
    execFile("curl", ["-s", ...args], (error, stdout) => resolve({ code: error === null ? 0 : error.code, stdout }))
  })

describe("effect-venice emulate", () => {
  it.live("prints a ready line, serves a script to curl, and ends with SIGTERM", () =>
    withFile(
      JSON.stringify({
        rules: [
          { on: "GET /models", times: 1, fail: { code: "RATE_LIMIT_EXCEEDED", retryAfter: "7 seconds" } },
          { on: "GET /image/styles", disconnect: "before-header" },
          { on: "GET /models/traits", respond: { body: "0123456789" }, disconnect: { afterBytes: 4 } }
        ]
      }),
      (file) =>
        Effect.gen(function*() {
          const { status, stderr, stdout, used } = yield* serving(["--json", "--script", file], async (line) => {
            const { adminUrl, baseUrl } = JSON.parse(line)
            return [
              await curl("-o", "/dev/null", "-w", "%{http_code} %header{retry-after}", `${baseUrl}/models`),
              await curl("-o", "/dev/null", "-w", "%{http_code}", `${baseUrl}/models`),
              await curl(`${baseUrl}/image/styles`),
              await curl(`${baseUrl}/models/traits`),
              await curl(`${adminUrl}/journal?outcome=disconnected`)
            ]
          }, "SIGTERM")

          assert.strictEqual(used![0]!.stdout, "429 7")
          assert.strictEqual(used![1]!.stdout, "200")
          // "Empty reply from server", and "transfer closed with outstanding read data remaining".
          assert.strictEqual(used![2]!.code, 52)
          assert.deepStrictEqual(used![3], { code: 18, stdout: "0123" })
          assert.lengthOf(JSON.parse(used![4]!.stdout).entries, 2)
          assert.strictEqual(JSON.parse(stdout).status, "ready")
          assert.strictEqual(stderr, "")
          assert.strictEqual(status, 130)
        })
    ), 60_000)

  it.live("gives the same bytes twice for a seed", () =>
    withFile(
      JSON.stringify({ chaos: { rates: { MODEL_OVERLOADED: 0.3, INFERENCE_FAILED: 0.3, disconnect: 0.2 } } }),
      (file) => {
        const bytes = (seed: string) =>
          serving(["--json", "--script", file, "--seed", seed], async (line) => {
            const { adminUrl, baseUrl } = JSON.parse(line)
            await fetch(`${adminUrl}/clock`, { method: "POST", body: JSON.stringify({ set: 0 }) })
            const out: Array<string> = []
            for (let i = 0; i < 30; i++) {
              const answer = await fetch(`${baseUrl}/chat/completions`, {
                method: "POST",
                headers: { "content-type": "application/json", authorization: "Bearer a-key" },
                body: JSON.stringify({ model: "m", messages: [{ role: "user", content: "Hello" }] })
              }).then(async (response) => `${response.status} ${await response.text()}`, () => "lost")
              out.push(answer.replace(/"created":\d+/, ""))
            }
            return out
          })
        return Effect.gen(function*() {
          const [first, again, other] = yield* Effect.all([bytes("1"), bytes("1"), bytes("2")])

          assert.deepStrictEqual(first.used, again.used)
          assert.notDeepEqual(first.used, other.used)
          assert.include(first.used!, "lost")
        })
      }
    ), 60_000)

  it.live(
    "ends at once with SIGINT while a request is open",
    () =>
      withFile(JSON.stringify({ rules: [{ on: "*", delay: "1 hour" }] }), (file) =>
        Effect.gen(function*() {
          let signalled = Infinity
          const { status, stderr, stdout } = yield* serving(["--script", file], async (line) => {
            const [url] = /http:\S+/.exec(line)!
            void fetch(`${url}/models`).catch(() => {})
            await new Promise((resolve) => setTimeout(resolve, 100))
            signalled = Date.now()
          })

          assert.match(stdout, /^Venice is emulated at http:\/\/127\.0\.0\.1:\d+\/api\/v1 .*\n$/)
          assert.deepStrictEqual([status, stderr], [130, ""])
          assert.isBelow(Date.now() - signalled, 10_000)
        })),
    60_000
  )

  const problems: ReadonlyArray<readonly [string, RegExp]> = [
    ["{", /^effect-venice: \S+script\.json is not JSON: .*\n$/],
    [
      JSON.stringify({ rules: [{ on: "*", fail: "MODEL_OFLINE" }], sed: 1 }),
      /script\.json: sed: Unknown key; did you mean seed\?\n.*rules\[0\]\.fail: .*did you mean MODEL_OFFLINE\?\n.*has 2 problems\n$/
    ]
  ]
  for (const [text, message] of problems) {
    it.live(`refuses the script ${text}`, () =>
      withFile(text, (file) =>
        Effect.gen(function*() {
          const { status, stderr, stdout } = yield* run(["emulate", "--port", "0", "--script", file])

          assert.match(stderr, message)
          assert.deepStrictEqual([status, stdout], [1, ""])
        })))
  }

  it.live("says that it cannot read the script", () =>
    Effect.gen(function*() {
      const { status, stderr } = yield* run(["emulate", "--script", "/no/such/script.json"])

      assert.match(stderr, /^effect-venice: cannot read \/no\/such\/script\.json: ENOENT.*\n$/)
      assert.strictEqual(status, 1)
    }))

  it.live("says that the port is in use", () =>
    Effect.gen(function*() {
      const server = createServer()
      yield* Effect.promise(() => new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve)))
      const { port } = server.address() as AddressInfo
      const { status, stderr, stdout } = yield* run(["emulate", "--port", String(port)])
      server.close()

      assert.strictEqual(
        stderr,
        `effect-venice: cannot listen on 127.0.0.1:${port}: the port is in use; choose another with --port\n`
      )
      assert.deepStrictEqual([status, stdout], [1, ""])
    }))

  it.live("refuses a port that is none", () =>
    Effect.gen(function*() {
      const { status, stderr } = yield* run(["emulate", "--port", "70000"])

      assert.match(stderr, /^effect-venice: .*port/)
      assert.strictEqual(status, 2)
    }))
})
