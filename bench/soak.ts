/**
 * What a hundred thousand failing calls leave behind: memory, sockets and open files. The calls and their server are
 * those of the tests. Exits with 1 if something grows or stays open, or if a call ends with an unexpected outcome.
 *
 * Run it with `--expose-gc`. The first argument is the number of calls, the second the number of decoded errors.
 */
import { Decode } from "@effect-venice/core"
import { VeniceClient } from "@effect-venice/http"
import { Fixtures } from "@effect-venice/testing"
import { NodeHttpClient } from "@effect/platform-node"
import { ConfigProvider, Effect, Layer } from "effect"
import { readdirSync, readlinkSync } from "node:fs"
import { setTimeout as sleep } from "node:timers/promises"
import { hostile, outcome, round } from "../packages/http/test/failing.ts"

const calls = Number(process.argv[2] ?? 100_000)
const decodes = Number(process.argv[3] ?? 1_000_000)
const concurrency = 32

/** The growth that is allowed, in megabytes of heap above the heap after 10 % of the calls. */
const allowed = 10

const problems: Array<string> = []
const complain = (problem: unknown) => problems.push(String(problem))
process.on("warning", complain)
process.on("unhandledRejection", complain)

const print = (...cells: ReadonlyArray<string | number>) => console.log(`| ${cells.join(" | ")} |`)

const header = (...cells: ReadonlyArray<string>) => {
  print(...cells)
  print(...cells.map(() => "---"))
}

const megabytes = (bytes: number) => (bytes / 1024 / 1024).toFixed(1)

interface Memory {
  readonly heap: number
  readonly external: number
  readonly rss: number
}

/** Memory after garbage collection. Finalizers release memory for the next round, so there are several. */
const memory = async (): Promise<Memory> => {
  if (globalThis.gc === undefined) throw new Error("run with --expose-gc")
  for (let i = 0; i < 5; i++) {
    globalThis.gc()
    await sleep(20)
  }
  const { external, heapUsed, rss } = process.memoryUsage()
  return { heap: heapUsed, external, rss }
}

const filesOf = (pid: number) => readdirSync(`/proc/${pid}/fd`).length

/** The open sockets of this process, including those to the server's process. */
const sockets = (): number =>
  readdirSync("/proc/self/fd").filter((file) => {
    try {
      return readlinkSync(`/proc/self/fd/${file}`).startsWith("socket:")
    } catch {
      // It was closed after the directory was read.
      return false
    }
  }).length

const verdict = (name: string, first: Memory, last: Memory): string => {
  const grown = (last.heap + last.external - first.heap - first.external) / 1024 / 1024
  if (grown > allowed) complain(`${name}: the heap grew by ${grown.toFixed(1)} MiB`)
  return grown > allowed ? `grew by ${grown.toFixed(1)} MiB` : `flat (${grown < 0 ? "" : "+"}${grown.toFixed(1)} MiB)`
}

/** The parts of the run after which the memory is measured. */
const parts = [["10 %", 0.1], ["50 %", 0.5], ["100 %", 1]] as const

