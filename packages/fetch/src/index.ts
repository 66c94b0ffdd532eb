/**
 * A `fetch` for openai's client, the AI SDK, Anthropic's client and the frameworks on them, through which the failures of
 * Venice arrive in a form that they read. It has no dependency, and runs in Node, Bun, Deno, browsers and workers.
 *
 * {@link make} returns the `fetch`, and {@link errorOf} returns Venice's error, as a plain object, from what the client
 * throws. `VeniceFetch` of `@effect-venice/http` is the same for programs on Effect 4; each reads what the other wrote.
 *
 * **Details**
 *
 * - A success is passed on untouched. Of a stream of events, an event that is an error is encoded again, and the bytes of
 *   all others are the same.
 * - A failing response gets the form of its client: OpenAI's object with `message`, `type`, `code`, hint and request id, or
 *   Anthropic's. A blocked image, which Venice sends with status 200 and a header, is a failing response too.
 * - The credentials of the request are redacted in it, in any encoding. At most 256 KiB of it are read, for 5 seconds.
 * - A request without a response fails with what the underlying `fetch` fails with.
 * - The client is told not to repeat what cannot succeed, what may be charged twice, and what it would repeat before the
 *   server allows it. The AI SDK is told by the status: `x-venice-status` and {@link errorOf} have the true one.
 *
 * **Example** (Reading Venice's error)
 *
 * ```ts
 * import { errorOf, make } from "@effect-venice/fetch"
 *
 * const fetch = make({
 *   // Your own, or that of the platform.
 *   fetch: async () => new Response("{\"error\":\"Specified model not found: lama\"}", { status: 404 })
 * })
 *
 * const response = await fetch("https://api.venice.ai/api/v1/chat/completions", { method: "POST" })
 * const error = errorOf(response)
 *
 * error?.code === "MODEL_NOT_FOUND" && error.model // => "lama"
 * ```
 *
 * @since 0.1.0
 */
import type { PlainError } from "@effect-venice/core/Plain"
import * as Plain from "@effect-venice/core/Plain"
import * as Retry from "@effect-venice/core/Retry"
import { isVeniceError } from "@effect-venice/core/VeniceError"
import * as LockoutGuard from "@effect-venice/http/resilience/LockoutGuard"
import * as VeniceFetch from "@effect-venice/http/VeniceFetch"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"

export type { Json, PlainCategory, PlainCode, PlainError, PlainErrorOf } from "@effect-venice/core/Plain"

/**
 * What a retry is for: a category of errors, or `Transport` for a request without a response.
 *
 * @category models
 * @since 0.1.0
 */
export type RetryKind = "RateLimit" | "Capacity" | "Server" | "Upstream" | "Timeout" | "Transport"

/**
 * The name of a policy: `standard` for a caller who waits (5 attempts within 2 minutes), `patient` for a batch job (50
 * within 6 hours), `eager` for reads that cost nothing (4 within 10 seconds).
 *
 * @category models
 * @since 0.1.0
 */
export type RetryPreset = "standard" | "patient" | "eager"

/**
 * A policy that is stricter than its preset. A limit only takes away.
 *
 * @category models
 * @since 0.1.0
 */
export interface RetryOptions {
  /** By default `standard`. */
  readonly preset?: RetryPreset | undefined
  /** How many attempts a call makes, the first included. */
  readonly attempts?: number | undefined
  /** How much time may pass between the first failure and the last attempt. */
  readonly elapsedMillis?: number | undefined
  /** The longest hint that the policy waits for. It gives up at once on a longer one. */
  readonly longestHintMillis?: number | undefined
  /** What is retried. By default every kind. */
  readonly only?: RetryKind | ReadonlyArray<RetryKind> | undefined
}

/**
 * The settings of the lockout guard, as the option `guard` takes them.
 *
 * @category models
 * @since 0.1.0
 */
export interface GuardOptions {
  /** The failures that Venice allows in the window: 50 by default. */
  readonly limit?: number | undefined
  /** The window: 30 seconds by default. */
  readonly windowMillis?: number | undefined
  /** The failures that the guard leaves unused: a tenth of the limit by default. */
  readonly spare?: number | undefined
}

/**
 * A retry, as `onRetry` is told of it before its delay.
 *
 * @category models
 * @since 0.1.0
 */
export interface RetryInfo {
  readonly kind: RetryKind
  /** The number of the retry, from 1. */
  readonly retry: number
  readonly delayMillis: number
  /** How long the server asked to wait. */
  readonly hintMillis?: number
  /** What the attempt failed with; absent if there was no response. */
  readonly error?: PlainError
}

/**
 * The options of {@link make}. All of them may be left out.
 *
 * @category models
 * @since 0.1.0
 */
