/**
 * A `fetch` for the clients of other vendors, through which Venice's failures arrive in a form that they read.
 *
 * openai's client, the AI SDK, Anthropic's client and the frameworks on them take a `fetch`. Most error bodies of Venice
 * are `{"error": "<message>"}`, of which they make an empty message and no code. {@link make} returns a `fetch` that
 * decodes a failing response and encodes it again as OpenAI or Anthropic would: with message, type, code, hint and
 * request id. {@link errorOf} returns Venice's error from whatever the client throws.
 *
 * **When to use**
 *
 * In an Effect 4 program that calls Venice through a client of another vendor. A program without Effect, or with Effect 3,
 * installs `@effect-venice/fetch`: the same, with Effect inside and plain objects outside. An Effect program without
 * another client uses `VeniceClient`, or `HttpFailure.typed`.
 *
 * **Details**
 *
 * - A success is passed on untouched. Of a stream of events, an event that is an error is encoded again, and the bytes of
 *   all others are the same.
 * - A failing response (status 400 or above) and a blocked image (status 200 with a header) become a failing response
 *   with Venice's headers, `x-venice-code`, and `x-venice-status` with the true status. Its body is read within
 *   `HttpFailure.BodyLimits`.
 * - The credentials of the request are redacted in it, in any encoding.
 * - A request without a response fails with what the underlying `fetch` fails with.
 * - The client may repeat what a policy would repeat. Everything else says `x-should-retry: false`: what cannot succeed,
 *   what may be charged twice, and a hint of more than a minute, which openai's client would undercut. The AI SDK does not
 *   know that header and repeats by status, so it gets one that it does not repeat: 401, 402, 403, 404 or 422 by category,
 *   424 for a failure that is temporary, and else 400. It is recognized by its `user-agent`.
 *
 * - With `guard`, requests are held back before Venice locks the key out.
 *
 * **Gotchas**
 *
 * - JSON in a success is not read, so an error that it hides is not seen. `errorOf` finds it if the client throws.
 * - Without a response no header reaches a client: openai's and the AI SDK repeat a request that may have been executed.
 *   Their `maxRetries: 0`, with a `retry` here, is safe.
 * - LangChain repeats by itself and ignores the header: pass `maxRetries: 0` to its model, and a `retry` here.
 *
 * **Example** (Reading the error of openai's client)
 *
 * ```ts no-run
 * import { VeniceFetch } from "@effect-venice/http"
 * import OpenAI from "openai"
 *
 * const client = new OpenAI({ baseURL: "https://api.venice.ai/api/v1", fetch: VeniceFetch.make() })
 *
 * try {
 *   await client.chat.completions.create({ model: "lama", messages: [{ role: "user", content: "Hello" }] })
 * } catch (thrown) {
 *   const error = VeniceFetch.errorOf(thrown)
 *   if (error?._tag === "MODEL_NOT_FOUND") console.log(error.suggestions)
 *   else throw thrown
 * }
 * ```
 *
 * @since 0.1.0
 */
import { isBlocked } from "@effect-venice/core/Decode"
import type { Format } from "@effect-venice/core/Encode"
import { nameOf } from "@effect-venice/core/Operation"
import type { Policy, Retried } from "@effect-venice/core/Retry"
import { recordSuccess } from "@effect-venice/core/RetryBudget"
import { isVeniceError, type VeniceError } from "@effect-venice/core/VeniceError"
import * as Cause from "effect/Cause"
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import { fromInput } from "effect/http/Headers"
import { HttpClientError, isHttpClientError, TransportError } from "effect/http/HttpClientError"
import { fromWeb } from "effect/http/HttpClientResponse"
import * as Schedule from "effect/Schedule"
import { BodyLimits, fromResponse } from "./HttpFailure.ts"
import { redactFailure, secretsOf } from "./internal/credentials.ts"
import { type Client, clientOf } from "./internal/fetch/client.ts"
import { eventFor, responseOf, withOrigin } from "./internal/fetch/encoded.ts"
import { replaceErrors } from "./internal/fetch/events.ts"
import { guarded } from "./internal/fetch/guarded.ts"
import { type Arguments, type Sent, sentBy } from "./internal/fetch/request.ts"
import { errorIn } from "./internal/fetch/thrown.ts"
import type { LockoutGuard } from "./resilience/LockoutGuard.ts"

