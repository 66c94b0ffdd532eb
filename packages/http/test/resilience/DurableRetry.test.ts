import { Classification, Errors, Operation, Retry, VeniceError } from "@effect-venice/core"
import { Failure } from "@effect-venice/http"
import { DurableRetry } from "@effect-venice/http/resilience"
import { Arbitraries } from "@effect-venice/testing"
import { assert, describe, it } from "@effect/vitest"
import { Cause, Clock, DateTime, Duration, Effect, ErrorReporter, Exit, Fiber, Layer, Schedule, Schema } from "effect"
import { HttpClientError, HttpClientRequest, HttpClientResponse } from "effect/http"
import { TestClock } from "effect/testing"
import { Workflow, WorkflowEngine } from "effect/workflow"
import { Storable } from "../../src/internal/resilience/stored.ts"
import { properties } from "./durableProperties.ts"
import { emptyStorage, runProcess } from "./storedEngine.ts"

const steady = Retry.make({
  ...Retry.standardRules,
  Capacity: { base: "1 hour", factor: 1, cap: "1 hour", retries: 3, jitter: "none" },
  Server: { base: "5 seconds", factor: 1, cap: "5 seconds", retries: 3, jitter: "none" },
  Transport: { base: "1 second", factor: 1, cap: "1 second", retries: 3, jitter: "none" }
})

const offline = new Errors.ModelOffline({ response: { status: 503 } })
const failed = new Errors.InferenceFailed({ matchedBy: "code", response: { status: 500 } })

/** A call that counts its requests, and when they began. */
const counting = <A, E>(attempt: (n: number) => Effect.Effect<A, E>) => {
  const began: Array<number> = []
  const call = Effect.flatMap(Clock.currentTimeMillis, (now) => attempt(began.push(now)))
  return { began, call }
}

const options = { name: "call", policy: steady, success: Schema.String }

const toJson = Schema.toCodecJson(Storable)

const stored = <E extends Storable>(failure: E) =>
  Schema.decodeUnknownEffect(toJson)(JSON.parse(JSON.stringify(Schema.encodeSync(toJson)(failure))))

const readHttpError = (json: unknown) =>
  Effect.map(Schema.decodeUnknownEffect(toJson)(json), (failure) => failure as HttpClientError.HttpClientError)

const storedHttpError = (reason: HttpClientError.HttpClientErrorReason) =>
  Effect.map(
    stored(new HttpClientError.HttpClientError({ reason })),
    (failure) => failure as HttpClientError.HttpClientError
  )

const seen = (failure: unknown) => ({
  kind: Retry.kindOf(failure),
  outcome: Retry.outcomeOf(failure),
  operation: Retry.operationOf(failure),
  repeatable: Retry.isRepeatable(failure),
  attempt: Retry.attemptOf(failure)
})

/** A process that is killed when the request of the first attempt was sent, and another one. */
const killedInFlight = <E extends DurableRetry.StorableFailure>(
  operation: Operation.Operation | undefined,
  around: <A, R>(self: Effect.Effect<A, E | DurableRetry.AttemptLost, R>) => Effect.Effect<
    A,
    E | DurableRetry.AttemptLost,
    R
  > = (self) => self
) =>
  Effect.gen(function*() {
    const storage = emptyStorage()
    let sent = 0
    const call = Effect.suspend(() => ++sent === 1 ? Effect.never : Effect.succeed("done"))
    const body = around(DurableRetry.retry({ ...options, ...(operation && { operation }) })(call))
    const first = yield* Effect.forkChild(runProcess(body, storage))
    yield* TestClock.adjust("1 second")
    yield* Fiber.interrupt(first)
    const second = yield* Effect.forkChild(runProcess(body, storage))
    yield* TestClock.adjust("1 minute")
    return { sent, exit: (yield* Fiber.join(second))! }
  })

