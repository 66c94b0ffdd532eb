/** What a policy does with a call: history, deadlines, replay safety, budgets. */
import { Attempts, Decode, Errors, Operation, Retry, RetryBudget, RetryStream, VeniceError } from "@effect-venice/core"
import { assert, describe, it } from "@effect/vitest"
import {
  Cause,
  Clock,
  Duration,
  Effect,
  ExecutionPlan,
  Fiber,
  Layer,
  Random,
  Ref,
  Schedule,
  Schema,
  Stream
} from "effect"
import { HttpClient, HttpClientError, HttpClientRequest, HttpClientResponse } from "effect/http"
import { TestClock } from "effect/testing"
import { Activity } from "effect/workflow"
import { operations, peerCases } from "./fixtures/read.ts"

const steady = Retry.jittered(Retry.standard, "none")

const transport = (operation = "GET /models", cause?: unknown) => {
  const [method, path] = operation.split(" ") as ["GET", string]
  return new HttpClientError.HttpClientError({
    reason: new HttpClientError.TransportError({
      request: HttpClientRequest.make(method)(`https://api.venice.ai/api/v1${path.replace(/\{\w+\}/g, "x")}`),
      cause
    })
  })
}

const of = (
  code: VeniceError.Code,
  operation: string,
  extra: { readonly requestId?: string; readonly retryAfter?: Duration.Duration } = {}
) => {
  const error = VeniceError.fromCode(code)
  return Object.assign(error, { response: { ...error.response, operation, ...extra } })
}

/** Runs a call that fails with these, one after another, and then succeeds; says how often it ran and how it ended. */
const attempt = Effect.fnUntraced(function*(
  failures: ReadonlyArray<unknown>,
  around: <A, E>(call: Effect.Effect<A, E>) => Effect.Effect<A, E> = (call) => Effect.retry(call, steady)
) {
  const count = yield* Ref.make(0)
  const call = Effect.gen(function*() {
    const n = yield* Ref.getAndUpdate(count, (n) => n + 1)
    if (n < failures.length) return yield* Effect.fail(failures[n])
    return "answered"
  })
  const fiber = yield* Effect.forkChild(Effect.result(around(call)))
  yield* TestClock.adjust("10 hours")
  const result = yield* Fiber.join(fiber)
  return { attempts: yield* Ref.get(count), result, error: result._tag === "Failure" ? result.failure : undefined }
})

const again = (error: unknown, n = 9) => Array.from({ length: n }, () => error)

