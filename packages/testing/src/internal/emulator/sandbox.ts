/**
 * One emulated Venice: its rules, its journal, its clock and the state of its account. Every scope has one.
 *
 * @internal
 */
import { VeniceError } from "@effect-venice/core"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Random from "effect/Random"
import type * as Dynamics from "../../Dynamics.ts"
import * as Fixtures from "../../Fixtures.ts"
import type { Source } from "../../Journal.ts"
import * as WireResponse from "../../WireResponse.ts"
import { type Delivery, plan } from "../script/delivery.ts"
import { describe, isMatch, mismatches } from "../script/matching.ts"
import { answerOf, type Rule, timesOf } from "../script/rule.ts"
import * as Venice from "../venice/venice.ts"
import * as Log from "./log.ts"
import * as MovableClock from "./movableClock.ts"
import { type Received, route } from "./received.ts"

export interface Settings {
  readonly rules: ReadonlyArray<Rule>
  readonly seed: number | string
  readonly isStrict: boolean
  readonly dynamics: Dynamics.Dynamics
}

/** Tests name models as they like. Whoever describes the dynamics has the catalogue. */
const defaultDynamics: Dynamics.Dynamics = { acceptsUnknownModels: true }

export const defaultSettings: Settings = { rules: [], seed: 0, isStrict: false, dynamics: defaultDynamics }

/** What answers a request, for the way in that it came by. */
export interface Exchange {
  readonly delivery: Delivery
  /** The clock on which the parts are due. */
  readonly clock: Clock.Clock
  readonly head: () => void
  readonly sent: (bytes: Uint8Array) => void
  readonly end: (outcome: "aborted" | "completed" | "disconnected") => void
}

export interface Unmet {
  readonly unused: ReadonlyArray<string>
  readonly unmatched: ReadonlyArray<string>
}

interface Active {
  readonly rule: Rule
  used: number
}

interface Decision {
  readonly source: Source
  readonly description?: string
  readonly rule?: Rule
  readonly answer: Effect.Effect<WireResponse.WireResponse>
}

const emulated = (headers: Received["headers"]): WireResponse.WireResponse | undefined => {
  const code = headers["x-emulate"]
  if (code === undefined) return undefined
  const error = Fixtures.errors.find((error) => error._tag === code.trim().toUpperCase())
  return error === undefined
    ? WireResponse.json(400, { error: `Unknown code in x-emulate: ${JSON.stringify(code)}` })
    : WireResponse.fromError(error)
}

const asked = (headers: Received["headers"]): boolean | undefined => {
  const value = headers["x-emulate-strict"]?.trim().toLowerCase()
  return value === undefined ? undefined : value !== "false" && value !== "0"
}

const maxAttempts = 10_000

const maxUnmatched = 100

const maxNearest = 3

/** FNV-1a with 32 bits, to tell the bodies of attempts apart. */
const hash = (bytes: Uint8Array): number => bytes.reduce((out, byte) => Math.imul(out ^ byte, 0x01000193), 0x811c9dc5)

const attemptKey = ({ bytes, headers, method, path, query }: Received): string =>
  headers["idempotency-key"] ?? `${method} ${path}?${query} ${bytes.length} ${hash(bytes)}`

const toWire = (reply: VeniceError.VeniceError | WireResponse.WireResponse): WireResponse.WireResponse =>
  VeniceError.isVeniceError(reply) ? WireResponse.fromError(reply) : reply

const withRay = (wire: WireResponse.WireResponse, ray: string): WireResponse.WireResponse =>
  Object.keys(wire.headers).some((name) => name.toLowerCase() === "cf-ray")
    ? wire
    : { ...wire, headers: { "cf-ray": ray, ...wire.headers } }

/** The generator of a request. Most requests need none, and its start is slow. */
const seeded = (seed: string): typeof Random.Random.Service => {
  let made: typeof Random.Random.Service | undefined
  const random = () => made ??= Effect.runSync(Random.withSeed(Random.Random, seed))
  return {
    nextIntUnsafe: () => random().nextIntUnsafe(),
    nextDoubleUnsafe: () => random().nextDoubleUnsafe()
  }
}

export interface Sandbox {
  readonly handle: (request: Received) => Effect.Effect<Exchange>
  readonly reply: (replies: ReadonlyArray<VeniceError.VeniceError | WireResponse.WireResponse>) => void
  readonly add: (rules: ReadonlyArray<Rule>) => void
  /** Replaces rules and settings, and starts again. */
  readonly load: (settings: Settings) => Effect.Effect<void>
  /** Returns to the settings it was made with. */
  readonly reset: Effect.Effect<void>
  readonly unmet: () => Unmet
  readonly rules: () => ReadonlyArray<{ readonly rule: Rule; readonly used: number }>
  readonly settings: () => Settings
  readonly log: Log.Log
  readonly clock: MovableClock.MovableClock
}

