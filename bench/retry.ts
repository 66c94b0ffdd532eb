/**
 * What retrying costs: a decision, and a call that waits.
 */
import * as Decode from "@effect-venice/core/Decode"
import * as Errors from "@effect-venice/core/Errors"
import * as Retry from "@effect-venice/core/Retry"
import { ConstantBackoff, handleAll, retry } from "cockatiel"
import { Clock, Duration, Effect, Schedule } from "effect"
import pRetry from "p-retry"
import { bodies, headers } from "./bodies.ts"
import { isQuick, median, report, shuffled } from "./measure.ts"

const retries = 4
const calls = isQuick ? 50 : 100
const rounds = isQuick ? 15 : 40

const error = new Errors.ModelOverloaded()

/** A clock on which nobody waits, so that only the decisions are left. */
const immediate: Clock.Clock = {
  currentTimeMillisUnsafe: () => Date.now(),
  currentTimeMillis: Effect.sync(() => Date.now()),
  currentTimeNanosUnsafe: () => process.hrtime.bigint(),
  currentTimeNanos: Effect.sync(() => process.hrtime.bigint()),
  monotonicTimeNanosUnsafe: () => process.hrtime.bigint(),
  monotonicTimeNanos: Effect.sync(() => process.hrtime.bigint()),
  sleep: () => Effect.void
}

// The same for one kind of failure, as it is written without this library: backoff, jitter, the server's hint, limits.
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

const works = {
  ours: inFiber(Effect.retry(failing, Retry.standard)),
  stock: inFiber(
    Effect.retry(failing, { schedule: stock, while: (error) => error.category === "Capacity" })
  ),
  pRetry: awaited(() => pRetry(fails, { retries, minTimeout: 0 })),
  cockatiel: awaited(() => cockatiel.execute(fails))
}

type Name = keyof typeof works

const names = Object.keys(works) as Array<Name>
const micros = Object.fromEntries(names.map((name) => [name, [] as Array<number>])) as Record<Name, Array<number>>
for (const name of names) for (let i = 0; i < 5; i++) await works[name]()
for (let i = 0; i < rounds; i++) {
  for (const name of shuffled(names)) {
    const before = process.cpuUsage()
    await works[name]()
    const { system, user } = process.cpuUsage(before)
    micros[name].push((user + system) / calls / retries)
  }
}
const ratio = (a: Name, b: Name) => median(micros[a].map((value, i) => value / micros[b][i]!))

const waiting = 10_000

const heapUsed = (): number => {
  for (let i = 0; i < 3; i++) globalThis.gc!()
  return process.memoryUsage().heapUsed
}

// Each call waits the half minute that its error asks for.
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
  "retry/decision/micros": median(micros.ours),
  "retry/decision/stock": ratio("ours", "stock"),
  "retry/decision/p-retry": ratio("ours", "pRetry"),
  "retry/decision/cockatiel": ratio("ours", "cockatiel"),
  "retry/waiting/heap": shared,
  "retry/waiting/own": own
})
process.exit()
