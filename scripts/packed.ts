/**
 * Runs programs against the packed packages, as their users have them: `@effect-venice/fetch` in a project without
 * Effect, in one with Effect 3, and in one with Effect 4 beside `core` and `http`. Each is compiled too, with the
 * declarations of everything it imports.
 *
 * The tarballs are unpacked and Effect is linked from this workspace, so that no registry is asked.
 */
import { spawnSync } from "node:child_process"
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync
} from "node:fs"
import { tmpdir } from "node:os"
import { dirname, join } from "node:path"
import { pack, root } from "./pack.ts"

const temporary = realpathSync(mkdtempSync(join(tmpdir(), "effect-venice-packed-")))

const run = (command: string, args: ReadonlyArray<string>, cwd: string): string => {
  const { error, status, stderr, stdout } = spawnSync(command, args, { cwd, encoding: "utf8", timeout: 120_000 })
  if (status === 0) return stdout
  throw new Error(`${command} ${args.join(" ")}\n${error?.message ?? ""}${stdout}${stderr}`)
}

const tarballs = new Map(
  ["core", "fetch", "http"].map((name) => [name, pack(name, join(temporary, "tarballs")).file])
)

const shared = `
const busy = () => new Response(
  '{"error":"The model is at capacity. Please try again later."}',
  { status: 503, headers: { "retry-after": "90", "cf-ray": "r" } }
)
const url = "https://api.venice.ai/api/v1/chat/completions"
const equal = (actual: unknown, expected: unknown) => {
  if (actual !== expected) throw new Error(String(actual) + " is not " + String(expected))
}
`

/** What the package does on its own. */
const alone = `
import { errorOf, fetch, make, type PlainError } from "@effect-venice/fetch"
import { decode } from "@effect-venice/fetch/plain"
${shared}
const told: Array<PlainError> = []
const venice = make({ fetch: async () => busy(), retry: "eager", onError: (error) => told.push(error) })
const response = await venice(url, { method: "POST", body: "{}" })
equal(response.status, 503)
equal(response.headers.get("x-should-retry"), "false")
const error = errorOf(response)
if (error?.code !== "MODEL_AT_CAPACITY") throw new Error("another code")
const capacity: "Capacity" = error.category
equal(capacity, "Capacity")
equal(error.retryAfterMillis, 90_000)
equal(told.length, 1)
equal(typeof fetch, "function")
equal((await decode(busy())).code, "MODEL_AT_CAPACITY")
const gone = decode({ status: 410, headers: { sunset: "Wed, 16 Sep 2026 00:00:00 GMT" } })
if (gone.code === "GONE") equal(gone.sunset, "2026-09-16T00:00:00.000Z")
else throw new Error(gone.code)
`

/** The same where the platform has nothing but what the web has. */
const asWorker = `
for (const name of ["process", "setImmediate", "clearImmediate", "global"]) Reflect.deleteProperty(globalThis, name)
const { make, errorOf } = await import("@effect-venice/fetch")
${shared}
const attempts: Array<number> = []
const venice = make({
  fetch: async () => {
    attempts.push(1)
    return new Response('{"error":"Inference processing failed"}', { status: 500 })
  },
  retry: { preset: "eager", attempts: 2 }
})
equal(errorOf(await venice(url, { method: "POST" }))?.code, "INFERENCE_FAILED")
equal(attempts.length, 2)
void busy
`

const beside3 = `
import { Effect } from "effect"
import { errorOf, make } from "@effect-venice/fetch"
${shared}
const call = Effect.tryPromise({
  try: () => make({ fetch: async () => busy() })(url, { method: "POST" }),
  catch: (thrown) => thrown
})
const code = await Effect.runPromise(Effect.map(call, (response) => errorOf(response)?.code))
equal(code, "MODEL_AT_CAPACITY")
`

