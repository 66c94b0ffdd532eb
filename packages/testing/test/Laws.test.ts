import { Category, Decode, Errors, Operation, Retry, VeniceError } from "@effect-venice/core"
import type { Failure } from "@effect-venice/http"
import { Laws } from "@effect-venice/testing"
import { assert, describe, expect, it } from "@effect/vitest"
import { Duration, Effect, Exit, Random, Schedule } from "effect"

/** The laws that a subject breaks. */
const broken = (laws: ReadonlyArray<Laws.Law>, { seed = 1, runs = 50 }: Laws.Options = {}) =>
  Effect.map(
    Effect.exit(Laws.check(laws, { seed, runs })),
    (exit) => {
      if (Exit.isSuccess(exit)) return []
      const reason = exit.cause.reasons[0]
      return reason?._tag === "Fail" ? reason.error.violations : assert.fail(String(exit.cause))
    }
  )

const names = (violations: ReadonlyArray<Laws.Violation>) => violations.map(({ law }) => law)

const finals = "never repeats what is final"
const hints = "waits at least as long as the server asks, whatever the jitter"
const finite = "waits for a finite time"
const charges = "never repeats what may be charged or executed twice"
const deadlines = "never waits past the deadline"
const ends = "ends, within its limits"
const seeds = "decides the same for the same seed"

describe("the laws of policies", () => {
  it.effect.each<[string, Retry.Policy, Retry.Limits]>([
    ["never", Retry.never, { attempts: 1, elapsed: 0, longestHint: 0 }],
    ["standard", Retry.standard, { attempts: 5, elapsed: "2 minutes", longestHint: "1 minute" }],
    ["patient", Retry.patient, { attempts: 50, elapsed: "6 hours", longestHint: "1 hour" }],
    ["eager", Retry.eager, { attempts: 4, elapsed: "10 seconds", longestHint: "5 seconds" }]
  ])(
    "hold for Retry.%s, with its limits",
    ([, policy, limits]) => Laws.check(Laws.policy(policy, limits), { runs: 30 })
  )

  const after = (change: (delay: Duration.Duration) => Duration.Input) =>
    Schedule.modifyDelay(Retry.standard, ({ duration }) => Effect.succeed(Duration.fromInputUnsafe(change(duration))))

  it.effect.each<[string, Schedule.Schedule<unknown, any>, ReadonlyArray<string>]>([
    ["that retries whatever fails", Schedule.recurs(2), [finals, hints, charges, deadlines]],
    ["that shortens hints", after((delay) => Duration.min(delay, Duration.seconds(2))), [hints]],
    ["that takes a quarter off", after((delay) => Duration.times(delay, 0.9)), [hints]],
    ["that forgets the deadline", after((delay) => Duration.times(delay, 2)), [deadlines]],
    ["that waits forever", after(() => Duration.infinity), [finite, deadlines]],
    [
      "that does not end",
      Retry.make({ ...Retry.standardRules, Server: { ...Retry.standardRules.Server, retries: Infinity } }),
      [ends]
    ],
    [
      "that is random by itself",
      after((delay) => Duration.sum(delay, Duration.millis(Math.ceil(Math.random() * 1e6)))),
      [deadlines, seeds]
    ]
  ])("find a schedule %s", ([, schedule, expected]) =>
    Effect.gen(function*() {
      assert.deepStrictEqual(names(yield* broken(Laws.policy(schedule))), expected)
    }))

  it.effect("find a policy that repeats what may be charged", () =>
    Effect.gen(function*() {
      const careless = Schedule.fromStep(Effect.map(
        Schedule.toStep(Retry.standard),
        (step) => (now: number, error: unknown) => Operation.allowReplay(step(now, error))
      ))

      assert.deepStrictEqual(names(yield* broken(Laws.policy(careless), { seed: 1, runs: 300 })), [charges])
    }))

  it.effect.each<[string, Retry.Limits]>([
    ["attempts", { attempts: 4 }],
    ["time", { elapsed: "1 minute" }],
    ["hint", { longestHint: "30 seconds" }]
  ])("find a policy that does not keep its limit of %s", ([, limits]) =>
    Effect.gen(function*() {
      assert.deepStrictEqual(names(yield* broken(Laws.policy(Retry.standard, limits), { seed: 1, runs: 200 })), [ends])
    }))
})

const withoutSecrets = (input: Decode.Input): Decode.Input => {
  const { secrets: _, ...rest } = input
  return rest
}

