/**
 * The calls of one key and model that wait for their turn, and their budgets of requests and tokens.
 *
 * @internal
 */
import type { Budget, RateLimit } from "@effect-venice/core/ResponseContext"
import { Deadline } from "@effect-venice/core/Retry"
import * as DateTime from "effect/DateTime"
import * as Deferred from "effect/Deferred"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import type * as Fiber from "effect/Fiber"
import type * as Redacted from "effect/Redacted"
import { PaceExceeded } from "../../Failure.ts"
import { nothingLeft } from "./asking.ts"
import { recordHeld } from "./held.ts"
import { knownKeyName, withKeyName } from "./keyName.ts"
import { type Entry, Meter } from "./meter.ts"
import { nowOf, States } from "./states.ts"

/**
 * What the budgets of a call go by; an argument of {@link pace}, which {@link callOf} makes from a body.
 *
 * @category models
 * @since 0.1.0
 */
export interface Call {
  /** The API key. Calls without one share their budgets: leave it out if the process has a single key. */
  readonly key?: Redacted.Redacted | undefined
  /** The model in the request body. */
  readonly model?: string | undefined
  /** How many tokens the call will take, if it takes tokens. */
  readonly tokens?: number | undefined
  /** The operation, for the attribute of `Telemetry.failures`. */
  readonly operation?: string | undefined
}

/**
 * What a response says of the pace, as {@link answerOf} and {@link answerOfHeaders} return it.
 *
 * @category models
 * @since 0.1.0
 */
export interface Answer {
  /** The budgets after the response. */
  readonly rateLimit?: RateLimit | undefined
  /** The tokens that the call took. */
  readonly tokens?: number | undefined
  /** How long no call is to be sent: the response was a 429. */
  readonly pause?: Duration.Duration | undefined
  /** The request was not sent, so that everything is given back. */
  readonly unsent?: boolean | undefined
}

/**
 * The turn of one call, for a client that is no effect from its request to its response. {@link run} uses it for all
 * others.
 *
 * @category models
 * @since 0.1.0
 */
export interface Turn {
  /** Succeeds when the request may be sent. Run it once. An interruption gives the place back. */
  readonly acquire: Effect.Effect<void, PaceExceeded>
  /** Says what the response was. Only the first time counts. Without it, the estimate of the tokens stays. */
  readonly settle: (answer?: Answer) => Effect.Effect<void>
}

/** Settings that were checked. */
export interface Checked {
  readonly window: number
  readonly budgetsOf: (model: string | undefined) => { readonly requests: number; readonly tokens: number }
  readonly longestWait: number
  readonly longestQueue: number
}

interface Waiting {
  readonly isFirst: Deferred.Deferred<void>
}

type AnyFiber = Fiber.Fiber<unknown, unknown>

const part = "pacing"

const resetOf = (budget: Budget) => ({
  ...budget,
  resetAt: budget.resetAt === undefined ? undefined : DateTime.toEpochMillis(budget.resetAt)
})

/** What a call has taken. */
export interface Taken {
  readonly requests: Entry
  readonly tokens: Entry
}

/** More than any call takes. Sums of larger numbers are not exact: what is rounded would stay in the budget for ever. */
const mostTokens = 1e12

/** A number of tokens that can be counted, here and in Redis. */
export const wholeTokens = (tokens: number | undefined): number | undefined =>
  tokens !== undefined && tokens >= 0 && Number.isFinite(tokens) ? Math.min(Math.ceil(tokens), mostTokens) : undefined

export class Lane {
  readonly name: string
  /** The name in Redis, if it was computed. */
  sharedName: string | undefined
  readonly requests: Meter
  readonly tokens: Meter
  /** In the order of their turns. A set, because an interrupted call leaves from any place. */
  readonly queue = new Set<Waiting>()
  /** Completed when the first of the queue should look again. */
  private changed = Deferred.makeUnsafe<void>()

  constructor(name: string, settings: Checked, model: string | undefined) {
    const { requests, tokens } = settings.budgetsOf(model)
    this.name = name
    this.requests = new Meter(requests, settings.window)
    this.tokens = new Meter(tokens, settings.window)
  }

  isIdle(now: number): boolean {
    return this.queue.size === 0 && this.requests.isIdle(now) && this.tokens.isIdle(now)
  }

