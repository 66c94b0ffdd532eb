import { Emulator } from "@effect-venice/testing"
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { Readable } from "node:stream"
import { type Child, run } from "./command.ts"

const directory = Effect.acquireRelease(
  Effect.sync(() => mkdtempSync(join(tmpdir(), "commands-"))),
  (path) => Effect.sync(() => rmSync(path, { recursive: true }))
)

/** Runs a server, calls it when it is ready, and stops it. */
const serve = (
  args: ReadonlyArray<string>,
  use: (baseUrl: string) => Promise<void>,
  signal: NodeJS.Signals = "SIGINT"
) =>
  run([...args, "--port", "0", "--json"], {
    onStart: (child: Child) => {
      child.stdout!.once("data", (line) => {
        const { baseUrl } = JSON.parse(String(line))
        void use(baseUrl).finally(() => child.kill(signal))
      })
    }
  })

const models = async (baseUrl: string) => {
  await (await fetch(`${baseUrl}/models`, { headers: { authorization: "Bearer secret-key-1234567" } })).text()
}

describe("effect-venice record and replay", () => {
  it.live("records an API, and replays it", () =>
    Effect.gen(function*() {
      const path = yield* directory
      const file = join(path, "models.jsonl")
      const { baseUrl } = yield* Emulator.Emulator
      const recorded = yield* serve(["record", "--upstream", baseUrl, "--out", file], models)
      const valid = yield* run(["validate", file])
      const bodies: Array<string> = []
      const replayed = yield* serve(["replay", file, "--strict"], async (baseUrl) => {
        bodies.push(await (await fetch(`${baseUrl}/models`)).text())
      })
      const unused = yield* serve(["replay", file, "--strict"], () => Promise.resolve())
      const other = yield* serve(["replay", file], async (baseUrl) => {
        bodies.push(await (await fetch(`${baseUrl}/characters`)).text())
      })

      assert.deepStrictEqual([recorded.status, recorded.stderr], [130, ""])
      assert.notInclude(readFileSync(file, "utf8"), "secret-key")
      assert.deepStrictEqual([valid.status, valid.stdout], [0, `${file}: valid, a recording of 1 exchange\n`])
      assert.deepStrictEqual([replayed.status, replayed.stderr], [130, ""])
      assert.strictEqual(unused.status, 1)
      assert.include(unused.stderr, "Not replayed:\n  exchange 1 (line 2): GET /api/v1/models")
      assert.strictEqual(other.status, 130)
      assert.include(bodies[0], "\"data\"")
      assert.include(bodies[1], "No recorded exchange matches GET /characters")
    }).pipe(Effect.provide(Emulator.layer)), 120_000)

  it.live("says in one line why it cannot begin", () =>
    Effect.gen(function*() {
      const path = yield* directory
      writeFileSync(join(path, "bad.jsonl"), "{\"recording\":\"effect-venice\",\"version\":1,\"startedAt\":0}\n{}\n")
      const results = yield* Effect.all([
        run(["record", "--upstream", "nowhere", "--out", join(path, "a")]),
        run(["record", "--out", join(path, "none/a")]),
        run(["record"]),
        run(["replay", join(path, "none")]),
        run(["replay", join(path, "bad.jsonl")])
      ])

      assert.deepStrictEqual(results.map(({ status }) => status), [2, 1, 2, 1, 1])
      assert.match(results[0].stderr, /^effect-venice: --upstream must be the URL of an API.*\n$/)
      assert.match(results[1].stderr, /^effect-venice: cannot write .*none\/a: ENOENT.*\n$/)
      assert.match(results[3].stderr, /^effect-venice: cannot read .*none: ENOENT.*\n$/)
      assert.match(results[4].stderr, /line 2: id: /)
    }), 120_000)
})

