/**
 * The context of a response: the part of a response that an error keeps.
 *
 * It is the field `response` of every error: the actual status, the ids that support asks for, the server's hint, the
 * budgets and balance of the account, and the body. Credentials that a server or a proxy echoes are redacted.
 *
 * **Gotchas**
 *
 * Only `status` is always present. Each other field is missing in some recorded response of Venice.
 *
 * @since 0.1.0
 */
import * as Schema from "effect/Schema"
import { Delay } from "./internal/delay.ts"

/**
 * The maximum length of the body text in an error, in UTF-16 code units. Use it to size a log field or a column.
 *
 * @category constants
 * @since 0.1.0
 */
export const maxBodyLength = 8192

/**
 * The maximum length of a message in an error, in UTF-16 code units. Use it to size a log field or a column. Venice's
 * documented messages are shorter than 300.
 *
 * @category constants
 * @since 0.1.0
 */
export const maxMessageLength = 4096

/**
 * One budget of the rate limiter, in {@link RateLimit}, and its schema.
 *
 * **Details**
 *
 * `limit` and `remaining` are counts of requests, tokens or failures. At `resetAt` the budget is full again.
 *
 * @category schemas
 * @since 0.1.0
 */
export class Budget extends Schema.Opaque<Budget>()(Schema.Struct({
  limit: Schema.optionalKey(Schema.Finite),
  remaining: Schema.optionalKey(Schema.Finite),
  resetAt: Schema.optionalKey(Schema.DateTimeUtcFromMillis)
})) {}

/**
 * The rate limiter's budgets at the time of the response: `response.rateLimit` of an error, and its schema. Slow down
 * before a budget runs out.
 *
 * **Details**
 *
 * - `requests`: `x-ratelimit-*-requests`, or `X-RateLimit-Limit`, `-Remaining`, `-Reset` of the crypto RPC proxy
 * - `tokens`: `x-ratelimit-*-tokens`
 * - `failures`: `x-ratelimit-remaining` and `x-ratelimit-resets`, the budget of failed requests. Most responses have
 *   it, so its presence does not prove a lockout.
 *
 * @category schemas
 * @since 0.1.0
 */
export class RateLimit extends Schema.Opaque<RateLimit>()(Schema.Struct({
  requests: Schema.optionalKey(Budget),
  tokens: Schema.optionalKey(Budget),
  failures: Schema.optionalKey(Budget)
})) {}

/**
 * The account's balance before the request, in US dollars and in DIEM: `response.balance` of an error, and its schema.
 * Venice omits a balance of zero.
 *
 * @category schemas
 * @since 0.1.0
 */
export class Balance extends Schema.Opaque<Balance>()(Schema.Struct({
  usd: Schema.optionalKey(Schema.BigDecimalFromString),
  diem: Schema.optionalKey(Schema.BigDecimalFromString)
})) {}

/**
 * Venice's notice that the model of the request is deprecated: `response.deprecation` of an error, and its schema. Read
 * from `x-venice-model-deprecation-*` and `x-venice-deprecated-replacement`.
 *
 * @category schemas
 * @since 0.1.0
 */
export class Deprecation extends Schema.Opaque<Deprecation>()(Schema.Struct({
  warning: Schema.optionalKey(Schema.String),
  /** The date as Venice sent it; documented as an ISO date. */
  date: Schema.optionalKey(Schema.String),
  /** The id of the model to use instead. */
  replacement: Schema.optionalKey(Schema.String)
})) {}

/**
 * The context of a response: the type of `response` on every error, and its schema. Name it in functions that log or
 * report errors, or use it for a field of an error of your own.
 *
 * **Details**
 *
 * The hint is encoded in milliseconds, moments in epoch milliseconds, balances as decimal strings.
 *
 * @category schemas
 * @since 0.1.0
 */
export class ResponseContext extends Schema.Opaque<ResponseContext>()(Schema.Struct({
  /** The actual status, which can differ from the documented one of the error's code. */
  status: Schema.Finite,
  /** The operation, such as `POST /chat/completions`, if the caller passed it to the decoder. */
  operation: Schema.optionalKey(Schema.String),
  /** `X-Request-ID`, else the body's `request_id`, else the id in the message, else `CF-RAY`. */
  requestId: Schema.optionalKey(Schema.String),
  /** `CF-RAY`: the id that Venice's support asks for. */
  rayId: Schema.optionalKey(Schema.String),
  /** The server's hint: the least time to wait before another attempt. Absent without a usable hint. */
  retryAfter: Schema.optionalKey(Delay),
  rateLimit: Schema.optionalKey(RateLimit),
  balance: Schema.optionalKey(Balance),
  deprecation: Schema.optionalKey(Deprecation),
  /** `false` if `x-should-retry` says so. No policy retries then. */
  shouldRetry: Schema.optionalKey(Schema.Literal(false)),
  /**
   * A machine code of the body that is none of Venice's and did not decide which error this is, such as
   * `MODEL_PRIVACY_RESTRICTED`. Absent on an `UnrecognizedResponse`, which has it as `code`.
   */
  upstreamCode: Schema.optionalKey(Schema.String),
  /** The relay that passed the response on: `OpenRouter`, `LiteLLM`, or `unknown`. Absent if it came directly. */
  relay: Schema.optionalKey(Schema.String),
  contentType: Schema.optionalKey(Schema.String),
  /**
   * The text of the body, redacted, at most {@link maxBodyLength} long. Absent if the body was empty. On a decoded
   * error it may be a getter, which redacts the text when it is first read.
   */
  body: Schema.optionalKey(Schema.String),
  /** `true` if the server sent, or was about to send, more than `body` holds. */
  bodyTruncated: Schema.optionalKey(Schema.Boolean),
  /** How many events of a stream the caller received before the error. */
  delivered: Schema.optionalKey(Schema.Finite)
})) {}
