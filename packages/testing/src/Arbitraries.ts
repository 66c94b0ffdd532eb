/**
 * Generated values for property tests: errors, responses, failures of a call, and retry policies.
 *
 * They are values of Effect's `Arbitrary`, so `it.prop` and `it.effect.prop` of `@effect/vitest` take them, and
 * `Arbitrary.checkEffect` and `Arbitrary.sampleEffect` work in any other test runner. Each one shrinks to a small value
 * that prints well: a policy prints as the code that makes it.
 *
 * **When to use**
 *
 * To test what must hold for any failure: your handlers, decoders, policies and logs. `Laws` has such properties ready
 * made.
 *
 * **Gotchas**
 *
 * A policy that retries an error adds its history to it. Draw {@link failures} to get new ones for every run.
 *
 * **Example** (Testing a property of all errors)
 *
 * ```ts
 * import { Arbitraries } from "@effect-venice/testing"
 * import { Arbitrary, Effect } from "effect"
 *
 * const result = await Effect.runPromise(
 *   Arbitrary.checkEffect(Arbitraries.error, (error) => JSON.stringify(error).includes(error._tag), { runs: 50 })
 * )
 *
 * result._tag // => "Passed"
 * ```
 *
 * @since 0.1.0
 */
import type { Retry } from "@effect-venice/core"
import { ResponseContext, VeniceError } from "@effect-venice/core"
import * as Arbitrary from "effect/Arbitrary"
import type * as Cause from "effect/Cause"
import * as Duration from "effect/Duration"
import type * as HttpClientError from "effect/http/HttpClientError"
import * as Attempts from "./internal/arbitraries/attempts.ts"
import * as Hostile from "./internal/arbitraries/hostile.ts"
import * as Policies from "./internal/arbitraries/policies.ts"
import * as Responses from "./internal/arbitraries/responses.ts"

/**
 * Any error of Venice, of every class, with any fields and any context. Derived from the schema, so the texts and
 * numbers are arbitrary: for code that must work for every error that can be constructed or decoded from JSON.
 *
 * @category errors
 * @since 0.1.0
 */
export const error: Arbitrary.Arbitrary<VeniceError.VeniceError> = Arbitrary.schema(VeniceError.VeniceError)

/**
 * Any error of a code, for a test of what handles it.
 *
 * @category errors
 * @since 0.1.0
 */
export const errorOf = <C extends VeniceError.Code>(
  code: C
): Arbitrary.Arbitrary<Extract<VeniceError.VeniceError, { readonly _tag: C }>> =>
  Arbitrary.schema(VeniceError.byCode.get(code)!) as Arbitrary.Arbitrary<any>

/**
 * Any context of a response, for a test of what reports or logs it.
 *
 * @category errors
 * @since 0.1.0
 */
export const context: Arbitrary.Arbitrary<ResponseContext.ResponseContext> = Arbitrary.schema(
  ResponseContext.ResponseContext
)

/**
 * A response as a client receives it. The emulator takes it as a reply, and `Decode.response` as its input together
 * with the time.
 *
 * @category models
 * @since 0.1.0
 */
export interface Response {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
}

/**
 * A response in Venice's shapes, of any error: every wording, code, member and header, under the statuses in which they
 * occur. For a decoder that must make something of whatever Venice sends.
 *
 * @category responses
 * @since 0.1.0
 */
export const response: Arbitrary.Arbitrary<Response> = Responses.venice

/**
 * A response that means the error of a code, in all its forms: the fixtures, the documented message in any spelling,
 * and the machine code, in each shape of a body, with headers and members that go with any error. `Decode` recognizes
 * every one of them. For a test of how a client handles one error.
 *
 * **Example** (Recognizing an error in all its forms)
 *
 * ```ts
 * import { Decode } from "@effect-venice/core"
 * import { Arbitraries } from "@effect-venice/testing"
 * import { Arbitrary, Effect } from "effect"
 *
 * const responses = await Effect.runPromise(Arbitrary.sampleEffect(Arbitraries.responseOf("MODEL_OFFLINE")))
 * const errors = responses.map((response) => Decode.response({ ...response, now: 0 }))
 *
 * errors.every((error) => error._tag === "MODEL_OFFLINE") // => true
 * ```
 *
 * @category responses
 * @since 0.1.0
 */
export const responseOf: (code: VeniceError.Code) => Arbitrary.Arbitrary<Response> = Responses.of

/**
 * A response of any server: any status, headers and body, some of which have names and values that Venice uses.
 *
 * @category responses
 * @since 0.1.0
 */
export const anyResponse: Arbitrary.Arbitrary<Response> = Responses.any

/**
 * A response that may repeat the secrets of its request. Pass it to `Decode.response` together with the time.
 *
 * @category models
 * @since 0.1.0
 */
export interface HostileResponse extends Response {
  /** What the request was authorized with, which must not be kept. */
  readonly secrets: readonly [string]
}

/**
 * A response that tries to break its reader: cut off, nested deeper than a stack, hundreds of kilobytes long, with members of
 * wrong types, in odd encodings, or with the secret of its request in it. For what reads responses itself.
 *
 * @category responses
 * @since 0.1.0
 */
export const hostileResponse: Arbitrary.Arbitrary<HostileResponse> = Hostile.hostile

/**
 * One failed attempt of a call, as {@link failures} draws it.
 *
 * @category models
 * @since 0.1.0
 */
export interface FailedAttempt {
  /** An error as `Decode` makes it, with its operation, or a failure without a response. */
  readonly failure: VeniceError.VeniceError | HttpClientError.HttpClientError | Cause.TimeoutError
  /** How long the attempt took. */
  readonly took: Duration.Duration
}

/**
 * The failed attempts of one call of one operation, up to twelve: limits with and without a hint, busy models, failures
 * of Venice and of a proxy, refused and lost connections, timeouts, and final errors. For a test of a policy, of
 * anything else that decides by failures, and for `Retry.simulate`.
 *
 * @category failures
 * @since 0.1.0
 */
export const failures: Arbitrary.Arbitrary<ReadonlyArray<FailedAttempt>> = Arbitrary.map(
  Attempts.attempts(12),
  (attempts) =>
    attempts.map((attempt) => ({ failure: Attempts.failureOf(attempt), took: Duration.millis(attempt.took) }))
)

/**
 * A kind of failure that a policy has a rule for.
 *
 * @category policies
 * @since 0.1.0
 */
export const kind: Arbitrary.Arbitrary<Retry.Kind> = Policies.kind

/**
 * A jitter of a rule.
 *
 * @category policies
 * @since 0.1.0
 */
export const jitter: Arbitrary.Arbitrary<Retry.Jitter> = Policies.jitter

/**
 * A rule of a policy, with a backoff of up to a minute and up to four retries.
 *
 * @category policies
 * @since 0.1.0
 */
export const rule: Arbitrary.Arbitrary<Retry.Rule> = Policies.rule

/**
 * A rule for every kind, for `Retry.make`.
 *
 * @category policies
 * @since 0.1.0
 */
export const rules: Arbitrary.Arbitrary<Retry.Rules> = Policies.rules

/**
 * Limits over all kinds, for `Retry.limit`: any of them, or none.
 *
 * @category policies
 * @since 0.1.0
 */
export const limits: Arbitrary.Arbitrary<Retry.Limits> = Policies.limits

/**
 * A policy: presets and rules, changed by every combinator of `Retry`, up to three deep. It prints as the code that
 * makes it. For what must hold for whatever policy a user composes.
 *
 * @category policies
 * @since 0.1.0
 */
export const policy: Arbitrary.Arbitrary<Retry.Policy> = Policies.policy
