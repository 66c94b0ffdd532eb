/**
 * A real `redis-server` on a free port, which a test kills, freezes and starts again. Where none is installed, the tests
 * that need one are skipped, and say so.
 */
import { BoundedRedis } from "@effect-venice/http/resilience"
import { NodeRedis } from "@effect/platform-node"
import { describe } from "@effect/vitest"
import { Context, type Duration, Effect, Layer, Logger, Schedule } from "effect"
import { Redis } from "effect/persistence"
import { type ChildProcess, spawn, spawnSync } from "node:child_process"
import { connect, createServer, type Socket } from "node:net"

const isInstalled = spawnSync("redis-server", ["--version"]).status === 0

/** `describe` for what needs a Redis. */
export const describeRedis = (name: string, tests: () => void): void => {
  if (isInstalled) {
    describe(name, tests)
    return
  }
  process.stderr.write(`\nSKIPPED: ${name}: redis-server is not installed (apt-get install redis-server)\n\n`)
  describe.skip(name, tests)
}

const freePort = Effect.callback<number>((resume) => {
  const server = createServer()
  server.listen(0, "127.0.0.1", () => {
    const address = server.address()
    server.close(() => resume(Effect.succeed(typeof address === "object" && address !== null ? address.port : 0)))
  })
})

const start = (port: number, settings: ReadonlyArray<string>) =>
  Effect.callback<ChildProcess>((resume) => {
    const child = spawn("redis-server", [
      "--port",
      String(port),
      "--bind",
      "127.0.0.1",
      "--save",
      "",
      "--appendonly",
      "no",
      "--daemonize",
      "no",
      ...settings
    ], { stdio: ["ignore", "pipe", "inherit"] })
    child.stdout!.on("data", (text) => {
      if (String(text).includes("Ready to accept")) resume(Effect.succeed(child))
    })
    child.on("error", (error) => resume(Effect.die(error)))
  })

const stop = (child: ChildProcess) =>
  Effect.callback<void>((resume) => {
    if (child.exitCode !== null || child.signalCode !== null) return resume(Effect.void)
    child.on("exit", () => resume(Effect.void))
    // A frozen process ends by this signal only.
    child.kill("SIGKILL")
  })

export interface RedisServer {
  readonly port: number
  readonly start: Effect.Effect<void>
  readonly kill: Effect.Effect<void>
  readonly freeze: Effect.Effect<void>
  readonly thaw: Effect.Effect<void>
}

/** A server that is not started yet, with settings of `redis-server`. */
export const makeServerWith = Effect.fnUntraced(function*(...settings: ReadonlyArray<string>) {
  const port = yield* freePort
  let child: ChildProcess | undefined
  const kill = Effect.suspend(() => child === undefined ? Effect.void : stop(child))
  yield* Effect.addFinalizer(() => kill)
  const server: RedisServer = {
    port,
    start: Effect.map(start(port, settings), (started) => {
      child = started
    }),
    kill,
    freeze: Effect.sync(() => child?.kill("SIGSTOP")),
    thaw: Effect.sync(() => child?.kill("SIGCONT"))
  }
  return server
})

export const makeServer = makeServerWith()

export const startServer = Effect.tap(makeServer, (server) => server.start)

/** A port that passes everything on to another, the responses late. */
export const slowPort = Effect.fnUntraced(function*(port: number, delay: number) {
  const sockets = new Set<Socket>()
  return yield* Effect.acquireRelease(
    Effect.callback<{ readonly port: number; readonly close: () => void }>((resume) => {
      const server = createServer((client) => {
        const upstream = connect(port, "127.0.0.1")
        for (const socket of [client, upstream]) {
          sockets.add(socket)
          socket.on("error", () => socket.destroy())
          socket.on("close", () => {
            client.destroy()
            upstream.destroy()
          })
        }
        client.pipe(upstream)
        upstream.on("data", (data) => setTimeout(() => client.write(data), delay))
      })
      server.listen(0, "127.0.0.1", () => {
        const address = server.address()
        resume(Effect.succeed({
          port: typeof address === "object" && address !== null ? address.port : 0,
          close: () => server.close()
        }))
      })
    }),
    ({ close }) =>
      Effect.sync(() => {
        for (const socket of sockets) socket.destroy()
        close()
      })
  )
})

// The driver logs every failed attempt to connect.
const silent = Logger.layer([])

/** The driver as our documentation shows it. */
export const driver = (port: number) =>
  Layer.provide(NodeRedis.layer({ url: `redis://127.0.0.1:${port}`, disableOfflineQueue: true }), silent)

/** A bounded Redis that has responded once: a busy machine may not connect within the bound of a command. */
export const connected = Effect.fnUntraced(function*(port: number, timeout: Duration.Input = "5 seconds") {
  const layer = Layer.provide(BoundedRedis.layer(driver(port), { timeout, pingEvery: "100 millis" }), silent)
  const redis = Context.get(yield* Layer.build(Layer.fresh(layer)), Redis.Redis)
  yield* Effect.retry(redis.send("PING"), { schedule: Schedule.spaced("50 millis"), times: 200 })
  return redis
})
