import { Effect } from "effect"
import { type ChildProcessByStdio, spawn } from "node:child_process"
import { openSync } from "node:fs"
import { join } from "node:path"
import type { Readable, Writable } from "node:stream"

/** The file of the command. */
export const main = join(import.meta.dirname, "../src/cli/main.ts")

// What a process compiled, the next one need not.
const env = { PATH: process.env.PATH, NODE_COMPILE_CACHE: join(import.meta.dirname, "../node_modules/.cache/compiled") }

interface Run {
  readonly status: number | null
  readonly stdout: string
  readonly stderr: string
}

export type Child = ChildProcessByStdio<Writable, Readable | null, Readable>

/** Runs the command in a process of its own, up to its end. */
export const run = (
  args: ReadonlyArray<string>,
  options: {
    readonly input?: string
    readonly env?: Record<string, string>
    /** The file that standard output is written to. */
    readonly output?: string
    /** Called at once, with standard input left open. */
    readonly onStart?: (child: Child) => void
    readonly flags?: ReadonlyArray<string>
  } = {}
) =>
  Effect.promise(() =>
    new Promise<Run>((resolve) => {
      const child = spawn(process.execPath, [...options.flags ?? [], main, ...args], {
        env: { ...env, ...options.env },
        stdio: ["pipe", options.output === undefined ? "pipe" : openSync(options.output, "w"), "pipe"]
      }) as Child
      let stdout = ""
      let stderr = ""
      child.stdout?.setEncoding("utf8").on("data", (text) => stdout += text)
      child.stderr.setEncoding("utf8").on("data", (text) => stderr += text)
      child.on("close", (status) => resolve({ status, stdout, stderr }))
      // The command may end before it has read everything.
      child.stdin.on("error", () => {})
      if (options.input !== undefined) child.stdin.write(options.input)
      if (options.onStart === undefined) child.stdin.end()
      else options.onStart(child)
    })
  )
