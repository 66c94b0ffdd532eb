/**
 * Failure budgets that processes share by Redis: one script, which decides by the clock of Redis.
 *
 * A call first gets its place in the budget of its process, and then in the shared one, so that what this process knows
 * costs no round trip, and everything goes on without Redis. A place that is not given back, because its process ended,
 * is free again after the lease.
 *
 * @internal
 */
import { Deadline } from "@effect-venice/core/Retry"
import * as DateTime from "effect/DateTime"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type * as Fiber from "effect/Fiber"
import { type Redis, type RedisError, script } from "effect/persistence/Redis"
import * as Random from "effect/Random"
import type { LockoutAhead } from "../../Failure.ts"
import { type Asking, nothingLeft } from "./asking.ts"
import type { Answer, Call, Checked, FailureBudgets, LocalTicket, Ticket } from "./failureBudgets.ts"
import { lockoutAhead } from "./failureBudgets.ts"
import { recordHeld } from "./held.ts"
import { hash } from "./keyName.ts"
import { evaluate, isNumeric } from "./redisScript.ts"
import { holdsFor } from "./reported.ts"
import type { Reports } from "./reports.ts"
import { nowOf } from "./states.ts"

/** What the script returns: a verdict, and a number of milliseconds or failures. */
type Verdict = readonly [verdict: "send" | "wait" | "refuse" | "left" | "settled", amount: number]

const isVerdict = (reply: unknown): boolean =>
  Array.isArray(reply) && typeof reply[0] === "string" && isNumeric(reply[1])

interface Arguments {
  readonly mode: "acquire" | "settle" | "look"
  readonly name: string
  readonly id: string
  readonly spare: number
  readonly counted: boolean
  /** `-1` if the response did not say. */
  readonly remaining: number
  readonly resetAt: number
  readonly holdsFor: number
  readonly lockedFor: number
}

const budgetScript = (prefix: string, { limit, window }: Checked, lease: number) =>
  script((args: Arguments) => [
    // The braces keep the three on one node of a cluster.
    `{${prefix}${args.name}}:failures`,
    `{${prefix}${args.name}}:flight`,
    `{${prefix}${args.name}}:state`,
    args.mode,
    args.id,
    limit,
    window,
    lease,
    args.spare,
    args.counted ? 1 : 0,
    args.remaining,
    args.resetAt,
    args.holdsFor,
    args.lockedFor
  ], {
    numberOfKeys: 3,
    lua: `
local mode, id = ARGV[1], ARGV[2]
local limit, window, lease, spare = tonumber(ARGV[3]), tonumber(ARGV[4]), tonumber(ARGV[5]), tonumber(ARGV[6])
local time = redis.call('TIME')
local now = tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)

redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', now - window)
redis.call('ZREMRANGEBYSCORE', KEYS[2], '-inf', now)
local state = redis.call('HMGET', KEYS[3], 'closed', 'remaining', 'resetAt', 'until')
local closed, remaining = tonumber(state[1]) or 0, tonumber(state[2])
local resetAt, untilTime = tonumber(state[3]) or 0, tonumber(state[4]) or 0
if remaining and untilTime <= now then remaining = nil end

if mode == 'settle' then
  local counted, said = ARGV[7] == '1', tonumber(ARGV[8])
  local saidResetAt, holdsFor, lockedFor = tonumber(ARGV[9]), tonumber(ARGV[10]), tonumber(ARGV[11])
  redis.call('ZREM', KEYS[2], id)
  if counted then
    redis.call('ZADD', KEYS[1], now, id)
    redis.call('PEXPIRE', KEYS[1], window)
  end
  if said >= 0 then
    if remaining and saidResetAt <= resetAt then
      remaining = math.min(remaining, said)
    else
      remaining, resetAt, untilTime = said, saidResetAt, now + holdsFor
    end
  elseif counted and remaining then
    remaining = remaining - 1
  end
  if lockedFor > 0 then closed = math.max(closed, now + lockedFor) end
  if remaining then
    redis.call('HSET', KEYS[3], 'remaining', remaining, 'resetAt', resetAt, 'until', untilTime)
  end
  if closed > now then redis.call('HSET', KEYS[3], 'closed', closed) end
  local last = math.max(closed, untilTime)
  if last > now then redis.call('PEXPIRE', KEYS[3], last - now) end
  return {'settled', 0}
end

local left = limit - redis.call('ZCARD', KEYS[1])
if remaining and remaining < left then left = remaining end
if closed > now then left = 0 end
if mode == 'look' then return {'left', math.max(0, left)} end

if left - spare > redis.call('ZCARD', KEYS[2]) then
  redis.call('ZADD', KEYS[2], now + lease, id)
  redis.call('PEXPIRE', KEYS[2], lease)
  return {'send', 0}
end
if left > spare then return {'wait', 0} end

local opens = closed
local tooMany = redis.call('ZCARD', KEYS[1]) - (limit - spare)
if tooMany >= 0 then
  local oldest = redis.call('ZRANGE', KEYS[1], tooMany, tooMany, 'WITHSCORES')
  opens = math.max(opens, (tonumber(oldest[2]) or now) + window)
end
if remaining and remaining <= spare then opens = math.max(opens, untilTime) end
return {'refuse', math.max(0, opens - now)}
`
  }).withReturnType<Verdict>()