  /** When the next call can be sent, if it takes so many tokens. */
  opensAt(now: number, tokens: number): number {
    return Math.max(this.requests.opensAt(now, 1), this.tokens.opensAt(now, tokens))
  }

  take(now: number, tokens: number): Taken {
    return { requests: this.requests.take(now, 1), tokens: this.tokens.take(now, tokens) }
  }

  giveBack({ requests, tokens }: Taken): void {
    this.requests.correct(requests, 0)
    this.tokens.correct(tokens, 0)
    this.look()
  }

  settle(now: number, taken: Taken, { pause, rateLimit, tokens: used, unsent = false }: Answer): void {
    if (unsent) return this.giveBack(taken)
    const { requests, tokens } = taken
    const whole = wholeTokens(used)
    if (whole !== undefined) this.tokens.correct(tokens, whole)
    if (rateLimit?.requests !== undefined) this.requests.report(resetOf(rateLimit.requests), requests, now)
    if (rateLimit?.tokens !== undefined) this.tokens.report(resetOf(rateLimit.tokens), tokens, now)
    if (pause !== undefined) this.requests.pause(now, now + Duration.toMillis(pause))
    this.look()
  }

  /** Lets the first of the queue look again. */
  look(): void {
    if (this.queue.size === 0) return
    const { changed } = this
    this.changed = Deferred.makeUnsafe()
    Deferred.doneUnsafe(changed, Effect.void)
  }

  /** Waits until a time, or until something changes. */
  waitUntil(now: number, time: number): Effect.Effect<unknown> {
    return Effect.raceFirst(Effect.sleep(Duration.millis(time - now)), Deferred.await(this.changed))
  }

  get first(): Waiting | undefined {
    return this.queue.values().next().value
  }

  join(): Waiting {
    const waiting: Waiting = { isFirst: Deferred.makeUnsafe() }
    this.queue.add(waiting)
    if (this.queue.size === 1) Deferred.doneUnsafe(waiting.isFirst, Effect.void)
    return waiting
  }

  leave(waiting: Waiting): Effect.Effect<void> {
    const wasFirst = this.first === waiting
    this.queue.delete(waiting)
    const next = this.first
    // A fiber of its own, so that the next call is not sent before this one.
    return wasFirst && next !== undefined
      ? Effect.asVoid(Effect.forkDetach(Deferred.succeed(next.isFirst, undefined)))
      : Effect.void
  }
}

/** Asks what all processes share, when a call is the first of its queue: how long it must still wait. */
export type AskShared = (lane: Lane, turn: Turn) => Effect.Effect<number>

/** The lanes of all keys and models. */
export class Lanes {
  readonly settings: Checked
  private readonly states = new States<Lane>()

  constructor(settings: Checked) {
    this.settings = settings
  }

  get(key: string, model: string | undefined, now: number): Lane {
    const name = `${key}\n${model ?? ""}`
    return this.states.get(name, now, () => new Lane(name, this.settings, model))
  }
}

/** The turn of a call in the lane of its process, and in that of the fleet if there is one. */
export class LaneTurn implements Turn {
  readonly lanes: Lanes
  readonly call: Call
  readonly askShared: AskShared | undefined
  lane: Lane | undefined
  taken: Taken | undefined

  constructor(lanes: Lanes, call: Call, askShared?: AskShared) {
    this.lanes = lanes
    this.call = call
    this.askShared = askShared
  }

  /** Takes its turn, if nobody waits and there is room. */
  tryEnter(fiber: AnyFiber): boolean {
    const { call: { key, model }, lanes } = this
    const name = knownKeyName(key)
    if (name === undefined) return false
    const now = nowOf(fiber)
    return this.tryTake(lanes.get(name, model, now), now)
  }

  private tryTake(lane: Lane, now: number): boolean {
    this.lane = lane
    if (lane.queue.size > 0 || lane.opensAt(now, this.tokens) > now) return false
    this.taken = lane.take(now, this.tokens)
    return true
  }

  /** Asks all processes for the turn that this one has let pass. Succeeds with what is left to do. */
  get ask(): Effect.Effect<Effect.Effect<void, PaceExceeded>> {
    return Effect.withFiber((fiber) => {
      const { askShared, lane, taken } = this
      if (askShared === undefined || lane === undefined || taken === undefined) return Effect.succeed(nothingLeft)
      return Effect.map(askShared(lane, this), (wait) => {
        if (wait === 0) return nothingLeft
        this.taken = undefined
        lane.giveBack(taken)
        return this.queued(lane, nowOf(fiber), fiber)
      })
    })
  }