/**
 * A retry of {@link make}, as `onRetry` is told of it.
 *
 * @category models
 * @since 0.1.0
 */
export interface RetryInfo extends Retried {
  /** What the attempt failed with. */
  readonly failure: VeniceError | HttpClientError
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
  readonly format?: Format | undefined
  /** How much of an error body is read, and for how long. By default that of `HttpFailure.BodyLimits`. */
  readonly limits?:
    | { readonly bytes?: number | undefined; readonly time?: Duration.Input | undefined }
    | undefined
  /**
   * Retries by this policy, and tells the client not to. By default the client retries as it does.
   *
   * A body of text, bytes, `FormData`, `URLSearchParams` or `Blob` is sent again. A stream is sent once, and so is the
   * body of a `Request`, which is a stream.
   */
  readonly retry?: Policy | undefined
  /**
   * Keeps Venice from locking the key out: the service of `LockoutGuard`, as `LockoutGuard.make` returns it. A request that
   * it does not send gets the response of a rate limit, with the hint when the next one may be sent. Every `fetch` that
   * uses the same key should share one guard. By default there is none.
   *
   * Model and `user` are read from a body of JSON text; other bodies count as forms, which Venice counts together.
   */
  readonly guard?: LockoutGuard["Service"] | undefined
  /** Is told of every error that the client gets. What it throws is ignored. */
  readonly onError?: ((error: VeniceError) => unknown) | undefined
  /** Is told of every retry of `retry` before its delay. What it throws is ignored. */
  readonly onRetry?: ((retry: RetryInfo) => unknown) | undefined
}

/** Calls a hook of the caller, whose failure changes nothing. */
const tell = <A>(hook: ((value: A) => unknown) | undefined, value: A): void => {
  const call = async () => hook?.(value)
  call().catch(() => {})
}

const isFailing = (response: Response): boolean =>
  response.status >= 400 || (response.ok && isBlocked(fromInput(response.headers)))

type Failure = VeniceError | HttpClientError

/** One request. Fails with the error of a failing response, or with what `fetch` fails with as the cause. */
const attempt = (args: Arguments, sent: Sent, options: Options): Effect.Effect<Response, Failure> =>
  Effect.flatMap(
    Effect.tryPromise({
      try: async () => {
        // Called without an object before it, because the platform refuses any other `this`.
        const send = options.fetch ?? globalThis.fetch
        return send(...args)
      },
      catch: (cause) => {
        const failure = redactFailure(
          new HttpClientError({ reason: new TransportError({ request: sent.request, cause }) })
        )
        rejections.set(failure, cause)
        return failure
      }
    }),
    (response): Effect.Effect<Response, Failure> =>
      isFailing(response)
        ? Effect.flatMap(fromResponse(fromWeb(sent.request, response)), (error) => {
          originals.set(error, response)
          return Effect.fail(error)
        })
        : Effect.succeed(response)
  )

/** What `fetch` failed with. A failure has a description of it, without the secrets of the request. */
const rejections = new WeakMap<HttpClientError, unknown>()

/** The responses that errors were decoded from, for the parts that an error does not have. */
const originals = new WeakMap<VeniceError, Response>()

const retried = (self: Effect.Effect<Response, Failure>, policy: Policy, { onRetry }: Options) =>
  Effect.retry(
    self,
    Schedule.tap(policy, ({ input, output }) =>
      Effect.sync(() => tell(onRetry, { ...output, failure: input as Failure })))
  )

const isEventStream = ({ headers }: Response): boolean =>
  headers.get("content-type")?.toLowerCase().startsWith("text/event-stream") === true

/** A success for the client: the response itself, or one with the same headers whose errors among the events are encoded. */
const passed = (response: Response, sent: Sent, client: Client, now: () => number, options: Options): Response => {
  const { body, headers: original, status, statusText } = response
  if (!response.ok || !isEventStream(response) || body === null) return response
  const { method, url } = sent.request
  const input = {
    status,
    headers: fromInput(original),
    operation: nameOf(method, url),
    secrets: secretsOf(sent.request)
  }
  const events = replaceErrors(
    body,
    maxEvent,
    (data, name, delivered) =>
      eventFor(data, name, { ...input, now: now(), delivered }, client, (error) => tell(options.onError, error))
  )
  const headers = new Headers(original)
  // They are about the bytes on the wire. `fetch` has decompressed them, and an error may be longer.
  headers.delete("content-length")
  headers.delete("content-encoding")
  return withOrigin(new Response(events, { status, statusText, headers }), response)
}