describe("the history", () => {
  it.effect("has every attempt of a call that was given up, and why", () =>
    Effect.gen(function*() {
      const { error } = yield* attempt([
        of("MODEL_OVERLOADED", "POST /chat/completions", { requestId: "a", retryAfter: Duration.seconds(30) }),
        of("INFERENCE_FAILED", "POST /chat/completions", { requestId: "b" }),
        of("INVALID_REQUEST", "POST /chat/completions", { requestId: "c" })
      ])

      assert.strictEqual(
        Attempts.render(Retry.history(error)!),
        "1. MODEL_OVERLOADED (HTTP 429, request a), asked for 30s, waited 30s\n"
          + "2. INFERENCE_FAILED (HTTP 500, request b), waited 500ms\n"
          + "3. INVALID_REQUEST (HTTP 400, request c), gave up: this failure is never retried"
      )
    }))

  it.effect("crosses processes with its error", () =>
    Effect.gen(function*() {
      const { error } = yield* attempt(again(new Errors.UnknownError()))
      const codec = Schema.fromJsonString(VeniceError.VeniceError)
      const text = yield* Schema.encodeUnknownEffect(codec)(error)
      const arrived = yield* Schema.decodeEffect(codec)(text)

      assert.deepStrictEqual(Retry.history(arrived), Retry.history(error))
      assert.strictEqual(Retry.history(arrived)?.reason, "retries")
      assert.strictEqual(Retry.history(arrived)?.made.length, 4)
    }))

  it.effect("is there for a failure without a response", () =>
    Effect.gen(function*() {
      const failures = Array.from({ length: 4 }, () => transport())
      const { error } = yield* attempt(failures)

      assert.strictEqual(error, failures[3])
      assert.deepStrictEqual(Retry.history(error)?.made.map(({ code }) => code), Array(4).fill("HttpClientError"))
    }))

  it.effect("says why a call was given up at once", () =>
    Effect.gen(function*() {
      const { attempts, error } = yield* attempt([
        of("RATE_LIMIT_EXCEEDED", "GET /models", { retryAfter: Duration.hours(20) })
      ])

      assert.strictEqual(attempts, 1)
      assert.strictEqual(
        Attempts.render(Retry.history(error)!),
        "1. RATE_LIMIT_EXCEEDED (HTTP 429), asked for 20h, gave up: the server asks for a longer delay than the policy accepts"
      )
    }))

  it.effect("is not there for what was never retried", () =>
    Effect.gen(function*() {
      const mine = new Error("mine")
      const { error } = yield* attempt([mine])

      assert.strictEqual(error, mine)
      assert.isUndefined(Retry.history(mine))
      assert.deepStrictEqual(Object.keys(mine), [])
      assert.isUndefined(Retry.history((yield* attempt([new Errors.InvalidRequest()])).error))
      assert.isUndefined(Retry.history("text"))
    }))

  it.effect("is there when something around the policy ends the loop", () =>
    Effect.gen(function*() {
      const { attempts, error } = yield* attempt(again(of("UNKNOWN_ERROR", "GET /models")), (call) =>
        Effect.retry(call, { schedule: steady, times: 1 }))

      assert.strictEqual(attempts, 2)
      assert.strictEqual(Retry.history(error)?.made.length, 2)
      assert.strictEqual(Retry.history(error)?.reason, "outside")
    }))

  it.effect("is there for an error that cannot be changed", () =>
    Effect.gen(function*() {
      const frozen = Object.freeze(of("RATE_LIMIT_EXCEEDED", "GET /models", { retryAfter: Duration.hours(9) }))
      const { error } = yield* attempt([frozen])

      assert.strictEqual(error, frozen)
      assert.strictEqual(Retry.history(frozen)?.reason, "hint")
    }))

  it.effect("of one call does not stop another that fails with the same value", () =>
    Effect.gen(function*() {
      const error = of("UNKNOWN_ERROR", "GET /models")
      const impatient = Retry.limit(steady, { attempts: 1 })
      const other = Effect.retry(Effect.fail(error), impatient).pipe(
        Effect.ignore,
        Effect.repeat({ times: 50, schedule: Schedule.spaced("100 millis") })
      )
      const fiber = yield* Effect.forkChild(other)
      const { attempts } = yield* attempt(again(error))
      yield* Fiber.interrupt(fiber)

      assert.strictEqual(attempts, 4)
    }))

  it.effect("is bounded", () =>
    Effect.gen(function*() {
      const long = Retry.limit(
        Retry.override(Retry.make(Retry.standardRules), "Server", {
          ...Retry.standardRules.Server,
          retries: 1000
        }),
        { attempts: 200 }
      )
      const failures = Array.from({ length: 300 }, () =>
        of("UNKNOWN_ERROR", "GET /models", { requestId: "r".repeat(200) }))
      const { attempts, error } = yield* attempt(failures, (call) =>
        Effect.retry(call, long))
      const history = Retry.history(error)!

      assert.strictEqual(attempts, 200)
      assert.strictEqual(history.made.length, Attempts.maxKept)
      assert.strictEqual(history.omitted, 200 - Attempts.maxKept)
      assert.match(Attempts.render(history), /^1\. .*\n {3}… 168 more …\n170\. /)
      assert.match(Attempts.render(history), /\n200\. .*gave up: no attempts left$/)
    }))
})