const soak = Effect.fnUntraced(
  function*(name: string, total: number, layer: (url: string) => Layer.Layer<VeniceClient>) {
    const server = yield* hostile
    const before = sockets()
    const socketsHere = () => sockets() - before
    const files = { here: filesOf(process.pid), there: filesOf(server.pid) }
    const outcomes = new Map<string, number>()
    const seen: Array<Memory> = []
    let most = 0
    const begin = performance.now()

    const batch = (from: number, to: number) =>
      Effect.gen(function*() {
        const venice = yield* VeniceClient
        const kinds = Array.from({ length: to - from }, (_, i) => round[(from + i) % round.length]!)
        yield* Effect.forEach(kinds, (kind) =>
          Effect.map(outcome(venice, kind), (found) => {
            outcomes.set(found, (outcomes.get(found) ?? 0) + 1)
            if (found !== kind.outcome) complain(`${name}, ${kind.name}: ${found} instead of ${kind.outcome}`)
          }), { concurrency, discard: true })
      })

    console.log(`\n## ${total} failing calls over ${name}, ${concurrency} at a time\n`)
    header(
      "calls",
      "heap MiB",
      "external MiB",
      "resident MiB",
      "sockets here",
      "sockets there",
      "files here",
      "files there"
    )
    yield* Effect.gen(function*() {
      let done = 0
      for (const [label, part] of parts) {
        const sample = setInterval(() => most = Math.max(most, socketsHere()), 20)
        yield* batch(done, Math.round(total * part))
        clearInterval(sample)
        done = Math.round(total * part)
        const now = yield* Effect.promise(memory)
        seen.push(now)
        const { open } = yield* server.count
        print(
          `${done} (${label})`,
          megabytes(now.heap),
          megabytes(now.external),
          megabytes(now.rss),
          socketsHere(),
          open,
          filesOf(process.pid),
          filesOf(server.pid)
        )
      }
      // undici keeps idle connections for 4 seconds by default.
      for (let waited = 0; waited < 15 && (socketsHere() > 0 || (yield* server.count).open > 0); waited++) {
        yield* Effect.sleep("1 second")
      }
    }).pipe(Effect.provide(layer(server.url)))

    const count = yield* server.count
    print("idle", "", "", "", socketsHere(), count.open, filesOf(process.pid), filesOf(server.pid))
    if (socketsHere() > 0 || count.open > 0) complain(`${name}: ${socketsHere()} sockets here, ${count.open} there`)
    for (
      const [where, before, after] of [
        ["here", files.here, filesOf(process.pid)],
        ["there", files.there, filesOf(server.pid)]
      ] as const
    ) {
      if (after > before + 2) complain(`${name}: ${after} open files ${where}, ${before} before`)
    }
    console.log(
      `\n${
        ((performance.now() - begin) / 1000).toFixed(0)
      } s, ${count.requests} requests on ${count.accepted} connections, `
        + `at most ${most} open. Memory: ${verdict(name, seen[0]!, seen.at(-1)!)}\n`
    )
    header("outcome", "calls")
    for (const [found, times] of [...outcomes].toSorted(([, a], [, b]) => b - a)) print(`\`${found}\``, times)
  }
)

const overFetch = (url: string) =>
  Layer.provide(
    VeniceClient.layer,
    ConfigProvider.layer(
      ConfigProvider.fromEnv({ env: { VENICE_API_KEY: "correct-horse-battery-staple", VENICE_BASE_URL: url } })
    )
  ).pipe(Layer.orDie)

const overUndici = (url: string) =>
  Layer.effect(VeniceClient, VeniceClient.make({ baseUrl: url })).pipe(Layer.provide(NodeHttpClient.layerUndici))

const decode = async () => {
  console.log(`\n## ${decodes} decoded errors\n`)
  header("errors", "heap MiB", "external MiB", "resident MiB")
  const seen: Array<Memory> = []
  let done = 0
  for (const [label, part] of parts) {
    for (; done < decodes * part; done++) {
      const { body, headers, operation, status } = Fixtures.all[done % Fixtures.all.length]!
      // Texts differ, so that a cache by text would show as growth.
      Decode.response({
        status,
        headers,
        body: `${body}${" ".repeat(done % 7)}`.replace("error", () => done % 3 === 0 ? "error" : `error${done}`),
        operation,
        now: 0
      })
    }
    const now = await memory()
    seen.push(now)
    print(`${done} (${label})`, megabytes(now.heap), megabytes(now.external), megabytes(now.rss))
  }
  console.log(`\nMemory: ${verdict("decoding", seen[0]!, seen.at(-1)!)}`)
}

await Effect.runPromise(Effect.scoped(soak("fetch", calls / 2, overFetch)))
await Effect.runPromise(Effect.scoped(soak("undici", calls / 2, overUndici)))
await decode()

const distinct = new Map<string, number>()
for (const problem of problems) distinct.set(problem, (distinct.get(problem) ?? 0) + 1)
console.log(distinct.size === 0 ? "\nNothing grew, nothing stayed open, every call ended as it should." : "\nProblems:")
for (const [problem, times] of distinct) console.log(`- ${problem}${times > 1 ? ` (${times} times)` : ""}`)
process.exitCode = distinct.size === 0 ? 0 : 1
