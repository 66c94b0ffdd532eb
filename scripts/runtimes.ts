/**
 * Installs the packed packages as their users do, with every package manager into an empty project, and runs programs in
 * every runtime against an emulated Venice behind a socket.
 *
 *     pnpm check:runtimes                              every runtime with every package manager
 *     pnpm check:runtimes --only "Node 26"             one runtime
 *     pnpm check:runtimes --only deno --only "npm 11"  what has both in its name
 *     pnpm check:runtimes --complete                   a runtime that this machine does not have is a failure too
 *     pnpm check:runtimes --keep                       keeps the projects, and says where
 *
 * The runtimes and package managers are installed from the registry of this machine, into `.runtimes`. A package manager
 * begins with an empty cache, and gets our own packages from a registry on the loopback interface.
 */
import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { parseArgs } from "node:util"
import { pack, packages } from "./pack.ts"
import { writeProgram } from "./runtimes/bundles.ts"
import { compilers } from "./runtimes/compilers.ts"
import { commandOf, type Manager, managers, ownManagers, type Places } from "./runtimes/managers.ts"
import { run } from "./runtimes/process.ts"
import { serve } from "./runtimes/registry.ts"
import { type Project, type Runtime, runtimes } from "./runtimes/runtimes.ts"
import { nodes, packagesOf } from "./runtimes/supported.ts"
import { upstream } from "./runtimes/tools.ts"
import { start } from "./runtimes/venice.ts"

const { values: flags } = parseArgs({
  options: {
    only: { type: "string", multiple: true, default: [] },
    complete: { type: "boolean", default: false },
    keep: { type: "boolean", default: false }
  }
})

/** Installations that run at once. The machine of CI has two cores. */
const concurrency = 2

const columns = [...managers, { name: "own" }] as const
type Column = typeof columns[number]["name"]

const started = performance.now()
const temporary = realpathSync(mkdtempSync(join(tmpdir(), "effect-venice-runtimes-")))
if (!flags.keep) process.on("exit", () => rmSync(temporary, { recursive: true, force: true }))

await using venice = await start()
await using registry = await serve(packages.map((name) => pack(name, join(temporary, "tarballs")).file))
const registryOfMachine = await upstream()

type Kind = "small" | "full"

/** The Node that installs: the oldest that the packages allow, or else the oldest that runs the package manager. */
const installer = (manager: Manager, kind: Kind): string =>
  nodes.find(({ program, version }) =>
    program === kind && version.localeCompare(manager.node, "en", { numeric: true }) >= 0
  )!.version

const install = async (manager: Manager, kind: Kind): Promise<Project> => {
  const directory = join(temporary, manager.name.replaceAll(" ", "-"), kind)
  mkdirSync(directory, { recursive: true })
  const places: Places = {
    directory,
    cache: join(temporary, "caches", manager.name.replaceAll(" ", "-")),
    upstream: registryOfMachine,
    own: registry.origin
  }
  writeFileSync(join(directory, "package.json"), "{\"private\":true,\"type\":\"module\"}\n")
  manager.configure(places)
  const names = ["effect", ...packagesOf(kind).map((name) => `@effect-venice/${name}`)]
  const { command, env } = await commandOf(manager, places, installer(manager, kind), manager.add(places, names))
  await run(command, { cwd: directory, env, timeout: 300_000 })
  await writeProgram(directory, kind)
  return { manager, places }
}

const projects = new Map<string, Promise<Project>>()

/** Each project is installed once, when the first runtime needs it. */
const projectOf = (manager: Manager, kind: Kind): Promise<Project> => {
  const key = `${manager.name} ${kind}`
  const known = projects.get(key)
  if (known !== undefined) return known
  const installing = install(manager, kind)
  projects.set(key, installing)
  return installing
}

interface Cell {
  readonly text: string
  readonly isFailure?: true
  readonly isSkipped?: true
}

const notes: Array<string> = []
const skipped = new Map<string, string>()

const check = async (runtime: Runtime, manager: Manager): Promise<Cell> => {
  try {
    const project = await projectOf(manager, runtime.program === "small" ? "small" : "full")
    const outcomes = await runtime.check(project, venice)
    const failures = outcomes.filter(({ failure }) => failure !== null)
    for (const { failure, name } of failures) notes.push(`${runtime.name}, ${manager.name}: ${name}\n${failure}`)
    const good = outcomes.length - failures.length
    if (failures.length > 0 || good === 0) return { text: `${good} of ${outcomes.length}`, isFailure: true }
    return { text: `${good} good` }
  } catch (error) {
    notes.push(`${runtime.name}, ${manager.name}\n${error instanceof Error ? error.message : error}`)
    return { text: "failed", isFailure: true }
  }
}

const isWanted = (runtime: Runtime, manager: Manager): boolean =>
  flags.only.every((word) => `${runtime.name}, ${manager.name}`.toLowerCase().includes(word.toLowerCase()))

const rows = [...runtimes, ...compilers]
const cells = new Map<string, Cell>()

/** One package manager after the other, so that the first rows of the table are the first to be known. */
const jobs: Array<() => Promise<void>> = []
for (const manager of [...managers, ...ownManagers]) {
  const column: Column = managers.includes(manager) ? manager.name : "own"
  for (const runtime of rows) {
    if (!runtime.runs(manager) || !isWanted(runtime, manager)) continue
    jobs.push(async () => {
      const reason = skipped.get(runtime.name) ??
        await runtime.find().then(() => undefined, (error) => String(error instanceof Error ? error.message : error))
      if (reason !== undefined) skipped.set(runtime.name, reason)
      cells.set(
        `${runtime.name} ${column}`,
        reason === undefined ? await check(runtime, manager) : { text: "SKIPPED", isSkipped: true }
      )
    })
  }
}

await Promise.all(Array.from({ length: concurrency }, async () => {
  for (let job = jobs.shift(); job !== undefined; job = jobs.shift()) await job()
}))

const print = (text: string): boolean => process.stdout.write(`${text}\n`)

const shown = rows.filter(({ name }) => columns.some((column) => cells.has(`${name} ${column.name}`)))
const usedColumns = columns.filter((column) => shown.some(({ name }) => cells.has(`${name} ${column.name}`)))
const width = Math.max(...rows.map(({ name, program }) => `${name} (${program})`.length))
print(
  ["", ...usedColumns.map(({ name }) => name)].map((text, index) => text.padEnd(index === 0 ? width : 9)).join("  ")
)
for (const { name, program } of shown) {
  const row = usedColumns.map((column) => (cells.get(`${name} ${column.name}`)?.text ?? "-").padEnd(9))
  print([`${name} (${program})`.padEnd(width), ...row].join("  ").trimEnd())
}

for (const note of notes) process.stderr.write(`\n${note}\n`)
for (const [name, reason] of skipped) process.stderr.write(`\nSKIPPED ${name}: ${reason}\n`)

const ran = [...cells.values()].filter(({ isSkipped }) => !isSkipped)
const failures = ran.filter(({ isFailure }) => isFailure).length
const seconds = ((performance.now() - started) / 1000).toFixed(0)
print(`${cells.size} combinations in ${seconds} s${flags.keep ? `, kept in ${temporary}` : ""}`)
print(`runtimes: ${ran.length - failures} passed, ${failures} failed, ${cells.size - ran.length} skipped`)
if (cells.size === 0) process.stderr.write("Nothing has these words in its name\n")
if (failures > 0 || ran.length === 0 || (flags.complete && skipped.size > 0)) process.exitCode = 1
