import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { spawn } from "node:child_process"
import { existsSync } from "node:fs"
import { Readable } from "node:stream"
import { type Child, main, run } from "./command.ts"

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

  it.live("refuses a line of 200 MB in bounded memory, and goes on", () =>
    Effect.gen(function*() {
      const block = "x".repeat(2 ** 20)
      const { status, stdout } = yield* run(["classify"], {
        flags: ["--max-old-space-size=96"],
        onStart: ({ stdin }) => {
          Readable.from((function*() {
            yield "{\"id\":1,\"status\":429,\"body\":\""
            for (let i = 0; i < 200; i++) yield block
            yield "\"}\n{\"id\":2,\"status\":429,\"body\":\"\"}"
          })()).pipe(stdin)
        }
      })
      const [refused, error] = stdout.trimEnd().split("\n").map((line) => JSON.parse(line))

      assert.deepStrictEqual(refused, { id: null, line: 1, problem: "longer than 16777216 characters" })
      assert.deepStrictEqual([error.id, error.tag], [2, "RATE_LIMIT_EXCEEDED"])
      assert.strictEqual(status, 1)
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
      assert.match(stdout, /succeeded +"This is an emulated answer/)
      assert.notInclude(stdout, "\u001b")
      for (const remedy of ["fix the credentials", "shorten the input, or use a model with a larger context"]) {
        assert.include(stdout, remedy)
      }
      for (const line of stdout.split("\n")) assert.isAtMost(line.length, 80, line)
    }))
})

describe("effect-venice, when its output ends", () => {
  const line = "{\"status\":429,\"body\":\"\"}\n"

  for (const args of [["demo"], ["policy", "patient"], ["policy", "--help"]]) {
    it.live(`ends \`${args.join(" ")}\` quietly if nobody reads`, () =>
      Effect.gen(function*() {
        const { status, stderr } = yield* run(args, { onStart: (child) => child.stdout!.destroy() })

        assert.strictEqual(stderr, "")
        assert.strictEqual(status, 0)
      }))
  }

  for (const args of [["demo"], ["policy", "patient"], ["classify"], ["--help"]]) {
    it.live.skipIf(!existsSync("/dev/full"))(
      `says of \`${args.join(" ")}\` in one line that the disk is full`,
      () =>
        Effect.gen(function*() {
          const { status, stderr } = yield* run(args, { input: line, output: "/dev/full" })

          assert.match(stderr, /^effect-venice: cannot write the output: ENOSPC.*\n$/)
          assert.strictEqual(status, 1)
        })
    )
  }

  it.live("ends without a word when it is interrupted", () =>
    Effect.gen(function*() {
      const onStart = (child: Child) => child.stdout!.once("data", () => child.kill("SIGINT"))
      const [classify, demo] = yield* Effect.all([
        run(["classify"], { input: line, onStart }),
        run(["demo"], { onStart })
      ])

      assert.deepStrictEqual([classify.status, classify.stderr], [130, ""])
      assert.deepStrictEqual([demo.status, demo.stderr], [130, ""])
    }))
})

describe("effect-venice, called wrongly", () => {
  const problems: ReadonlyArray<readonly [args: ReadonlyArray<string>, firstLine: string]> = [
    [["polcy"], "Unknown subcommand \"polcy\" for \"effect-venice\"; did you mean policy?"],
    [
      ["policy", "Standrd"],
      "Invalid value for argument <preset>: \"Standrd\". Expected: \"standard\" | \"patient\" | \"eager\" | \"never\""
      + "; did you mean standard?"
    ],
    [
      ["policy", "standard", "--fail", "overloaded"],
      "Unknown code \"overloaded\" in --fail; did you mean MODEL_OVERLOADED?"
    ],
    [
      ["policy", "standard", "--fail", "\u001b[31m"],
      "Unknown code \"\\u001b[31m\" in --fail: use the codes that `effect-venice demo` lists, or Transport"
    ],
    [["classify", "--nwo", "1"], "Unrecognized flag: --nwo in command effect-venice classify; did you mean --now?"],
    [["policy"], "Missing required argument: preset"]
  ]
  for (const [args, firstLine] of problems) {
    it.live(`says of ${JSON.stringify(args.join(" "))} first what is wrong, then the usage`, () =>
      Effect.gen(function*() {
        const { status, stderr, stdout } = yield* run(args)
        const [problem, , usage] = stderr.split("\n")

        assert.strictEqual(problem, `effect-venice: ${firstLine}`)
        assert.match(usage!, /^Usage: effect-venice /)
        assert.strictEqual(stdout, "")
        assert.strictEqual(status, 2)
      }))
  }

  for (const args of [[], ["demo"], ["classify"], ["policy"]]) {
    it.live(`has examples in \`${["effect-venice", ...args].join(" ")} --help\``, () =>
      Effect.gen(function*() {
        const { status, stdout } = yield* run([...args, "--help"])

        assert.match(stdout, /EXAMPLES\n +# .+\n.*effect-venice/)
        assert.strictEqual(status, 0)
      }))
  }
})