describe("deadlines", () => {
  it.effect("are kept: a wait that would end later is not begun", () =>
    Effect.gen(function*() {
      const hinted = () => again(of("RATE_LIMIT_EXCEEDED", "GET /models", { retryAfter: Duration.seconds(30) }))
      const within = (timeLeft: Duration.Input) =>
        attempt(hinted(), (call) => Effect.retry(call, steady).pipe(Retry.withDeadline(timeLeft)))

      assert.strictEqual((yield* within("29999 millis")).attempts, 1)
      assert.strictEqual((yield* within("30 seconds")).attempts, 2)
      assert.strictEqual((yield* within("89 seconds")).attempts, 3)
      assert.strictEqual(Retry.history((yield* within("1 second")).error)?.reason, "deadline")
    }))

  it.effect("cut jitter, not the wait", () =>
    Effect.gen(function*() {
      const error = () => [of("RATE_LIMIT_EXCEEDED", "GET /models", { retryAfter: Duration.seconds(30) })]
      for (let seed = 0; seed < 50; seed++) {
        const { error: failure, result } = yield* attempt(error(), (call) =>
          Effect.retry(call, Retry.standard).pipe(Retry.withDeadline("31 seconds"), Random.withSeed(seed)))
        assert.strictEqual(result._tag, "Success", String(failure))
      }
    }))

  it.effect("are not met by a shower of attempts", () =>
    Effect.gen(function*() {
      const wide = Retry.jittered(Retry.patient, "full")
      for (let seed = 0; seed < 20; seed++) {
        const { attempts } = yield* attempt(again(of("MODEL_OFFLINE", "GET /models"), 99), (call) =>
          Effect.retry(call, wide).pipe(Retry.withDeadline("10 seconds"), Random.withSeed(seed)))

        assert.isBelow(attempts, 6)
      }
    }))

  it.effect("take the earlier of two", () =>
    Effect.gen(function*() {
      const inner = yield* Retry.Deadline.pipe(Retry.withDeadline("1 hour"), Retry.withDeadline("1 minute"))
      const outer = yield* Retry.Deadline.pipe(Retry.withDeadline("1 minute"), Retry.withDeadline("1 hour"))

      assert.strictEqual(inner, (yield* Clock.currentTimeMillis) + 60_000)
      assert.strictEqual(outer, inner)
    }))
})

