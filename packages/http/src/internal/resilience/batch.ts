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

const failed = (message: string) => Exit.fail(new RedisError({ cause: new Error(message) }))

/** How the script at a place among the others ended. */
const exitOf = (replies: unknown, place: number): Exit.Exit<unknown, RedisError> => {
  const reply: unknown = Array.isArray(replies) ? replies[place] : undefined
  if (!Array.isArray(reply)) return failed("no reply")
  const [isFailed, value = null] = reply as ReadonlyArray<unknown> as Reply
  return isFailed === 1 ? failed(String(value)) : Exit.succeed(value)
}

const isCrossSlot = ({ cause }: RedisError): boolean => String(cause).includes("CROSSSLOT")

class Batches {
  private readonly redis: Service
  private readonly scripts: Array<AnyScript> = []
  private run:
    | ((keys: ReadonlyArray<unknown>, args: ReadonlyArray<unknown>) => Effect.Effect<
      ReadonlyArray<Reply>,
      RedisError
    >)
    | undefined
  private pending = new Set<Entry>()
  private isWaiting = false
  /** The keys of different parts are on different nodes of a cluster. */
  private isCluster = false

  constructor(redis: Service) {
    this.redis = redis
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
      this.pending.add(entry)
      const replied = Effect.onInterrupt(restore(Deferred.await(entry.replied)), () =>
        Effect.sync(() => {
          this.pending.delete(entry)
        }))
      if (this.isWaiting) return replied
      this.isWaiting = true
      // Whoever asks first may be interrupted before the others have their replies.
      return Effect.andThen(Effect.forkDetach(this.flush), replied)
    })
  }

  /** Sends what was asked for until everything that runs now has asked. */
  private readonly flush: Effect.Effect<void> = Effect.andThen(
    Effect.yieldNow,
    Effect.suspend(() => {
      const pending = [...this.pending]
      this.pending = new Set()
      this.isWaiting = false
      const chunks: Array<Effect.Effect<void>> = []
      for (let from = 0; from < pending.length; from += mostEntries) {
        chunks.push(this.send(pending.slice(from, from + mostEntries)))
      }
      return Effect.all(chunks, { concurrency: "unbounded", discard: true })
    })
  )

  private send(entries: ReadonlyArray<Entry>): Effect.Effect<void> {
    return Effect.suspend(() =>
      entries.length === 1 || this.isCluster ? this.sendEach(entries) : this.sendTogether(entries)
    ).pipe(
      Effect.catchCause((cause) =>
        Effect.sync(() => {
          for (const { replied } of entries) Deferred.doneUnsafe(replied, Exit.failCause(cause))
        })
      )
    )
  }

  private sendEach(entries: ReadonlyArray<Entry>): Effect.Effect<void> {
    return Effect.forEach(
      entries,
      ({ params, replied, script }) => Deferred.into(Effect.suspend(() => this.redis.eval(script)(...params)), replied),
      { concurrency: "unbounded", discard: true }
    )
  }

  private sendTogether(entries: ReadonlyArray<Entry>): Effect.Effect<void, RedisError> {
    const run = this.run ??= this.redis.eval(batchScript(this.scripts))
    const allKeys: Array<unknown> = []
    const allArgs: Array<unknown> = []
    for (const { number, params, script } of entries) {
      const numberOfKeys = script.numberOfKeys(...params)
      const own = script.params(...params)
      allKeys.push(...own.slice(0, numberOfKeys))
      allArgs.push(number, numberOfKeys, own.length - numberOfKeys, ...own.slice(numberOfKeys))
    }
    return Effect.matchEffect(run(allKeys, allArgs), {
      onFailure: (error) => {
        if (!isCrossSlot(error)) return Effect.fail(error)
        this.isCluster = true
        return this.sendEach(entries)
      },
      onSuccess: (replies) =>
        Effect.sync(() => {
          entries.forEach(({ replied }, i) => Deferred.doneUnsafe(replied, exitOf(replies, i)))
        })
    })
  }
}

/** Sends the scripts of the same moment as one. */
export const batched = (redis: Service): Service => {
  const batches = new Batches(redis)
  const evaluate: Service["eval"] = (script) => {
    const number = batches.numberOf(script)
    return (...params) => batches.ask(number, script, params)
  }
  return { ...redis, eval: evaluate }
}
