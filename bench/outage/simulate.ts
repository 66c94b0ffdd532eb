/**
 * An outage on virtual time: many clients in one process, one API key, an emulated Venice without sockets.
 *
 * Each client calls the model, waits for the end of the call and for a random time, and calls again. The model is offline
 * for half of the time. The same seed gives the same figures.
 */
import { VeniceClient } from "@effect-venice/http"
import { Pacing, Resilience } from "@effect-venice/http/resilience"
import { Dynamics, Emulator } from "@effect-venice/testing"
import { Clock, Duration, Effect, Exit, Fiber, Random, Redacted, Schema } from "effect"
import { HttpClient } from "effect/http"
import { TestClock } from "effect/testing"

/** The parts, each with the policy, and all together. */
export const parts = ["policy alone", "guard", "breaker", "pacing", "retry budget", "all parts"] as const

export type Part = (typeof parts)[number]

export interface Settings {
  readonly clients: number
  readonly seed: number
  readonly outage: Duration.Duration
}

export interface Call {
  /** Milliseconds since the start. */
  readonly start: number
  readonly end: number
  readonly isOk: boolean
}

export interface Simulation {
  readonly part: Part
  readonly calls: ReadonlyArray<Call>
  /** When requests were sent, in milliseconds since the start. */
  readonly requests: ReadonlyArray<number>
  /** When the model is offline, in milliseconds since the start. */
  readonly from: number
  readonly to: number
  /** When the clients stop, in milliseconds since the start. */
  readonly end: number
}

const model = "llama-3.2-3b"

/** How long a caller waits for a call. */
export const deadline = Duration.seconds(90)

/** The mean time between the calls of all clients: 400 calls a minute, of the 500 that Venice allows. */
const callsAMinute = 400

const epoch = Date.UTC(2026, 0, 1)

const dynamicsOf = (from: number, { outage }: Settings): Dynamics.Dynamics => ({
  ...Dynamics.venice,
  latency: { median: Duration.seconds(2), p99: Duration.seconds(8) },
  outages: [{ model, from: Duration.millis(from), for: outage }]
})

/** The retries a second of the budget. Its default of 10 is more than Venice's limit of requests lets through. */
export const allowance = 1

const has = (part: Part, one: Part) => part === one || part === "all parts"

const services = (part: Part) =>
  Resilience.layer({
    deadline,
    timeout: "30 seconds",
    ...(!has(part, "guard") && { guard: false }),
    ...(!has(part, "breaker") && { breaker: false }),
    pacing: has(part, "pacing") && { budgets: Pacing.tiers.XS },
    retryBudget: has(part, "retry budget") && { allowance }
  })

const body = { model, messages: [{ role: "user", content: "Why is the sky blue?" }] }

export const simulate = (part: Part, settings: Settings): Effect.Effect<Simulation> => {
  const length = Duration.toMillis(settings.outage)
  const [from, to, end] = [length / 2, length * 1.5, length * 2]
  const pause = (settings.clients / callsAMinute) * 60_000
  const calls: Array<Call> = []
  const requests: Array<number> = []

  const run = Effect.gen(function*() {
    const http = HttpClient.tapRequest(
      yield* HttpClient.HttpClient,
      () =>
        Effect.map(Clock.currentTimeMillis, (now) => {
          requests.push(now - epoch)
        })
    )
    const { baseUrl } = yield* Emulator.Emulator
    const venice = yield* VeniceClient.make({ baseUrl, apiKey: Redacted.make("key") }).pipe(
      Effect.provideService(HttpClient.HttpClient, http)
    )
    const call = Resilience.execute("POST /chat/completions", { body, success: Schema.Unknown }).pipe(
      Effect.provideService(VeniceClient, venice),
      Effect.exit
    )

    const client = Effect.gen(function*() {
      while (true) {
        yield* Effect.sleep(Duration.millis(Math.round(-Math.log(1 - (yield* Random.next)) * pause)))
        const start = (yield* Clock.currentTimeMillis) - epoch
        if (start >= end) return
        const exit = yield* call
        calls.push({ start, end: (yield* Clock.currentTimeMillis) - epoch, isOk: Exit.isSuccess(exit) })
      }
    })

    const all = yield* Effect.forkChild(
      Effect.forEach(Array.from({ length: settings.clients }), () => client, {
        concurrency: "unbounded",
        discard: true
      })
    )
    for (let at = 0; at < end + Duration.toMillis(deadline); at += 10_000) yield* TestClock.adjust("10 seconds")
    yield* Fiber.interrupt(all)
    return { part, calls, requests, from, to, end }
  })

  // The emulator starts at this moment, too.
  return TestClock.setTime(epoch).pipe(
    Effect.andThen(Effect.provide(run, [
      Emulator.layerInProcessWith({
        script: { seed: settings.seed, dynamics: dynamicsOf(from, settings) },
        journal: { entries: 1 }
      }),
      services(part)
    ])),
    Random.withSeed(settings.seed),
    Effect.provide(TestClock.layer()),
    Effect.scoped
  )
}
