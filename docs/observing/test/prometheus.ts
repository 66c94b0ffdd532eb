/** Prometheus and `promtool` of this machine. Where they are missing, the tests are skipped, and say so. */
import { describe } from "@effect/vitest"
import { Effect } from "effect"
import { spawn, spawnSync } from "node:child_process"
import { mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { createServer } from "node:net"
import { tmpdir } from "node:os"
import { join } from "node:path"

const isInstalled = ["promtool", "prometheus"].every((command) => spawnSync(command, ["--version"]).status === 0)

/** `describe` for what needs Prometheus. */
export const describePrometheus = (name: string, tests: () => void): void => {
  if (isInstalled) {
    describe(name, tests)
    return
  }
  process.stderr.write(`\nSKIPPED: ${name}: prometheus is not installed (apt-get install prometheus)\n\n`)
  describe.skip(name, tests)
}

/** Runs promtool, and gives what it prints. */
export const promtool = (...args: ReadonlyArray<string>): { readonly status: number | null; readonly text: string } => {
  const { status, stderr, stdout } = spawnSync("promtool", args, { encoding: "utf8", timeout: 60_000 })
  return { status, text: `${stdout}${stderr}` }
}

/** A folder that is deleted in the end. */
export const temporary = Effect.acquireRelease(
  Effect.sync(() => mkdtempSync(join(tmpdir(), "effect-venice-prometheus-"))),
  (folder) => Effect.sync(() => rmSync(folder, { recursive: true, force: true }))
)

const freePort = Effect.callback<number>((resume) => {
  const server = createServer()
  server.listen(0, "127.0.0.1", () => {
    const address = server.address()
    server.close(() => resume(Effect.succeed(typeof address === "object" && address !== null ? address.port : 0)))
  })
})

/** A Prometheus that scrapes an address every second and evaluates the rules of a file. It gives its own URL. */
export const serve = (target: string, rules: string) =>
  Effect.gen(function*() {
    const folder = yield* temporary
    const port = yield* freePort
    const config = join(folder, "prometheus.yml")
    writeFileSync(
      config,
      JSON.stringify({
        global: { scrape_interval: "1s", scrape_timeout: "1s", evaluation_interval: "1s" },
        rule_files: [rules],
        scrape_configs: [{ job_name: "api", static_configs: [{ targets: [target] }] }]
      })
    )
    yield* Effect.acquireRelease(
      Effect.callback<ReturnType<typeof spawn>>((resume) => {
        const child = spawn("prometheus", [
          `--config.file=${config}`,
          `--storage.tsdb.path=${join(folder, "data")}`,
          `--web.listen-address=127.0.0.1:${port}`
        ], { stdio: "ignore" })
        child.on("spawn", () => resume(Effect.succeed(child)))
        child.on("error", (error) => resume(Effect.die(error)))
      }),
      (child) =>
        Effect.callback<void>((resume) => {
          if (child.exitCode !== null || child.signalCode !== null) return resume(Effect.void)
          child.on("exit", () => resume(Effect.void))
          child.kill("SIGKILL")
        })
    )
    return `http://127.0.0.1:${port}`
  })