describe("effect-venice validate", () => {
  it.live("exits with 0, 1 and 2", () =>
    Effect.gen(function*() {
      const path = yield* directory
      const write = (name: string, text: string) => {
        writeFileSync(join(path, name), text)
        return join(path, name)
      }
      const session = "{\"recording\":\"effect-venice\",\"version\":1,\"startedAt\":0}"
      const script = write("script.json", "{\"rules\":[{\"on\":\"GET /models\",\"fail\":\"MODEL_OFFLINE\"}]}")
      const misspelt = write("misspelt.json", "{\n\"rules\":[{\"on\":\"GET /models\",\"fail\":\"MODEL_OFLINE\"}]}")
      const half = write("half.jsonl", `${session}\n{"id":1,`)
      const wrong = write("wrong.jsonl", `${session}\n{"id":1}\n`)
      const text = write("text.txt", "words")
      const results = yield* Effect.all([
        run(["validate", script, half]),
        run(["validate", script, misspelt, wrong]),
        run(["validate", text]),
        run(["validate", misspelt, join(path, "none")]),
        run(["validate"])
      ])

      assert.deepStrictEqual(results.map(({ status }) => status), [0, 1, 1, 2, 2])
      assert.include(results[0].stdout, "script.json: valid, a script with 1 rule")
      assert.include(results[0].stderr, "half.jsonl: line 2 was cut off, and is skipped")
      assert.match(results[1].stderr, /misspelt\.json: rules\[0\]\.fail: .*MODEL_OFFLINE/)
      assert.match(results[1].stderr, /wrong\.jsonl: line 2: at: Missing key/)
      assert.include(results[1].stderr, "2 of 3 files not valid")
    }), 120_000)
})

describe("effect-venice backtest", () => {
  const failure = (i: number) =>
    `${
      JSON.stringify({
        timestamp: 1_750_000_000_000 + i * 1000,
        operation: "POST /chat/completions",
        key: `key-${i % 50_000}`,
        error: {
          _tag: "MODEL_OVERLOADED",
          message: "The model is currently overloaded. Please try again later.",
          matchedBy: "message",
          response: { status: 429, retryAfter: 1000 + (i % 60_000), requestId: `request-${i}` }
        }
      })
    }\n`

  // A million of them take two minutes: `LINES=1000000 pnpm test:slow recordingCommands`.
  const lines = Number(process.env.LINES ?? 100_000)

  it.live("reads a long log in bounded memory", () =>
    Effect.gen(function*() {
      const { status, stderr, stdout } = yield* run(["backtest", "--json", "--policy", "standard"], {
        flags: ["--max-old-space-size=128"],
        onStart: ({ stdin }) => {
          Readable.from((function*() {
            for (let i = 0; i < lines; i += 1000) {
              yield Array.from({ length: 1000 }, (_, k) => failure(i + k)).join("")
            }
          })()).pipe(stdin)
        }
      })

      assert.strictEqual(stderr, "")
      assert.strictEqual(status, 0)
      assert.strictEqual(JSON.parse(stdout).log.calls, lines)
    }), 600_000)

  it.live("compares files and presets, and suggests", () =>
    Effect.gen(function*() {
      const path = yield* directory
      const mine = join(path, "mine.json")
      writeFileSync(mine, "{\"rules\":{\"Capacity\":{\"retries\":1}}}")
      const input = `words\n${failure(1)}${failure(2)}`
      const args = ["backtest", "--policy", "eager", "--policy", mine, "--candidates", "20", "--suggest"]
      const [text, json, again] = yield* Effect.all([
        run(args, { input }),
        run([...args, "--json", "--seed", "3"], { input }),
        run([...args, "--json", "--seed", "3"], { input })
      ])
      const report = JSON.parse(json.stdout)

      assert.deepStrictEqual([text.status, text.stderr], [0, "effect-venice: line 1: not JSON\n"])
      assert.match(text.stdout, /^eager +\d/m)
      assert.match(text.stdout, /^mine +/m)
      assert.strictEqual(again.stdout, json.stdout)
      assert.deepStrictEqual(report.policies.map(({ name }: { name: string }) => name), ["eager", "mine"])
      assert.isAbove(report.assumptions.length, 3)
      assert.isArray(report.suggestions)
    }), 120_000)

  it.live("exits with 1 if no line can be read, and with 2 if a policy is none", () =>
    Effect.gen(function*() {
      const path = yield* directory
      const write = (name: string, text: string) => {
        writeFileSync(join(path, name), text)
        return join(path, name)
      }
      const results = yield* Effect.all([
        run(["backtest"], { input: "words\n[]\n" }),
        run(["backtest", join(path, "none")]),
        run(["backtest", "--policy", "stanard"], { input: failure(1) }),
        run(["backtest", "--policy", write("a.json", "{\"rules\":{\"Sever\":{}}}")], { input: failure(1) }),
        run(["backtest", "--policy", write("b.json", "words")], { input: failure(1) }),
        run(["backtest"], { input: "" })
      ])

      assert.deepStrictEqual(results.map(({ status }) => status), [1, 1, 2, 2, 2, 0])
      assert.include(results[0].stderr, "line 1: not JSON")
      assert.include(results[2].stderr, "presets are standard, patient, eager, never")
      assert.include(results[3].stderr, "rules.Sever")
    }), 120_000)
})