export interface Options {
  /** What sends the requests. By default the `fetch` of the platform at the time of the request. */
  readonly fetch?: typeof globalThis.fetch | undefined
  /**
   * The format of failing responses. By default Anthropic's for a request that has the header `anthropic-version` or goes
   * to `/messages`, and OpenAI's for any other.
   */
  readonly format?: "openai" | "anthropic" | "venice" | "problem" | undefined
  /** How much of an error body is read, in bytes. By default 256 KiB. */
  readonly maxBytes?: number | undefined
  /** How long an error body is read. By default 5 seconds. */
  readonly maxMillis?: number | undefined
  /**
   * Retries by this policy, and tells the client not to. By default the client retries as it does.
   *
   * A request is not sent again if it may be charged or executed twice, nor before the server allows it. A body of text,
   * bytes, `FormData`, `URLSearchParams` or `Blob` is sent again. A stream is sent once, and so is the body of a
   * `Request`, which is a stream.
   */
  readonly retry?: RetryPreset | RetryOptions | undefined
  /**
   * Keeps Venice from locking the key out: after 50 failed requests of a key, a model and a `user` within 30 seconds it
   * refuses all of them for 30 seconds. As failures run low, a request is not sent, and gets the response of a rate limit
   * with the hint when the next one may be sent. `true` for the defaults, which keep a tenth of the failures unused.
   *
   * The guard counts the requests of this `fetch`, so use one `fetch` for a key. By default there is none.
   */
  readonly guard?: boolean | GuardOptions | undefined
  /** Is told of every error that the client gets. What it throws is ignored. */
  readonly onError?: ((error: PlainError) => unknown) | undefined
  /** Is told of every retry of `retry`. What it throws is ignored. */
  readonly onRetry?: ((retry: RetryInfo) => unknown) | undefined
}

const presets: Readonly<Record<RetryPreset, Retry.Policy>> = {
  standard: Retry.standard,
  patient: Retry.patient,
  eager: Retry.eager
}

const presetOf = (name: string): Retry.Policy => {
  if (Object.hasOwn(presets, name)) return presets[name as RetryPreset]
  throw new RangeError(`the preset of a policy must be one of ${Object.keys(presets).join(", ")}, and is ${name}`)
}

const policyOf = (options: RetryPreset | RetryOptions): Retry.Policy => {
  if (typeof options === "string") return presetOf(options)
  const { attempts, elapsedMillis, longestHintMillis, only, preset = "standard" } = options
  const limited = Retry.limit(presetOf(preset), {
    attempts,
    elapsed: elapsedMillis,
    longestHint: longestHintMillis
  })
  return only === undefined ? limited : Retry.only(limited, only)
}

const guardOf = (options: boolean | GuardOptions | undefined): LockoutGuard.LockoutGuard["Service"] | undefined => {
  if (options === undefined || options === false) return undefined
  const { limit, spare, windowMillis } = options === true ? {} as GuardOptions : options
  return Effect.runSync(LockoutGuard.make({ limit, spare, window: windowMillis }))
}

const infoOf = ({ delay, failure, hint, kind, retry }: VeniceFetch.RetryInfo): RetryInfo => ({
  kind,
  retry,
  delayMillis: Duration.toMillis(delay),
  ...(hint !== undefined && { hintMillis: Duration.toMillis(hint) }),
  ...(isVeniceError(failure) && { error: Plain.fromError(failure) })
})

/**
 * Makes a `fetch` for the client of another vendor: pass it as the client's option `fetch`.
 *
 * **Details**
 *
 * A policy or a guard that makes no sense is refused with a `RangeError`.
 *
 * @category constructors
 * @since 0.1.0
 */
export const make = (options: Options = {}): typeof globalThis.fetch => {
  const { fetch, format, guard, maxBytes, maxMillis, onError, onRetry, retry } = options
  return VeniceFetch.make({
    fetch,
    format,
    limits: { bytes: maxBytes, time: maxMillis },
    retry: retry === undefined ? undefined : policyOf(retry),
    guard: guardOf(guard),
    onError: onError && ((error) => onError(Plain.fromError(error))),
    onRetry: onRetry && ((info) => onRetry(infoOf(info)))
  })
}

/**
 * The `fetch` of {@link make} without options: `new OpenAI({ fetch })`.
 *
 * @category constructors
 * @since 0.1.0
 */
export const fetch: typeof globalThis.fetch = /* @__PURE__ */ make()

/**
 * Returns Venice's error, as a plain object, from what a client throws, or nothing if it is none. Call it in the `catch`
 * around a call of the client, and for the errors in its streams. Total, for any value.
 *
 * **Details**
 *
 * It finds the error in an `APIError` of openai or Anthropic, in an `APICallError` or `RetryError` of the AI SDK and in the
 * errors of its streams, in a failing `Response` of {@link make} without reading its body, and in the `cause` of any other
 * error.
 *
 * @category reading
 * @since 0.1.0
 */
export const errorOf = (thrown: unknown): PlainError | undefined => {
  const error = VeniceFetch.errorOf(thrown)
  return error && Plain.fromError(error)
}
