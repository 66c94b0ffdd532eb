/**
 * Lanes that processes share by Redis: one script, which decides by the clock of Redis.
 *
 * Only the first call of a process asks, so that a queue costs no more than its head.
 *
 * @internal
 */
import type { Budget } from "@effect-venice/core/ResponseContext"
import type * as Clock from "effect/Clock"
import * as DateTime from "effect/DateTime"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type * as Fiber from "effect/Fiber"
import { type Redis, type RedisError, script } from "effect/persistence/Redis"
import type { PaceExceeded } from "../../Failure.ts"
import type { Asking } from "./asking.ts"
import { hash } from "./keyName.ts"
import {
  type Answer,
  type Call,
  type Checked,
  type Lane,
  type Lanes,
  LaneTurn,
  type Turn,
  wholeTokens
} from "./lanes.ts"
import { evaluate, isNumeric } from "./redisScript.ts"
import { holdsFor } from "./reported.ts"
import type { Reports } from "./reports.ts"

/** What a response said of a budget; `-1` for what it did not say. */
interface Said {
  readonly limit: number
  readonly remaining: number
  readonly resetAt: number
  readonly holdsFor: number
}

interface Arguments {
  readonly mode: "acquire" | "settle" | "give-back"
  readonly name: string
  readonly id: string
  readonly limits: { readonly requests: number; readonly tokens: number }
  /** The estimate, or what was used; `-1` if it is not known. */
  readonly tokens: number
  readonly pause: number
  readonly requestsSaid: Said
  readonly tokensSaid: Said
}

const laneScript = (prefix: string, window: number) =>
  script((args: Arguments) => [
    // The braces keep the three on one node of a cluster.
    `{${prefix}${args.name}}:sent`,
    `{${prefix}${args.name}}:tokens`,
    `{${prefix}${args.name}}:state`,
    args.mode,
    args.id,
    window,
    args.limits.requests,
    args.limits.tokens,
    args.tokens,
    args.pause,
    args.requestsSaid.limit,
    args.requestsSaid.remaining,
    args.requestsSaid.resetAt,
    args.requestsSaid.holdsFor,
    args.tokensSaid.limit,
    args.tokensSaid.remaining,
    args.tokensSaid.resetAt,
    args.tokensSaid.holdsFor
  ], {
    numberOfKeys: 3,
    lua: `
local mode, id, window = ARGV[1], ARGV[2], tonumber(ARGV[3])
local tokens, pause = tonumber(ARGV[6]), tonumber(ARGV[7])
local time = redis.call('TIME')
local now = tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)

local function tokensOf(call) return tonumber(redis.call('HGET', KEYS[2], call)) or 0 end
local function add(amount) redis.call('HINCRBY', KEYS[2], '.sum', amount) end
local function forget(call)
  add(0 - tokensOf(call))
  redis.call('HDEL', KEYS[2], call)
end
for _, call in ipairs(redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', now - window)) do forget(call) end
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', now - window)

local function get(field) return tonumber(redis.call('HGET', KEYS[3], field)) end
local function budget(kind, start)
  -- Only what Venice said is kept: the settings of a process may change.
  local b = { kind = kind, limit = get(kind .. '.limit') or start, remaining = get(kind .. '.remaining') }
  b.resetAt, b.untilTime = get(kind .. '.resetAt') or 0, get(kind .. '.until') or 0
  if b.untilTime <= now then b.remaining = nil end
  return b
end
local function keep(b)
  if b.remaining then
    redis.call('HSET', KEYS[3], b.kind .. '.remaining', b.remaining, b.kind .. '.resetAt', b.resetAt,
      b.kind .. '.until', b.untilTime)
  end
end
local requests, tokenBudget = budget('requests', tonumber(ARGV[4])), budget('tokens', tonumber(ARGV[5]))
local function expireAll()
  redis.call('PEXPIRE', KEYS[1], window)
  redis.call('PEXPIRE', KEYS[2], window)
  redis.call('PEXPIRE', KEYS[3], 24 * 3600 * 1000)
end

if mode == 'give-back' then
  if redis.call('ZREM', KEYS[1], id) == 1 then
    if requests.remaining then requests.remaining = requests.remaining + 1 end
    if tokenBudget.remaining then tokenBudget.remaining = tokenBudget.remaining + tokensOf(id) end
    forget(id)
    keep(requests)
    keep(tokenBudget)
  end
  return 0
end

if mode == 'settle' then
  if tokens >= 0 and redis.call('ZSCORE', KEYS[1], id) then
    local difference = tokens - tokensOf(id)
    redis.call('HSET', KEYS[2], id, tokens)
    add(difference)
    if tokenBudget.remaining then tokenBudget.remaining = tokenBudget.remaining - difference end
  end
  local sentAt = tonumber(redis.call('ZSCORE', KEYS[1], id) or now)
  local function said(b, first, later)
    local limit, remaining = tonumber(ARGV[first]), tonumber(ARGV[first + 1])
    local resetAt, holds = tonumber(ARGV[first + 2]), tonumber(ARGV[first + 3])
    if limit >= 1 then redis.call('HSET', KEYS[3], b.kind .. '.limit', limit) end
    if remaining >= 0 then
      remaining = remaining - later
      if b.remaining and resetAt <= b.resetAt then
        b.remaining = math.min(b.remaining, remaining)
      else
        b.remaining, b.resetAt, b.untilTime = remaining, resetAt, now + holds
      end
    end
    keep(b)
  end
  local later = redis.call('ZRANGEBYSCORE', KEYS[1], '(' .. string.format('%.0f', sentAt), '+inf')
  local laterTokens = 0
  for _, call in ipairs(later) do laterTokens = laterTokens + tokensOf(call) end
  said(requests, 8, #later)
  said(tokenBudget, 12, laterTokens)
  if pause > 0 then
    redis.call('HSET', KEYS[3], 'paused', math.max(get('paused') or 0, now + pause))
  end
  expireAll()
  return 0
end

local opens = get('paused') or 0
local function wait(b, amount, used, sizeOf)
  if b.remaining and b.remaining < amount then opens = math.max(opens, b.untilTime) end
  local missing = amount - (b.limit - used)
  if missing <= 0 then return end
  local sent = redis.call('ZRANGE', KEYS[1], 0, -1, 'WITHSCORES')
  for i = 1, #sent, 2 do
    missing = missing - sizeOf(sent[i])
    if missing <= 0 then
      opens = math.max(opens, tonumber(sent[i + 1]) + window)
      return
    end
  end
end
wait(requests, 1, redis.call('ZCARD', KEYS[1]), function() return 1 end)
wait(tokenBudget, math.min(tokens, tokenBudget.limit), tokensOf('.sum'), tokensOf)
if opens > now then return opens - now end

redis.call('ZADD', KEYS[1], now, id)
redis.call('HSET', KEYS[2], id, tokens)
add(tokens)
if requests.remaining then requests.remaining = requests.remaining - 1 end
if tokenBudget.remaining then tokenBudget.remaining = tokenBudget.remaining - tokens end
keep(requests)
keep(tokenBudget)
expireAll()
return 0
`
  }).withReturnType<number>()