describe("DurableRetry", () => {
  properties(8)

  it.effect("ends a delay when the first process would have ended it", () =>
    Effect.gen(function*() {
      for (const [failure, delay] of [[offline, 3600], [failed, 5]] as const) {
        const start = yield* Clock.currentTimeMillis
        const storage = emptyStorage()
        const { began, call } = counting((n) => n === 1 ? Effect.fail(failure) : Effect.succeed("done"))
        const body = DurableRetry.retry(options)(call)

        const first = yield* Effect.forkChild(runProcess(body, storage))
        yield* TestClock.adjust("2 seconds")
        yield* Fiber.interrupt(first)
        yield* TestClock.adjust("1 second")
        const second = yield* Effect.forkChild(runProcess(body, storage))
        yield* TestClock.adjust(Duration.seconds(delay - 3))

        assert.deepStrictEqual(yield* Fiber.join(second), Exit.succeed("done"))
        assert.deepStrictEqual(began.map((at) => at - start), [0, delay * 1000])
      }
    }))

  it.effect("does not send again what may have been billed when the process was killed", () =>
    Effect.gen(function*() {
      for (const operation of ["POST /chat/completions", "POST /video/queue", undefined] as const) {
        const { exit, sent } = yield* killedInFlight(operation)
        const error = Exit.isFailure(exit) ? Cause.squash(exit.cause) : undefined

        assert.strictEqual(sent, 1)
        assert.instanceOf(error, DurableRetry.AttemptLost)
        assert.strictEqual(Retry.kindOf(error), "Transport")
        assert.strictEqual(Retry.outcomeOf(error), "lost")
        assert.strictEqual(Retry.history(error)?.reason, "replay")
        assert.match(String(error), /^ATTEMPT_LOST: Attempt 1 of call was interrupted/)
        assert.strictEqual(error.call, "call")
        assert.deepStrictEqual(error[Classification.key], { category: "Transport", outcome: "lost", operation })
        assert.strictEqual(Object.hasOwn(error, "operation"), operation !== undefined)
        assert.deepStrictEqual(
          error[ErrorReporter.attributes],
          operation === undefined ? { call: "call", attempt: 1 } : { call: "call", attempt: 1, operation }
        )
        assert.strictEqual(error[ErrorReporter.severity], "Error")
      }
    }))

  it.effect("sends again what may be repeated after the process was killed", () =>
    Effect.gen(function*() {
      const free = yield* killedInFlight("GET /models")
      const allowed = yield* killedInFlight("POST /chat/completions", Operation.allowReplay)
      const keyed = yield* killedInFlight("POST /crypto/rpc/{network}", Operation.withIdempotencyKey)

      for (const { exit, sent } of [free, allowed, keyed]) {
        assert.deepStrictEqual(exit, Exit.succeed("done"))
        assert.strictEqual(sent, 2)
      }
    }))

  it.effect("takes an attempt that was interrupted inside of the process for a lost one", () =>
    Effect.gen(function*() {
      const { began, call } = counting(() => Effect.interrupt)

      const fiber = yield* Effect.forkChild(runProcess(DurableRetry.retry(options)(call), emptyStorage()))
      yield* TestClock.adjust("1 minute")
      const exit = (yield* Fiber.join(fiber))!

      assert.strictEqual(began.length, 1)
      assert.instanceOf(Exit.isFailure(exit) && Cause.squash(exit.cause), DurableRetry.AttemptLost)
    }))

  it.effect("sends the first idempotency key from every process", () =>
    Effect.gen(function*() {
      const keys: Array<string | undefined> = []
      const storage = emptyStorage()
      const call = Effect.gen(function*() {
        keys.push(yield* Operation.IdempotencyKey)
        return keys.length < 3 ? yield* Effect.fail(offline) : "done"
      })
      const body = Operation.withIdempotencyKey(DurableRetry.retry(options)(call))

      yield* Effect.forkChild(runProcess(body, storage, { activity: "call/1", when: "after" }))
      yield* TestClock.adjust("1 minute")
      yield* Effect.forkChild(runProcess(body, storage))
      yield* TestClock.adjust("1 day")

      assert.strictEqual(keys.length, 3)
      assert.match(keys[0]!, /^[\w-]{24}$/)
      assert.deepStrictEqual(keys, [keys[0], keys[0], keys[0]])
    }))

  it.effect("keeps to the deadline that the call had in the first process", () =>
    Effect.gen(function*() {
      const storage = emptyStorage()
      const { began, call } = counting(() => Effect.fail(offline))
      const body = Retry.withDeadline(DurableRetry.retry(options)(call), "90 minutes")

      yield* Effect.forkChild(runProcess(body, storage, { activity: "call/1", when: "after" }))
      yield* TestClock.adjust("59 minutes")
      const second = yield* Effect.forkChild(runProcess(body, storage))
      yield* TestClock.adjust("1 day")
      const exit = (yield* Fiber.join(second))!

      assert.strictEqual(began.length, 2)
      assert.strictEqual(Retry.history(Exit.isFailure(exit) && Cause.squash(exit.cause))?.reason, "deadline")
    }))

  it.effect("does not retry what a policy inside of the call gave up on", () =>
    Effect.gen(function*() {
      const { began, call } = counting(() => Effect.fail(offline))
      const inner = Effect.retry(call, Retry.limit(steady, { attempts: 2 }))

      const fiber = yield* Effect.forkChild(runProcess(DurableRetry.retry(options)(inner), emptyStorage()))
      yield* TestClock.adjust("1 day")
      const exit = (yield* Fiber.join(fiber))!

      assert.strictEqual(began.length, 2)
      assert.strictEqual(Retry.history(Exit.isFailure(exit) && Cause.squash(exit.cause))?.reason, "attempts")
    }))

  it.effect("is not repeated by a policy around it when its own gave up", () =>
    Effect.gen(function*() {
      const { began, call } = counting(() => Effect.fail(failed))
      let calls = 0
      const body = Effect.suspend(() =>
        DurableRetry.retry({ ...options, name: `call ${++calls}`, operation: "GET /models" })(call)
      )
      const fiber = yield* Effect.forkChild(runProcess(Effect.retry(body, steady), emptyStorage()))
      yield* TestClock.adjust("1 hour")
      const exit = yield* Fiber.join(fiber)

      assert.isTrue(Exit.isFailure(exit!))
      assert.strictEqual(calls, 1)
      assert.lengthOf(began, 4)
    }))

  it.effect("stores a deadline that is never, and one that has passed", () =>
    Effect.gen(function*() {
      for (const [left, attempts] of [[Duration.infinity, 2], [Duration.negativeInfinity, 1]] as const) {
        const { began, call } = counting((n) => n === 1 ? Effect.fail(failed) : Effect.succeed("done"))
        const body = Retry.withDeadline(DurableRetry.retry({ ...options, operation: "GET /models" })(call), left)
        const fiber = yield* Effect.forkChild(runProcess(body, emptyStorage()))
        yield* TestClock.adjust("1 minute")
        const exit = yield* Fiber.join(fiber)

        assert.lengthOf(began, attempts)
        assert.isFalse(Exit.isFailure(exit!) && Cause.hasDies(exit.cause))
      }
    }))

  it.effect("stores a deadline that has passed as the epoch, and none for one that is never", () =>
    Effect.gen(function*() {
      for (const [left, call] of [[Duration.negativeInfinity, { deadline: 0 }], [Duration.infinity, {}]] as const) {
        const storage = emptyStorage()
        yield* runProcess(Retry.withDeadline(DurableRetry.retry(options)(Effect.succeed("done")), left), storage)

        assert.deepStrictEqual(JSON.parse(storage.results.get("call/call")!), { value: call })
      }
    }))

  it.effect("stores each attempt under names that a workflow in progress finds again", () =>
    Effect.gen(function*() {
      const storage = emptyStorage()
      const failures = [failed, offline]
      const { began, call } = counting((n) => failures[n - 1] ? Effect.fail(failures[n - 1]!) : Effect.succeed("done"))
      const body = DurableRetry.retry({ ...options, operation: "GET /models" })(call)
      const fiber = yield* Effect.forkChild(runProcess(body, storage))
      yield* TestClock.adjust("1 day")

      assert.deepStrictEqual(yield* Fiber.join(fiber), Exit.succeed("done"))
      assert.deepStrictEqual(began, [0, 5000, 3_605_000])
      assert.deepStrictEqual([...storage.results.keys()], [
        "call/call",
        "call/1/begun",
        "call/1",
        "call/1/wait",
        "call/2/begun",
        "call/2",
        "call/3/begun",
        "call/3"
      ])
      assert.deepStrictEqual([...storage.clocks], [["DurableClock/call/2/wait", 3_605_000]])
      assert.deepStrictEqual(JSON.parse(storage.results.get("call/3")!), {
        value: { result: { _tag: "Success", success: "done" } }
      })
    }))

  it.effect.each(
    [
      [undefined, "10 seconds", 1, 0],
      [undefined, "10001 millis", 0, 1],
      ["5 seconds", "5 seconds", 1, 0],
      ["5 seconds", "5001 millis", 0, 1],
      ["0 millis", "1 millis", 0, 1],
      ["5 seconds", "0 millis", 0, 0]
    ] as const
  )(
    "keeps a workflow in memory for %s at most: a delay of %s",
    ([longestInMemory, base, sleeps, clocks]) =>
      Effect.gen(function*() {
        const policy = Retry.make({
          ...Retry.standardRules,
          Server: { base, factor: 1, cap: base, retries: 1, jitter: "none" }
        })
        const storage = emptyStorage()
        const { began, call } = counting((n) => n === 1 ? Effect.fail(failed) : Effect.succeed("done"))
        const body = DurableRetry.retry({ ...options, policy, longestInMemory, operation: "GET /models" })(call)
        yield* Effect.forkChild(runProcess(body, storage))
        yield* TestClock.adjust("1 minute")

        assert.deepStrictEqual(began, [0, Duration.toMillis(base)])
        assert.lengthOf([...storage.results.keys()].filter((name) => name.endsWith("wait")), sleeps)
        assert.strictEqual(storage.clocks.size, clocks)
      })
  )

  it.effect("tells the call its operation, or that of what is around it, and that it is a retry", () =>
    Effect.gen(function*() {
      const seen: Array<readonly [operation: unknown, attempt: number, fields: ReadonlyArray<string>]> = []
      const call = Effect.gen(function*() {
        const { attempt, ...others } = yield* Schedule.CurrentMetadata
        const n = seen.push([yield* Operation.Current, attempt, Object.keys(others).sort()])
        return n % 2 === 1 ? yield* Effect.fail(failed) : "done"
      })
      for (const own of [{ operation: "GET /models" }, {}]) {
        const body = DurableRetry.retry({ ...options, ...own })(call).pipe(
          Effect.provideService(Operation.Current, "GET /characters")
        )
        yield* Effect.forkChild(runProcess(body, emptyStorage()))
        yield* TestClock.adjust("1 minute")
      }

      const fields = ["duration", "elapsed", "elapsedSincePrevious", "input", "now", "output", "start"]
      assert.deepStrictEqual(seen, [
        ["GET /models", 0, fields],
        ["GET /models", 1, fields],
        ["GET /characters", 0, fields],
        ["GET /characters", 1, fields]
      ])
    }))

  it.effect("fails with a failure that is stored without a decision", () =>
    Effect.gen(function*() {
      const storage = emptyStorage()
      const body = DurableRetry.retry({ ...options, policy: Retry.never })(Effect.fail(offline))
      yield* runProcess(body, storage)
      const { value: { result } } = JSON.parse(storage.results.get("call/1")!)
      storage.results.set("call/1", JSON.stringify({ value: { result } }))
      const exit = yield* runProcess(body, storage)

      assert.isFalse(Exit.isFailure(exit!) && Cause.hasDies(exit.cause))
      assert.instanceOf(Exit.isFailure(exit!) && Cause.squash(exit.cause), Errors.ModelOffline)
    }))

  it.effect("stores the beginning of a text that is long", () =>
    Effect.gen(function*() {
      const long = "long ".repeat(100_000)
      const request = HttpClientRequest.get(`https://api.venice.ai/${long}`)
      const failures = [
        new Cause.TimeoutError(long),
        new HttpClientError.HttpClientError({
          reason: new HttpClientError.TransportError({ request, description: long, cause: new Error(long) })
        })
      ]
      for (const failure of failures) {
        const storage = emptyStorage()
        yield* runProcess(DurableRetry.retry({ ...options, policy: Retry.never })(Effect.fail(failure)), storage)
        assert.isBelow([...storage.results.values()].join("").length, 8192)
      }
    }))

  it.effect("stores failures of your own by their schema", () =>
    Effect.gen(function*() {
      class Mine extends Schema.TaggedError<Mine>()("Mine", { why: Schema.String }) {}
      const call: Effect.Effect<string, Mine> = Effect.fail(new Mine({ why: "because" }))

      const exit = (yield* runProcess(DurableRetry.retry({ ...options, error: Mine })(call), emptyStorage()))!
      const error = Exit.isFailure(exit) && Cause.squash(exit.cause)

      assert.instanceOf(error, Mine)
      assert.strictEqual(error.why, "because")
    }))

  it.effect("stores no secrets of requests and failures", () =>
    Effect.gen(function*() {
      const canary = "canary-4711-secret"
      const storage = emptyStorage()
      const request = HttpClientRequest.post(`https://user:${canary}@proxy.example/api?key=${canary}`).pipe(
        HttpClientRequest.bearerToken(canary),
        HttpClientRequest.setHeader("x-api-key", canary),
        HttpClientRequest.setUrlParam("token", canary),
        HttpClientRequest.bodyText(canary)
      )
      const failures = [
        new HttpClientError.TransportError({
          request,
          description: `cannot send ${canary}`,
          cause: Object.assign(new Error(`refused ${canary}`, { cause: new Error(canary) }), { code: "ECONNREFUSED" })
        }),
        new HttpClientError.EncodeError({ request, cause: new Error(`Bearer ${canary}`) })
      ].map((reason) => new HttpClientError.HttpClientError({ reason }))
      const { call } = counting((n): Effect.Effect<string, HttpClientError.HttpClientError> =>
        Effect.fail(failures[n - 1]!)
      )

      const fiber = yield* Effect.forkChild(runProcess(DurableRetry.retry(options)(call), storage))
      yield* TestClock.adjust("1 minute")
      yield* Fiber.join(fiber)
      const died = yield* runProcess(
        DurableRetry.retry({ ...options, name: "other" })(
          Effect.die(new Error(`failed with Authorization: Bearer ${canary}`))
        ),
        storage
      )
      const texts = [...storage.results].flat().join("\n")

      assert.isTrue(Exit.isFailure(died!))
      assert.include(texts, "ECONNREFUSED")
      assert.include(texts, "failed with")
      assert.notInclude(texts, canary)
    }))

  it.effect("stores no secret of a failure beside which something died, or that is a defect", () =>
    Effect.gen(function*() {
      const canary = "canary-4711-secret"
      const storage = emptyStorage()
      const request = HttpClientRequest.get(`https://api.venice.ai/api/v1/models?key=${canary}`).pipe(
        HttpClientRequest.bearerToken(canary)
      )
      const failure = new HttpClientError.HttpClientError({
        reason: new HttpClientError.TransportError({ request, description: canary })
      })
      const both = Effect.ensuring(Effect.fail(failure), Effect.die(new Error("died in a finalizer")))

      const exit = yield* runProcess(DurableRetry.retry(options)(both), storage)
      yield* runProcess(DurableRetry.retry({ ...options, name: "other" })(Effect.die(failure)), storage)

      assert.isTrue(Exit.isFailure(exit!) && Cause.hasDies(exit.cause))
      assert.include([...storage.results.keys()], "other/1/failure")
      assert.include([...storage.results].flat().join("\n"), "died in a finalizer")
      assert.notInclude([...storage.results].flat().join("\n"), canary)
    }))

  it.effect.prop(
    "decides the same about a failure that was stored",
    [Arbitraries.failures],
    ([attempts]) =>
      Effect.gen(function*() {
        for (const { failure } of attempts) assert.deepStrictEqual(seen(yield* stored(failure)), seen(failure))
      }),
    { arbitrary: { runs: 20 } }
  )

  it.effect("reads every failure of a call as an instance of its class", () =>
    Effect.gen(function*() {
      const request = HttpClientRequest.get("https://api.venice.ai/api/v1/models")
      const message = "late"
      const retryAfter = Duration.seconds(3)
      const response = { status: 200 }
      const instances: ReadonlyArray<Storable> = [
        ...Object.values(Errors).map(({ code }) => VeniceError.fromCode(code)),
        new Failure.LockoutAhead({ message, until: DateTime.makeUnsafe(7), retryAfter }),
        new Failure.CircuitOpen({ message, circuit: "m", retryAfter }),
        new Failure.PaceExceeded({ message, retryAfter, model: "m" }),
        new Failure.UnexpectedBody({ message, differences: [{ path: ["a", 0], message }], response }),
        new Failure.UnfinishedStream({ message, response }),
        new Failure.JsonRpcError({ code: 3, message, data: { a: [1] }, response }),
        new Cause.TimeoutError(message),
        new HttpClientError.HttpClientError({
          reason: new HttpClientError.TransportError({
            request,
            cause: new AggregateError([
              Object.assign(new Error("a"), { code: "ECONNREFUSED" }),
              Object.assign(new Error("b"), { code: "ECONNRESET", syscall: "read" })
            ])
          })
        }),
        new HttpClientError.HttpClientError({
          reason: new HttpClientError.TransportError({ request, cause: "a text" })
        })
      ]
      for (const failure of instances) {
        const read = yield* stored(failure)
        assert.strictEqual(read.constructor, failure.constructor)
        assert.strictEqual(read.message, failure.message)
        assert.deepStrictEqual(seen(read), seen(failure))
      }
    }))

  it.effect("reads a cause that was a timeout as one, and any other of this name as it was", () =>
    Effect.gen(function*() {
      const request = HttpClientRequest.get("https://api.venice.ai/api/v1/models")
      const causeOf = (cause: unknown) =>
        Effect.map(
          storedHttpError(new HttpClientError.TransportError({ request, cause })),
          ({ reason }) => reason.cause
        )
      const timeout = yield* causeOf(new Cause.TimeoutError("late"))
      const coded = yield* causeOf(Object.assign(new Error("late"), { name: "TimeoutError", code: "ETIMEDOUT" }))
      const other = yield* causeOf(new RangeError("late"))

      assert.deepStrictEqual([timeout, coded, other].map(Cause.isTimeoutError), [true, false, false])
      for (const cause of [timeout, coded, other]) assert.strictEqual((cause as Error).message, "late")
      assert.deepInclude(coded, { name: "TimeoutError", code: "ETIMEDOUT" })
    }))

  it.effect("reads a cause with its code, its own cause and the errors in it, and with nothing else", () =>
    Effect.gen(function*() {
      const request = HttpClientRequest.get("https://api.venice.ai/api/v1/models")
      const inner = Object.assign(new Error("inner"), { code: "ECONNRESET", syscall: "read" })
      const cause = new Error("outer", { cause: new AggregateError([inner, new Error("plain")], "all") })
      const written = yield* storedHttpError(new HttpClientError.TransportError({ request, cause }))
      const text = yield* storedHttpError(new HttpClientError.TransportError({ request, cause: "a text" }))

      const described = (error: unknown): unknown =>
        error instanceof Error
          ? Object.fromEntries(
            Object.getOwnPropertyNames(error).filter((name) => name !== "stack").map((name) => {
              const value: unknown = Reflect.get(error, name)
              return [name, Array.isArray(value) ? value.map(described) : described(value)]
            })
          )
          : error
      assert.deepStrictEqual(described(written.reason.cause), {
        name: "Error",
        message: "outer",
        cause: {
          name: "AggregateError",
          message: "all",
          errors: [
            { name: "Error", message: "inner", code: "ECONNRESET", syscall: "read" },
            { name: "Error", message: "plain" }
          ]
        }
      })
      assert.strictEqual(text.reason.cause, "a text")
    }))

  it.effect("reads every reason with its description, or without one", () =>
    Effect.gen(function*() {
      const request = HttpClientRequest.get("https://api.venice.ai/api/v1/models")
      const response = HttpClientResponse.fromWeb(request, new Response(null, { status: 404 }))
      for (const description of [{}, { description: "why" }] as ReadonlyArray<{ readonly description?: string }>) {
        const reasons = [
          new HttpClientError.TransportError({ request, ...description }),
          new HttpClientError.EncodeError({ request, ...description }),
          new HttpClientError.InvalidUrlError({ request, ...description }),
          new HttpClientError.StatusCodeError({ request, response, ...description }),
          new HttpClientError.DecodeError({ request, response, ...description }),
          new HttpClientError.EmptyBodyError({ request, response, ...description })
        ]
        for (const reason of reasons) {
          const read = yield* storedHttpError(reason)

          assert.strictEqual(read.reason._tag, reason._tag)
          assert.strictEqual(read.reason.description, description.description)
          assert.isUndefined(read.reason.cause)
          assert.strictEqual(read.response?.status, "response" in reason ? 404 : undefined)
          assert.sameMembers(Object.keys(read.reason), Object.keys(reason))
        }
      }
    }))

  it.effect.each(
    [
      ["https://user:password@api.venice.ai:8443/api/v1/models?key=1#part", "https://api.venice.ai:8443/api/v1/models"],
      ["/models?key=1", "/models"],
      ["//?key=1", "//"]
    ] as const
  )("reads the address %s as %s", ([url, read]) =>
    Effect.gen(function*() {
      const request = HttpClientRequest.get(url)

      const { reason } = yield* storedHttpError(new HttpClientError.InvalidUrlError({ request }))

      assert.strictEqual(reason.request.url, read)
    }))

  it.effect("reads the status of a response that could not be read, or 200 for one that no response can have", () =>
    Effect.gen(function*() {
      const request = HttpClientRequest.get("https://api.venice.ai/api/v1/models")
      const read = (status: number) =>
        Effect.map(
          readHttpError({ _tag: "HttpClientError", reason: "DecodeError", method: "GET", url: request.url, status }),
          ({ response }) => response?.status
        )
      const response = HttpClientResponse.fromWeb(request, new Response(null, { status: 503 }))
      const written = yield* storedHttpError(new HttpClientError.DecodeError({ request, response }))

      assert.strictEqual(written.response?.status, 503)
      assert.deepStrictEqual(
        yield* Effect.forEach([199, 200, 201, 598, 599, 600], read),
        [200, 200, 201, 598, 599, 200]
      )
    }))

  it("refuses a delay in memory that makes no sense", () => {
    assert.throws(
      () => DurableRetry.retry({ ...options, longestInMemory: "-1 seconds" }),
      RangeError,
      "longestInMemory"
    )
  })
})