/** How often a call asks again while calls of other processes are in flight, in milliseconds. */
const firstPause = 25
const longestPause = 500

type Settled = Pick<Arguments, "counted" | "remaining" | "resetAt" | "holdsFor" | "lockedFor">

const nothing: Settled = { counted: false, remaining: -1, resetAt: 0, holdsFor: 0, lockedFor: 0 }

const settledOf = (answer: Answer, now: number, window: number): Settled => {
  const { budget, counted, lockout } = answer
  const resetAt = budget?.resetAt === undefined ? now + window : DateTime.toEpochMillis(budget.resetAt)
  return {
    counted,
    remaining: budget?.remaining === undefined ? -1 : Math.max(0, budget.remaining),
    resetAt,
    holdsFor: Math.ceil(holdsFor(resetAt, now, window)),
    lockedFor: lockout === undefined ? 0 : Math.ceil(Math.min(Duration.toMillis(lockout), 24 * 3_600_000))
  }
}

/** The budgets of a fleet. */
export class SharedBudgets {
  readonly local: FailureBudgets
  readonly ask: (args: Arguments) => Effect.Effect<Verdict, RedisError>
  readonly report: Reports
  /** How many processes there are, for the time without Redis. */
  readonly processes: number
  private readonly instance: string
  private tickets = 0

  constructor(
    local: FailureBudgets,
    redis: Redis["Service"],
    report: Reports,
    instance: string,
    prefix: string,
    lease: number,
    processes: number
  ) {
    this.local = local
    this.report = report
    this.processes = processes
    this.instance = instance
    this.ask = evaluate(redis, budgetScript(prefix, local.settings, lease), isVerdict)
  }

  nextId(): string {
    return `${this.instance}-${this.tickets++}`
  }

  look(name: string): Effect.Effect<number, RedisError> {
    return Effect.map(this.ask({ mode: "look", name, id: "", spare: 0, ...nothing }), ([, left]) => Number(left))
  }
}

export const instanceName: Effect.Effect<string> = Effect.map(
  Effect.all([Random.nextInt, Random.nextInt]),
  (numbers) => numbers.map((number) => Math.abs(number).toString(36)).join("")
)

/** The name of a budget in Redis. It tells nothing of the user. */
export const sharedName = (name: string): Effect.Effect<string> => hash(name)

const part = "lockout-guard"