const beside4 = `
import { Errors, Plain, Retry } from "@effect-venice/core"
import * as Bundled from "@effect-venice/fetch"
import { VeniceFetch } from "@effect-venice/http"
${shared}
const theirs = await Bundled.make({ fetch: async () => busy() })(url, { method: "POST" })
const error = VeniceFetch.errorOf(theirs)
if (!(error instanceof Errors.ModelAtCapacity)) throw new Error("another class")
equal(String(error.response.retryAfter), "90000 millis")
const ours = await VeniceFetch.make({ fetch: async () => busy(), retry: Retry.never })(url, { method: "POST" })
equal(Bundled.errorOf(ours)?.code, "MODEL_AT_CAPACITY")
// An error that another copy of core made is one of ours.
equal(Bundled.errorOf(new Errors.ModelNotFound({ suggestions: ["a"] }))?.code, "MODEL_NOT_FOUND")
const plain: Plain.PlainError | undefined = Bundled.errorOf(error)
equal(plain?.retryAfterMillis, 90_000)
`

interface Project {
  readonly name: string
  readonly programs: Readonly<Record<string, string>>
  readonly packages: ReadonlyArray<string>
  /** What is linked from this workspace, by its name in the project. */
  readonly links: Readonly<Record<string, string>>
}

const projects: ReadonlyArray<Project> = [
  { name: "without effect", programs: { alone, "as-worker": asWorker }, packages: ["fetch"], links: {} },
  { name: "with effect 3", programs: { alone, beside3 }, packages: ["fetch"], links: { effect: "effect-3" } },
  {
    name: "with effect 4",
    programs: { alone, beside4 },
    packages: ["core", "fetch", "http"],
    links: { effect: "effect" }
  }
]

const compilerOptions = {
  module: "NodeNext",
  target: "ES2022",
  lib: ["ES2023", "DOM", "DOM.Iterable", "DOM.AsyncIterable"],
  strict: true,
  exactOptionalPropertyTypes: true,
  skipLibCheck: false,
  types: [],
  rootDir: "src",
  outDir: "out"
}

const build = ({ links, name, packages, programs }: Project): void => {
  const directory = join(temporary, name.replaceAll(" ", "-"))
  for (const one of packages) {
    const target = join(directory, "node_modules/@effect-venice", one)
    mkdirSync(target, { recursive: true })
    run("tar", ["-xzf", tarballs.get(one)!, "-C", target, "--strip-components=1"], temporary)
  }
  for (const [target, source] of Object.entries(links)) {
    const link = join(directory, "node_modules", target)
    mkdirSync(dirname(link), { recursive: true })
    symlinkSync(realpathSync(join(root, "node_modules", source)), link)
  }
  mkdirSync(join(directory, "src"))
  writeFileSync(join(directory, "package.json"), JSON.stringify({ type: "module", private: true }))
  writeFileSync(join(directory, "tsconfig.json"), JSON.stringify({ compilerOptions, include: ["src"] }))
  for (const [program, text] of Object.entries(programs)) writeFileSync(join(directory, "src", `${program}.ts`), text)
  run(join(root, "node_modules/.bin/tsc"), ["-p", "."], directory)
  for (const program of Object.keys(programs)) run(process.execPath, [`out/${program}.js`], directory)
  process.stdout.write(`packed, ${name}: ${Object.keys(programs).length} programs compiled and run\n`)
}

try {
  for (const project of projects) build(project)
  const manifest = JSON.parse(
    readFileSync(join(temporary, "without-effect/node_modules/@effect-venice/fetch/package.json"), "utf8")
  )
  for (const field of ["dependencies", "peerDependencies", "optionalDependencies"]) {
    if (manifest[field] !== undefined) throw new Error(`the package fetch has ${field}`)
  }
  // Node's own `fetch` needs `Buffer`, so a program cannot take it away.
  const dist = join(temporary, "without-effect/node_modules/@effect-venice/fetch/dist")
  for (const file of readdirSync(dist).filter((name) => name.endsWith(".js"))) {
    const found = /(?<!globalThis\.)\b(?:Buffer|process)\b(?=[.?[(])|\brequire\(|from"(?!\.\/)|import\("/.exec(
      readFileSync(join(dist, file), "utf8")
    )
    if (found !== null) throw new Error(`${file} of the package fetch has ${found[0]}`)
  }
} finally {
  rmSync(temporary, { recursive: true })
}
