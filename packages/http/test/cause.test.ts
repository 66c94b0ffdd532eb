/**
 * What stands in a `cause` is somebody else's: an exception of a platform, a proxy, a value with getters that throw.
 */
import { Redact, Retry } from "@effect-venice/core"
import { AiFailure, Gateway, HttpFailure, Telemetry, VeniceClient } from "@effect-venice/http"
import { assert, describe, it } from "@effect/vitest"
import { Arbitrary, Cause, Console, Effect, Exit, Fiber, Logger, Schema } from "effect"
import { FetchHttpClient, HttpClient, HttpClientError, HttpClientRequest, HttpClientResponse } from "effect/http"
import { TestClock } from "effect/testing"
import { inspect } from "node:util"
import { serve } from "./server.ts"

const boom = (): never => {
  throw new Error("do not look at me")
}

const traps: ProxyHandler<object> = Object.fromEntries(
  ["get", "has", "ownKeys", "getPrototypeOf", "getOwnPropertyDescriptor", "set", "defineProperty"]
    .map((name) => [name, boom])
)

const revoked = (target: object): object => {
  const { proxy, revoke } = Proxy.revocable(target, {})
  revoke()
  return proxy
}

class WithPrivateField extends Error {
  readonly #private = "private"
  override get message() {
    return this.#private
  }
}

const prototypes = {
  null: null,
  object: Object.prototype,
  error: Error.prototype,
  exception: DOMException.prototype,
  timeout: Cause.TimeoutError.prototype,
  private: WithPrivateField.prototype,
  array: Array.prototype,
  map: Map.prototype,
  function: Function.prototype
}

const members = {
  json: (json: unknown) => json,
  throws: boom,
  proxy: () => new Proxy({}, traps),
  revoked: () => revoked([]),
  bigint: () => 1n,
  symbol: () => Symbol("member"),
  date: () => new Date(NaN),
  function: () => boom
}

const wrappings: Readonly<Record<string, (cause: object, json: unknown) => unknown>> = {
  none: (cause) => cause,
  proxy: (cause) => new Proxy(cause, {}),
  trap: (cause) => new Proxy(cause, traps),
  revoked,
  frozen: (cause) => Object.freeze(cause),
  cause: (cause) => new Error("outer", { cause }),
  errors: (cause) => new AggregateError([cause, cause], "outer"),
  cyclic: (cause) => {
    const error = new AggregateError([cause], "cyclic")
    error.errors.push(error, error)
    return Object.assign(error, { cause: error })
  },
  primitive: (_, json) => json,
  bigint: () => 1n,
  symbol: () => Symbol("cause"),
  callable: (cause) => Object.assign(() => {}, { cause })
}

const keys = <K extends string>(record: Readonly<Record<K, unknown>>) =>
  Arbitrary.schema(Schema.Literals(Object.keys(record) as Array<K>))

const json = Arbitrary.schema(Schema.Json)

const names = ["message", "name", "stack", "code", "syscall", "cause", "errors", "toString", "toJSON", "_tag", "length"]

/** Any prototype, with members that are anything or throw, in anything. */
const hostile: Arbitrary.Arbitrary<unknown> = Arbitrary.map(
  Arbitrary.all([
    keys(prototypes),
    Arbitrary.array(Arbitrary.all([Arbitrary.schema(Schema.Literals(names)), keys(members), json]), { maxLength: 8 }),
    keys(wrappings),
    json
  ]),
  ([prototype, own, wrapping, value]) => {
    const cause: object = Object.create(prototypes[prototype])
    for (const [name, kind, json] of own) {
      const get = () => members[kind](json)
      Object.defineProperty(cause, name, { get, enumerable: true, configurable: true })
    }
    return wrappings[wrapping]!(cause, value)
  }
)

const failing = (cause: unknown): HttpClient.HttpClient =>
  HttpClient.make((request) =>
    Effect.fail(
      new HttpClientError.HttpClientError({ reason: new HttpClientError.TransportError({ request, cause }) })
    )
  )

const failureOf = (exit: Exit.Exit<unknown, unknown>): HttpClientError.HttpClientError => {
  const failure = Exit.isFailure(exit) ? Cause.squash(exit.cause) : exit
  return HttpClientError.isHttpClientError(failure) ? failure : assert.fail(inspect(exit))
}

const silent = new Proxy(globalThis.console, { get: () => () => {} })

const loggers = [Logger.consolePretty(), Logger.consoleJson, Logger.consoleLogFmt, Logger.consoleStructured]

const policies = [Retry.never, Retry.eager, Retry.standard, Retry.patient]

/** Everything that may look at a failure. An exception, or a defect in place of the failure, fails the test. */
const look = Effect.fnUntraced(function*(failure: HttpClientError.HttpClientError, exit: Exit.Exit<unknown, unknown>) {
  yield* Telemetry.log(failure)
  yield* Effect.logError(failure)
  yield* Effect.logError("failed", Exit.isFailure(exit) ? exit.cause : exit)
  const views = [
    Exit.isFailure(exit) ? Cause.pretty(exit.cause) : "",
    String(failure),
    inspect(failure, { depth: 9 }),
    inspect(failure, { depth: 9, customInspect: false }),
    JSON.stringify(failure),
    JSON.stringify(exit)
  ]
  for (const view of views) assert.isString(view)
})

