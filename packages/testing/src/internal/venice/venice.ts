/**
 * A model of Venice without sockets: requests go in, responses come out, and time passes on `Clock`.
 *
 * @internal
 */
import { Errors } from "@effect-venice/core"
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Random from "effect/Random"
import type * as Dynamics from "../../Dynamics.ts"
import { fromError } from "../wire/encode.ts"
import type { WireResponse } from "../wire/response.ts"
import { json } from "../wire/response.ts"
import type { Call, Caller, Request } from "./call.ts"
import { parametersOf } from "./call.ts"
import * as Credentials from "./credentials.ts"
import { Draw, hash } from "./draw.ts"
import { bucketOf } from "./failures.ts"
import * as Jobs from "./jobs.ts"
import * as Latency from "./latency.ts"
import type { Charge } from "./ledger.ts"
import type { Parsed } from "./parse.ts"
import { parse } from "./parse.ts"
import type { Refusal } from "./refusal.ts"
import { routes } from "./routes.ts"
import type { Answer } from "./run.ts"
import { withHeaders } from "./run.ts"
import type { State } from "./state.ts"
import * as States from "./state.ts"
import { dateHeader } from "./wallClock.ts"

export type { Request } from "./call.ts"
export type { Charge } from "./ledger.ts"

export interface Venice {
  /** Responds to a request, after the latency of the dynamics. Total. */
  readonly respond: (request: Request) => Effect.Effect<WireResponse>
  /** The last charges and refunds, the oldest first. */
  readonly charges: Effect.Effect<ReadonlyArray<Charge>>
  /** Forgets everything that has happened, and starts the outages again. */
  readonly reset: Effect.Effect<void>
}

export interface Options {
  readonly dynamics?: Dynamics.Dynamics | undefined
  /** The origin of `download_url`, such as `http://127.0.0.1:4000`. By default, that of the request's `Host`. */
  readonly origin?: string | undefined
}

type Routed = Request & { readonly operation: Call["operation"] }

const notFound = json(404, { error: "Not found" })

/** When the last part of a body is sent. */
const endOf = ({ body }: WireResponse, now: number): number =>
  Array.isArray(body)
    ? body.reduce((end: number, { delay }) => end + (delay === undefined ? 0 : Duration.toMillis(delay)), now)
    : now

/** Whom failures without a valid credential count against: the credential, of which nothing is kept but its hash. */
const strangerOf = ({ headers }: Request): string =>
  `stranger ${hash(headers.authorization ?? headers["x-api-key"] ?? headers["sign-in-with-x"] ?? "")}`

/** Answers a refusal, and counts it against the budget of its bucket. */
const refuse = (
  { failures, breaches }: State,
  refusal: Refusal,
  bucket: string,
  caller: Caller,
  now: number
): WireResponse => {
  const { counted, response } = refusal
  if (response.status === 402 && counted === "none") return response
  const answer = withHeaders(response, failures.headers(bucket, now))
  if (failures.count(bucket, counted, now)) {
    breaches.add(
      { caller, now },
      "model:unknown",
      counted === "unsupported" ? "UNSUPPORTED_FEATURE_REQUESTS" : "FAILED_REQUESTS"
    )
  }
  return answer
}

const stranger: Caller = { kind: "anonymous", id: "anonymous" }

/** What a handler cannot answer. It would be a defect of the emulator, and is told as Venice tells its own. */
const failed: Answer = { response: fromError(new Errors.UnknownError()) }