describe("replay", () => {
  const expected = (onReplay: string) => ({
    refused: onReplay !== "retired",
    failed: ["free", "free-on-failure", "billed-after-run"].includes(onReplay),
    lost: onReplay === "free"
  })

  it.effect.each(operations)("of $operation, which is $onReplay", ({ onReplay, operation }) =>
    Effect.gen(function*() {
      const { failed, lost, refused } = expected(onReplay)
      const repeats = (error: unknown) => Effect.map(attempt([error]), ({ attempts }) => attempts === 2)

      assert.strictEqual(yield* repeats(of("RATE_LIMIT_EXCEEDED", operation)), refused)
      assert.strictEqual(yield* repeats(of("MODEL_AT_CAPACITY", operation)), refused)
      assert.strictEqual(yield* repeats(of("UNKNOWN_ERROR", operation)), failed)
      assert.strictEqual(yield* repeats(of("ASR_UPSTREAM_FAILED", operation)), failed)
      assert.strictEqual(yield* repeats(of("REQUEST_TIMEOUT", operation)), failed)
      assert.strictEqual(yield* repeats(transport(operation)), lost)
    }))

  it.effect("goes by the status that was answered, not by the code", () =>
    Effect.gen(function*() {
      const answered = (code: VeniceError.Code, status: number) => {
        const error = of(code, "POST /video/queue")
        return Object.assign(error, { response: { ...error.response, status } })
      }

      assert.strictEqual((yield* attempt([answered("INFERENCE_FAILED", 503)])).attempts, 2)
      assert.strictEqual((yield* attempt([answered("MODEL_OFFLINE", 500)])).attempts, 1)
      // In a stream the error itself says that it is a refusal.
      assert.strictEqual((yield* attempt([answered("MODEL_OVERLOADED", 200)])).attempts, 2)
    }))

  it.effect("goes by what the failure says of its operation before what the caller says", () =>
    Effect.gen(function*() {
      const { attempts } = yield* attempt([of("UNKNOWN_ERROR", "POST /video/queue")], (call) =>
        Effect.provideService(Effect.retry(call, steady), Operation.Current, "GET /models"))

      assert.strictEqual(attempts, 1)
    }))

  it.effect("of an answer a proxy lost is that of a lost one", () =>
    Effect.gen(function*() {
      const lost = (operation: string) =>
        new Errors.UnrecognizedResponse({ category: "Timeout", response: { status: 524, operation } })

      assert.strictEqual((yield* attempt([lost("POST /chat/completions")])).attempts, 1)
      assert.strictEqual((yield* attempt([lost("GET /models")])).attempts, 2)
    }))

  it.effect.each(
    [502, 503, 504].flatMap((status) =>
      ["POST /chat/completions", "POST /video/queue", "POST /api_keys"].map((operation) => ({ operation, status }))
    )
  )("of the $status of a proxy to $operation is that of a lost one", ({ operation, status }) =>
    Effect.gen(function*() {
      const page = Decode.response({ status, body: "upstream connect error or disconnect", operation, now: 0 })

      const { attempts, error } = yield* attempt([page])

      assert.strictEqual(attempts, 1)
      assert.strictEqual((error as VeniceError.VeniceError).attempts?.reason, "replay")
    }))

  it.effect("of the 503 of Venice is that of a refused one", () =>
    Effect.gen(function*() {
      const body = "{\"error\":\"The model is at capacity. Please try again later.\"}"
      const refused = Decode.response({ status: 503, body, operation: "POST /video/queue", now: 0 })

      assert.strictEqual((yield* attempt([refused])).attempts, 2)
    }))

  it.effect("of a read is safe, whoever answered", () =>
    Effect.gen(function*() {
      const page = Decode.response({ status: 502, body: "<html></html>", operation: "GET /models", now: 0 })

      assert.strictEqual((yield* attempt([page])).attempts, 2)
    }))

  it.effect.each(
    [
      ["EHOSTUNREACH", "connect", 2],
      ["ENETUNREACH", "connect", 2],
      ["ENETUNREACH", "getaddrinfo", 2],
      ["EHOSTUNREACH", "read", 1],
      ["ENETUNREACH", "write", 1],
      ["EHOSTUNREACH", undefined, 1],
      ["ECONNREFUSED", undefined, 2],
      ["ECONNRESET", "read", 1]
    ] as const
  )("of a connection that ended with %s of %s", ([code, syscall, expected]) =>
    Effect.gen(function*() {
      const cause = Object.assign(new Error("failed"), { code, syscall })

      assert.strictEqual((yield* attempt([transport("POST /video/queue", cause)])).attempts, expected)
    }))

  it.effect("of a body that breaks off is that of a lost one", () =>
    Effect.gen(function*() {
      const cut = (operation: string, cause: unknown) => {
        const { request } = transport(operation)
        const response = HttpClientResponse.fromWeb(request, new Response())
        return new HttpClientError.HttpClientError({
          reason: new HttpClientError.DecodeError({ request, response, cause })
        })
      }

      assert.strictEqual((yield* attempt([cut("GET /models", new TypeError("terminated"))])).attempts, 2)
      assert.strictEqual((yield* attempt([cut("POST /embeddings", new TypeError("terminated"))])).attempts, 1)
      assert.strictEqual((yield* attempt([cut("GET /models", new SyntaxError("no JSON"))])).attempts, 1)
    }))

  it.effect("of a request that never left is safe", () =>
    Effect.gen(function*() {
      const refused = transport(
        "POST /video/queue",
        Object.assign(new TypeError("fetch failed"), { cause: { code: "ECONNREFUSED" } })
      )
      const reset = transport(
        "POST /video/queue",
        Object.assign(new TypeError("fetch failed"), { cause: { code: "ECONNRESET" } })
      )

      assert.strictEqual((yield* attempt([refused])).attempts, 2)
      assert.strictEqual((yield* attempt([reset])).attempts, 1)
    }))

  it.effect("to a host that cannot be reached is safe only while the connection is made", () =>
    Effect.gen(function*() {
      const attemptsAfter = (cause: object) =>
        Effect.map(
          attempt([transport("POST /video/queue", Object.assign(new TypeError("fetch failed"), { cause }))]),
          ({ attempts }) => attempts
        )
      for (const code of ["EHOSTUNREACH", "ENETUNREACH"]) {
        assert.strictEqual(yield* attemptsAfter({ code, syscall: "connect" }), 2)
        assert.strictEqual(yield* attemptsAfter({ code, syscall: "getaddrinfo" }), 2)
        // The connection was made, and the request may have left.
        for (const syscall of ["read", "write", undefined]) {
          assert.strictEqual(yield* attemptsAfter({ code, syscall }), 1)
        }
      }

      // One error for each address: one that may have left is enough.
      const connect = { code: "EHOSTUNREACH", syscall: "connect" }
      const all = new AggregateError([connect, { code: "ECONNREFUSED" }, { code: "ETIMEDOUT", syscall: "connect" }])
      const some = new AggregateError([connect, { code: "ECONNRESET", syscall: "read" }])
      assert.strictEqual(yield* attemptsAfter(Object.assign(all, { code: "EHOSTUNREACH" })), 2)
      assert.strictEqual(yield* attemptsAfter(Object.assign(some, { code: "ECONNREFUSED" })), 1)
    }))

  it.effect("is up to the caller", () =>
    Effect.gen(function*() {
      const { attempts } = yield* attempt([transport("POST /video/queue")], (call) =>
        Operation.allowReplay(Effect.retry(call, steady)))

      assert.strictEqual(attempts, 2)
    }))

  it.effect("of what the caller says it is", () =>
    Effect.gen(function*() {
      const timeout = new Cause.TimeoutError()
      const during = (operation: string) =>
        Effect.map(
          attempt([timeout], (call) => Effect.provideService(Effect.retry(call, steady), Operation.Current, operation)),
          ({ attempts }) => attempts
        )

      // Of a timeout alone nothing is known.
      assert.strictEqual((yield* attempt([timeout])).attempts, 1)
      assert.strictEqual(yield* during("GET /models"), 2)
      assert.strictEqual(yield* during("POST /chat/completions"), 1)
    }))

  it.effect("with an idempotency key is safe", () =>
    Effect.gen(function*() {
      const operation = "POST /crypto/rpc/{network}"
      const { attempts } = yield* attempt([transport(operation), of("UNKNOWN_ERROR", operation)], (call) =>
        Operation.withIdempotencyKey(Effect.retry(call, steady)))

      assert.strictEqual(attempts, 3)
    }))

  it.effect("keeps one idempotency key for all attempts, and another for another call", () =>
    Effect.gen(function*() {
      const keys: Array<string | undefined> = []
      const call = Effect.andThen(
        Effect.flatMap(Operation.IdempotencyKey, (key) => Effect.sync(() => keys.push(key))),
        Effect.fail(of("MODEL_OFFLINE", "POST /crypto/rpc/{network}"))
      )
      const logical = Operation.withIdempotencyKey(Effect.retry(call, steady))
      const fiber = yield* Effect.forkChild(Effect.flip(Effect.andThen(Effect.flip(logical), logical)))
      yield* TestClock.adjust("1 hour")
      yield* Fiber.join(fiber)

      assert.strictEqual(keys.length, 10)
      assert.strictEqual(new Set(keys.slice(0, 5)).size, 1)
      assert.strictEqual(new Set(keys).size, 2)
      for (const key of keys) assert.match(key!, /^[A-Za-z0-9_-]{1,255}$/)
    }))

  it("of a request outside of Venice's operations goes by its method", () => {
    assert.isTrue(Operation.mayRepeat("GET /new/thing", "lost"))
    assert.isFalse(Operation.mayRepeat("POST /new/thing", "lost"))
    assert.isFalse(Operation.mayRepeat("POST /new/thing", "failed"))
    assert.isTrue(Operation.mayRepeat("POST /new/thing", "refused"))
  })
})