const nothingSaid: Said = { limit: -1, remaining: -1, resetAt: 0, holdsFor: 0 }

const saidOf = (budget: Budget | undefined, now: number, window: number): Said => {
  if (budget === undefined) return nothingSaid
  const resetAt = budget.resetAt === undefined ? now + window : DateTime.toEpochMillis(budget.resetAt)
  return {
    limit: budget.limit ?? -1,
    remaining: budget.remaining === undefined ? -1 : Math.max(0, budget.remaining),
    resetAt,
    holdsFor: Math.ceil(holdsFor(resetAt, now, window))
  }
}

/** The longest time after which a call asks again, in milliseconds: another process may have given something back. */
const longestPause = 1000

export class SharedLanes {
  readonly lanes: Lanes
  readonly ask: (args: Arguments) => Effect.Effect<number, RedisError>
  readonly report: Reports
  private readonly instance: string
  private calls = 0

  constructor(lanes: Lanes, redis: Redis["Service"], report: Reports, instance: string, prefix: string) {
    this.lanes = lanes
    this.report = report
    this.instance = instance
    this.ask = evaluate(redis, laneScript(prefix, lanes.settings.window), isNumeric)
  }

  get settings(): Checked {
    return this.lanes.settings
  }

  nextId(): string {
    return `${this.instance}-${this.calls++}`
  }
}

/** The turn of a call in the lane of its process and in that of the fleet. */
export class SharedTurn implements Turn, Asking<PaceExceeded> {
  readonly shared: SharedLanes
  readonly local: LaneTurn
  readonly call: Call
  private place: Pick<Arguments, "name" | "id" | "limits"> | undefined

  constructor(shared: SharedLanes, call: Call) {
    this.shared = shared
    this.call = call
    this.local = new LaneTurn(shared.lanes, call, (lane) => this.askFor(lane))
  }

  get acquire(): Effect.Effect<void, PaceExceeded> {
    return this.local.acquire
  }

  tryEnter(fiber: Fiber.Fiber<unknown, unknown>): boolean {
    return this.local.tryEnter(fiber)
  }

  get ask(): Effect.Effect<Effect.Effect<void, PaceExceeded>> {
    return this.local.ask
  }

  private nameOf(lane: Lane): Effect.Effect<string> {
    if (lane.sharedName !== undefined) return Effect.succeed(lane.sharedName)
    return Effect.tap(hash(lane.name), (name) =>
      Effect.sync(() => {
        lane.sharedName = name
      }))
  }

  private askFor(lane: Lane): Effect.Effect<number> {
    return Effect.flatMap(this.nameOf(lane), (name) => {
      const place = { name, id: this.shared.nextId(), limits: this.shared.settings.budgetsOf(this.call.model) }
      this.place = place
      const asked = this.shared.ask({
        mode: "acquire",
        ...place,
        tokens: this.local.tokens,
        pause: 0,
        requestsSaid: nothingSaid,
        tokensSaid: nothingSaid
      })
      // Without Redis the lane of this process decides.
      return Effect.match(asked, {
        onFailure: () => 0,
        onSuccess: (wait) => Math.min(longestPause, Math.max(0, Number(wait)))
      })
    })
  }

  settle(answer: Answer = {}): Effect.Effect<void> {
    return Effect.clockWith((clock: Clock.Clock) => {
      const now = clock.currentTimeMillisUnsafe()
      const { place } = this
      this.place = undefined
      const settled = this.local.settle(answer)
      if (place === undefined) return settled
      const { window } = this.shared.settings
      const told = Effect.ignore(this.shared.ask({
        mode: answer.unsent === true ? "give-back" : "settle",
        ...place,
        tokens: wholeTokens(answer.tokens) ?? -1,
        pause: answer.pause === undefined ? 0 : Math.ceil(Math.min(Duration.toMillis(answer.pause), 24 * 3_600_000)),
        requestsSaid: saidOf(answer.rateLimit?.requests, now, window),
        tokensSaid: saidOf(answer.rateLimit?.tokens, now, window)
      }))
      return Effect.andThen(settled, this.shared.report(told))
    })
  }
}