export const make = Effect.fnUntraced(function*(
  initial: Settings,
  options: { readonly limits: Log.Limits; readonly origin: () => string }
) {
  const clock = MovableClock.make()
  const log = Log.make(options.limits)
  let settings = initial
  let venice = yield* Venice.make({ dynamics: initial.dynamics, origin: options.origin() })
  let active: Array<Active> = []
  let replies: Array<WireResponse.WireResponse> = []
  let unmatched: Array<string> = []
  let attempts = new Map<string, number>()
  let arrivals = 0

  const start = () => {
    active = settings.rules.map((rule) => ({ rule, used: 0 }))
    replies = []
    unmatched = []
    attempts = new Map()
    arrivals = 0
    log.clear()
  }
  start()

  const load = Effect.fnUntraced(function*(next: Settings) {
    settings = next
    yield* clock.reset
    venice = yield* Venice.make({ dynamics: next.dynamics, origin: options.origin() })
    start()
  })

  const attemptOf = (request: Received): number => {
    const key = attemptKey(request)
    const attempt = (attempts.get(key) ?? 0) + 1
    // The oldest key is forgotten first.
    attempts.delete(key)
    attempts.set(key, attempt)
    if (attempts.size > maxAttempts) attempts.delete(attempts.keys().next().value!)
    return attempt
  }

  const isUsedUp = ({ rule, used }: Active): boolean => used >= timesOf(rule)

  const explain = (request: Received): string => {
    const nearest = active
      .map((entry, i) => {
        const reasons = mismatches(entry.rule, request)
        return { i, entry, reasons: isUsedUp(entry) ? [...reasons, `it is used up after ${entry.used}`] : reasons }
      })
      .sort((a, b) => a.reasons.length - b.reasons.length || a.i - b.i)
      .slice(0, maxNearest)
      .map(({ entry, i, reasons }) =>
        `  ${i + 1}. ${describe(entry.rule)}\n     ${reasons.join("; ") || "its rate did not draw it"}`
      )
    return [
      `The emulator is strict, and no rule matches ${request.method} ${route(request)}.`,
      ...(nearest.length === 0 ? ["There are no rules."] : ["The nearest rules:", ...nearest])
    ].join("\n")
  }

  const refuse = (request: Received): Decision => {
    const message = explain(request)
    if (unmatched.length < maxUnmatched) unmatched.push(message)
    return { source: "unmatched", answer: Effect.succeed(WireResponse.json(400, { error: message })) }
  }

  const decide = (request: Received, draw: () => number): Decision => {
    const forced = emulated(request.headers)
    if (forced !== undefined) return { source: "header", answer: Effect.succeed(forced) }
    const reply = replies.shift()
    if (reply !== undefined) return { source: "reply", answer: Effect.succeed(reply) }
    const fromVenice = Effect.suspend(() => venice.respond(request))
    const found = active.find((entry) =>
      !isUsedUp(entry) && isMatch(entry.rule, request) && (entry.rule.rate === undefined || draw() < entry.rule.rate)
    )
    if (found === undefined) {
      const isStrict = asked(request.headers) ?? settings.isStrict
      return isStrict ? refuse(request) : { source: "venice", answer: fromVenice }
    }
    found.used++
    const { rule } = found
    const given = answerOf(rule)
    return {
      source: "rule",
      description: describe(rule),
      rule,
      answer: given === undefined ? fromVenice : Effect.succeed(given)
    }
  }

  const handle = Effect.fnUntraced(function*(request: Received) {
    // Everything up to the answer of Venice happens at once, so that only the order of arrival counts.
    const moving = clock.over(yield* Clock.Clock)
    const now = () => moving.currentTimeMillisUnsafe()
    const arrival = ++arrivals
    const random = seeded(`${settings.seed}/${arrival}`)
    const draw = () => random.nextDoubleUnsafe()
    const record = log.open(request, attemptOf(request), now())
    const decision = decide(request, draw)
    record.answer(decision.source, decision.description)
    const wire = yield* decision.answer.pipe(
      Effect.provideService(Random.Random, random),
      Effect.provideService(Clock.Clock, moving),
      Effect.onInterrupt(() => Effect.sync(() => record.end("aborted", now())))
    )
    const delivery = plan(withRay(wire, `${arrival.toString(16).padStart(16, "0")}-VCE`), decision.rule, draw)
    const exchange: Exchange = {
      delivery,
      clock: moving,
      head: () => record.head(delivery, now()),
      sent: record.sent,
      end: (outcome) => record.end(outcome, now())
    }
    return exchange
  })

  const sandbox: Sandbox = {
    handle,
    reply: (next) => {
      replies.push(...next.map(toWire))
    },
    add: (rules) => {
      active.push(...rules.map((rule) => ({ rule, used: 0 })))
    },
    load,
    reset: Effect.suspend(() => load(initial)),
    unmet: () => ({
      unused: [
        ...replies.map(({ status }) => `a reply with ${status}`),
        ...active.filter((entry) => {
          const times = timesOf(entry.rule)
          return entry.rule.rate === undefined && (Number.isFinite(times) ? entry.used < times : entry.used === 0)
        }).map(({ rule, used }) => {
          const times = timesOf(rule)
          return `${describe(rule)}, used ${used}${Number.isFinite(times) ? ` of ${times}` : ""} times`
        })
      ],
      unmatched: [...unmatched]
    }),
    rules: () => [...active],
    settings: () => settings,
    log,
    clock
  }
  return sandbox
})