const total = "decodes every response"
const bounded = "keeps a bounded part of a response"
const secret = "keeps no secret of the request"
const same = "decodes the same bytes to the same result"
const order = "does not depend on the order of members"

describe("the laws of decoders", () => {
  it.effect("hold for Decode", () => Laws.check(Laws.decoder(Decode.response), { runs: 40 }))

  it.effect("hold for a decoder to a record of one's own", () =>
    Laws.check(Laws.decoder((input) => {
      const { _tag, category, response } = Decode.response(input)
      return { code: _tag, category, retryAfterMillis: response.retryAfter && Duration.toMillis(response.retryAfter) }
    }, { identify: (record) => record })))

  let count = 0

  it.effect.each<[string, (input: Decode.Input) => unknown, ReadonlyArray<string>]>([
    ["throws on an empty body", (input) => input.body === "" ? JSON.parse("") : Decode.response(input), [
      total,
      bounded,
      secret,
      same
    ]],
    ["returns nothing for a success", (input) => input.status < 300 ? undefined : Decode.response(input), [total]],
    [
      "keeps the whole body",
      ({ body, status }) => ({ status, body: body.replaceAll(/venice_key_\w+/g, "") }),
      [bounded]
    ],
    ["forgets to redact", (input) => Decode.response(withoutSecrets(input)), [secret]],
    [
      "hides a secret where loggers do not look",
      (input) => Object.defineProperty(Decode.response(input), "request", { value: { key: input.secrets?.[0] } }),
      [secret]
    ],
    ["counts", (input) => ({ ...Decode.context(input), count: count++ }), [same]],
    ["reads the first member", (input) => ({ code: Object.keys(parsed(input.body))[0]?.slice(0, 9) }), [order]]
  ])("find a decoder that %s", ([, decode, expected]) =>
    Effect.gen(function*() {
      const violations = names(yield* broken(Laws.decoder(decode), { runs: 60 }))

      for (const law of expected) assert.include(violations, law)
      // A decoder that throws breaks each law that meets such a response.
      if (!expected.includes(total)) assert.deepStrictEqual(violations, expected)
    }))
})

const parsed = (body: string): object => {
  try {
    return Object(JSON.parse(body))
  } catch {
    return {}
  }
}

