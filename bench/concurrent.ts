/**
 * Many failing calls at once, under a policy: what each holds while all of them wait, and how much later than its policy
 * asks each ends. Calls start at the same rate, however many there are. Each fails twice and waits for the hint of its
 * error, over a client in memory. Each number of calls runs in a process of its own.
 */
import * as Retry from "@effect-venice/core/Retry"
import { BodyLimits } from "@effect-venice/http/HttpFailure"
import { VeniceClient } from "@effect-venice/http/VeniceClient"
import { Clock, Context, Duration, Effect, Fiber, Redacted, Schema } from "effect"
import { HttpClient, HttpClientResponse } from "effect/http"
import { spawnSync } from "node:child_process"
import { report } from "./measure.ts"

const failures = 2
const hintSeconds = 5
const callsPerMilli = 3

/** The time a call has slept because its policy asked for it, in milliseconds, and how often it was sent. */
class Course extends Context.Service<Course, { slept: number; sent: number }>()("bench/Course") {}

/** A real clock that writes down how long a call was to sleep. Limits of time, which interrupt their sleep, do not count. */
const observing = (clock: Clock.Clock): Clock.Clock => ({
  currentTimeMillisUnsafe: () => clock.currentTimeMillisUnsafe(),
  currentTimeMillis: clock.currentTimeMillis,
  currentTimeNanosUnsafe: () => clock.currentTimeNanosUnsafe(),
  currentTimeNanos: clock.currentTimeNanos,
  monotonicTimeNanosUnsafe: () => clock.monotonicTimeNanosUnsafe(),
  monotonicTimeNanos: clock.monotonicTimeNanos,
  sleep: (duration) =>
    Effect.withFiber((fiber) => {
      const course = Context.getOrUndefined(fiber.context, Course)
      if (course === undefined) return clock.sleep(duration)
      return Effect.map(clock.sleep(duration), () => {
        course.slept += Duration.toMillis(duration)
      })
    })
})

const bodyTime = Duration.hours(1)

/** Does not wait, except for the limit of a body: for calls that only compile the code. */
const immediate: Clock.Clock = {
  ...observing(Effect.runSync(Clock.clockWith(Effect.succeed))),
  sleep: (duration) => Duration.toMillis(duration) < Duration.toMillis(bodyTime) ? Effect.void : Effect.never
}

const completion = JSON.stringify({ id: "chatcmpl-1", model: "llama-3.3-70b", choices: [] })
const overloaded = JSON.stringify({ error: "The model is currently overloaded. Please try again later." })
const headers = { "content-type": "application/json", "cf-ray": "91dbd54fa83f8cbd-EWR" }

const answering = HttpClient.make((request, _url, _signal, fiber) => {
  const course = Context.getUnsafe(fiber.context, Course)
  const response = course.sent++ < failures
    ? new Response(overloaded, { status: 429, headers: { ...headers, "retry-after": String(hintSeconds) } })
    : new Response(completion, { headers })
  return Effect.succeed(HttpClientResponse.fromWeb(request, response))
})

const used = (): number => {
  for (let i = 0; i < 3; i++) globalThis.gc!()
  return process.memoryUsage().heapUsed
}

const measure = (calls: number) =>
  Effect.gen(function*() {
    const venice = yield* VeniceClient.make({ apiKey: Redacted.make("VENICE_INFERENCE_KEY_abcdefghijklmnop") })
    const body = { model: "llama-3.3-70b", messages: [{ role: "user" as const, content: "Why is the sky blue?" }] }
    const added: Array<number> = []
    const call = Effect.gen(function*() {
      const course = { slept: 0, sent: 0 }
      const start = performance.now()
      yield* venice.execute("POST /chat/completions", { body, success: Schema.Struct({ id: Schema.String }) }).pipe(
        Effect.retry(Retry.standard),
        Effect.provideService(BodyLimits, { bytes: 256 * 1024, time: bodyTime }),
        Effect.provideService(Course, course)
      )
      added.push(performance.now() - start - course.slept)
    })
    yield* Effect.repeat(call, { times: 2000 }).pipe(Effect.provideService(Clock.Clock, immediate))
    added.length = 0
    const before = used()
    const start = performance.now()
    const fibers: Array<Fiber.Fiber<void, unknown>> = []
    while (fibers.length < calls) {
      const due = Math.min(calls, Math.floor((performance.now() - start) * callsPerMilli))
      while (fibers.length < due) fibers.push(yield* Effect.forkChild(call))
      yield* Effect.sleep("1 millis")
    }
    // The first attempts have ended, and no call is due yet.
    yield* Effect.sleep("300 millis")
    const heap = (used() - before) / calls / 1024
    yield* Effect.forEach(fibers, Fiber.join, { discard: true })
    added.sort((a, b) => a - b)
    return { heap, p99: added[Math.floor(calls * 0.99)]!, median: added[calls >> 1]! }
  }).pipe(
    Effect.provideService(HttpClient.HttpClient, answering),
    Effect.updateService(Clock.Clock, observing)
  )

type Measured = Effect.Success<ReturnType<typeof measure>>

const inProcess = (calls: number): Measured => {
  const { status, stderr, stdout } = spawnSync(
    process.execPath,
    ["--expose-gc", import.meta.filename, String(calls)],
    { encoding: "utf8" }
  )
  if (status !== 0) throw new Error(stderr)
  return JSON.parse(stdout)
}

const asked = process.argv[2]
if (asked !== undefined) {
  process.stdout.write(JSON.stringify(await Effect.runPromise(measure(Number(asked)))))
} else {
  const few = inProcess(1000)
  const many = inProcess(10_000)
  report({
    "concurrent/heap": many.heap,
    "concurrent/heap/flat": many.heap / few.heap,
    "concurrent/median": many.median,
    "concurrent/p99": many.p99,
    "concurrent/p99/flat": many.p99 / few.p99
  })
}
