/**
 * What all parts of `resilience` add to a call that succeeds: in memory, over a client that answers at once and over
 * undici, and over Redis, whose round trips are counted.
 */
import { VeniceClient } from "@effect-venice/http"
import { BoundedRedis, Resilience } from "@effect-venice/http/resilience"
import { NodeHttpClient, NodeRedis } from "@effect/platform-node"
import { type Context, Effect, Layer, Schedule, Schema, Scope } from "effect"
import { HttpClient, HttpClientResponse } from "effect/http"
import { Redis } from "effect/persistence"
import { spawn } from "node:child_process"
import { freePort, isInstalled } from "./fleet/redis.ts"
import { compareCpu, isQuick, median, report, type Runs, shuffled } from "./measure.ts"
import { serve } from "./serve.ts"

const headers = {
  "content-type": "application/json",
  "x-ratelimit-limit-requests": "1000000000",
  "x-ratelimit-remaining-requests": "1000000000",
  "x-ratelimit-limit-tokens": "100000000000",
  "x-ratelimit-remaining-tokens": "100000000000",
  "x-ratelimit-remaining": "50"
}

const completion = JSON.stringify({
  id: "c",
  model: "m",
  choices: [{ index: 0, message: { role: "assistant", content: "Rayleigh scattering." }, finish_reason: "stop" }],
  usage: { prompt_tokens: 5, completion_tokens: 7, total_tokens: 12 }
})

const answering = Layer.succeed(
  HttpClient.HttpClient,
  HttpClient.make((request) =>
    Effect.succeed(HttpClientResponse.fromWeb(request, new Response(completion, { headers })))
  )
)

const clientOver = (http: Layer.Layer<HttpClient.HttpClient>, baseUrl?: string) =>
  Layer.provide(Layer.effect(VeniceClient, VeniceClient.make({ apiKey: "k", baseUrl })), http)

// A short window, so that what is kept of it does not grow with the length of the measurement.
const settings = { pacing: { budgets: { requests: 1e9, tokens: 1e11 }, window: "1 second" } } as const

type Services = Context.Context<VeniceClient | Resilience.Resilience>

const build = <A, E>(layer: Layer.Layer<A, E>) => Effect.runPromise(Layer.buildWithScope(layer, Scope.makeUnsafe()))

const options = {
  body: { model: "m", messages: [{ role: "user", content: "Why is the sky blue?" }] },
  success: Schema.Struct({ id: Schema.String })
} as const

const operation = "POST /chat/completions"
const bare = Effect.flatMap(VeniceClient, (venice) => venice.execute(operation, options))
const throughAll = Resilience.execute(operation, options)

const each = <E>(
  services: Services,
  calls: number,
  call: Effect.Effect<unknown, E, VeniceClient | Resilience.Resilience>
): Runs => ({
  run: () => Effect.runPromise(Effect.provideContext(Effect.repeat(call, { times: calls - 1 }), services)),
  units: calls
})

const compareOver = async (services: Services, calls: number) =>
  compareCpu({ bare: each(services, calls, bare), all: each(services, calls, throughAll) })

const inMemory = await build(Layer.merge(clientOver(answering), Resilience.layer(settings)))
const fake = await compareOver(inMemory, isQuick ? 50 : 100)

const { stop, urlOf } = await serve()
const overUndici = await build(
  Layer.merge(clientOver(NodeHttpClient.layerUndici, urlOf(200)), Resilience.layer(settings))
)
const real = await compareOver(overUndici, isQuick ? 20 : 40)
stop()

/** The scripts that Redis ran for clients. */
const scriptsRun = (redis: Redis.Redis["Service"]) =>
  Effect.map(
    redis.send<string>("INFO", "commandstats"),
    (info) =>
      [...info.matchAll(/cmdstat_(?:eval|evalsha):calls=(\d+)/g)].reduce((sum, [, calls]) => sum + Number(calls), 0)
  )

/** The median times of effects, which take turns, apart from each other so that none shares a round trip. */
const medianTimes = async <Name extends string>(
  effects: Readonly<Record<Name, Effect.Effect<unknown, unknown>>>,
  times: number
): Promise<Record<Name, number>> => {
  const names = Object.keys(effects) as Array<Name>
  const nanos = Object.fromEntries(names.map((name) => [name, [] as Array<number>])) as Record<Name, Array<number>>
  for (let i = 0; i < times; i++) {
    for (const name of shuffled(names)) {
      const start = process.hrtime.bigint()
      await Effect.runPromise(effects[name])
      nanos[name].push(Number(process.hrtime.bigint() - start))
      await Effect.runPromise(Effect.sleep("1 millis"))
    }
  }
  return Object.fromEntries(names.map((name) => [name, median(nanos[name])])) as Record<Name, number>
}

const overRedis = async (): Promise<Readonly<Record<string, number>>> => {
  if (!isInstalled()) {
    process.stderr.write("SKIPPED: the rows over Redis: redis-server is not installed (apt-get install redis-server)\n")
    return {}
  }
  const port = String(await freePort())
  const server = spawn("redis-server", ["--port", port, "--bind", "127.0.0.1", "--save", ""], { stdio: "ignore" })
  try {
    const RedisLive = Layer.fresh(BoundedRedis.layer(
      NodeRedis.layer({ url: `redis://127.0.0.1:${port}`, disableOfflineQueue: true }),
      { timeout: "5 seconds", pingEvery: "50 millis" }
    ))
    const services = await build(Layer.mergeAll(
      clientOver(answering),
      Layer.provideMerge(Resilience.layerRedis(settings), RedisLive)
    ))
    const redis = await Effect.runPromise(Effect.provideContext(Redis.Redis, services))
    const ping = redis.send("PING")
    await Effect.runPromise(Effect.retry(ping, { schedule: Schedule.spaced("50 millis"), times: 200 }))

    const once = Effect.provideContext(throughAll, services)
    const calls = isQuick ? 50 : 200
    const counted = async (call: Effect.Effect<unknown, unknown>): Promise<number> => {
      // The first calls load the scripts.
      await Effect.runPromise(Effect.repeat(call, { times: 9 }))
      const before = await Effect.runPromise(Effect.delay(scriptsRun(redis), "50 millis"))
      await Effect.runPromise(Effect.repeat(call, { times: calls - 1 }))
      return (await Effect.runPromise(Effect.delay(scriptsRun(redis), "50 millis")) - before) / calls
    }
    const trips = await counted(Effect.tap(once, () => Effect.sleep("5 millis")))
    const tripsInRow = await counted(once)
    const waits = await medianTimes({
      shared: once,
      local: Effect.provideContext(throughAll, inMemory),
      ping
    }, isQuick ? 100 : 1000)
    return {
      "resilience/redis/trips": trips,
      "resilience/redis/trips-in-a-row": tripsInRow,
      "resilience/redis/wait": (waits.shared - waits.local) / waits.ping
    }
  } finally {
    server.kill("SIGKILL")
  }
}

report({
  "resilience/memory/ratio": fake.ratio("all", "bare"),
  "resilience/memory/micros": fake.micros("all") - fake.micros("bare"),
  "resilience/bare/micros": fake.micros("bare"),
  "resilience/undici/ratio": real.ratio("all", "bare"),
  ...await overRedis()
})
process.exit()
