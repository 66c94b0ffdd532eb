/**
 * What is known of the response behind an error.
 *
 * Every error carries one `response`: the status that was really answered, the ids support asks for, the server's wait
 * hint, what the account has left, and the body. Nothing in it is a secret: credentials that a server or a proxy echoes
 * are replaced by `<redacted>` before they get here.
 *
 * **Gotchas**
 *
 * Only `status` is always there. Captured Venice answers lack any of the others.
 *
 * @since 0.1.0
 */
import * as Schema from "effect/Schema"
import { Delay } from "./internal/delay.ts"

/**
 * The longest body text an error keeps, in UTF-16 code units.
 *
 * @category constants
 * @since 0.1.0
 */
export const maxBodyLength = 8192

/**
 * The longest message an error keeps, in UTF-16 code units. Venice's own messages are below 300.
 *
 * @category constants
 * @since 0.1.0
 */
export const maxMessageLength = 4096

/**
 * One budget of the rate limiter.
 *
 * **Details**
 *
 * `limit` and `remaining` are counts of requests, tokens or failures; `resetAt` is the moment the budget is full again.
 *
 * @category schemas
 * @since 0.1.0
 */
export const Budget = Schema.Struct({
  limit: Schema.optionalKey(Schema.Finite),
  remaining: Schema.optionalKey(Schema.Finite),
  resetAt: Schema.optionalKey(Schema.DateTimeUtcFromMillis)
})

/**
 * One budget of the rate limiter.
 *
 * @category models
 * @since 0.1.0
 */
export interface Budget extends Schema.Schema.Type<typeof Budget> {}

/**
 * The rate limiter's budgets at the time of the answer.
 *
 * **Details**
 *
 * - `requests`: `x-ratelimit-*-requests`, or `X-RateLimit-Limit`, `-Remaining`, `-Reset` of the crypto RPC proxy
 * - `tokens`: `x-ratelimit-*-tokens`
 * - `failures`: `x-ratelimit-remaining` and `x-ratelimit-resets`, the budget of failed requests. It is on most answers,
 *   so its presence does not prove a lockout.
 *
 * @category schemas
 * @since 0.1.0
 */
export const RateLimit = Schema.Struct({
  requests: Schema.optionalKey(Budget),
  tokens: Schema.optionalKey(Budget),
  failures: Schema.optionalKey(Budget)
})

/**
 * The rate limiter's budgets at the time of the answer.
 *
 * @category models
 * @since 0.1.0
 */
export interface RateLimit extends Schema.Schema.Type<typeof RateLimit> {}

/**
 * What the account had before the request, in US dollars and in DIEM. Venice leaves out a balance of zero.
 *
 * @category schemas
 * @since 0.1.0
 */
export const Balance = Schema.Struct({
  usd: Schema.optionalKey(Schema.BigDecimalFromString),
  diem: Schema.optionalKey(Schema.BigDecimalFromString)
})

/**
 * What the account had before the request.
 *
 * @category models
 * @since 0.1.0
 */
export interface Balance extends Schema.Schema.Type<typeof Balance> {}

/**
 * Venice's notice that the model of the request is deprecated, from `x-venice-model-deprecation-*` and
 * `x-venice-deprecated-replacement`.
 *
 * @category schemas
 * @since 0.1.0
 */
export const Deprecation = Schema.Struct({
  warning: Schema.optionalKey(Schema.String),
  /** The date as Venice sent it; documented as an ISO date. */
  date: Schema.optionalKey(Schema.String),
  /** The id of the model to use instead. */
  replacement: Schema.optionalKey(Schema.String)
})

/**
 * Venice's notice that the model of the request is deprecated.
 *
 * @category models
 * @since 0.1.0
 */
export interface Deprecation extends Schema.Schema.Type<typeof Deprecation> {}

/**
 * The schema of a response's context. The wait is encoded in milliseconds, moments in epoch milliseconds, balances as
 * decimal strings.
 *
 * @category schemas
 * @since 0.1.0
 */
export const ResponseContext = Schema.Struct({
  /** The status that was answered, which can differ from the documented one of the error's code. */
  status: Schema.Finite,
  /** The operation, such as `POST /chat/completions`, when the caller said it. */
  operation: Schema.optionalKey(Schema.String),
  /** `X-Request-ID`, else the body's `request_id`, else the id a message names, else `CF-RAY`. */
  requestId: Schema.optionalKey(Schema.String),
  /** `CF-RAY`: the id Venice's support asks for. */
  rayId: Schema.optionalKey(Schema.String),
  /** The least time to wait before another attempt, as the server asked for it. Absent without a usable hint. */
  retryAfter: Schema.optionalKey(Delay),
  rateLimit: Schema.optionalKey(RateLimit),
  balance: Schema.optionalKey(Balance),
  deprecation: Schema.optionalKey(Deprecation),
  /** `false` when the answer said that a repeat is of no use, by `x-should-retry`; no policy makes one then. */
  shouldRetry: Schema.optionalKey(Schema.Literal(false)),
  contentType: Schema.optionalKey(Schema.String),
  /**
   * The body's text without secrets, at most {@link maxBodyLength} long. Absent when the body was empty. On a decoded
   * error, a long one is a getter: secrets are taken out when it is first read.
   */
  body: Schema.optionalKey(Schema.String),
  /** `true` when more body was received, or was on its way, than `body` holds. */
  bodyTruncated: Schema.optionalKey(Schema.Boolean),
  /** How many events of a stream had been delivered before it failed. */
  delivered: Schema.optionalKey(Schema.Finite)
})

/**
 * What is known of the response behind an error.
 *
 * @category models
 * @since 0.1.0
 */
export interface ResponseContext extends Schema.Schema.Type<typeof ResponseContext> {}
