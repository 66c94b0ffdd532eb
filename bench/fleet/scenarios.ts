/** What happens to a fleet: the calls of each process, the emulated Venice, and what is done to Redis. */
import type { PlannedCall } from "./plan.ts"
import { arrivals, brokenModel, model, randomOf, smallModel } from "./plan.ts"
import type { RedisServer } from "./redis.ts"

export interface Scenario {
  readonly name: string
  /** What happens, in a sentence of the report. */
  readonly about: string
  /** How long calls are made. */
  readonly seconds: number
  /** How long a caller waits for a call. */
  readonly deadline: number
  /** The script of the emulator. */
  readonly script: (seed: number, seconds: number) => unknown
  readonly calls: (process: number, processes: number, seconds: number, seed: number) => ReadonlyArray<PlannedCall>
  /** The trouble, in seconds after the start. Recovery counts from `over`. */
  readonly trouble?: (seconds: number) => { readonly from: number; readonly over: number }
  /** Redis is at hand before the start; by default it is. */
  readonly isRedisAbsent?: true
  /** What is done to Redis, and after how many seconds. */
  readonly redis?: (seconds: number) => ReadonlyArray<readonly [at: number, act: (redis: RedisServer) => unknown]>
}

/** Sound calls of a process a second: 384 a minute of eight processes, below the 500 that Venice allows. */
export const rate = 0.8

const venice = {
  acceptsUnknownModels: true,
  rateLimits: {
    window: "1 minute",
    tiers: { XS: { requests: 500, tokens: 5_000_000 }, M: { requests: 100, tokens: 2_000_000 } }
  },
  failureBudget: { limit: 50, unsupportedLimit: 200, window: "30 seconds", lockout: "30 seconds", wording: "error" },
  latency: { median: "100 millis", p99: "500 millis" },
  balance: { usd: 1000 }
}

const script =
  (more: { readonly dynamics?: object; readonly rules?: ReadonlyArray<object> } = {}) => (seed: number) => ({
    seed,
    dynamics: { ...venice, ...more.dynamics },
    rules: more.rules ?? []
  })

type Unnamed = Omit<PlannedCall, "id">

const named = (process: number, calls: ReadonlyArray<Unnamed>): ReadonlyArray<PlannedCall> =>
  calls.toSorted((a, b) => a.at - b.at).map((call, n) => ({ ...call, id: `${process}-${n}` }))

const steady = (random: () => number, from: number, to: number, perSecond = rate): ReadonlyArray<Unnamed> =>
  arrivals(random, from, to, perSecond).map((at) => ({ at, kind: "sound", model }))

const wrong = (random: () => number, from: number, to: number, perSecond: number): ReadonlyArray<Unnamed> =>
  arrivals(random, from, to, perSecond).map((at) => ({ at, kind: "wrong", model }))

const randomFor = (process: number, seed: number) => randomOf(seed * 1000 + process)

const onlySteady: Scenario["calls"] = (process, _, seconds, seed) =>
  named(process, steady(randomFor(process, seed), 0, seconds))

/** A quarter of the processes has a mistake, and sends three wrong requests a second each while it lasts. */
const withMistake =
  (window: (seconds: number) => readonly [from: number, to: number]): Scenario["calls"] =>
  (process, processes, seconds, seed) => {
    const random = randomFor(process, seed)
    const sound = steady(random, 0, seconds)
    const [from, to] = window(seconds)
    return named(process, process < Math.ceil(processes / 4) ? [...sound, ...wrong(random, from, to, 4)] : sound)
  }

const defaults = { seconds: 30, deadline: 30_000, script: script() }

const third = (seconds: number) => seconds / 3

/** In all of these a quarter of the fleet sends wrong requests, so that the guard is needed while Redis is away. */
const ofRedis = {
  ...defaults,
  calls: withMistake((seconds) => [0, seconds]),
  trouble: (seconds: number) => ({ from: third(seconds), over: third(seconds) })
}

export const scenarios: ReadonlyArray<Scenario> = [
  {
    ...defaults,
    name: "burst",
    about: "20 calls of each process within a second, of a model with 100 requests a minute.",
    seconds: 1,
    deadline: 75_000,
    calls: (process, _, seconds, seed) => {
      const random = randomFor(process, seed)
      return named(
        process,
        Array.from({ length: 20 }, () => (
          { at: Math.round(random() * seconds * 1000), kind: "sound", model: smallModel } as const
        ))
      )
    }
  },
  {
    ...defaults,
    name: "broken model",
    about: "As many calls of a model that fails every request with 500 as of one that works.",
    script: script({ rules: [{ on: "POST /chat/completions", model: brokenModel, fail: "INFERENCE_FAILED" }] }),
    calls: (process, _, seconds, seed) => {
      const random = randomFor(process, seed)
      return named(process, [
        ...steady(random, 0, seconds),
        ...steady(random, 0, seconds).map(({ at }) => ({ at, kind: "broken", model: brokenModel } as const))
      ])
    }
  },
  {
    ...defaults,
    name: "wrong requests",
    about:
      "A quarter of the processes sends 4 wrong requests a second each, for half of the time, of the model of all.",
    seconds: 40,
    calls: withMistake((seconds) => [seconds / 10, (seconds * 6) / 10]),
    trouble: (seconds) => ({ from: seconds / 10, over: (seconds * 6) / 10 })
  },
  {
    ...defaults,
    name: "outage",
    about: "The model is offline for half of the time.",
    script: (seed, seconds) =>
      script({
        dynamics: {
          outages: [{ model, from: `${(seconds / 6) * 1000} millis`, for: `${(seconds / 2) * 1000} millis` }]
        }
      })(
        seed
      ),
    calls: onlySteady,
    trouble: (seconds) => ({ from: seconds / 6, over: (seconds * 2) / 3 })
  },
  {
    ...defaults,
    name: "lost responses",
    about: "One of twenty responses is lost after Venice has run the request, with the connection.",
    script: script({ rules: [{ on: "POST /chat/completions", rate: 0.05, disconnect: "before-header" }] }),
    calls: onlySteady
  },
  {
    ...ofRedis,
    name: "Redis killed",
    about: "Redis is killed after a third of the time, and stays away.",
    redis: (seconds) => [[third(seconds), (redis) => redis.kill()]]
  },
  {
    ...ofRedis,
    name: "Redis frozen",
    about: "Redis is frozen (`SIGSTOP`) for the second third of the time.",
    redis: (seconds) => [[third(seconds), (redis) => redis.freeze()], [2 * third(seconds), (redis) => redis.thaw()]]
  },
  {
    ...ofRedis,
    name: "Redis slow",
    about: "Redis responds half a second late for the second third of the time.",
    redis: (seconds) => [[third(seconds), (redis) => redis.slow(500)], [2 * third(seconds), (redis) => redis.slow(0)]]
  },
  {
    ...ofRedis,
    name: "Redis restarted",
    about: "Redis is killed after a third of the time, and started again, empty, after the second.",
    redis: (seconds) => [[third(seconds), (redis) => redis.kill()], [2 * third(seconds), (redis) => redis.start()]]
  },
  {
    ...ofRedis,
    name: "Redis absent",
    about: "Redis is not there at the start, and started after a third of the time.",
    isRedisAbsent: true,
    trouble: () => ({ from: 0, over: 0 }),
    redis: (seconds) => [[third(seconds), (redis) => redis.start()]]
  }
]
