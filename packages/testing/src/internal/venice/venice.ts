/**
 * A model of Venice without sockets: requests go in, responses come out, and time passes on `Clock`.
 *
 * @internal
 */
import type { Operation } from "@effect-venice/core"
import * as Effect from "effect/Effect"
import type * as Dynamics from "../../Dynamics.ts"
import * as WireResponse from "../../WireResponse.ts"

/** A request as the emulator received it. */
export interface Request {
  readonly method: string
  /** Without the query. */
  readonly path: string
  /** Without the question mark. Empty by default. */
  readonly query?: string | undefined
  readonly operation: Operation.Operation | undefined
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string | undefined>>
  readonly body: string | Uint8Array
}

/** What one request cost. */
export interface Charge {
  /** The id of the request, its `CF-RAY`. */
  readonly id: string
  readonly operation: Operation.Operation
  readonly model: string | undefined
  /** Epoch milliseconds. */
  readonly at: number
  /** In dollars; a DIEM is worth one. Negative for a refund. */
  readonly amount: number
  readonly currency: "DIEM" | "BUNDLED_CREDITS" | "EARNED_CREDITS" | "USD"
}

export interface Venice {
  /** Responds to a request, after the latency of the dynamics. Total. */
  readonly respond: (request: Request) => Effect.Effect<WireResponse.WireResponse>
  /** The last charges and refunds, the oldest first. */
  readonly charges: Effect.Effect<ReadonlyArray<Charge>>
  /** Forgets everything that has happened, and starts the outages again. */
  readonly reset: Effect.Effect<void>
}

export interface Options {
  readonly dynamics?: Dynamics.Dynamics | undefined
  /** The origin of `download_url`, such as `http://127.0.0.1:4000`. */
  readonly origin?: string | undefined
}

export const make = (_options: Options = {}): Effect.Effect<Venice> =>
  Effect.succeed({
    respond: ({ operation }) =>
      Effect.succeed(
        operation === undefined ? WireResponse.json(404, { error: "Not found" }) : WireResponse.success(operation)
      ),
    charges: Effect.succeed([]),
    reset: Effect.void
  })