describe("the laws of handlers", () => {
  it.effect("hold for a handler of everything", () =>
    Laws.check(Laws.channel((call) => Effect.catch(call, () => Effect.void))))

  it.effect("hold for a function for each category", () =>
    Laws.check(Laws.channel((call) =>
      Effect.catch(call, (failure) =>
        Effect.succeed(
          VeniceError.isVeniceError(failure)
            ? VeniceError.matchCategory(failure, Object.fromEntries(Category.all.map((c) => [c, () => c])) as never)
            : failure._tag
        ))
    )))

  it.effect("hold for a handler that waits, and calls again", () =>
    Laws.check(
      Laws.channel((call) => call.pipe(Effect.retry(Retry.patient), Effect.catch(() => Effect.sleep("1 hour"))), {
        operation: "POST /image/generate"
      })
    ))

  it.effect("hold for one that fails with what is its own", () =>
    Laws.check(Laws.channel((call) => Effect.mapError(call, (failure) => new Error(failure._tag)), { kind: "stream" })))

  const tags = ["handles MODEL_OFFLINE", "handles MODEL_AT_CAPACITY"]

  it.effect.each<
    [string, (call: Effect.Effect<unknown, Failure.Failure>) => Effect.Effect<unknown, unknown>, ReadonlyArray<string>]
  >([
    [
      "has forgotten two codes",
      (call) =>
        Effect.catch(
          call,
          (failure) =>
            failure._tag === "MODEL_OFFLINE" || failure._tag === "MODEL_AT_CAPACITY"
              ? Effect.fail(failure)
              : Effect.void
        ),
      tags
    ],
    [
      "dies of one code",
      (call) => Effect.catch(call, (failure) => failure._tag === "GONE" ? Effect.die(new Error("gone")) : Effect.void),
      ["handles GONE"]
    ],
    [
      "throws on a field that is missing",
      (call) =>
        Effect.catch(
          call,
          (failure) =>
            failure._tag === "MODEL_NOT_FOUND" ? Effect.succeed(failure.suggestions![0]!.length) : Effect.void
        ),
      ["handles MODEL_NOT_FOUND"]
    ],
    [
      "has no function for unrecognized responses of a category",
      (call) =>
        Effect.catch(call, (failure) =>
          failure._tag === "UNRECOGNIZED_RESPONSE" && failure.category === "Billing"
            ? Effect.fail(failure)
            : Effect.void),
      ["handles UNRECOGNIZED_RESPONSE in Billing"]
    ],
    [
      "leaves lost connections",
      (call) =>
        Effect.catch(call, (failure) => failure._tag === "HttpClientError" ? Effect.fail(failure) : Effect.void),
      ["handles HttpClientError"]
    ],
    [
      "leaves unexpected bodies",
      (call) => Effect.catch(call, (failure) => failure._tag === "UnexpectedBody" ? Effect.fail(failure) : Effect.void),
      ["handles UnexpectedBody"]
    ],
    [
      "calls again without an end",
      (call) =>
        Effect.retry(call, { while: (failure) => failure._tag === "MODEL_OVERLOADED" }).pipe(
          Effect.catch(() => Effect.void)
        ),
      ["handles MODEL_OVERLOADED"]
    ],
    [
      "spoils a success",
      (call) =>
        Effect.andThen(
          Effect.catch(call, () => Effect.succeed("handled")),
          (value) => value === "handled" ? Effect.void : Effect.fail(new Errors.Gone())
        ),
      ["leaves a success alone"]
    ]
  ])("find a handler that %s", ([, handle, expected]) =>
    Effect.gen(function*() {
      const violations = names(yield* broken(Laws.channel(handle)))

      assert.deepStrictEqual(violations.toSorted(), expected.toSorted())
    }))

  it.effect("leave out what is passed on on purpose", () =>
    Laws.check(Laws.channel(
      (call) =>
        Effect.catch(call, (failure) => failure._tag === "RATE_LIMIT_EXCEEDED" ? Effect.fail(failure) : Effect.void),
      { operation: "GET /models", passesOn: ["RATE_LIMIT_EXCEEDED"] }
    )))

  it("are those of the operation and the kind of call", () => {
    const handle = <A>(call: Effect.Effect<A, unknown>) => Effect.ignore(call)
    const speech = Laws.channel(handle, { operation: "POST /audio/speech", kind: "request" }).map(({ name }) => name)
    const rpc = Laws.channel(handle, { operation: "POST /crypto/rpc/{network}" }).map(({ name }) => name)

    assert.include(speech, "handles MODEL_OVERLOADED")
    assert.notInclude(speech, "handles IMAGE_TOO_SMALL")
    assert.notInclude(speech, "handles UnexpectedBody")
    assert.include(rpc, "handles JsonRpcError")
  })
})

describe("a report", () => {
  const careless = Laws.policy(Schedule.exponential("1 second").pipe(Schedule.upTo({ times: 3 })))

  it.effect("names the law, the counterexample, what happened and the seed", () =>
    Effect.gen(function*() {
      const error = yield* Effect.flip(Laws.check(careless, { seed: 1 }))
      const decoder = Laws.decoder((input) => Decode.response(withoutSecrets(input)))
      const leak = yield* Effect.flip(Laws.check(decoder, { seed: 1 }))
      const handler = Laws.channel((call) => Effect.catchTag(call, "GONE", () => Effect.die("no")), {
        operation: "GET /billing/usage",
        passesOn: ["RATE_LIMIT_EXCEEDED"]
      })
      const died = yield* Effect.flip(Laws.check(handler.slice(0, 3), { seed: 1 }))

      yield* Effect.promise(() =>
        expect(`${[error, leak, died].map(({ message }) => message).join("\n\n")}\n`).toMatchFileSnapshot(
          "golden/laws.txt"
        )
      )
    }))

  it.effect("is the same again for its seed", () =>
    Effect.gen(function*() {
      const first = yield* Effect.flip(Random.withSeed(Laws.check(careless), "any"))
      const again = yield* Effect.flip(Laws.check(careless, { seed: first.violations[0]!.seed }))

      assert.strictEqual(again.message, first.message)
    }))

  it("is what a promise is rejected with", async () => {
    const reason = await Laws.verify(careless[0]!, { seed: 1 }).then(() => undefined, (error) => error)

    assert.instanceOf(reason, Laws.BrokenLaws)
    assert.match(reason.message, /^1 of 1 laws are broken:\n\n {2}Broken: never repeats what is final\n/)
  })
})
