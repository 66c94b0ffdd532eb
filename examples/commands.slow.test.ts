/** The commands of `README.md`, each in a process of its own, with an emulated Venice. */
import { assert, describe, it } from "@effect/vitest"
import { Effect, Schedule } from "effect"
import { execFile, spawn } from "node:child_process"
import { readFileSync } from "node:fs"
import { createServer } from "node:http"
import type { AddressInfo } from "node:net"
import { join } from "node:path"

const root = join(import.meta.dirname, "..")

/** The commands of each section, without their comments. A line that ends with a backslash goes on. */
const sections = readFileSync(join(import.meta.dirname, "README.md"), "utf8").split(/^#+ /m).slice(1).map((part) => ({
  title: part.split("\n")[0]!,
  commands: [...part.matchAll(/^```sh\n(.*?)^```$/gms)].flatMap(([, fence]) =>
    fence!.trim().replace(/\\\n\s*/g, "").split("\n").map((line) => line.replace(/\s+#.*$/, ""))
  )
}))

const prefix = "npx -y pnpm@12 example "

const { VENICE_API_KEY: _, ...env } = process.env

/** What a command prints. `pnpm` is left out, because it takes longer than most of them. */
const run = (command: string) =>
  Effect.callback<{ readonly status: number; readonly stdout: string; readonly stderr: string }>((resume) => {
    const line = command.replace(prefix, `${process.execPath} scripts/example.ts `)
    const child = execFile(
      "sh",
      ["-c", line],
      { cwd: root, env },
      (failure, stdout, stderr) =>
        resume(Effect.succeed({ status: failure === null ? 0 : Number(failure.code), stdout, stderr }))
    )
    return Effect.sync(() => child.kill())
  })

/** What a command that ends prints, and its status. */
const expected: Readonly<Record<string, readonly [status: number, output: RegExp]>> = {
  "agent \"Where is my order A-17?\"": [0, /FindOrder \{ id: 'A-17' \}\n.*emulated answer/s],
  "openai --fail MODEL_NOT_FOUND": [0, /^use llama-3.3-70b$/m],
  "from-openai/after --fail MODEL_OFFLINE --times 1": [0, /emulated answer to: Hello/],
  "tickets \"The invoice of March is missing.\" --fail CONTENT_POLICY_VIOLATION": [0, /_tag: 'Rejected'/],
  "team/assistant \"Where is my order?\" --fail MODEL_OVERLOADED --times 1": [0, /emulated answer to: Where/],
  "team/digest \"First message\" \"Second message\"": [0, /Second message.*picture: Some/s],
  "from-openai/before \"Why is the sky blue?\" --fail INVALID_REQUEST": [0, /^Your question is too long\.$/m],
  "from-openai/after \"Why is the sky blue?\" --fail INVALID_REQUEST": [1, /INVALID_REQUEST: Invalid request/],
  "openai \"Why is the sky blue?\" --fail INFERENCE_FAILED --times 2": [0, /emulated answer.*again in \d+ ms/s],
  "ai-sdk \"Why is the sky blue?\" --fail CONTENT_POLICY_VIOLATION": [0, /CONTENT_POLICY_VIOLATION: change the prompt/],
  "langchain \"Why is the sky blue?\" --fail MODEL_AT_CAPACITY --times 1": [0, /emulated answer/]
}

const freePort = Effect.callback<number>((resume) => {
  const server = createServer().listen(0, "127.0.0.1", () => {
    const { port } = server.address() as AddressInfo
    server.close(() => resume(Effect.succeed(port)))
  })
})

/** Serves an example until the scope closes. Ends when it answers. */
const serve = Effect.fnUntraced(function*(command: string) {
  const port = yield* freePort
  const args = command.slice(prefix.length).split(" ")
  yield* Effect.acquireRelease(
    Effect.sync(() =>
      spawn(process.execPath, ["scripts/example.ts", ...args], {
        cwd: root,
        env: { ...env, PORT: String(port) },
        stdio: "ignore"
      })
    ),
    (child) =>
      Effect.callback<void>((resume) => {
        child.once("exit", () => resume(Effect.void))
        child.kill("SIGINT")
      })
  )
  yield* Effect.retry(Effect.tryPromise(() => fetch(`http://localhost:${port}/`)), Schedule.spaced("50 millis"))
  return port
})

