/**
 * The API of the emulator itself: JSON in, JSON out.
 *
 * @internal
 */
import * as Clock from "effect/Clock"
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import * as Journal from "../../Journal.ts"
import * as WireResponse from "../../WireResponse.ts"
import { didYouMean, nearest } from "../nearest.ts"
import { decodeScript, encodeScript, problemsOf, scriptToSettings } from "../script/script.ts"
import { Delay } from "../script/values.ts"
import type { Sandbox } from "./sandbox.ts"

export interface Request {
  readonly method: string
  /** Below the path of the API. */
  readonly path: string
  readonly query: string
  readonly bytes: Uint8Array
}

export interface Target {
  readonly sandbox: Sandbox
  /** The base URL of the scope. */
  readonly base: string
  readonly scopes: number
}

const ok = (body: unknown): WireResponse.WireResponse => WireResponse.json(200, body)

const refuse = (error: string, problems?: ReadonlyArray<unknown>, status = 400): WireResponse.WireResponse =>
  WireResponse.json(status, { error, ...(problems !== undefined && { problems }) })

const exact = { errors: "all", onExcessProperty: "error" } as const

const decode = <S extends Schema.ConstraintDecoder<unknown>>(schema: S, what: string, input: unknown) =>
  Result.mapError(
    Schema.decodeUnknownResult(schema, exact)(input),
    (error) => refuse(`The ${what} is invalid`, problemsOf(error))
  )

const parse = ({ bytes }: Request): Result.Result<unknown, WireResponse.WireResponse> =>
  Result.try({
    try: () => JSON.parse(new TextDecoder().decode(bytes)) as unknown,
    catch: () => refuse("The body is not JSON")
  })

const Number_ = Schema.FiniteFromString.pipe(Schema.check(Schema.isInt(), Schema.isGreaterThanOrEqualTo(0)))

const JournalQuery = Schema.Struct({
  operation: Schema.optionalKey(Schema.String),
  method: Schema.optionalKey(Schema.String),
  path: Schema.optionalKey(Schema.String),
  model: Schema.optionalKey(Schema.String),
  status: Schema.optionalKey(Number_),
  source: Schema.optionalKey(Journal.Source),
  outcome: Schema.optionalKey(Journal.Outcome),
  after: Schema.optionalKey(Number_),
  limit: Schema.optionalKey(Number_)
})

const encodePage = Schema.encodeSync(Schema.toCodecJson(Journal.Page))

const defaultPage = 100

const ClockMove = Schema.Union([
  Schema.Struct({ advance: Delay }),
  Schema.Struct({ set: Schema.Union([Schema.String, Schema.Finite]) })
])

const clockOf = ({ clock }: Sandbox) =>
  Effect.map(Clock.Clock, (base) => {
    const now = clock.over(base).currentTimeMillisUnsafe()
    return ok({ now, iso: DateTime.formatIso(DateTime.makeUnsafe(now)) })
  })

const describeScript = ({ rules, settings }: Sandbox): WireResponse.WireResponse => {
  const { dynamics, isStrict, seed } = settings()
  const active = rules()
  return ok({
    // As it can be sent back.
    script: encodeScript({
      seed,
      strict: isStrict,
      dynamics,
      rules: active.map(({ rule }) => rule)
    }),
    used: active.map(({ used }) => used)
  })
}

type Handler = (request: Request, target: Target) => Effect.Effect<WireResponse.WireResponse>

const withScript =
  (apply: (sandbox: Sandbox, script: ReturnType<typeof scriptToSettings>) => Effect.Effect<void>) =>
  (request: Request, { sandbox }: Target) =>
    Result.match(
      Result.flatMap(parse(request), (input) =>
        Result.mapError(decodeScript(input), (problems) => refuse("The script is invalid", problems))),
      {
        onFailure: Effect.succeed,
        onSuccess: (script) =>
          Effect.map(apply(sandbox, scriptToSettings(script)), () => describeScript(sandbox))
      }
    )

const moveClock: Handler = (request, { sandbox }) =>
  Effect.gen(function*() {
    const body = Result.flatMap(parse(request), (input) => decode(ClockMove, "move of the clock", input))
    if (Result.isFailure(body)) return body.failure
    const base = yield* Clock.Clock
    if ("advance" in body.success) {
      yield* sandbox.clock.advance(body.success.advance)
      return yield* clockOf(sandbox)
    }
    const moment = DateTime.make(body.success.set)
    if (Option.isNone(moment)) return refuse("`set` is neither epoch milliseconds nor an ISO date")
    yield* sandbox.clock.set(base, DateTime.toEpochMillis(moment.value))
    return yield* clockOf(sandbox)
  })

const readJournal: Handler = ({ query }, { sandbox }) => {
  const filter = decode(JournalQuery, "query", Object.fromEntries(new URLSearchParams(query)))
  return Effect.succeed(
    Result.isFailure(filter)
      ? filter.failure
      : ok(encodePage(sandbox.log.page({ limit: defaultPage, ...filter.success })))
  )
}

const verify: Handler = (_, { sandbox }) => {
  const unmet = sandbox.unmet()
  const isMet = unmet.unused.length === 0 && unmet.unmatched.length === 0
  return Effect.succeed(WireResponse.json(isMet ? 200 : 409, { ok: isMet, ...unmet }))
}

const handlers: Readonly<Record<string, Readonly<Record<string, Handler>>>> = {
  "/health": {
    GET: (_, { base, sandbox, scopes }) =>
      Effect.succeed(ok({ status: "ok", baseUrl: base, requests: sandbox.log.page({ limit: 0 }).total, scopes }))
  },
  "/script": {
    GET: (_, { sandbox }) => Effect.succeed(describeScript(sandbox)),
    PUT: withScript((sandbox, settings) => sandbox.load(settings)),
    POST: withScript((sandbox, { rules }) => Effect.sync(() => sandbox.add(rules)))
  },
  "/journal": { GET: readJournal },
  "/reset": { POST: (_, { sandbox }) => Effect.as(sandbox.reset, ok({ status: "ok" })) },
  "/verify": { GET: verify },
  "/clock": { GET: (_, { sandbox }) => clockOf(sandbox), POST: moveClock }
}

/** Answers a request of the API. */
export const respond: Handler = (request, target) => {
  const path = request.path.replace(/\/$/, "") || "/health"
  const methods = Object.hasOwn(handlers, path) ? handlers[path]! : undefined
  if (methods === undefined) {
    const paths = Object.keys(handlers)
    return Effect.succeed(
      refuse(
        `No path ${JSON.stringify(path)}${didYouMean(nearest(path, paths)) || `: use ${paths.join(", ")}`}`,
        undefined,
        404
      )
    )
  }
  const handler = Object.hasOwn(methods, request.method) ? methods[request.method] : undefined
  if (handler !== undefined) return handler(request, target)
  const allow = Object.keys(methods).join(", ")
  return Effect.succeed(
    WireResponse.json(405, { error: `${request.method} ${path} is not possible: use ${allow}` }, { allow })
  )
}