describe("a budget across calls", () => {
  const failing = () => attempt(again(of("UNKNOWN_ERROR", "GET /models")))

  it.effect("ends the retrying of all callers when it is empty", () =>
    Effect.gen(function*() {
      // Four attempts each without a budget; with six tokens, six retries among five callers.
      const results = yield* Effect.all(Array.from({ length: 5 }, failing)).pipe(
        Effect.provide(RetryBudget.layer({ initial: 6, allowance: 0 }))
      )

      assert.strictEqual(results.reduce((sum, { attempts }) => sum + attempts, 0), 5 + 6)
      assert.strictEqual(Retry.history(results.at(-1)!.error)?.reason, "budget")
    }))

  it.effect("fills by successes, and by time", () =>
    Effect.gen(function*() {
      const budget = yield* RetryBudget.make({ initial: 0, capacity: 5, allowance: 1, share: 0.5 })

      assert.isFalse(yield* budget.withdraw("Server"))
      yield* budget.deposit
      yield* budget.deposit
      assert.isTrue(yield* budget.withdraw("Server"))
      assert.isFalse(yield* budget.withdraw("Server"))
      yield* TestClock.adjust("3 seconds")
      assert.strictEqual(yield* budget.tokens, 3)
      yield* TestClock.adjust("1 hour")
      assert.strictEqual(yield* budget.tokens, 5)
    }))

  it.effect("costs by kind", () =>
    Effect.gen(function*() {
      const budget = yield* RetryBudget.make({ initial: 10, allowance: 0, costs: { Timeout: 8, RateLimit: 0 } })

      assert.isTrue(yield* budget.withdraw("Timeout"))
      assert.isFalse(yield* budget.withdraw("Timeout"))
      assert.isTrue(yield* budget.withdraw("RateLimit"))
      assert.strictEqual(yield* budget.tokens, 2)
    }))

  it.effect("is paid into by a success, and by nothing else", () =>
    Effect.gen(function*() {
      const { tokens } = yield* RetryBudget.RetryBudget
      yield* RetryBudget.recordSuccess(Effect.void)
      yield* Effect.ignore(RetryBudget.recordSuccess(Effect.fail("no")))

      assert.strictEqual(yield* tokens, 0.2)
    }).pipe(Effect.provide(RetryBudget.layer({ initial: 0, allowance: 0 }))))

  it.effect("counts a success once, however often it is recorded", () =>
    Effect.gen(function*() {
      const budget = yield* RetryBudget.make({ allowance: 0, initial: 0, share: 1 })
      const call = RetryBudget.recordSuccess(Effect.void)
      const tokensAfter = (effect: Effect.Effect<unknown>) =>
        Effect.andThen(Effect.provideService(effect, RetryBudget.RetryBudget, budget), budget.tokens)

      assert.strictEqual(yield* tokensAfter(RetryBudget.recordSuccess(call)), 1)
      assert.strictEqual(yield* tokensAfter(RetryBudget.recordSuccess(RetryBudget.recordSuccess(call))), 2)
      assert.strictEqual(yield* tokensAfter(RetryBudget.recordSuccess(Effect.andThen(call, call))), 4)
      assert.strictEqual(yield* tokensAfter(RetryBudget.recordSuccess(Effect.forEach([1, 2, 3], () => call))), 7)
    }))

  it.effect("is not needed", () =>
    Effect.gen(function*() {
      assert.strictEqual(yield* RetryBudget.recordSuccess(Effect.succeed(1)), 1)
      assert.strictEqual((yield* failing()).attempts, 4)
    }))
})

