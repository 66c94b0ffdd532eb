/**
 * Runs an example: `pnpm example NAME`, then its arguments.
 *
 * Without `VENICE_API_KEY` an emulated Venice answers, by the script in `NAME.venice.json` if there is one. With
 * `--fail CODE` it fails every request with that error, with `--times N` only the first N.
 */
import { Emulator, Script } from "@effect-venice/testing"
import { NodeRuntime } from "@effect/platform-node"
import { Console, Effect, Exit, Runtime } from "effect"
import { spawn } from "node:child_process"
import { existsSync, globSync, readFileSync } from "node:fs"
import { join } from "node:path"
import { parseArgs } from "node:util"

const root = join(import.meta.dirname, "..")

/** The file of an example: `agent.ts` for `agent`, `chat/main.ts` for `chat`. */
const fileOf = (name: string): string | undefined =>
  [`${name}.ts`, `${name}/main.ts`].map((file) => join(root, "examples", file)).find((file) => existsSync(file))

/** What exports a handler for `fetch` has no main program, so another one serves it. */
const isWorker = (text: string): boolean => /^export default /m.test(text)

const isProgram = (text: string): boolean => isWorker(text) || text.includes("import.meta.main")

const names = (): string =>
  globSync("**/*.ts", { cwd: join(root, "examples") })
    .filter((file) => isProgram(readFileSync(join(root, "examples", file), "utf8")))
    .map((file) => file.replace(/(?:\/main)?\.ts$/, ""))
    .sort()
    .join(", ")

const programOf = (file: string): ReadonlyArray<string> =>
  isWorker(readFileSync(file, "utf8")) ? [join(import.meta.dirname, "serveWorker.ts"), file] : [file]

/** Ends with the status of the program. */
const run = (args: ReadonlyArray<string>, env: NodeJS.ProcessEnv) =>
  Effect.callback<number>((resume) => {
    const child = spawn(process.execPath, args, { stdio: "inherit", env: { ...process.env, ...env } })
    child.on("exit", (status) => resume(Effect.succeed(status ?? 1)))
    return Effect.sync(() => child.kill())
  })

const { positionals: [name = "", ...args], values: { fail, times } } = parseArgs({
  allowPositionals: true,
  options: { fail: { type: "string" }, times: { type: "string" } }
})

const file = fileOf(name)

/** How the emulated Venice answers: the failures that were asked for, and what is in the file beside the example. */
const scriptOf = (file: string): unknown => {
  const beside = file.replace(/\.ts$/, ".venice.json")
  const { rules = [], ...others } = existsSync(beside) ? JSON.parse(readFileSync(beside, "utf8")) : {}
  const failing = { on: "*", fail, ...(times !== undefined && { times: Number(times) }) }
  return { ...others, rules: fail === undefined ? rules : [failing, ...rules] }
}

const emulated = (file: string, program: ReadonlyArray<string>) =>
  Effect.gen(function*() {
    const emulator = yield* Emulator.Emulator
    yield* emulator.script(yield* Script.decode(scriptOf(file)))
    yield* Console.error("VENICE_API_KEY is not set: an emulated Venice answers")
    return yield* run(program, { VENICE_API_KEY: "emulated-key", VENICE_BASE_URL: emulator.baseUrl })
  }).pipe(
    Effect.catchTag("InvalidScript", ({ message }) => Effect.as(Console.error(message), 2)),
    Effect.provide(Emulator.layer)
  )

const main = Effect.gen(function*() {
  if (file === undefined) {
    yield* Console.error(`There is no example ${JSON.stringify(name)}. The examples are ${names()}`)
    return 2
  }
  const program = [...programOf(file), ...args]
  if (process.env.VENICE_API_KEY === undefined) return yield* emulated(file, program)
  if (fail !== undefined) {
    yield* Console.error("--fail is for the emulated Venice, so unset VENICE_API_KEY")
    return 2
  }
  return yield* run(program, {})
})

NodeRuntime.runMain(main, {
  teardown: (exit, onExit) =>
    Exit.isSuccess(exit) && typeof exit.value === "number" ? onExit(exit.value) : Runtime.defaultTeardown(exit, onExit)
})