/** Handles a request at once. The answer is sent later. */
const handle = (state: State, request: Routed, parsed: Parsed, id: string, now: number, draw: Draw) =>
  Effect.gen(function*() {
    const authenticated = yield* Effect.result(
      Credentials.authenticate(request, state.accounts, state.signIn, now, draw)
    )
    const caller = authenticated._tag === "Success" ? authenticated.success : stranger
    const owner: Pick<Call, "caller"> = authenticated._tag === "Success"
      ? { caller }
      : { caller: { ...stranger, id: strangerOf(request) as "anonymous" } }
    const bucket = bucketOf({ ...parsed, ...owner })
    const lockout = state.failures.lockout(bucket, now)
    const isFree = Credentials.accessOf(request.operation) === "public"
    if (lockout !== undefined && !isFree) return { response: lockout }
    if (authenticated._tag === "Failure") {
      return { response: refuse(state, authenticated.failure, bucket, owner.caller, now) }
    }
    const call: Call = {
      id,
      now,
      operation: request.operation,
      parameters: parametersOf(request.operation, request.path),
      query: new URLSearchParams(request.query ?? ""),
      headers: request.headers,
      ...parsed,
      caller,
      draw
    }
    return yield* routes[request.operation](call, state).pipe(
      Effect.map((answer): Answer => ({
        ...answer,
        response: isFree ? answer.response : withHeaders(answer.response, state.failures.headers(bucket, now))
      })),
      Effect.catch((refusal) =>
        Effect.sync((): Answer => ({
          response: isFree ? refusal.response : refuse(state, refusal, bucket, caller, now)
        }))
      )
    )
  })

const answerTo = (state: State, request: Request, id: string, now: number, draw: Draw): Effect.Effect<Answer> => {
  const { operation } = request
  const download = Jobs.download(request.method, request.path, state, now)
  if (download !== undefined) return Effect.succeed({ response: download })
  if (operation === undefined) return Effect.succeed({ response: notFound })
  return parse(request).pipe(
    Effect.matchEffect({
      onFailure: ({ response }) => Effect.succeed<Answer>({ response }),
      onSuccess: (parsed) => handle(state, { ...request, operation }, parsed, id, now, draw)
    }),
    Effect.catchDefect((defect) => Effect.as(Effect.logError("The emulated Venice failed", defect), failed))
  )
}

/** Waits as long as Venice takes. A run ends in Venice even if its caller has gone, and is billed. */
const deliver = (
  state: State,
  { finish, response }: Answer,
  draw: Draw,
  sleep: (wait: Duration.Duration) => Effect.Effect<void>
): Effect.Effect<WireResponse> => {
  const latency = state.dynamics.latency
  const wait = latency === undefined || response.status >= 400 ? 0 : Latency.draw(latency, () => draw.next())
  const end = Effect.map(Clock.currentTimeMillis, (now) => {
    Jobs.settle(state, now)
    finish?.(now, endOf(response, now))
  })
  return (wait === 0 ? Effect.void : sleep(Duration.millis(wait))).pipe(
    Effect.onExit(() => end),
    Effect.as(response)
  )
}

export const make = (options: Options = {}): Effect.Effect<Venice> =>
  Effect.gen(function*() {
    const { dynamics = {}, origin } = options
    const start = Effect.map(Clock.currentTimeMillis, (now) => States.make(dynamics, origin, now))
    let state = yield* start
    return {
      // Whatever a request takes, it gives back: only its wait can be interrupted.
      respond: (request) =>
        Effect.uninterruptibleMask(Effect.fnUntraced(function*(restore) {
          const now = yield* Clock.currentTimeMillis
          const draw = new Draw(yield* Random.nextIntBetween(0, 0x1_0000_0000, { halfOpen: true }))
          const current = state
          Jobs.settle(current, now)
          const id = `${draw.hex(16)}-VCE`
          const answer = yield* answerTo(current, request, id, now, draw)
          const response = yield* deliver(current, answer, draw, (wait) => restore(Effect.sleep(wait)))
          return withHeaders(response, { "cf-ray": id, date: dateHeader(yield* Clock.currentTimeMillis) })
        })),
      charges: Effect.map(Clock.currentTimeMillis, (now) => {
        Jobs.settle(state, now)
        return state.ledger.charges
      }),
      reset: Effect.map(start, (fresh) => {
        state = fresh
      })
    }
  })