describe("wherever Effect takes a schedule", () => {
  const flaky = (failures: ReadonlyArray<VeniceError.VeniceError>) =>
    Effect.map(Ref.make(0), (count) => ({
      count,
      call: Effect.gen(function*() {
        const n = yield* Ref.getAndUpdate(count, (n) => n + 1)
        if (n < failures.length) return yield* Effect.fail(failures[n]!)
        return "answered"
      })
    }))

  const settle = Effect.fnUntraced(function*<A, E>(effect: Effect.Effect<A, E>) {
    const fiber = yield* Effect.forkChild(effect)
    yield* TestClock.adjust("1 hour")
    return yield* Fiber.join(fiber)
  })

  it.effect("Stream.retry", () =>
    Effect.gen(function*() {
      const { call } = yield* flaky([new Errors.ModelOffline()])

      assert.deepStrictEqual(yield* settle(Stream.runCollect(Stream.retry(Stream.fromEffect(call), steady))), [
        "answered"
      ])
    }))

  it.effect("RetryStream.retry, until something is delivered", () =>
    Effect.gen(function*() {
      const error = () => of("UNKNOWN_ERROR", "GET /models")
      const late = yield* flaky(Array.from({ length: 99 }, error))
      const delivering = Stream.concat(Stream.make(1, 2), Stream.fromEffect(late.call))
      const items: Array<unknown> = []
      const failure = yield* settle(Effect.flip(Stream.runForEach(
        RetryStream.retry(delivering, steady),
        (item) => Effect.sync(() => items.push(item))
      )))

      assert.deepStrictEqual(items, [1, 2])
      assert.strictEqual(failure._tag, "UNKNOWN_ERROR")
      assert.strictEqual(yield* Ref.get(late.count), 1)

      const early = yield* flaky([error(), error()])
      assert.deepStrictEqual(
        yield* settle(Stream.runCollect(Stream.fromEffect(early.call).pipe(RetryStream.retry(steady)))),
        ["answered"]
      )
    }))

  it.effect("HttpClient.retry", () =>
    Effect.gen(function*() {
      const { call, count } = yield* flaky([new Errors.ModelOffline(), new Errors.UnknownError()])
      const client = HttpClient.make((request) => Effect.succeed(HttpClientResponse.fromWeb(request, new Response())))
        .pipe(HttpClient.transformResponse((response) => Effect.andThen(call, response)), HttpClient.retry(steady))
      yield* settle(client.get("https://api.venice.ai/api/v1/models"))

      assert.strictEqual(yield* Ref.get(count), 3)
    }))

  it.effect("ExecutionPlan", () =>
    Effect.gen(function*() {
      const { call, count } = yield* flaky(Array.from({ length: 7 }, () => new Errors.ModelOffline()))
      const plan = ExecutionPlan.make(
        { provide: Layer.empty, schedule: steady },
        { provide: Layer.empty, schedule: steady }
      )

      assert.strictEqual(yield* settle(Effect.withExecutionPlan(call, plan)), "answered")
      assert.strictEqual(yield* Ref.get(count), 8)
    }))

  it.effect("Activity.retry", () =>
    Effect.gen(function*() {
      const { call, count } = yield* flaky(Array.from({ length: 9 }, () => new Errors.UnknownError()))
      const retried = Effect.flatMap(Retry.toPredicate(steady), (goOn) => Activity.retry(call, { while: goOn }))
      const error = yield* settle(Effect.flip(retried))

      assert.strictEqual(yield* Ref.get(count), 4)
      assert.strictEqual(Retry.history(error)?.made.length, 4)
    }))
})

