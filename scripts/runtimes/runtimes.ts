/** The runtimes: whether each is there, which projects it can run, and how it runs their programs. */
import { join } from "node:path"
import { missing, runInBrowser } from "./browser.ts"
import { bundleFor } from "./bundles.ts"
import { bun, commandOf, deno, type Manager, type Places } from "./managers.ts"
import { run } from "./process.ts"
import type { Outcome } from "./programs/check.ts"
import { full } from "./programs/full.ts"
import { small } from "./programs/small.ts"
import { web } from "./programs/web.ts"
import * as Supported from "./supported.ts"
import { fileOf, node, type Tool } from "./tools.ts"
import type { Venice } from "./venice.ts"

/** A folder in which a package manager has installed the packages, with the programs. */
export interface Project {
  readonly manager: Manager
  readonly places: Places
}

export interface Runtime {
  readonly name: string
  readonly program: Supported.Program
  /** Rejects, with the reason, if this machine does not have it. */
  readonly find: () => Promise<unknown>
  /** Whether it can run what this package manager has installed. */
  readonly runs: (manager: Manager) => boolean
  readonly check: (project: Project, venice: Venice) => Promise<ReadonlyArray<Outcome>>
}

const checksOf = { small: Object.keys(small), web: Object.keys(web), full: Object.keys(full) }

const printed = (stdout: string): ReadonlyArray<Outcome> => JSON.parse(stdout.trim().split("\n").at(-1)!)

const explain = "effect-venice explain"

/** The command of the testing package, whose bin the package manager has linked. */
const explained = async (explanation: Promise<string>): Promise<Outcome> => {
  try {
    const { category, code, status } = JSON.parse(await explanation)
    const seen = `${status} ${code} ${category}`
    return { name: explain, failure: seen === "429 RATE_LIMIT_EXCEEDED RateLimit" ? null : `it printed ${seen}` }
  } catch (error) {
    return { name: explain, failure: String(error) }
  }
}

const explainArgs = ["explain", "RATE_LIMIT_EXCEEDED", "--json"]

/** A semantic version is not older than another. */
const isSince = (version: string, oldest: string): boolean => {
  const [a, b] = [version, oldest].map((text) => text.split(".").map(Number))
  const index = a!.findIndex((number, index) => number !== b![index])
  return index === -1 || a![index]! > b![index]!
}

const newestOf = (program: Supported.Program): string =>
  Supported.nodes.findLast((one) => one.program === program)!.version

const isOwn = (manager: Manager): boolean => manager.name === "bun" || manager.name === "deno"

const nodeRuntime = ({ program, version }: Supported.NodeVersion): Runtime => ({
  name: `Node ${version}`,
  program,
  find: () => fileOf(node(version)),
  // Without a command, the package manager has no part in the run: a newer Node of the same line may have installed.
  runs: (manager) => !isOwn(manager) && isSince(program === "small" ? newestOf(program) : version, manager.node),
  check: async ({ manager, places }, venice) => {
    const { directory } = places
    const file = await fileOf(node(version))
    const outcomes = await venice.observe(checksOf[program], async (urls) => {
      const args = [join(directory, `${program}.js`), JSON.stringify(urls)]
      const { command, env } = manager.hasPlugAndPlay
        ? await commandOf(manager, places, version, ["node", ...args])
        : { command: [file, ...args], env: {} }
      return printed((await run(command, { cwd: directory, env })).stdout)
    })
    if (program === "small") return outcomes
    const { command, env } = await commandOf(manager, places, version, [
      ...manager.execute("effect-venice"),
      ...explainArgs
    ])
    return [...outcomes, await explained(run(command, { cwd: directory, env }).then(({ stdout }) => stdout))]
  }
})

/** Bun and Deno run what a package manager for Node has put into `node_modules`, and what they install themselves. */
const other = (options: {
  readonly name: string
  readonly tool: Tool
  readonly own: string
  readonly run: ReadonlyArray<string>
  readonly execute: ReadonlyArray<string>
}): Runtime => ({
  name: `${options.name} ${options.tool.version}`,
  program: "full",
  find: () => fileOf(options.tool),
  runs: (manager) => isOwn(manager) ? manager.name === options.own : !manager.hasPlugAndPlay,
  check: async ({ manager, places }, venice) => {
    const { directory } = places
    const file = await fileOf(options.tool)
    const env = isOwn(manager) ? manager.env(places) : {}
    const outcomes = await venice.observe(checksOf.full, async (urls) => {
      const command = [file, ...options.run, join(directory, "full.js"), JSON.stringify(urls)]
      return printed((await run(command, { cwd: directory, env })).stdout)
    })
    const command = [file, ...options.execute, ...explainArgs]
    return [...outcomes, await explained(run(command, { cwd: directory, env }).then(({ stdout }) => stdout))]
  }
})

const browser: Runtime = {
  name: "Chromium",
  program: "web",
  find: () => missing === undefined ? Promise.resolve() : Promise.reject(new Error(missing)),
  runs: (manager) => !isOwn(manager),
  check: async ({ places: { directory } }, venice) => {
    const bundle = await bundleFor(directory, "browser")
    return venice.observe(checksOf.web, (urls) => runInBrowser(bundle, urls, venice.origin))
  }
}

const workerd: Tool = { package: "workerd", version: Supported.workerd, file: "@cloudflare/workerd-*/bin/workerd" }

const worker: Runtime = {
  name: `workerd ${Supported.workerd}`,
  program: "web",
  find: () => fileOf(workerd),
  runs: (manager) => !isOwn(manager),
  check: async ({ places: { directory } }, venice) => {
    await bundleFor(directory, "worker")
    const file = await fileOf(workerd)
    const { runInWorker } = await import("./worker.ts")
    return venice.observe(checksOf.web, (urls) => runInWorker(file, directory, urls))
  }
}

export const runtimes: ReadonlyArray<Runtime> = [
  ...Supported.nodes.map(nodeRuntime),
  other({
    name: "Bun",
    tool: bun,
    own: "bun",
    run: ["--no-install"],
    execute: ["--bun", "run", "--silent", "effect-venice"]
  }),
  other({
    name: "Deno",
    tool: deno,
    own: "deno",
    run: ["run", "--allow-all", "--cached-only"],
    execute: ["run", "--allow-all", "--cached-only", "npm:@effect-venice/testing/effect-venice"]
  }),
  browser,
  worker
]
