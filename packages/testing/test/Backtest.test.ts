import { Errors, Retry, VeniceError } from "@effect-venice/core"
import { Telemetry, VeniceClient } from "@effect-venice/http"
import { Backtest, Emulator, Journal } from "@effect-venice/testing"
import { assert, describe, it } from "@effect/vitest"
import { Arbitrary, Duration, Effect, Schema, Stream } from "effect"
import { join } from "node:path"

const start = Date.UTC(2026, 0, 1)

const encodeError = Schema.encodeSync(Schema.toCodecJson(VeniceError.VeniceError))

const read = (lines: ReadonlyArray<unknown>) =>
  Backtest.read(Stream.fromIterable(lines.map((line) => typeof line === "string" ? line : JSON.stringify(line))))

/** Calls that recover after a time, an hour apart. */
const recovering = (seconds: number, count: number, code = "MODEL_OFFLINE") =>
  Array.from({ length: count }, (_, i) => ({
    timestamp: start + i * 3_600_000,
    operation: "POST /chat/completions",
    error: code,
    recoveredAt: start + i * 3_600_000 + seconds * 1000
  }))

const int = (minimum: number, maximum: number) =>
  Arbitrary.schema(Schema.Int.check(Schema.isBetween({ minimum, maximum })))

const candidate = (name: keyof typeof policies) => ({ name, policy: policies[name] })

const policies = {
  standard: Retry.standard,
  patient: Retry.patient,
  eager: Retry.eager,
  never: Retry.never
}

