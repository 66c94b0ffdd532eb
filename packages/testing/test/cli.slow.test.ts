import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { spawn } from "node:child_process"
import { main, run } from "./command.ts"

describe("effect-venice classify", () => {
  it.live("streams 100,000 lines in bounded memory", () =>
    Effect.gen(function*() {
      const line = `${JSON.stringify({ id: 1, status: 400, body: JSON.stringify({ error: "x".repeat(200) }) })}\n`
      const script = `
        const { spawn } = require("node:child_process")
        const child = spawn(process.execPath, ["--max-old-space-size=96", ${JSON.stringify(main)}, "classify"])
        let lines = 0
        child.stdout.on("data", (chunk) => { for (const byte of chunk) if (byte === 10) lines++ })
        child.stderr.pipe(process.stderr)
        child.on("close", (status) => console.log(status, lines))
        const block = ${JSON.stringify(line)}.repeat(1000)
        let blocks = 0
        const write = () => {
          while (blocks < 100) { blocks++; if (!child.stdin.write(block)) return child.stdin.once("drain", write) }
          child.stdin.end()
        }
        write()`
      const result = yield* Effect.promise(() =>
        new Promise<string>((resolve) => {
          const child = spawn(process.execPath, ["-e", script])
          let out = ""
          child.stdout.on("data", (text) => out += text)
          child.stderr.on("data", (text) => out += text)
          child.on("close", () => resolve(out.trim()))
        })
      )

      assert.strictEqual(result, "0 100000")
    }), 120_000)
})

describe("effect-venice demo", () => {
  it.live("shows every error decoded, and a call that succeeds in the end, without colours in a pipe", () =>
    Effect.gen(function*() {
      const { status, stdout } = yield* run(["demo"])

      assert.strictEqual(status, 0)
      assert.include(stdout, "44 of 44 errors were decoded as sent.")
      assert.match(stdout, /RATE_LIMIT_EXCEEDED +asked for 1s +waits \d/)
      assert.match(stdout, /MODEL_OVERLOADED +asked for 2s +waits \d/)
      assert.match(stdout, /succeeded +"Emulated\."/)
      assert.notInclude(stdout, "\u001b")
    }))
})