describe("what peers do", () => {
  const answering = (status: number) =>
    HttpClient.make((request) =>
      Effect.succeed(HttpClientResponse.fromWeb(request, new Response("{\"error\":\"any\"}", { status })))
    )

  const retried = Effect.fnUntraced(function*(status: number) {
    const { body, headers } = { body: "{\"error\":\"any\"}", headers: {} }
    const response = yield* answering(status).get("https://api.venice.ai/api/v1/models")
    const error = Decode.response({ status: response.status, headers, body, operation: "GET /models", now: 0 })
    return (yield* attempt([error])).attempts === 2
  })

  const statuses = peerCases.flatMap(({ expected, id, input }) => {
    if (id.startsWith("openai.should-retry.status.")) return [{ id, status: input.status, retry: expected.retry }]
    if (id.startsWith("effect.transient.") && input.status !== 200) {
      return [{ id, status: input.status, retry: expected.attempts > 1 }]
    }
    if (id === "consensus.429-5xx") return input.statuses.map((status: number) => ({ id, status, retry: true }))
    return []
  })

  // Effect and smithy take a 501 for final; here every unknown 5xx is the server's, and Venice has no 501.
  const deviations = new Set(["effect.transient.501"])

  it.effect.each(statuses)("$id: $status is retried: $retry", ({ id, retry, status }) =>
    Effect.gen(function*() {
      assert.strictEqual(yield* retried(status), deviations.has(id) ? !retry : retry)
    }))

  it.effect.each(peerCases.filter(({ id }) => id === "openai.should-retry.header-false"))(
    "$id: what the server says not to repeat is not",
    ({ expected, input: { headers, status } }) =>
      Effect.gen(function*() {
        const refused = Decode.response({ status, headers, body: "", operation: "GET /models", now: 0 })
        const allowed = Decode.response({ status, body: "", operation: "GET /models", now: 0 })

        assert.strictEqual((yield* attempt([refused])).attempts > 1, expected.retry)
        assert.isAbove((yield* attempt([allowed])).attempts, 1)
      })
  )

  it.effect("no multiplication: a policy around a policy adds no attempts", () =>
    Effect.gen(function*() {
      const nested = <A, E>(call: Effect.Effect<A, E>) => Effect.retry(Effect.retry(call, steady), steady)
      const { attempts, error } = yield* attempt(again(of("UNKNOWN_ERROR", "GET /models"), 99), nested)

      assert.strictEqual(attempts, 4)
      assert.strictEqual(Retry.history(error)?.made.length, 4)
      // Another call is not held against the failure of the first, even if it is the same value.
      assert.strictEqual((yield* attempt([error, error], nested)).attempts, 3)
    }))

  it.effect.each(peerCases.filter(({ id }) => id.startsWith("smithy.spec2026.quota")))(
    "$id: the budget is spent before the attempts are",
    ({ expected, input }) =>
      Effect.gen(function*() {
        const error = () => of("UNKNOWN_ERROR", "GET /models")
        const { attempts } = yield* attempt(input.responses.map(error)).pipe(
          Effect.provide(
            RetryBudget.layer({ initial: input.given.initialRetryTokens, allowance: 0, costs: { Server: 14 } })
          )
        )

        assert.strictEqual(
          attempts,
          expected.filter(({ outcome }: { outcome: string }) => outcome === "retry").length + 1
        )
      })
  )

  const now = Date.UTC(2026, 0, 1)

  const utc = (millis: number) => new Date(now + millis).toUTCString()

  // The placeholders of the data file, read against our clock.
  const concrete = (value: string) =>
    value
      .replace(/<(?:UTC string|IMF-fixdate)(?: of)? now\+(\d+)(ms|s)>/, (_, n, unit) =>
        utc(Number(n) * (unit === "s" ? 1000 : 1)))

  const hints = peerCases.filter(({ input }) => {
    const { headers } = input
    const value = headers?.["retry-after"] ?? headers?.["Retry-After"] ?? headers?.["retry-after-ms"]
    return typeof value === "string" && !concrete(value).includes("<") && input.status === undefined
  })

  // Decided otherwise here: a hint beyond the ceiling is not cut (undici), a long or unusable one is not replaced by a
  // wait at once (openai 6), one of zero says nothing, a value beside a date is the longer of the two.
  const decided = (id: string) => ["undici.cap", "undici.disabled"].includes(id)

  it.effect.each(hints)(
    "$id: no wait is shorter than a hint that can be read",
    ({ expected, id, input }) =>
      Effect.gen(function*() {
        const headers = Object.fromEntries(
          Object.entries(input.headers as Record<string, string>).map(([name, value]) => [name, concrete(value)])
        )
        const error = Decode.response({ status: 429, headers, body: "", operation: "GET /models", now })
        const policy = Retry.jittered(
          Retry.make({
            ...Retry.standardRules,
            RateLimit: { ...Retry.standardRules.RateLimit, base: Duration.millis(1) }
          }),
          "none"
        )
        const start = yield* Clock.currentTimeMillis
        const again = yield* Ref.make<number | undefined>(undefined)
        const call = Effect.gen(function*() {
          const at = yield* Clock.currentTimeMillis
          if (at === start) return yield* error
          yield* Ref.set(again, at - start)
        })
        const fiber = yield* Effect.forkChild(Effect.ignore(Effect.retry(call, policy)))
        yield* TestClock.adjust("30 days")
        yield* Fiber.join(fiber)
        const waited = yield* Ref.get(again)
        const asked = error.response.retryAfter === undefined ? 0 : Duration.toMillis(error.response.retryAfter)

        // More than a day is not waited for.
        assert.strictEqual(waited, asked > 86_400_000 ? undefined : Math.max(1, asked))
        const peer = (expected as { delayMs?: unknown } | null)?.delayMs
        if (typeof peer === "number" && peer > 0 && peer <= 86_400_000 && !decided(id) && asked > 0) {
          assert.strictEqual(waited, peer)
        }
      })
  )

  it.each(["-5", "garbage", "", "Wed, 31 Dec 2025 23:59:00 GMT"])("no retry at once for the hint %j", (hint) => {
    const error = Decode.response({
      status: 429,
      headers: { "retry-after": hint },
      body: "",
      operation: "GET /models",
      now: Date.UTC(2026, 0, 1)
    })
    const { retries } = Retry.simulate(steady, [error])

    assert.deepStrictEqual(retries.map(({ delay }) => Duration.toMillis(delay)), [1000])
  })
})
