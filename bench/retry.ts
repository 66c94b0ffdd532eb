/** The cost of retries: the time of a decision, and the heap of a call that waits. */
import * as Decode from "@effect-venice/core/Decode"
import * as Errors from "@effect-venice/core/Errors"
import * as Retry from "@effect-venice/core/Retry"
import { ConstantBackoff, handleAll, retry } from "cockatiel"
import { Clock, Duration, Effect, Schedule } from "effect"
import pRetry from "p-retry"
import { bodies, headers } from "./bodies.ts"
import { compareCpu, isQuick, report, type Runs } from "./measure.ts"

const retries = 4
const calls = isQuick ? 50 : 100

const error = new Errors.ModelOverloaded()

/** A clock that never waits, so that only the decisions take time. */
const immediate: Clock.Clock = {
  currentTimeMillisUnsafe: () => Date.now(),
  currentTimeMillis: Effect.sync(() => Date.now()),
  currentTimeNanosUnsafe: () => process.hrtime.bigint(),
  currentTimeNanos: Effect.sync(() => process.hrtime.bigint()),
  monotonicTimeNanosUnsafe: () => process.hrtime.bigint(),
  monotonicTimeNanos: Effect.sync(() => process.hrtime.bigint()),
  sleep: () => Effect.void
}

// A schedule for one kind of failure, written without this library: backoff, jitter, the server's hint, limits.
const stock = Schedule.exponential("1 second").pipe(
  Schedule.setInputType<typeof error>(),
  Schedule.jittered,
  Schedule.modifyDelay(({ duration, input }) =>
    Effect.succeed(
      Duration.max(Duration.min(duration, Duration.seconds(30)), input.response.retryAfter ?? Duration.zero)
    )
  ),
  Schedule.upTo({ times: retries, duration: "2 minutes" })
)

const failing = Effect.fail(error)

const inFiber = <E>(call: Effect.Effect<unknown, E>) => () =>
  Effect.runPromise(
    Effect.repeat(Effect.exit(call), { times: calls - 1 }).pipe(Effect.provideService(Clock.Clock, immediate))
  )

const awaited = (call: () => Promise<unknown>) => async () => {
  for (let i = 0; i < calls; i++) await call().catch(() => undefined)
}

const fails = () => Promise.reject(error)

const cockatiel = retry(handleAll, { maxAttempts: retries, backoff: new ConstantBackoff(0) })

const each = (run: () => Promise<unknown>): Runs => ({ run, units: calls * retries })

const decisions = await compareCpu({
  ours: each(inFiber(Effect.retry(failing, Retry.standard))),
  stock: each(inFiber(
    Effect.retry(failing, { schedule: stock, while: (error) => error.category === "Capacity" })
  )),
  pRetry: each(awaited(() => pRetry(fails, { retries, minTimeout: 0 }))),
  cockatiel: each(awaited(() => cockatiel.execute(fails)))
})

const waiting = 10_000

const heapUsed = (): number => {
  for (let i = 0; i < 3; i++) globalThis.gc!()
  return process.memoryUsage().heapUsed
}

// Each call waits for the hint of its error, 30 seconds.
const busy = () =>
  Decode.response({
    status: 429,
    headers,
    body: bodies.openAi,
    operation: "POST /chat/completions",
    now: Date.now()
  })

const heapOf = (call: Effect.Effect<never, unknown>) =>
  Effect.gen(function*() {
    yield* Effect.forkChild(call)
    yield* Effect.sleep(Duration.millis(50))
    const before = heapUsed()
    for (let i = 0; i < waiting; i++) yield* Effect.forkChild(call)
    yield* Effect.sleep(Duration.millis(200))
    return (heapUsed() - before) / waiting / 1024
  })

const shared = await Effect.runPromise(heapOf(Effect.retry(Effect.fail(busy()), Retry.standard)))
const own = await Effect.runPromise(
  heapOf(Effect.retry(Effect.suspend(() => Effect.fail(busy())), Retry.standard))
)

report({
  "retry/decision/micros": decisions.micros("ours"),
  "retry/decision/stock": decisions.ratio("ours", "stock"),
  "retry/decision/p-retry": decisions.ratio("ours", "pRetry"),
  "retry/decision/cockatiel": decisions.ratio("ours", "cockatiel"),
  "retry/waiting/heap": shared,
  "retry/waiting/own": own
})
process.exit()
