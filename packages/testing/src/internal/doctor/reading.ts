/**
 * The reads of the doctor: requests that are free, with the time and the headers of the response, also if it failed.
 *
 * Each is bounded in time and size, follows no redirect, and fails with redacted errors, all as `VeniceClient` does.
 *
 * @internal
 */
import type { Operation } from "@effect-venice/core"
import { type ClientOptions, type ExecuteFailure, VeniceClient } from "@effect-venice/http"
import * as ByteSize from "effect/ByteSize"
import * as Clock from "effect/Clock"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type { Headers } from "effect/http/Headers"
import * as HttpClient from "effect/http/HttpClient"
import { MaxBodySize } from "effect/http/HttpIncomingMessage"
import type * as Result from "effect/Result"
import * as Schema from "effect/Schema"

/** The operations that the doctor calls. None bills, creates or changes anything. */
export type FreeRead = Extract<
  Operation.Operation,
  "GET /models" | "GET /models/compatibility_mapping" | "GET /models/traits" | "GET /api_keys/rate_limits"
>

/** The head of a response, with the local times around it in epoch milliseconds. */
export interface Head {
  readonly status: number
  readonly headers: Headers
  readonly sentAt: number
  readonly receivedAt: number
}

export interface Reading<A> {
  readonly operation: FreeRead
  readonly result: Result.Result<A, ExecuteFailure>
  /** Absent without a response. */
  readonly head: Head | undefined
}

// The catalogue of models has less than 1 MiB.
const maxBody = ByteSize.mebibytes(16)

/** Calls an operation, and succeeds with the outcome. */
export const read = Effect.fnUntraced(function*<A>(
  operation: FreeRead,
  options: {
    readonly client: ClientOptions
    readonly timeout: Duration.Duration
    readonly success: Schema.Codec<A, unknown>
    readonly query?: Readonly<Record<string, string>>
  }
): Effect.fn.Return<Reading<A>, never, HttpClient.HttpClient> {
  let head: Head | undefined
  const transport = HttpClient.transform(
    yield* HttpClient.HttpClient,
    (response) =>
      Effect.flatMap(
        Clock.currentTimeMillis,
        (sentAt) =>
          Effect.tap(response, ({ headers, status }) =>
            Effect.map(Clock.currentTimeMillis, (receivedAt) => {
              head = { status, headers, sentAt, receivedAt }
            }))
      )
  )
  const venice = yield* Effect.provideService(VeniceClient.make(options.client), HttpClient.HttpClient, transport)
  const { query, success, timeout } = options
  const result = yield* venice.execute(operation, { query, success, timeout }).pipe(
    Effect.provideService(MaxBodySize, maxBody),
    Effect.result
  )
  return { operation, result: result as Result.Result<A, ExecuteFailure>, head }
})

const optional = <S extends Schema.Constraint>(schema: S) => Schema.optionalKey(Schema.NullOr(schema))

/** The success of `GET /api_keys/rate_limits`: the limits of every model, in requests and tokens a minute or a day. */
export const RateLimits = Schema.Struct({
  data: Schema.Struct({
    accessPermitted: optional(Schema.Boolean),
    apiTier: optional(Schema.Struct({ id: optional(Schema.String) })),
    balances: optional(Schema.Record(Schema.String, Schema.NullOr(Schema.Finite))),
    /** In ISO 8601. */
    keyExpiration: optional(Schema.String),
    rateLimits: optional(Schema.Array(Schema.Struct({
      apiModelId: Schema.String,
      rateLimits: Schema.Array(Schema.Struct({ type: Schema.String, amount: Schema.Finite }))
    })))
  })
})

export type RateLimits = typeof RateLimits.Type

/** The success of `GET /models/traits` and `GET /models/compatibility_mapping`: model ids by another name. */
export const Names = Schema.Struct({ data: Schema.Record(Schema.String, Schema.String) })
