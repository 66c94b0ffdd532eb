/** Redaction by the number of secrets, calls by their attempts, lines of `classify`, and the calls in a window. */
import * as Decode from "@effect-venice/core/Decode"
import * as Errors from "@effect-venice/core/Errors"
import * as Redact from "@effect-venice/core/Redact"
import * as Retry from "@effect-venice/core/Retry"
import { LockoutGuard, Pacing } from "@effect-venice/http/resilience"
import { Clock, Effect, Fiber, Stream } from "effect"
import { inspect } from "node:util"
import { classify, cutLines, maxLineLength } from "../../packages/testing/src/cli/classify.ts"
import { isQuick } from "../measure.ts"
import { decoded } from "./decoding.ts"
import { bytes, counts, filled, type Path, secret } from "./path.ts"

/** Never waits, so that only the work takes time. */
const immediate: Clock.Clock = {
  currentTimeMillisUnsafe: () => 0,
  currentTimeMillis: Effect.succeed(0),
  currentTimeNanosUnsafe: () => 0n,
  currentTimeNanos: Effect.succeed(0n),
  monotonicTimeNanosUnsafe: () => 0n,
  monotonicTimeNanos: Effect.succeed(0n),
  sleep: () => Effect.void
}

const overloaded = new Errors.ModelOverloaded()
const invalid = Decode.response({ status: 400, body: "{\"error\":\"Invalid request parameters\"}", now: 0 })

/** A policy that retries as often as a call fails. */
const tireless = (attempts: number) =>
  Retry.limit(
    Retry.make({
      ...Retry.standardRules,
      Capacity: { base: "1 second", factor: 1, cap: "1 second", retries: attempts, jitter: "proportional" }
    }),
    { attempts, elapsed: "1000 days" }
  )

const inMemory = <A, E>(effect: Effect.Effect<A, E>) => () =>
  Effect.runPromise(Effect.provideService(Effect.exit(effect), Clock.Clock, immediate))

const sent = Effect.void

export const redaction: Readonly<Record<string, Path>> = {
  "secrets": {
    sizes: [10, 100, 1000, 10_000].slice(0, isQuick ? 3 : 4),
    of: (count) => {
      const secrets = Array.from({ length: count }, (_, i) => `secret/${i}/abcdefghijklmnop`)
      const text = filled("a message without any of them ", 1000)
      return () => Redact.secrets(secrets)(text)
    }
  },
  "the length of a secret of a body that was cut": {
    sizes: [1e3, 1e4, 1e5],
    of: (size) => {
      // It repeats itself, and the text ends as no beginning of it does.
      const secrets = ["a".repeat(size)]
      return decoded(500, `${"a".repeat(size / 2)}b`, { secrets, bodyTruncated: true })
    }
  },
  "a cause": { sizes: bytes, of: (size) => () => inspect(Redact.cause(new Error(filled("word ", size)), [secret])) },
  "a chain of causes": {
    sizes: counts,
    of: (count) => {
      let cause: Error | undefined
      for (let i = 0; i < count; i++) cause = new Error(`level ${i}`, { cause })
      return () => inspect(Redact.cause(cause, [secret]))
    }
  },
  "a value to be JSON": {
    sizes: counts,
    of: (count) => {
      const value = Array.from({ length: count }, (_, i) => ({ name: `n${i}`, token: "abc" }))
      return () => Redact.json(value)
    }
  }
}

export const calling: Readonly<Record<string, Path>> = {
  "attempts of a call": {
    sizes: counts,
    of: (attempts) => inMemory(Effect.retry(Effect.fail(overloaded), tireless(attempts)))
  },
  "lines of classify": {
    sizes: counts,
    of: (count) => {
      const line = JSON.stringify({ status: 429, body: "{\"error\":\"Rate limit exceeded\"}" })
      const text = `${line}\n`.repeat(count)
      const pieces = Array.from(
        { length: Math.ceil(text.length / 65_536) },
        (_, i) => text.slice(i * 65_536, (i + 1) * 65_536)
      )
      const classified = Stream.fromIterable(pieces).pipe(
        cutLines(maxLineLength),
        Stream.splitLines,
        Stream.mapArray((lines) => [lines.map((text) => classify(text, { line: 1, now: 0 })).length] as const),
        Stream.runDrain
      )
      return inMemory(classified)
    }
  },
  "a line of classify in small pieces": {
    sizes: bytes.slice(0, 4),
    of: (size) => {
      const text = `${JSON.stringify({ status: 429, body: filled("word ", size) })}\n`
      const pieces = Array.from({ length: Math.ceil(text.length / 64) }, (_, i) => text.slice(i * 64, (i + 1) * 64))
      const classified = Stream.fromIterable(pieces).pipe(
        Stream.rechunk(1),
        cutLines(maxLineLength),
        Stream.splitLines,
        Stream.map((text) => classify(text, { line: 1, now: 0 })),
        Stream.runDrain
      )
      return inMemory(classified)
    }
  }
}

export const parts: Readonly<Record<string, Path>> = {
  "calls in the window of LockoutGuard": {
    sizes: counts,
    of: (count) =>
      inMemory(
        Effect.repeat(Effect.exit(LockoutGuard.protect({ model: "m" })(Effect.fail(invalid))), { times: count - 1 })
          .pipe(
            Effect.provide(LockoutGuard.layer({ limit: 1_000_000, spare: 0 }), { local: true })
          )
      )
  },
  "calls in the window of Pacing": {
    sizes: counts,
    of: (count) =>
      inMemory(
        Effect.repeat(Pacing.pace({ model: "m", tokens: 10 })(sent), { times: count - 1 }).pipe(
          Effect.provide(Pacing.layer({ budgets: { requests: 1e9, tokens: 1e12 } }), { local: true })
        )
      )
  },
  "calls that wait for Pacing": {
    sizes: counts,
    of: (count) =>
      inMemory(
        Effect.gen(function*() {
          const fibers: Array<Fiber.Fiber<void, unknown>> = []
          for (let i = 0; i < count; i++) {
            fibers.push(yield* Effect.forkChild(Pacing.pace({ model: "m", tokens: 10 })(Effect.never)))
          }
          yield* Effect.yieldNow
          // The last one first.
          for (const fiber of fibers.toReversed()) yield* Fiber.interrupt(fiber)
        }).pipe(
          Effect.provide(Pacing.layer({ budgets: { requests: 1, tokens: 10 }, longestQueue: 100_000 }), {
            local: true
          }),
          Effect.provideService(Clock.Clock, { ...immediate, sleep: () => Effect.never })
        )
      )
  }
}
