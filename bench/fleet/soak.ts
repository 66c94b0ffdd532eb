/** A fleet that runs for long while Redis and Venice fail, and what it leaves behind: memory and sockets must not grow. */
import type { Journal } from "@effect-venice/testing"
import { run } from "./cell.ts"
import { figuresOf } from "./figures.ts"
import type { Sample } from "./messages.ts"
import type { PlannedCall } from "./plan.ts"
import { arrivals, model, randomOf } from "./plan.ts"
import { table, tableOf } from "./report.ts"
import type { Scenario } from "./scenarios.ts"

/** What memory and sockets of a process may grow by in a minute. */
const bounds = { kilobytes: 256, sockets: 0.5 }

const rate = 2

const cycle = 60

const scenario: Scenario = {
  name: "soak",
  about: "",
  seconds: 600,
  deadline: 30_000,
  script: (seed) => ({
    seed,
    dynamics: {
      acceptsUnknownModels: true,
      // More than Venice allows, so that the calls of this rate are sent.
      rateLimits: { window: "1 minute", tiers: { XS: { requests: 2000, tokens: 5_000_000 } } },
      failureBudget: {
        limit: 50,
        unsupportedLimit: 200,
        window: "30 seconds",
        lockout: "30 seconds",
        wording: "error"
      },
      latency: { median: "100 millis", p99: "500 millis" },
      balance: { usd: 1000 }
    },
    // Not the billing that the charges are read from.
    chaos: {
      on: "POST /chat/completions",
      rates: { MODEL_OVERLOADED: 0.01, INFERENCE_FAILED: 0.02, disconnect: 0.01, truncate: 0.01 }
    }
  }),
  calls: (process, _, seconds, seed) => {
    const random = randomOf(seed * 1000 + process)
    return arrivals(random, 0, seconds, rate).map((at, n): PlannedCall => ({
      id: `${process}-${n}`,
      at,
      kind: random() < 0.1 ? "wrong" : "sound",
      model
    }))
  },
  redis: (seconds) =>
    Array.from({ length: Math.floor(seconds / cycle) }, (_, n) =>
      [
        [n * cycle + 10, (redis) => redis.kill()],
        [n * cycle + 20, (redis) => redis.start()],
        [n * cycle + 35, (redis) => redis.freeze()],
        [n * cycle + 45, (redis) => redis.thaw()]
      ] satisfies ReturnType<NonNullable<Scenario["redis"]>>).flat()
}

/** The slope of the least squares, a minute. */
const slope = (samples: ReadonlyArray<Sample>, of: (sample: Sample) => number): number => {
  const mean = (numbers: ReadonlyArray<number>) => numbers.reduce((sum, n) => sum + n, 0) / numbers.length
  const [x, y] = [mean(samples.map(({ at }) => at)), mean(samples.map(of))]
  const above = samples.reduce((sum, sample) => sum + (sample.at - x) * (of(sample) - y), 0)
  return (above / samples.reduce((sum, { at }) => sum + (at - x) ** 2, 0)) * 60_000
}

const kilobytes = (bytes: number): string => (bytes / 1024).toFixed(0)

export const soak = async (
  { processes, seconds, seed, worker }: {
    readonly processes: number
    readonly seconds: number
    readonly seed: number
    readonly worker: string
  }
) => {
  const entries: Array<Journal.Entry> = []
  const seen = await run(scenario, "all parts", {
    processes,
    seconds,
    seed,
    worker,
    sampleEvery: Math.min(5000, seconds * 50),
    onEntries: (read) => {
      for (const entry of read) entries.push(entry)
    }
  })
  const figures = figuresOf({ ...seen, entries })
  const broken = [...figures.broken]
  // The first fifth compiles code, opens connections and fills windows.
  const from = seen.startAt + seconds * 200
  const until = seen.startAt + seconds * 1000
  const lines = Array.from({ length: processes }, (_, process) => {
    const samples = seen.samples.filter((sample) =>
      sample.process === process && sample.at >= from && sample.at <= until
    )
    const [first, last] = [samples[0], samples.at(-1)]
    if (first === undefined || last === undefined || samples.length < 8) {
      broken.push(`process ${process} has ${samples.length} samples`)
      return [String(process)]
    }
    const memory = slope(samples, (sample) => sample.memory)
    const sockets = slope(samples, (sample) => sample.sockets)
    if (memory > bounds.kilobytes * 1024) broken.push(`process ${process} grows by ${kilobytes(memory)} KiB a minute`)
    if (sockets > bounds.sockets) broken.push(`process ${process} opens ${sockets.toFixed(2)} sockets a minute`)
    return [
      String(process),
      String(samples.length),
      kilobytes(first.memory),
      kilobytes(last.memory),
      kilobytes(memory),
      `${Math.min(...samples.map(({ sockets }) => sockets))} to ${Math.max(...samples.map(({ sockets }) => sockets))}`,
      sockets.toFixed(2)
    ]
  })
  const head = ["process", "samples", "first KiB", "last KiB", "KiB a minute", "sockets", "sockets a minute"]
  const text = [
    `${processes} processes for ${seconds} s, seed ${seed}. In each minute Redis is killed for 10 s and frozen for 10 s.`,
    "One call of ten is wrong; of the requests, 5 % fail, lose their connection or break off.",
    "",
    tableOf([figures]),
    "",
    table(head, lines),
    "",
    broken.length === 0 ? "Nothing grew, and all bounds hold." : broken.map((text) => `BROKEN: ${text}`).join("\n")
  ].join("\n")
  return { broken, text }
}
