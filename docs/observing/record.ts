/** Runs a scenario on a test clock against an emulator in the process, and records its spans. */
import type { VeniceClient } from "@effect-venice/http"
import { Resilience } from "@effect-venice/http/resilience"
import { Emulator, Script } from "@effect-venice/testing"
import { Clock, Duration, Effect, Exit, Fiber, Logger, Metric, Random, Tracer } from "effect"
import type { HttpClient } from "effect/http"
import { TestClock } from "effect/testing"

type Services = Emulator.Emulator | HttpClient.HttpClient | Resilience.Resilience | VeniceClient

/** A program, and the Venice that it calls. */
export interface Scenario {
  readonly name: string
  /** What the picture shows, as its caption. */
  readonly title: string
  readonly script: Parameters<typeof Script.make>[0]
  readonly settings?: Resilience.Settings
  readonly program: Effect.Effect<unknown, unknown, Services>
}

/** A span with its times in milliseconds after the beginning of the trace. */
export interface Recorded {
  readonly name: string
  readonly kind: Tracer.SpanKind
  /** The place of its parent in the trace. */
  readonly parent: number | undefined
  readonly start: number
  readonly end: number
  readonly isOk: boolean
  readonly attributes: Readonly<Record<string, unknown>>
  readonly events: ReadonlyArray<{
    readonly name: string
    readonly at: number
    readonly attributes: Readonly<Record<string, unknown>>
  }>
}

/** Spans in the order in which they began. */
export type Trace = ReadonlyArray<Recorded>

/** Lets the program go on until only time can move it. */
const settle = Effect.promise(async () => {
  for (let i = 0; i < 10; i++) await new Promise((resolve) => setImmediate(resolve))
})

/** A clock that tells for how long the next sleeper on it sleeps. */
const watched = (clock: Clock.Clock) => {
  const ends: Array<number> = []
  const sleep: Clock.Clock["sleep"] = (duration) =>
    Effect.suspend(() => {
      ends.push(clock.currentTimeMillisUnsafe() + Duration.toMillis(duration))
      return clock.sleep(duration)
    })
  const next = (): Duration.Duration => {
    const now = clock.currentTimeMillisUnsafe()
    return Duration.millis(Math.min(...ends.filter((end) => end > now)) - now)
  }
  // The methods of a clock may be on its prototype.
  return { clock: Object.assign(Object.create(clock) as Clock.Clock, { sleep }), next }
}

const traceOf = (spans: ReadonlyArray<Tracer.NativeSpan>): Trace => {
  const millis = (nanos: bigint) => Number(nanos / 1_000_000n)
  return spans.map((span) => {
    const { status } = span
    if (status._tag !== "Ended") throw new Error(`The span ${span.name} did not end`)
    const parent = span.parent._tag === "Some" ? span.parent.value.spanId : undefined
    const place = spans.findIndex(({ spanId }) => spanId === parent)
    return {
      name: span.name,
      kind: span.kind,
      parent: place === -1 ? undefined : place,
      start: millis(span.startTime),
      end: millis(status.endTime),
      isOk: Exit.isSuccess(status.exit),
      attributes: Object.fromEntries(span.attributes),
      events: span.events.map(([name, at, attributes]) => ({ name, at: millis(at), attributes }))
    }
  })
}

/** The spans of a scenario. They are the same each time: the clock is virtual, and the seed is that of the scenario. */
export const record = ({ program, script, settings = {} }: Scenario): Effect.Effect<Trace> =>
  Effect.gen(function*() {
    const spans: Array<Tracer.NativeSpan> = []
    const tracer = Tracer.make({
      span: (options) => {
        const span = new Tracer.NativeSpan(options)
        spans.push(span)
        return span
      }
    })
    const { clock, next } = watched(yield* Clock.Clock)
    const running = yield* Effect.exit(program).pipe(
      Effect.provideService(Tracer.Tracer, tracer),
      Effect.provideService(Clock.Clock, clock),
      Effect.forkChild
    )
    while (true) {
      yield* settle
      if (running.pollUnsafe() !== undefined) break
      yield* TestClock.adjust(next())
    }
    yield* Fiber.join(running)
    return traceOf(spans)
  }).pipe(
    Effect.provide([Emulator.layerInProcessWith({ script: Script.make(script) }), Resilience.layer(settings)]),
    Random.withSeed(1),
    Effect.provideService(Metric.MetricRegistry, new Map()),
    Effect.provide([TestClock.layer(), Logger.layer([])])
  )
