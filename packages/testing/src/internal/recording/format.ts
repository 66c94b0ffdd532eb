/**
 * The lines of a recording.
 *
 * @internal
 */
import * as Schema from "effect/Schema"

const optional = Schema.optionalKey

const Count = Schema.Int.check(Schema.isGreaterThanOrEqualTo(0))

/** A time in milliseconds. */
const Millis = Schema.Finite.check(Schema.isGreaterThanOrEqualTo(0))

export const version = 1

/** The line with which every session begins. */
export const Session = Schema.Struct({
  recording: Schema.Literal("effect-venice"),
  version: Schema.Int,
  startedAt: Schema.DateTimeUtcFromMillis,
  upstream: optional(Schema.String)
})

const flags = {
  /** Only the beginning is kept. */
  isCut: optional(Schema.Literal(true)),
  /** Nothing is kept, because a secret could not be removed. */
  isWithheld: optional(Schema.Literal(true))
}

export const RequestBody = Schema.Struct({
  bytes: Count,
  text: optional(Schema.String),
  base64: optional(Schema.String),
  ...flags
})

export const Chunk = Schema.Struct({
  after: Millis,
  text: optional(Schema.String),
  base64: optional(Schema.String)
})

export const ResponseBody = Schema.Struct({ bytes: Count, chunks: Schema.Array(Chunk), ...flags })

export const Outcome = Schema.Literals(["completed", "aborted", "broken", "failed"])

const Text = Schema.Record(Schema.String, Schema.String)

export const Exchange = Schema.Struct({
  id: Schema.Int,
  at: Schema.DateTimeUtcFromMillis,
  request: Schema.Struct({
    method: Schema.String,
    path: Schema.String,
    query: optional(Schema.String),
    operation: optional(Schema.String),
    headers: Text,
    body: RequestBody
  }),
  response: optional(Schema.Struct({
    after: Millis,
    status: Schema.Int.check(Schema.isBetween({ minimum: 200, maximum: 599 })),
    headers: Text,
    body: ResponseBody
  })),
  end: Schema.Struct({
    outcome: Outcome,
    after: Millis,
    error: optional(Schema.Struct({ message: Schema.String, code: optional(Schema.String) }))
  })
})

export type Exchange = typeof Exchange.Type

export const encodeSession = Schema.encodeSync(Session)

export const encodeExchange = Schema.encodeSync(Exchange)
