import { Effect } from "effect"
import { spawn } from "node:child_process"
import { join } from "node:path"

/** The file of the command. */
export const main = join(import.meta.dirname, "../src/cli/main.ts")

// What a process compiled, the next one need not.
const env = { PATH: process.env.PATH, NODE_COMPILE_CACHE: join(import.meta.dirname, "../node_modules/.cache/compiled") }

interface Run {
  readonly status: number | null
  readonly stdout: string
  readonly stderr: string
}

/** Runs the command in a process of its own, up to its end. */
export const run = (
  args: ReadonlyArray<string>,
  options: { readonly input?: string | Iterable<string>; readonly env?: Record<string, string> } = {}
) =>
  Effect.promise(() =>
    new Promise<Run>((resolve) => {
      const child = spawn(process.execPath, [main, ...args], { env: { ...env, ...options.env } })
      let stdout = ""
      let stderr = ""
      child.stdout.setEncoding("utf8").on("data", (text) => stdout += text)
      child.stderr.setEncoding("utf8").on("data", (text) => stderr += text)
      child.on("close", (status) => resolve({ status, stdout, stderr }))
      child.stdin.end(options.input ?? "")
    })
  )
