/** Runs a scenario on a test clock against an emulator in the process, and records its spans. */
import type { VeniceClient } from "@effect-venice/http"
import { Resilience } from "@effect-venice/http/resilience"
import { Emulator, Script } from "@effect-venice/testing"
import { Effect, Exit, Tracer } from "effect"
import type { HttpClient } from "effect/http"
import { virtually } from "./virtual.ts"

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

/** The spans of a scenario, which are the same each time. */
export const record = ({ program, script, settings = {} }: Scenario): Effect.Effect<Trace> =>
  Effect.suspend(() => {
    const spans: Array<Tracer.NativeSpan> = []
    const tracer = Tracer.make({
      span: (options) => {
        const span = new Tracer.NativeSpan(options)
        spans.push(span)
        return span
      }
    })
    return virtually(Effect.provideService(program, Tracer.Tracer, tracer)).pipe(
      Effect.map(() => traceOf(spans)),
      Effect.provide([Emulator.layerInProcessWith({ script: Script.make(script) }), Resilience.layer(settings)])
    )
  })