const Batch = Workflow.make("Batch", {
  payload: { id: Schema.String },
  idempotencyKey: ({ id }) => id,
  success: Schema.Array(Schema.String)
})

/** Lets real time pass until a condition holds: the identity of an execution is a digest, which takes real time. */
const until = (holds: () => boolean) =>
  TestClock.withLive(Effect.sleep("1 millis")).pipe(Effect.repeat({ until: () => Effect.sync(holds) }))

describe("DurableRetry, on the engine of Effect in memory", () => {
  it.effect("takes the other branches of a workflow that is suspended for no lost attempts", () =>
    Effect.gen(function*() {
      const sent: Array<string> = []
      const call = (name: string, delays: number) =>
        Effect.suspend(() => {
          sent.push(name)
          const n = sent.filter((other) => other === name).length
          return n <= delays ? Effect.fail(n === 1 ? failed : offline) : Effect.succeed(name)
        }).pipe(Effect.delay("3 seconds"))
      const calls = ["a", "b", "c", "d"]
      const body = Effect.forEach(
        calls,
        (name, i) => Effect.orDie(DurableRetry.retry({ ...options, name })(call(name, i))),
        { concurrency: "unbounded" }
      )
      const layer = Layer.provideMerge(Batch.toLayer(() => body), WorkflowEngine.layerMemory)

      const results = yield* Effect.gen(function*() {
        const fiber = yield* Effect.forkChild(Batch.execute({ id: "1" }))
        while (fiber.pollUnsafe() === undefined) {
          yield* TestClock.withLive(Effect.sleep("1 millis"))
          yield* TestClock.adjust("5 minutes")
        }
        return yield* Fiber.join(fiber)
      }).pipe(Effect.provide(layer))

      assert.deepStrictEqual(results, calls)
      assert.deepStrictEqual(sent.sort().join(""), "abbcccdddd")
    }))

  it.effect("makes no attempt after the workflow was interrupted during a delay", () =>
    Effect.gen(function*() {
      const { began, call } = counting(() => Effect.fail(offline))
      const body = Effect.as(Effect.orDie(DurableRetry.retry(options)(call)), [])
      const layer = Layer.provideMerge(Batch.toLayer(() => body), WorkflowEngine.layerMemory)

      const exit = yield* Effect.gen(function*() {
        const fiber = yield* Effect.forkChild(Batch.execute({ id: "1" }))
        yield* until(() => began.length === 1)
        yield* Batch.interrupt(yield* Batch.executionId({ id: "1" }))
        while (fiber.pollUnsafe() === undefined) {
          yield* TestClock.withLive(Effect.sleep("1 millis"))
          yield* TestClock.adjust("1 hour")
        }
        return yield* Fiber.await(fiber)
      }).pipe(Effect.provide(layer))

      assert.strictEqual(began.length, 1)
      assert.isTrue(Exit.isFailure(exit) && Cause.hasInterruptsOnly(exit.cause))
    }))
})
