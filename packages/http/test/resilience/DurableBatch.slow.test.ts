import { Journal } from "@effect-venice/testing"
import { assert, it } from "@effect/vitest"
import { Effect, Schedule, Schema } from "effect"
import { type ChildProcess, spawn } from "node:child_process"
import { mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { describePostgres, startPostgres } from "./postgres.ts"

const root = join(import.meta.dirname, "../../../..")

/** A process of its own, which ends with the scope. */
const start = (args: ReadonlyArray<string>, env: Record<string, string>) =>
  Effect.acquireRelease(
    Effect.sync(() => {
      const child = spawn(process.execPath, args, {
        cwd: root,
        env: { PATH: process.env.PATH, ...env },
        stdio: ["ignore", "pipe", "inherit"]
      })
      let text = ""
      child.stdout.setEncoding("utf8").on("data", (chunk) => text += chunk)
      return { child: child as ChildProcess, lines: () => text.split("\n").filter((line) => line !== "") }
    }),
    ({ child }) => kill(child)
  )

const ended = (child: ChildProcess) =>
  Effect.callback<number | null>((resume) => {
    if (child.exitCode !== null || child.signalCode !== null) return resume(Effect.succeed(child.exitCode))
    child.on("exit", (code) => resume(Effect.succeed(code)))
  })

const kill = (child: ChildProcess) => Effect.andThen(Effect.sync(() => child.kill("SIGKILL")), ended(child))

/** Asks until the answer is there, for a minute at most. */
const eventually = <A, E>(ask: Effect.Effect<A, E>, isThere: (value: A) => boolean) =>
  Effect.retry(
    Effect.filterOrFail(ask, isThere, (value) => new Error(`still ${JSON.stringify(value)}`)),
    { schedule: Schedule.spaced("200 millis"), times: 300 }
  )

const Page = Schema.Struct({ entries: Schema.Array(Journal.Entry) })

const hint = 14

const script = {
  rules: [
    {
      on: "POST /embeddings",
      body: { input: "later" },
      times: 1,
      fail: { code: "MODEL_OFFLINE", retryAfter: `${hint} seconds` }
    },
    { on: "POST /embeddings", body: { input: "in flight" }, delay: "10 minutes" }
  ]
}

describePostgres("a batch with durable delays", () => {
  it.live(
    "is finished by another process after kill -9, without a second payment and without a new delay",
    () =>
      Effect.gen(function*() {
        const directory = yield* Effect.acquireRelease(
          Effect.sync(() => mkdtempSync(join(tmpdir(), "durable-"))),
          (directory) => Effect.sync(() => rmSync(directory, { recursive: true }))
        )
        const file = join(directory, "script.json")
        writeFileSync(file, JSON.stringify(script))
        const { query, url } = yield* startPostgres
        const emulator = yield* start(
          ["packages/testing/src/cli/main.ts", "emulate", "--port", "0", "--json", "--script", file],
          {}
        )
        const [ready] = yield* eventually(Effect.sync(emulator.lines), (lines) => lines.length > 0)
        const { adminUrl, baseUrl } = JSON.parse(ready!) as { readonly adminUrl: string; readonly baseUrl: string }
        const journal = Effect.tryPromise(async () =>
          Schema.decodeUnknownSync(Schema.toCodecJson(Page))(await (await fetch(`${adminUrl}/journal`)).json()).entries
        )
        const secret = "canary-4711-key"
        const batch = start(["examples/durable-batch.ts", "march", "at once", "later", "in flight"], {
          DATABASE_URL: url,
          VENICE_BASE_URL: baseUrl,
          VENICE_API_KEY: secret
        })
        const clocks = query("select count(*), max(deliver_at) from cluster_messages where deliver_at is not null")

        const first = yield* batch
        yield* eventually(journal, (entries) => entries.length === 3)
        const scheduled = yield* eventually(clocks, (row) => row.startsWith("1|"))
        yield* eventually(Effect.sync(first.lines), (lines) => lines.length === 1)
        yield* kill(first.child)
        assert.deepStrictEqual(first.lines().map((line) => JSON.parse(line).text), ["at once"])

        const second = yield* batch
        assert.strictEqual(yield* ended(second.child), 0)
        const outcomes = second.lines().map((line) => JSON.parse(line)).sort((a, b) => a.text.localeCompare(b.text))
        assert.deepStrictEqual(outcomes.map(({ text, _tag }) => `${text}: ${_tag}`), [
          "at once: Embedded",
          "in flight: Lost",
          "later: Embedded"
        ])

        // The clock is the one that the first process set.
        assert.strictEqual(yield* clocks, scheduled)
        const entries = yield* journal
        const sent = (text: string) => entries.filter(({ request }) => request.body?.text?.includes(`"${text}"`))
        assert.strictEqual(sent("at once").length, 1)
        assert.strictEqual(sent("in flight").length, 1)
        assert.strictEqual(sent("later").length, 2)
        assert.deepStrictEqual(sent("later").map(({ response }) => response?.status), [503, 200])

        const stored = yield* query(
          "select string_agg(m::text, '') || (select string_agg(r::text, '') from cluster_replies r) from cluster_messages m"
        )
        assert.include(stored, "MODEL_OFFLINE")
        assert.notInclude(stored, secret)
      }).pipe(Effect.scoped),
    180_000
  )
})