  get acquire(): Effect.Effect<void, PaceExceeded> {
    return withKeyName(
      this.call.key,
      (name, fiber) => this.taken === undefined ? this.enter(name, fiber) : Effect.flatten(this.ask)
    )
  }

  settle(answer: Answer = {}): Effect.Effect<void> {
    return Effect.withFiber((fiber) => {
      const { lane, taken } = this
      this.taken = undefined
      if (lane !== undefined && taken !== undefined) lane.settle(nowOf(fiber), taken, answer)
      return Effect.void
    })
  }

  get tokens(): number {
    return wholeTokens(this.call.tokens) ?? 0
  }

  private refuse(lane: Lane, now: number, since: number): Effect.Effect<never, PaceExceeded> {
    const { model } = this.call
    const retryAfter = Duration.millis(Math.max(0, Math.ceil(lane.opensAt(now, this.tokens) - now)))
    const failure = new PaceExceeded({
      message: `Not sent, because ${lane.queue.size} calls wait for their turn: the next one can be sent in ${
        Duration.format(retryAfter)
      }`,
      retryAfter,
      ...(model !== undefined && { model })
    })
    return Effect.andThen(recordHeld(part, "refused", since), Effect.fail(failure))
  }

  private enter(key: string, fiber: AnyFiber): Effect.Effect<void, PaceExceeded> {
    const now = nowOf(fiber)
    const lane = this.lanes.get(key, this.call.model, now)
    if (!this.tryTake(lane, now)) return this.queued(lane, now, fiber)
    return this.askShared === undefined ? Effect.void : Effect.flatten(this.ask)
  }

  /** Waits in the queue. */
  private queued(lane: Lane, now: number, fiber: AnyFiber): Effect.Effect<void, PaceExceeded> {
    const { settings } = this.lanes
    const opens = lane.opensAt(now, this.tokens)
    // A call whose turn comes after its deadline is refused, so that its caller can do something else.
    const latest = Math.min(now + settings.longestWait, fiber.getRef(Deadline) ?? Infinity)
    if (opens > latest || lane.queue.size >= settings.longestQueue) return this.refuse(lane, now, now)
    const waiting = lane.join()
    return Deferred.await(waiting.isFirst).pipe(
      Effect.andThen(Effect.suspend(() => this.first(lane, latest, now))),
      Effect.timeoutOrElse({
        duration: Duration.millis(Math.max(0, latest - now)),
        orElse: () => this.last(lane, waiting, now)
      }),
      Effect.onExit(() => Effect.suspend(() => lane.leave(waiting))),
      Effect.tap(() =>
        Effect.clockWith((clock) =>
          clock.currentTimeMillisUnsafe() > now ? recordHeld(part, "waited", now) : Effect.void
        )
      )
    )
  }

  /** The end of the time to wait, which may be the moment of the turn. */
  private last(lane: Lane, waiting: Waiting, since: number): Effect.Effect<void, PaceExceeded> {
    return Effect.withFiber((fiber) => {
      const now = nowOf(fiber)
      return this.askShared === undefined && lane.first === waiting
        ? this.first(lane, now, since)
        : this.refuse(lane, now, since)
    })
  }

  /** Waits at the head of the queue. */
  private first(lane: Lane, latest: number, since: number): Effect.Effect<void, PaceExceeded> {
    return Effect.withFiber((fiber) => {
      const now = nowOf(fiber)
      const opens = lane.opensAt(now, this.tokens)
      if (opens > latest) return this.refuse(lane, now, since)
      if (opens > now) {
        return Effect.andThen(
          lane.waitUntil(now, opens),
          Effect.suspend(() => this.first(lane, latest, since))
        )
      }
      const taken = lane.take(now, this.tokens)
      if (this.askShared === undefined) {
        this.taken = taken
        return Effect.void
      }
      const asked = Effect.onExit(this.askShared(lane, this), (exit) =>
        Effect.sync(() => {
          if (Exit.isSuccess(exit) && exit.value === 0) this.taken = taken
          else lane.giveBack(taken)
        }))
      return Effect.flatMap(asked, (wait) =>
        wait === 0
          ? Effect.void
          : Effect.andThen(Effect.sleep(Duration.millis(wait)), Effect.suspend(() => this.first(lane, latest, since))))
    })
  }
}
