/**
 * Decoding of Venice's failing responses to plain objects, without any dependency.
 *
 * **Example** (Decoding a response of `fetch`)
 *
 * ```ts
 * import { decode } from "@effect-venice/fetch/plain"
 *
 * const response = new Response("{\"error\":\"The model is at capacity. Please try again later.\"}", {
 *   status: 503,
 *   headers: { "retry-after": "30" }
 * })
 *
 * if (!response.ok) {
 *   const error = await decode(response, { operation: "POST /chat/completions" })
 *   error.code // => "MODEL_AT_CAPACITY"
 *   error.retryAfterMillis // => 30000
 * }
 * ```
 *
 * @since 0.1.0
 */
import type { PlainDecode, PlainEvent } from "@effect-venice/core/Plain"
import * as Plain from "@effect-venice/core/Plain"

export type {
  Json,
  PlainBudget,
  PlainCategories,
  PlainCategory,
  PlainCode,
  PlainCommon,
  PlainDecode,
  PlainError,
  PlainErrorOf,
  PlainEvent,
  PlainFields,
  PlainIssue,
  PlainLimits,
  PlainOptions,
  PlainParts,
  PlainPaymentOption,
  PlainTree
} from "@effect-venice/core/Plain"

/**
 * Decodes a response to a plain error: a `Response` of `fetch` to a promise, parts (`{ status, headers, body }`) at once.
 * Call it after `!response.ok`, or for what a log or a queue holds. Total: any response gives exactly one error, and the
 * promise is never rejected.
 *
 * **Details**
 *
 * The body of a `Response` is read within limits, by default 256 KiB and 5 seconds, and is used up. Pass the API key in
 * `secrets`, so that it cannot be in the error if the server repeats it, and `operation`, so that `retryable` knows what
 * a repeat costs.
 *
 * @category decoding
 * @since 0.1.0
 */
export const decode: PlainDecode = Plain.decode

/**
 * Decodes the `data` of one event of a stream if it is an error, and returns nothing otherwise. Call it in a loop over
 * events that you read yourself.
 *
 * @category decoding
 * @since 0.1.0
 */
export const event: PlainEvent = Plain.event