const kindsOf = (failure: HttpClientError.HttpClientError): ReadonlyArray<unknown> => {
  const { category, response } = Gateway.fromFailure(failure)
  return [
    Retry.kindOf(failure),
    Retry.isRepeatable(failure),
    category.length > 0,
    response.shouldRetry,
    AiFailure.toAiError(failure, "generateText").reason._tag
  ]
}

const ends = Effect.fnUntraced(
  function*(cause: unknown) {
    let sent = 0
    const client = HttpClient.tapRequest(failing(cause), () => Effect.sync(() => void sent++))
    const venice = yield* Effect.provideService(
      VeniceClient.make({ baseUrl: "http://localhost/api/v1" }),
      HttpClient.HttpClient,
      client
    )
    const typed = HttpFailure.typed(client)
    const kinds: Array<unknown> = []
    for (const policy of policies) {
      for (
        const call of [
          venice.execute("GET /models", { success: Schema.Unknown }),
          typed.get("http://localhost/api/v1/models")
        ] as ReadonlyArray<Effect.Effect<unknown, unknown>>
      ) {
        const fiber = yield* Effect.forkChild(Effect.retry(Telemetry.logged(call), policy))
        yield* TestClock.adjust("1 hour")
        const exit = yield* Effect.exit(Fiber.join(fiber))
        const failure = failureOf(exit)
        yield* look(failure, exit)
        kinds.push(kindsOf(failure))
      }
    }
    return { kinds, sent }
  },
  Effect.provide(Logger.layer(loggers)),
  Effect.provideService(Console.Console, silent)
)

describe("a cause, whatever it is,", () => {
  it.effect("ends a call as that of a plain error does", () =>
    Effect.gen(function*() {
      const plain = yield* ends(new Error("reset"))
      assert.isAbove(plain.sent, policies.length * 2)
      const exception = new DOMException("late", "TimeoutError")
      const causes = yield* Arbitrary.sampleEffect(hostile, { count: 60, seed: 7 })
      for (const cause of [exception, Object.create(exception), ...causes]) {
        assert.deepStrictEqual(yield* ends(cause), plain)
      }
    }), 60_000)

  it.effect.prop(
    "is read without an exception in the failure of a client of one's own",
    [hostile],
    ([cause]) =>
      Effect.sync(() => {
        const request = HttpClientRequest.get("http://localhost/api/v1/models")
        const response = HttpClientResponse.fromWeb(request, new Response(""))
        for (
          const reason of [
            new HttpClientError.TransportError({ request, cause }),
            new HttpClientError.DecodeError({ request, response, cause })
          ]
        ) {
          kindsOf(new HttpClientError.HttpClientError({ reason }))
        }
      }),
    { arbitrary: { runs: 1000 } }
  )

  it.effect.prop(
    "is described by an error of our own, which anything may look at",
    [hostile],
    ([cause]) =>
      Effect.sync(() => {
        const described = Redact.cause(cause, ["secret"])
        inspect(described, { depth: 9 })
        JSON.stringify(described)
        Cause.pretty(Cause.fail(described))
        if (typeof cause === "object" && cause !== null) assert.notStrictEqual(described, cause)
      }),
    { arbitrary: { runs: 1000 } }
  )

  it("keeps what a policy and a reader need", () => {
    const connect = Object.assign(new Error("connect ECONNREFUSED"), { code: "ECONNREFUSED", syscall: "connect" })
    const described = Redact.cause(new TypeError("fetch failed with my-secret", { cause: connect }), ["my-secret"])

    assert.instanceOf(described, Error)
    assert.strictEqual(String(described), "TypeError: fetch failed with <redacted>")
    assert.include(described.stack, "\n    at ")
    assert.include(described.cause, { code: "ECONNREFUSED", syscall: "connect", message: "connect ECONNREFUSED" })
  })

  it("cannot forge the lines of its stack, nor paint", () => {
    const described = Redact.cause(new Error("a\n    at forged (line)\u001b[31m"), []) as Error

    assert.strictEqual(described.message, "a     at forged (line) [31m")
    assert.notMatch(described.stack!, /\n\s+at forged|\u001b/)
    assert.match(described.stack!, /\n    at .*cause\.test/)
  })
})

it.live.each(
  [
    ["a timeout of the caller's signal", () => AbortSignal.timeout(20), 504],
    ["another abortion", () => AbortSignal.abort(), 502]
  ] as const
)("%s is an error of the gateway", ([, signal, status]) =>
  Effect.gen(function*() {
    const server = yield* serve(() => {})
    const venice = yield* VeniceClient.make({ baseUrl: server.url })

    const call = venice.execute("GET /models", { success: Schema.Unknown })
    const exit = yield* Effect.exit(call).pipe(
      Effect.provideService(
        FetchHttpClient.Fetch,
        (url, init) => fetch(url, { ...init, signal: AbortSignal.any([init!.signal!, signal()]) })
      )
    )

    const failure = failureOf(exit)
    yield* look(failure, exit).pipe(Effect.provideService(Console.Console, silent))
    assert.strictEqual(Gateway.fromFailure(failure).response.status, status)
    assert.strictEqual(Retry.kindOf(failure), "Transport")
  }).pipe(Effect.provide(FetchHttpClient.layer)))