/** What the second command of a server prints. */
const answers: Readonly<Record<string, RegExp>> = {
  "gateway --fail TOO_MANY_TOKENS": /^HTTP\/1.1 400 .*"code":"context_length_exceeded"/s,
  "api --fail MODEL_OVERLOADED": /^HTTP\/1.1 503 .*retry-after: 30\r\n.*problems\/busy/s,
  "node-gateway --fail RATE_LIMIT_EXCEEDED": /^HTTP\/1.1 429 .*retry-after: \d+\r\n.*"code":"RATE_LIMIT_EXCEEDED"/s,
  "hono --fail MODEL_OVERLOADED": /^HTTP\/1.1 429 .*retry-after: 30\r\n.*"code":"MODEL_OVERLOADED"/s,
  "worker --fail MODEL_AT_CAPACITY": /^HTTP\/1.1 503 .*"code":"model_at_capacity"/s
}

/** A database of the reader's. The test of that program brings its own. */
const needsDatabase = (commands: ReadonlyArray<string>): boolean =>
  commands.some((command) => command.includes("DATABASE_URL"))

const isServer = (commands: ReadonlyArray<string>): boolean => commands.some((command) => command.startsWith("curl"))

describe("README", () => {
  const ending = sections.filter(({ commands }) => !isServer(commands) && !needsDatabase(commands)).flatMap((
    { commands }
  ) => commands)
    .filter((command) => command !== `${prefix}chat`)

  it("has no command but those that are tested", () => {
    assert.deepStrictEqual(
      [...new Set(ending)].sort(),
      Object.keys(expected).map((args) => `${prefix}${args}`).sort()
    )
    const served = sections.filter(({ commands }) => isServer(commands)).map(({ commands }) => commands[0])
    assert.deepStrictEqual(served, Object.keys(answers).map((args) => `${prefix}${args}`))
  })

  for (const [args, [status, output]] of Object.entries(expected)) {
    it.live(args, () =>
      Effect.gen(function*() {
        const printed = yield* run(`${prefix}${args}`)

        assert.match(`${printed.stdout}${printed.stderr}`, output)
        assert.strictEqual(printed.status, status)
        assert.include(printed.stderr, "an emulated Venice answers")
      }), 120_000)
  }

  for (const [args, output] of Object.entries(answers)) {
    it.live(args, () =>
      Effect.gen(function*() {
        const { commands: [command, request] } = sections.find(({ commands }) => commands[0] === `${prefix}${args}`)!
        const port = yield* serve(command!)
        const { status, stderr, stdout } = yield* run(request!.replace("localhost:3000", `-sS localhost:${port}`))

        assert.strictEqual(status, 0, stderr)
        assert.match(stdout, output)
      }), 120_000)
  }

  it.live("chat", () =>
    Effect.gen(function*() {
      const port = yield* serve(`${prefix}chat`)
      const page = yield* Effect.promise(() => fetch(`http://localhost:${port}/`).then((response) => response.text()))

      assert.include(page, "<title>Chat</title>")
    }), 120_000)

  it.live("a misspelt name or code is told what there is", () =>
    Effect.gen(function*() {
      const name = yield* run(`${prefix}agents`)
      assert.strictEqual(name.status, 2)
      assert.match(name.stderr, /There is no example "agents"\. The examples are agent, ai-sdk, api, chat, .*worker/)

      const code = yield* run(`${prefix}agent --fail MODEL_OFLINE`)
      assert.strictEqual(code.status, 2)
      assert.match(code.stderr, /did you mean MODEL_OFFLINE\?/)
    }), 120_000)
})