/** The ticket of a call in the budget of its process and in that of the fleet. */
export class SharedTicket implements Ticket, Asking<LockoutAhead> {
  readonly budgets: SharedBudgets
  readonly local: LocalTicket
  readonly call: Call
  /** The name and the id of the place that this call may have in Redis. */
  place: { readonly name: string; readonly id: string } | undefined
  private isSent = false

  constructor(budgets: SharedBudgets, local: LocalTicket, call: Call) {
    this.budgets = budgets
    this.local = local
    this.call = call
  }

  get acquire(): Effect.Effect<void, LockoutAhead> {
    return Effect.flatMap(this.local.acquire, () => Effect.flatten(this.ask))
  }

  tryEnter(fiber: Fiber.Fiber<unknown, unknown>): boolean {
    return this.local.tryEnter(fiber)
  }

  get ask(): Effect.Effect<Effect.Effect<void, LockoutAhead>> {
    return Effect.flatMap(this.nameOfPlace, (name) =>
      Effect.withFiber((fiber) => {
        this.place = { name, id: this.budgets.nextId() }
        return this.askFor(nowOf(fiber), firstPause)
      }))
  }

  private get nameOfPlace(): Effect.Effect<string> {
    const held = this.local.held!
    return held.sharedName === undefined
      ? Effect.tap(sharedName(held.name), (name) =>
        Effect.sync(() => {
          held.sharedName = name
        }))
      : Effect.succeed(held.sharedName)
  }

  private askFor(since: number, pause: number): Effect.Effect<Effect.Effect<void, LockoutAhead>> {
    const { name, id } = this.place!
    const asked = this.budgets.ask({ mode: "acquire", name, id, spare: this.local.spare, ...nothing })
    return Effect.flatMap(
      Effect.orElseSucceed(asked, () => undefined),
      (answer) => Effect.withFiber((fiber) => Effect.succeed(this.left(answer, fiber, since, pause)))
    )
  }

  /** What is left to do after the answer of Redis. */
  private left(
    answer: Verdict | undefined,
    fiber: Fiber.Fiber<unknown, unknown>,
    since: number,
    pause: number
  ): Effect.Effect<void, LockoutAhead> {
    const now = nowOf(fiber)
    const { model } = this.call
    const [verdict, amount] = answer ?? this.decideAlone(now)
    const latest = Math.min(since + this.budgets.local.settings.longestWait, fiber.getRef(Deadline) ?? Infinity)
    const isTooLong = verdict === "wait" && now + pause > latest
    if (verdict === "refuse" || isTooLong) {
      return Effect.andThen(
        recordHeld(part, "refused", since),
        Effect.fail(lockoutAhead(now, now + Number(amount), model))
      )
    }
    if (verdict === "wait") {
      return Effect.andThen(
        Effect.sleep(Duration.millis(pause)),
        Effect.flatten(this.askFor(since, Math.min(longestPause, pause * 2)))
      )
    }
    this.isSent = true
    this.local.held!.sent++
    return pause > firstPause ? recordHeld(part, "waited", since) : nothingLeft
  }

  /** The verdict of this process, which cannot see the calls of the others. */
  private decideAlone(now: number): Verdict {
    const { budgets: { processes }, local } = this
    const { log, sent } = local.held!
    const verdict = log.decide(now, local.spare, sent, processes)
    return typeof verdict === "number" ? ["refuse", verdict - now] : [verdict, 0]
  }

  settle(answer?: Answer): Effect.Effect<void> {
    return Effect.withFiber((fiber) => {
      const { place } = this
      this.place = undefined
      if (this.isSent) this.local.held!.sent--
      this.isSent = false
      const settled = this.local.settle(answer)
      if (place === undefined) return settled
      const report = answer === undefined
        ? nothing
        : settledOf(answer, nowOf(fiber), this.budgets.local.settings.window)
      const told = Effect.ignore(this.budgets.ask({ mode: "settle", ...place, spare: 0, ...report }))
      // The caller does not wait for it: until then the place is taken, which is on the safe side.
      return Effect.andThen(settled, this.budgets.report(told))
    })
  }
}
