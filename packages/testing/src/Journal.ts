/**
 * The journal of the emulator: every request with its answer, without secrets.
 *
 * An entry is opened when a request has arrived, and completed when its answer has been sent, or when one of the two
 * sides left. The journal is bounded: the oldest entries are dropped, and counted.
 *
 * **When to use**
 *
 * To assert in a test what was sent, how often, when, and what answered it; or to keep the exchanges of a test run.
 * `GET /__emulator/journal` returns the same over HTTP.
 *
 * **Details**
 *
 * Credentials are replaced by `<redacted>` in headers, queries and bodies: what a header of the request has, and what
 * looks like a key, a token or a signature. Of a body, at most 64 KiB are kept.
 *
 * **Example** (Reading what was sent)
 *
 * ```ts
 * import { VeniceClient } from "@effect-venice/http"
 * import { Emulator } from "@effect-venice/testing"
 * import { Effect } from "effect"
 *
 * const program = Effect.gen(function*() {
 *   const emulator = yield* Emulator.Emulator
 *   const venice = yield* VeniceClient
 *
 *   yield* venice.request("GET /models")
 *   const [entry] = yield* emulator.journal({ operation: "GET /models" })
 *   return entry
 * }).pipe(Effect.provide(Emulator.layerInProcess))
 *
 * const entry = await Effect.runPromise(program)
 * entry?.outcome // => "completed"
 * entry?.response?.status // => 200
 * ```
 *
 * @since 0.1.0
 */
import * as Schema from "effect/Schema"

const optional = Schema.optionalKey

/**
 * The schema of a body in the journal: a text, or base64 of what is not text.
 *
 * @category schemas
 * @since 0.1.0
 */
export const Body = Schema.Struct({
  text: optional(Schema.String),
  base64: optional(Schema.String),
  /** The length of the whole body. Of a response, what was sent. */
  bytes: Schema.Int,
  /** Only the beginning is kept. */
  isCut: optional(Schema.Literal(true))
})

/**
 * A body in the journal. Read it from an {@link Entry}.
 *
 * @category models
 * @since 0.1.0
 */
export interface Body extends Schema.Schema.Type<typeof Body> {}

/**
 * The schema of what answered a request:
 *
 * - `header`: the header `x-emulate` of the request
 * - `reply`: a reply that was given to the emulator
 * - `rule`: a rule of the script
 * - `venice`: the emulated Venice
 * - `unmatched`: nothing, because the emulator is strict
 *
 * @category schemas
 * @since 0.1.0
 */
export const Source = Schema.Literals(["header", "reply", "rule", "venice", "unmatched"])

/**
 * What answered a request, in an {@link Entry}.
 *
 * @category models
 * @since 0.1.0
 */
export type Source = typeof Source.Type

/**
 * The schema of how an exchange ended: the answer was sent in full, the emulator disconnected as a rule said, or the
 * client left before. `pending` is an exchange that goes on.
 *
 * @category schemas
 * @since 0.1.0
 */
export const Outcome = Schema.Literals(["pending", "completed", "disconnected", "aborted"])

/**
 * How an exchange ended, in an {@link Entry}.
 *
 * @category models
 * @since 0.1.0
 */
export type Outcome = typeof Outcome.Type

/**
 * The schema of an entry. Moments are encoded in epoch milliseconds.
 *
 * @category schemas
 * @since 0.1.0
 */
export const Entry = Schema.Struct({
  /** The number of the request in the order of arrival, from 1. */
  id: Schema.Int,
  receivedAt: Schema.DateTimeUtcFromMillis,
  /** When the header of the answer was sent. */
  answeredAt: optional(Schema.DateTimeUtcFromMillis),
  endedAt: optional(Schema.DateTimeUtcFromMillis),
  /** How many requests with the same `Idempotency-Key`, or else with the same method, path and body, came until now. */
  attempt: Schema.Int,
  request: Schema.Struct({
    method: Schema.String,
    path: Schema.String,
    query: optional(Schema.String),
    operation: optional(Schema.String),
    model: optional(Schema.String),
    headers: Schema.Record(Schema.String, Schema.String),
    body: Body
  }),
  source: Source,
  /** The rule that answered, in a few words. */
  rule: optional(Schema.String),
  response: optional(Schema.Struct({
    status: Schema.Int,
    headers: Schema.Record(Schema.String, Schema.String),
    body: Body
  })),
  outcome: Outcome
})

/**
 * A request with its answer. Assert on it in a test.
 *
 * @category models
 * @since 0.1.0
 */
export interface Entry extends Schema.Schema.Type<typeof Entry> {}

/**
 * Which entries to read: those that have all of the given values. `journal` of the emulator takes it.
 *
 * @category models
 * @since 0.1.0
 */
export interface Filter {
  readonly operation?: string | undefined
  readonly method?: string | undefined
  readonly path?: string | undefined
  readonly model?: string | undefined
  readonly status?: number | undefined
  readonly source?: Source | undefined
  readonly outcome?: Outcome | undefined
  /** Only entries with a greater `id`: pass the `next` of the page before. */
  readonly after?: number | undefined
  /** At most so many entries, the oldest first. */
  readonly limit?: number | undefined
}

/**
 * The schema of a page of the journal, the answer of `GET /__emulator/journal`.
 *
 * @category schemas
 * @since 0.1.0
 */
export const Page = Schema.Struct({
  entries: Schema.Array(Entry),
  /** What to pass as `after` to read on. Absent on the last page. */
  next: optional(Schema.Int),
  /** All requests, including those whose entries were dropped. */
  total: Schema.Int,
  dropped: Schema.Int
})

/**
 * A page of the journal.
 *
 * @category models
 * @since 0.1.0
 */
export interface Page extends Schema.Schema.Type<typeof Page> {}
