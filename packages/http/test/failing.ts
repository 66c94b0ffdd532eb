/**
 * Calls that fail, each in a way of its own, against the server of `hostile.ts`, and what each has to end with.
 */
import { HttpFailure, type VeniceClient } from "@effect-venice/http"
import { Cause, Duration, Effect, Exit, Schema, Stream } from "effect"
import { type ChildProcess, fork } from "node:child_process"
import { once } from "node:events"
import { join } from "node:path"
import { chat, image } from "./bodies.ts"
import type { Count } from "./hostile.ts"

const start = async (): Promise<{ readonly server: ChildProcess; readonly url: string }> => {
  const server = fork(join(import.meta.dirname, "hostile.ts"), { execArgv: [] })
  const [url] = await once(server, "message") as [string]
  return { server, url }
}

const countOf = async (server: ChildProcess): Promise<Count> => {
  const answered = once(server, "message")
  server.send("count")
  const [count] = await answered as [Count]
  return count
}

/** The server, until the scope ends. */
export const hostile = Effect.map(
  Effect.acquireRelease(Effect.promise(start), ({ server }) => Effect.sync(() => server.disconnect())),
  ({ server, url }) => ({ url, pid: server.pid!, count: Effect.promise(() => countOf(server)) })
)

type Venice = VeniceClient["Service"]

interface Failing {
  readonly name: string
  /** How many of a round of calls are of this kind. */
  readonly weight: number
  /** The tag, or `interrupted`. */
  readonly outcome: string
  readonly call: (venice: Venice) => Effect.Effect<unknown, unknown>
}

const Answer = Schema.Struct({ choices: Schema.Array(Schema.Unknown) })

const Delta = Schema.Struct({ text: Schema.String })

const execute = (fault: string, timeout?: Duration.Input) => (venice: Venice) =>
  venice.execute("POST /chat/completions", { query: { fault }, body: chat, success: Answer, timeout })

const stream = (fault: string) => (venice: Venice) =>
  Stream.runDrain(venice.stream("POST /chat/completions", { query: { fault }, body: chat, event: Delta }))

const request = (fault: string) => (venice: Venice) =>
  venice.request("POST /image/generate", { query: { fault }, body: image })

const interrupted = (call: Failing["call"], after: Duration.Input): Failing["call"] => (venice) =>
  Effect.timeoutOrElse(call(venice), { duration: after, orElse: () => Effect.fail({ _tag: "interrupted" }) })

/** With less patience for bodies that do not end. */
const briefly = (call: Failing["call"]): Failing["call"] => (venice) =>
  Effect.provideService(call(venice), HttpFailure.BodyLimits, { bytes: 256 * 1024, time: Duration.millis(30) })

const unrecognized = "UNRECOGNIZED_RESPONSE"

export const failing: ReadonlyArray<Failing> = [
  { name: "error as JSON", weight: 20, outcome: "INVALID_REQUEST", call: execute("json") },
  { name: "error with a hint", weight: 10, outcome: "MODEL_OVERLOADED", call: execute("busy") },
  { name: "page of a proxy", weight: 8, outcome: unrecognized, call: execute("html") },
  { name: "no body", weight: 8, outcome: unrecognized, call: execute("empty") },
  { name: "300 KiB of body", weight: 3, outcome: unrecognized, call: execute("large") },
  { name: "4 MiB in 4 KiB of gzip", weight: 1, outcome: unrecognized, call: execute("bomb") },
  { name: "body shorter than its length", weight: 5, outcome: unrecognized, call: execute("short") },
  { name: "body longer than its length", weight: 2, outcome: unrecognized, call: execute("long") },
  { name: "chunk cut off", weight: 5, outcome: unrecognized, call: execute("chunk") },
  { name: "reset before the headers", weight: 5, outcome: "HttpClientError", call: execute("reset") },
  { name: "reset inside the body", weight: 4, outcome: unrecognized, call: execute("broken") },
  { name: "headers too late", weight: 4, outcome: "HttpClientError", call: execute("slow", "20 millis") },
  { name: "body drips beyond the limit", weight: 1, outcome: unrecognized, call: briefly(execute("drip")) },
  { name: "success of another shape", weight: 4, outcome: "UnexpectedBody", call: execute("unexpected") },
  { name: "blocked image that never ends", weight: 2, outcome: "CONTENT_POLICY_VIOLATION", call: request("blocked") },
  { name: "error among events", weight: 5, outcome: "MODEL_OVERLOADED", call: stream("event") },
  { name: "error among events that go on", weight: 2, outcome: "INFERENCE_FAILED", call: stream("eventOpen") },
  { name: "events cut off", weight: 4, outcome: "UnfinishedStream", call: stream("cut") },
  { name: "page instead of events", weight: 2, outcome: "UnexpectedBody", call: stream("page") },
  { name: "interrupted at once", weight: 1, outcome: "interrupted", call: interrupted(execute("slow"), 0) },
  { name: "interrupted before headers", weight: 1, outcome: "interrupted", call: interrupted(execute("slow"), 15) },
  { name: "interrupted inside a body", weight: 1, outcome: "interrupted", call: interrupted(execute("drip"), 15) },
  { name: "interrupted among events", weight: 2, outcome: "interrupted", call: interrupted(stream("ticking"), 15) }
]

/** One of each kind as often as its weight says, in an order that mixes them. */
export const round: ReadonlyArray<Failing> = failing
  .flatMap((kind) => Array.from({ length: kind.weight }, (_, i) => [(i + 0.5) / kind.weight, kind] as const))
  .toSorted(([a], [b]) => a - b)
  .map(([, kind]) => kind)

const tagOf = (error: unknown): string =>
  typeof error === "object" && error !== null && "_tag" in error ? String(error._tag) : String(error)

/** How a call ended: a tag, `interrupted`, or in words what may not happen. */
export const outcome = (venice: Venice, { call }: Failing): Effect.Effect<string> =>
  Effect.map(Effect.exit(call(venice)), (exit) => {
    if (Exit.isSuccess(exit)) return "a success"
    const failure = Cause.findErrorOption(exit.cause)
    return failure._tag === "Some" ? tagOf(failure.value) : `a defect: ${Cause.pretty(exit.cause)}`
  })
