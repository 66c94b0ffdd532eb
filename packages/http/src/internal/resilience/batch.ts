/**
 * A Redis that sends the scripts of the same moment as one script: one round trip for all parts of a call.
 *
 * Each part has its own scripts and knows nothing of this. The one that is sent holds all of them as functions, and runs
 * those that were asked for, in their order, each with its own keys and arguments. What one of them fails with is its
 * own.
 *
 * @internal
 */
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import { type Redis, RedisError, type Script, script } from "effect/persistence/Redis"
import type * as Scope from "effect/Scope"

type Service = Redis["Service"]

type AnyScript = Script<{ params: ReadonlyArray<unknown>; result: unknown }>

/** A script that was asked for, and who waits for its reply. */
interface Entry {
  readonly number: number
  readonly script: AnyScript
  readonly params: ReadonlyArray<unknown>
  readonly replied: Deferred.Deferred<unknown, RedisError>
}

/** Redis does nothing else while a script runs, so one does not run too much. */
const mostEntries = 64

const luaOf = (scripts: ReadonlyArray<AnyScript>): string => `
local scripts = {
${scripts.map(({ lua }) => `function(KEYS, ARGV)\n${lua}\nend`).join(",\n")}
}
local replies, key, arg = {}, 0, 0
while arg < #ARGV do
  local run, keys, args = scripts[tonumber(ARGV[arg + 1])], {}, {}
  local numberOfKeys, numberOfArgs = tonumber(ARGV[arg + 2]), tonumber(ARGV[arg + 3])
  for i = 1, numberOfKeys do keys[i] = KEYS[key + i] end
  for i = 1, numberOfArgs do args[i] = ARGV[arg + 3 + i] end
  key, arg = key + numberOfKeys, arg + 3 + numberOfArgs
  local isDone, reply = pcall(run, keys, args)
  local problem = not isDone and reply or nil
  if type(reply) == 'table' and reply.err then problem = reply.err end
  replies[#replies + 1] = problem and { 1, tostring(problem) } or { 0, reply }
end
return replies
`

type Reply = readonly [isFailed: 0 | 1, reply?: unknown]

const batchScript = (scripts: ReadonlyArray<AnyScript>) =>
  script((keys: ReadonlyArray<unknown>, args: ReadonlyArray<unknown>) => [...keys, ...args], {
    numberOfKeys: (keys) => keys.length,
    lua: luaOf(scripts)
  }).withReturnType<ReadonlyArray<Reply>>()

const isCrossSlot = ({ cause }: RedisError): boolean =>
  (cause instanceof Error ? cause.message : String(cause)).includes("CROSSSLOT")

class Batches {
  private readonly redis: Service
  private readonly scope: Scope.Scope
  private readonly scripts: Array<AnyScript> = []
  private run:
    | ((keys: ReadonlyArray<unknown>, args: ReadonlyArray<unknown>) => Effect.Effect<
      ReadonlyArray<Reply>,
      RedisError
    >)
    | undefined
  private pending: Array<Entry> = []
  private isWaiting = false
  /** The keys of different parts are on different nodes of a cluster. */
  private isCluster = false

  constructor(redis: Service, scope: Scope.Scope) {
    this.redis = redis
    this.scope = scope
  }

  /** The number of a script among those that may be asked for. */
  numberOf(asked: AnyScript): number {
    const known = this.scripts.indexOf(asked)
    if (known >= 0) return known + 1
    this.run = undefined
    return this.scripts.push(asked)
  }

  ask(number: number, script: AnyScript, params: ReadonlyArray<unknown>): Effect.Effect<unknown, RedisError> {
    return Effect.uninterruptibleMask((restore) => {
      const entry: Entry = { number, script, params, replied: Deferred.makeUnsafe() }
      this.pending.push(entry)
      const replied = Effect.onInterrupt(restore(Deferred.await(entry.replied)), () =>
        Effect.sync(() => {
          this.pending = this.pending.filter((other) => other !== entry)
        }))
      if (this.isWaiting) return replied
      this.isWaiting = true
      return Effect.andThen(Effect.forkIn(this.flush, this.scope), replied)
    })
  }

  /** Sends what was asked for until everything that runs now has asked. */
  private readonly flush: Effect.Effect<void> = Effect.andThen(
    Effect.yieldNow,
    Effect.suspend(() => {
      const { pending } = this
      this.pending = []
      this.isWaiting = false
      const chunks: Array<Effect.Effect<void>> = []
      for (let from = 0; from < pending.length; from += mostEntries) {
        chunks.push(this.send(pending.slice(from, from + mostEntries)))
      }
      return Effect.all(chunks, { concurrency: "unbounded", discard: true })
    })
  )

  private send(entries: ReadonlyArray<Entry>): Effect.Effect<void> {
    return entries.length === 1 || this.isCluster ? this.sendEach(entries) : this.sendTogether(entries)
  }

  private sendEach(entries: ReadonlyArray<Entry>): Effect.Effect<void> {
    return Effect.forEach(
      entries,
      ({ params, replied, script }) => Deferred.into(this.redis.eval(script)(...params), replied),
      { concurrency: "unbounded", discard: true }
    )
  }

  private sendTogether(entries: ReadonlyArray<Entry>): Effect.Effect<void> {
    const run = this.run ??= this.redis.eval(batchScript(this.scripts))
    const allKeys: Array<unknown> = []
    const allArgs: Array<unknown> = []
    for (const { number, params, script } of entries) {
      const numberOfKeys = script.numberOfKeys(...params)
      const own = script.params(...params)
      allKeys.push(...own.slice(0, numberOfKeys))
      allArgs.push(number, numberOfKeys, own.length - numberOfKeys, ...own.slice(numberOfKeys))
    }
    return Effect.matchCauseEffect(run(allKeys, allArgs), {
      onFailure: (cause) => {
        const failed = Exit.findErrorOption(Exit.failCause(cause))
        if (failed._tag === "Some" && isCrossSlot(failed.value)) {
          this.isCluster = true
          return this.sendEach(entries)
        }
        return Effect.sync(() => {
          for (const { replied } of entries) Deferred.doneUnsafe(replied, Exit.failCause(cause))
        })
      },
      onSuccess: (replies) =>
        Effect.sync(() => {
          entries.forEach(({ replied }, i) => {
            const [isFailed, reply = null] = replies[i] ?? [1, "no reply"]
            Deferred.doneUnsafe(
              replied,
              isFailed === 1 ? Exit.fail(new RedisError({ cause: new Error(String(reply)) })) : Exit.succeed(reply)
            )
          })
        })
    })
  }
}

/** Sends the scripts of the same moment as one. */
export const batched = (redis: Service): Effect.Effect<Service, never, Scope.Scope> =>
  Effect.map(Effect.scope, (scope) => {
    const batches = new Batches(redis, scope)
    const evaluate: Service["eval"] = (script) => {
      const number = batches.numberOf(script)
      return (...params) => batches.ask(number, script, params)
    }
    return { ...redis, eval: evaluate }
  })