describe("Backtest", () => {
  it.effect("sends exactly the first attempts under never", () =>
    Effect.gen(function*() {
      const report = Backtest.compare(yield* read(recovering(5, 1234)), [candidate("never")])
      const [never] = report.policies

      assert.strictEqual(never?.requests, 1234)
      assert.strictEqual(never?.successes, 0)
      assert.strictEqual(Duration.toMillis(never!.waited), 0)
      assert.deepStrictEqual(never?.gaveUp, { retries: 1234 })
    }))

  it.effect("finds the policy that a log was made for", () =>
    Effect.gen(function*() {
      // A retry after less than 5 s never helps, one after 5 s always does.
      const observations = yield* read(recovering(5, 1000))
      const [best] = Backtest.suggest(observations, candidate("standard"), { seed: 1 })
      const [standard] = Backtest.compare(observations, [candidate("standard")], { seed: 1 }).policies

      assert.isAtLeast(best!.row.successes, standard!.successes)
      assert.isBelow(best!.row.requests, 2100)
      assert.isAbove(standard!.requests, 3500)
      assert.match(best!.code, /Capacity: \{ base: "(5|7500|10) (seconds|millis)"/)
      assert.isBelow(Duration.toMillis(best!.row.waited), Duration.toMillis(standard!.waited))
    }))

  it.effect("suggests nothing if nothing is better", () =>
    Effect.gen(function*() {
      const observations = yield* read([{ timestamp: start, operation: "GET /models", error: "INVALID_REQUEST" }])

      assert.deepStrictEqual(Backtest.suggest(observations, candidate("standard"), { candidates: 50 }), [])
    }))

  it.effect("prints code that is the policy it suggests", () =>
    Effect.gen(function*() {
      const observations = yield* read(recovering(5, 100))
      const [best] = Backtest.suggest(observations, candidate("standard"))
      const source = best!.code.replace(/^import.*$/m, "").replace("export const suggested =", "return")
      const policy = new Function("Retry", source)(Retry) as Retry.Policy
      const script = Array.from({ length: 12 }, () => "MODEL_OFFLINE")

      assert.deepStrictEqual(Retry.simulate(policy, script), Retry.simulate(best!.policy, script))
    }))

  it.effect("is the same for the same seed, and the calls are drawn anew for another", () =>
    Effect.gen(function*() {
      const lines = [...recovering(5, 30), ...recovering(90, 30), ...recovering(0, 40, "INFERENCE_FAILED")]
      const report = (seed: number) =>
        Effect.map(read(lines), (observations) =>
          JSON.stringify([
            Backtest.compare(observations, [candidate("standard"), candidate("patient")], { seed }),
            Backtest.suggest(observations, candidate("standard"), { seed, candidates: 60 }).map(({ code }) => code)
          ]))

      assert.strictEqual(yield* report(1), yield* report(1))
      assert.notStrictEqual(yield* report(1), yield* report(2))
    }))

  it.effect.prop(
    "has no fewer successes with more attempts",
    [Arbitrary.array(int(0, 300), { minLength: 1, maxLength: 20 }), int(0, 99)],
    ([seconds, seed]) =>
      Effect.gen(function*() {
        const observations = yield* read(seconds.flatMap((seconds) => recovering(seconds, 3)))
        const { policies } = Backtest.compare(
          observations,
          [1, 2, 3, 5, 8, 13].map((attempts) => ({
            name: String(attempts),
            policy: Retry.limit(Retry.patient, { attempts })
          })),
          { seed }
        )
        for (const [i, { successes }] of policies.entries()) {
          if (i > 0) assert.isAtLeast(successes, policies[i - 1]!.successes)
        }
      }),
    { arbitrary: { runs: 20 } }
  )

  it.effect("does not let an attempt succeed before the hint", () =>
    Effect.gen(function*() {
      const error = encodeError(
        new Errors.ModelOverloaded({ response: { status: 429, retryAfter: Duration.seconds(40) } })
      )
      const observations = yield* read([{ timestamp: start, operation: "POST /embeddings", error, recovered: true }])
      const { policies } = Backtest.compare(observations, [candidate("eager"), candidate("patient")])

      assert.deepStrictEqual(policies[0]?.gaveUp, { hint: 1 })
      assert.isAtLeast(Duration.toMillis(policies[1]!.p50), 40_000)
    }))

  it.effect("tells charges that were risked, and risks them only with consent", () =>
    Effect.gen(function*() {
      const lost = { timestamp: start, operation: "POST /video/queue", error: "Transport" }
      const observations = yield* read([{ ...lost, call: "a" }, {
        ...lost,
        timestamp: start + 1000,
        call: "a",
        recovered: true
      }])
      const report = Backtest.compare(observations, [
        candidate("standard"),
        { name: "careless", policy: Retry.standard, allowReplay: true }
      ])

      assert.deepStrictEqual([report.was.requests, report.was.successes, report.was.chargesRisked], [3, 1, 2])
      assert.deepStrictEqual(report.policies[0]?.gaveUp, { replay: 1 })
      assert.strictEqual(report.policies[0]?.chargesRisked, 0)
      assert.isAtLeast(report.policies[1]!.chargesRisked, 1)
    }))

  it.effect("counts the failures of a key, and the time in its lockout", () =>
    Effect.gen(function*() {
      const lines = (count: number, apart: number) => [
        ...Array.from({ length: count }, (_, i) => ({
          timestamp: start + i * apart,
          operation: "POST /embeddings",
          error: "INVALID_MODEL",
          key: "k"
        })),
        { timestamp: start + count * apart, operation: "POST /embeddings", error: "MODEL_OFFLINE", key: "k" },
        { timestamp: start + count * apart, operation: "POST /embeddings", error: "MODEL_OFFLINE", key: "other" }
      ]
      const of = (observations: Backtest.Observations) => {
        const { log, policies } = Backtest.compare(observations, [candidate("patient")])
        return [log.lockouts, Duration.toSeconds(policies[0]!.lockedOut) > 20] as const
      }

      assert.deepStrictEqual(of(yield* read(lines(50, 100))), [1, true])
      assert.deepStrictEqual(of(yield* read(lines(49, 100))), [0, false])
      assert.deepStrictEqual(of(yield* read(lines(50, 700))), [0, false])
    }))

  it.effect("learns from episodes where the log has no successes", () =>
    Effect.gen(function*() {
      const line = (i: number) => ({
        timestamp: start + i * 10_000,
        operation: "POST /embeddings",
        error: "UNKNOWN_ERROR"
      })
      const long = yield* read(Array.from({ length: 100 }, (_, i) => line(i)))
      const isolated = yield* read(Array.from({ length: 100 }, (_, i) => line(i * 7)))
      const successes = (observations: Backtest.Observations) =>
        Backtest.compare(observations, [candidate("standard")]).policies[0]!.successes

      assert.isBelow(successes(long), 15)
      assert.isAbove(successes(isolated), 85)
    }))

  it.live("reads the history of an error that a policy gave up on", () =>
    Effect.gen(function*() {
      const error = yield* Effect.flip(Effect.retry(
        Effect.fail(new Errors.ModelOffline()),
        Retry.make({
          ...Retry.standardRules,
          Capacity: { ...Retry.standardRules.Capacity, base: 1, cap: 1, retries: 3 }
        })
      ))
      const { was } = Backtest.compare(
        yield* read([{ timestamp: start, operation: "GET /models", error: encodeError(error) }]),
        []
      )

      assert.strictEqual(was.requests, 4)
      assert.deepStrictEqual(was.gaveUp, { retries: 1 })
      assert.isAtLeast(Duration.toMillis(was.waited), 3)
    }))

  it.effect("reads responses as classify does", () =>
    Effect.gen(function*() {
      const observations = yield* read([
        { timestamp: start, status: 503, body: "{\"error\":\"The model is at capacity. Please try again later.\"}" },
        { timestamp: start, status: 200, body: "{}" },
        { timestamp: "2026-01-01T00:00:00Z", status: 429, headers: { "Retry-After": "7" }, body: "" }
      ])

      assert.deepStrictEqual([...observations.classes.values()].map(({ hint, kind }) => [kind, hint]), [
        ["Capacity", 0],
        ["RateLimit", 7000]
      ])
    }))

  it.live("reads the journal of the emulator", () =>
    Effect.gen(function*() {
      const emulator = yield* Emulator.Emulator
      const venice = yield* VeniceClient
      yield* emulator.reply(new Errors.ModelOffline(), new Errors.ModelOffline())
      const body = { model: "text-embedding-bge-m3", input: "Venice" }
      const policy = Retry.make({
        ...Retry.standardRules,
        Capacity: { ...Retry.standardRules.Capacity, base: 1, cap: 1 }
      })
      yield* Effect.retry(venice.request("POST /embeddings", { body }), policy)
      const encoded = Schema.encodeSync(Journal.Page)(yield* emulator.journalPage())
      const { was } = Backtest.compare(yield* read([encoded]), [])
      const each = Backtest.compare(yield* read([...encoded.entries]), [])

      assert.deepStrictEqual([was.requests, was.successes], [3, 1])
      assert.deepStrictEqual(each.was, was)
    }).pipe(Effect.provide(Emulator.layerInProcess)))

  it.effect("reads an export of spans", () =>
    Effect.gen(function*() {
      const value = (value: string | number) =>
        typeof value === "number" ? { intValue: String(value) } : { stringValue: value }
      const attributes = (members: Record<string, string | number>) =>
        Object.entries(members).map(([key, member]) => ({ key, value: value(member) }))
      const nanos = (millis: number) => `${start + millis}000000`
      const span = (members: object, more: Record<string, string | number> = {}) => ({
        name: "chat llama",
        startTimeUnixNano: nanos(0),
        endTimeUnixNano: nanos(4000),
        attributes: attributes({ "http.request.method": "POST", "url.template": "/chat/completions", ...more }),
        events: [{
          name: "retry",
          timeUnixNano: nanos(1000),
          attributes: attributes({
            "error.type": "MODEL_OFFLINE",
            "http.response.status_code": 503,
            "venice.retry.delay_ms": 2000
          })
        }],
        ...members
      })
      const failing = span({
        events: [{
          name: "retry.stopped",
          timeUnixNano: nanos(1000),
          attributes: attributes({ "error.type": "UNKNOWN_ERROR", "venice.retry.reason": "retries" })
        }]
      }, { "error.type": "UNKNOWN_ERROR" })
      const spans = [span({}), failing, span({ events: [] }), { name: "other" }]
      const { was } = Backtest.compare(yield* read([{ resourceSpans: [{ scopeSpans: [{ spans }] }] }]), [])

      assert.deepStrictEqual([was.requests, was.successes, was.unknown], [3, 1, 0])
      assert.deepStrictEqual(was.gaveUp, { retries: 1 })
      assert.strictEqual(Duration.toMillis(was.waited), 2000)
      assert.isFunction(Telemetry.call)
    }))

  it.effect("counts lines that are none, and says where they are", () =>
    Effect.gen(function*() {
      const { log } = Backtest.compare(
        yield* read([...recovering(1, 1), "words", "", "[]", { error: "NOPE" }, { error: { _tag: "X" } }, "{\"a\":1}"]),
        []
      )

      assert.strictEqual(log.lines, 7)
      assert.deepStrictEqual(log.problems.slice(0, 4), [
        { line: 2, problem: "not JSON" },
        { line: 3, problem: "an empty line" },
        { line: 4, problem: "Expected object" },
        { line: 5, problem: "error: unknown code \"NOPE\"" }
      ])
      assert.strictEqual(log.refused, 6)
    }))

  it.effect("builds a policy from JSON as the combinators do", () =>
    Effect.gen(function*() {
      const json = {
        preset: "patient",
        rules: { Server: { base: "2 seconds", retries: 2 } },
        without: ["Transport"],
        jitter: "none",
        limit: { attempts: 4, elapsed: "1 minute" }
      }
      const { policy } = yield* Backtest.decodePolicy(json, { name: "mine" })
      const same = Retry.patient.pipe(
        Retry.override("Server", { ...Retry.standardRules.Server, base: "2 seconds", retries: 2 }),
        Retry.without("Transport"),
        Retry.jittered("none"),
        Retry.limit({ attempts: 4, elapsed: "1 minute" })
      )
      for (const code of ["UNKNOWN_ERROR", "MODEL_OFFLINE", "Transport"]) {
        const script = Array.from({ length: 9 }, () => code)
        assert.deepStrictEqual(Retry.simulate(policy, script), Retry.simulate(same, script))
      }
    }))

  it.effect("says what is wrong with a policy", () =>
    Effect.gen(function*() {
      const problems = (input: unknown) =>
        Effect.map(Effect.flip(Backtest.decodePolicy(input, { name: "a" })), ({ message }) => message)

      assert.include(yield* problems({ rules: { Sever: {} } }), "rules.Sever")
      assert.include(yield* problems({ rules: { Server: { base: "soon" } } }), "the base of Server")
      assert.include(yield* problems({ limit: { attempts: 0 } }), "the limit of attempts must be")
    }))

  it.effect("draws the comparison", () =>
    Effect.gen(function*() {
      const observations = yield* read([
        ...recovering(5, 200),
        ...recovering(0, 100, "INFERENCE_FAILED"),
        ...recovering(60, 50, "RATE_LIMIT_EXCEEDED"),
        "words"
      ])
      const report = Backtest.compare(
        observations,
        Object.entries(policies).map(([name, policy]) => ({ name, policy }))
      )

      yield* Effect.promise(() =>
        import("vitest").then(({ expect }) =>
          expect(`${Backtest.render(report)}\n`).toMatchFileSnapshot(join(import.meta.dirname, "golden/backtest.txt"))
        )
      )
      for (const line of Backtest.render(report).split("\n").slice(0, -6)) assert.isAtMost(line.length, 100, line)
    }))
})
