/**
 * A real PostgreSQL on a free port, with its data in a temporary directory. Where none is installed, the tests that need one
 * are skipped, and say so.
 */
import { describe } from "@effect/vitest"
import { Effect, Schedule } from "effect"
import { execFileSync, spawn } from "node:child_process"
import { chownSync, globSync, mkdtempSync, rmSync } from "node:fs"
import { createServer } from "node:net"
import { tmpdir } from "node:os"
import { join } from "node:path"

/** The folder of the programs of the latest version. Debian has it outside of the path. */
const bin = globSync("/usr/lib/postgresql/*/bin").sort().at(-1)

/** PostgreSQL refuses to run as root; its package makes a user for it. */
const user = (() => {
  if (process.getuid?.() !== 0) return {}
  try {
    const id = (flag: string) => Number(execFileSync("id", [flag, "postgres"], { encoding: "utf8", stdio: "pipe" }))
    return { uid: id("-u"), gid: id("-g") }
  } catch {
    return undefined
  }
})()

/** `describe` for what needs a PostgreSQL. */
export const describePostgres = (name: string, tests: () => void): void => {
  if (bin !== undefined && user !== undefined) {
    describe(name, tests)
    return
  }
  process.stderr.write(`\nSKIPPED: ${name}: PostgreSQL is not installed (apt-get install postgresql)\n\n`)
  describe.skip(name, tests)
}

const freePort = Effect.callback<number>((resume) => {
  const server = createServer()
  server.listen(0, "127.0.0.1", () => {
    const address = server.address()
    server.close(() => resume(Effect.succeed(typeof address === "object" && address !== null ? address.port : 0)))
  })
})

/** Starts a server for as long as the scope is open. */
export const startPostgres = Effect.gen(function*() {
  const port = yield* freePort
  const directory = yield* Effect.acquireRelease(
    Effect.sync(() => mkdtempSync(join(tmpdir(), "postgres-"))),
    (directory) => Effect.sync(() => rmSync(directory, { recursive: true, force: true }))
  )
  if (user?.uid !== undefined) chownSync(directory, user.uid, user.gid)
  const data = join(directory, "data")
  const program = (name: string) => join(bin!, name)
  const options = { ...user, cwd: directory, encoding: "utf8", stdio: "pipe" } as const
  execFileSync(program("initdb"), ["-D", data, "-U", "postgres", "-A", "trust", "-N", "-E", "UTF8"], options)
  yield* Effect.acquireRelease(
    Effect.sync(() =>
      spawn(program("postgres"), ["-D", data, "-p", String(port), "-h", "127.0.0.1", "-k", directory, "-F"], {
        ...user,
        cwd: directory,
        stdio: "ignore"
      })
    ),
    (child) =>
      Effect.callback<void>((resume) => {
        if (child.exitCode !== null || child.signalCode !== null) return resume(Effect.void)
        child.on("exit", () => resume(Effect.void))
        // Without waiting for clients.
        child.kill("SIGINT")
      })
  )
  const query = (sql: string) =>
    Effect.try(() =>
      execFileSync(
        program("psql"),
        ["-h", "127.0.0.1", "-p", String(port), "-U", "postgres", "-At", "-c", sql],
        options
      )
        .trim()
    )
  yield* Effect.retry(query("select 1"), { schedule: Schedule.spaced("100 millis"), times: 300 })
  return { url: `postgres://postgres@127.0.0.1:${port}/postgres`, query }
})