// Errors are much shorter. A longer event is passed on as its bytes arrive.
const maxEvent = 256 * 1024

const withLimits = <A, E>(self: Effect.Effect<A, E>, limits: Options["limits"]): Effect.Effect<A, E> =>
  limits === undefined ? self : Effect.updateService(self, BodyLimits, ({ bytes, time }) => ({
    bytes: limits.bytes ?? bytes,
    time: limits.time ?? time
  }))

const throwIfAborted = (signal: AbortSignal | undefined): void => {
  if (signal?.aborted === true) throw signal.reason
}

const makeWith = (context: Context.Context<never>, options: Options): typeof globalThis.fetch => {
  const run = Effect.runPromiseExitWith(context)
  const now = () => Context.get(context, Clock.Clock).currentTimeMillisUnsafe()
  return async (...args) => {
    const sent = sentBy(...args)
    const { signal } = sent
    throwIfAborted(signal)
    const client = clientOf(sent, options.format)
    const { guard, retry } = options
    const unguarded = withLimits(attempt(args, sent, options), options.limits)
    const once = guard === undefined ? unguarded : guarded(unguarded, sent, guard)
    const exit = await run(
      recordSuccess(retry === undefined || !sent.canBeSentAgain ? once : retried(once, retry, options)),
      { signal }
    )
    if (Exit.isSuccess(exit)) return passed(exit.value, sent, client, now, options)
    throwIfAborted(signal)
    const failure = Cause.squash(exit.cause)
    if (isVeniceError(failure)) {
      tell(options.onError, failure)
      return responseOf(failure, client, originals.get(failure) ?? new Response(), retry !== undefined)
    }
    throw isHttpClientError(failure) ? rejections.get(failure) : failure
  }
}

/**
 * Makes a `fetch` for the client of another vendor: pass it as the client's option `fetch`.
 *
 * @category constructors
 * @since 0.1.0
 */
export const make = (options: Options = {}): typeof globalThis.fetch => makeWith(Context.empty(), options)

/**
 * Makes the `fetch` of {@link make} with the services of the fiber: its clock, `RetryBudget`, `HttpFailure.BodyLimits`,
 * `Retry.Deadline`.
 *
 * **When to use**
 *
 * In an Effect program that shares a budget of retries between this `fetch` and its own calls, or tests with virtual time.
 *
 * @category constructors
 * @since 0.1.0
 */
export const makeEffect = (options: Options = {}): Effect.Effect<typeof globalThis.fetch> =>
  Effect.map(Effect.context<never>(), (context) => makeWith(context, options))

/**
 * Returns Venice's error from what a client throws, or nothing if it is none. Total, for any value.
 *
 * **When to use**
 *
 * In the `catch` around a call of the client, and for the errors in its streams.
 *
 * **Details**
 *
 * It finds the error in
 *
 * - an `APIError` of openai or Anthropic, also of a stream
 * - an `APICallError` or `RetryError` of the AI SDK, and the errors in its streams
 * - a failing `Response` of {@link make}, without reading its body
 * - the `cause` of any other error, and an error of this library
 *
 * The error has its fields, status, ids, hint and operation; `matchedBy` is `code`. It also decodes the failures of a
 * client without our `fetch`, as far as the client kept the response.
 *
 * **Example** (Reading a failing response)
 *
 * ```ts
 * import { VeniceFetch } from "@effect-venice/http"
 *
 * const fetch = VeniceFetch.make({
 *   // Your own, or that of the platform.
 *   fetch: async () => new Response("{\"error\":\"Invalid model specified\"}", { status: 400 })
 * })
 *
 * const response = await fetch("https://api.venice.ai/api/v1/chat/completions", { method: "POST" })
 *
 * VeniceFetch.errorOf(response)?._tag // => "INVALID_MODEL"
 * VeniceFetch.errorOf(new Error("another")) // => undefined
 * ```
 *
 * @category reading
 * @since 0.1.0
 */
export const errorOf = (thrown: unknown): VeniceError | undefined => errorIn(thrown, Date.now())
