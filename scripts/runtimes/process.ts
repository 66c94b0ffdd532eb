/** Runs a command to its end, without what the package manager that runs this script has put into the environment. */
import { spawn } from "node:child_process"

export interface Ended {
  readonly stdout: string
  readonly stderr: string
}

export class Failed extends Error {}

const inherited = Object.entries(process.env).filter(([name]) =>
  !/^(npm|pnpm|yarn|node_options$|node_path$)/i.test(name)
)

export const environment: Readonly<Record<string, string | undefined>> = Object.fromEntries(inherited)

/** The groups of processes that run. They are not in the group of this one, so an interruption must end them. */
const groups = new Set<number>()

const end = (group: number): void => {
  try {
    process.kill(-group, "SIGKILL")
  } catch {
    // It has just ended.
  }
}

process.on("exit", () => groups.forEach(end))
for (const [signal, status] of [["SIGINT", 130], ["SIGTERM", 143]] as const) {
  process.on(signal, () => process.exit(status))
}

export interface Options {
  readonly cwd: string
  readonly env?: Readonly<Record<string, string>>
  /** In milliseconds: four minutes by default. */
  readonly timeout?: number
}

/** Rejects with {@link Failed}, with what the command printed, unless it ends with 0. */
export const run = (command: ReadonlyArray<string>, { cwd, env = {}, timeout = 240_000 }: Options): Promise<Ended> =>
  new Promise((resolve, reject) => {
    const [file, ...args] = command
    const child = spawn(file!, args, {
      cwd,
      env: { ...environment, ...env },
      stdio: ["ignore", "pipe", "pipe"],
      // A group of its own, so that its children end with it.
      detached: true
    })
    const group = child.pid
    if (group !== undefined) groups.add(group)
    let stdout = ""
    let stderr = ""
    child.stdout.setEncoding("utf8").on("data", (text) => stdout += text)
    child.stderr.setEncoding("utf8").on("data", (text) => stderr += text)
    let late = false
    const timer = setTimeout(() => {
      late = true
      if (group !== undefined) end(group)
    }, timeout)
    const fail = (reason: string) => reject(new Failed(`${command.join(" ")}: ${reason}\n${stdout}${stderr}`.trim()))
    child.on("error", (error) => {
      clearTimeout(timer)
      fail(error.message)
    })
    child.on("close", (status) => {
      clearTimeout(timer)
      if (group !== undefined) groups.delete(group)
      if (late) fail(`not done after ${timeout / 1000} s`)
      else if (status !== 0) fail(`exit status ${status}`)
      else resolve({ stdout, stderr })
    })
  })
