/** The time and memory for an error page of 10 MB over the loopback interface, compared with reading the whole page. */
import * as HttpFailure from "@effect-venice/http/HttpFailure"
import * as NodeHttpClient from "@effect/platform-node/NodeHttpClient"
import { Effect, Layer, Scope } from "effect"
import { HttpClient } from "effect/http"
import { isQuick, median, report, shuffled } from "./measure.ts"
import { serve } from "./serve.ts"

const { stop, urlOf } = await serve()

const context = await Effect.runPromise(Layer.buildWithScope(NodeHttpClient.layerUndici, Scope.makeUnsafe()))
const run = Effect.runPromiseWith(context)
const call = Effect.flip(
  Effect.flatMap(HttpClient.HttpClient, (client) => HttpFailure.typed(client).get(urlOf(502)))
)

const works = {
  ours: () => run(call),
  whole: async () => (await fetch(urlOf(502))).text()
}

const times = { ours: [] as Array<number>, whole: [] as Array<number> }
const rounds = isQuick ? 10 : 40
for (let i = -3; i < rounds; i++) {
  for (const name of shuffled(["ours", "whole"] as const)) {
    const start = performance.now()
    await works[name]()
    if (i >= 0) times[name].push(performance.now() - start)
  }
}

const used = (): number => {
  for (let i = 0; i < 3; i++) globalThis.gc!()
  const { arrayBuffers, heapUsed } = process.memoryUsage()
  return heapUsed + arrayBuffers
}

// Connections close asynchronously, and hold the received bytes until then.
const settled = () => new Promise((resolve) => setTimeout(resolve, 500))

const kept = isQuick ? 10 : 30
const errors: Array<unknown> = []
await settled()
const before = used()
for (let i = 0; i < kept; i++) errors.push(await works.ours())
await settled()
const keptPerError = (used() - before) / kept / 1024 / 1024

report({
  "large/time": median(times.ours.map((value, i) => value / times.whole[i]!)),
  "large/kept": errors.length === 0 ? NaN : keptPerError
})
stop()
process.exit()
