/**
 * Errors as plain objects, for code without Effect, for queues and for logs.
 *
 * A `PlainError` is a member of a union that is discriminated by `code`. It holds what an error of `VeniceError` holds,
 * with durations in milliseconds and dates in ISO form, so that JSON keeps it as it is. Its declarations mention nothing
 * of Effect.
 *
 * **When to use**
 *
 * At the edge of a program that uses Effect. A program without Effect, or with Effect 3, installs `@effect-venice/fetch`,
 * whose `@effect-venice/fetch/plain` has the same `decode` without any dependency.
 *
 * **Example** (Decoding what another client received)
 *
 * ```ts
 * import { Plain } from "@effect-venice/core"
 *
 * const error = Plain.decode({
 *   status: 429,
 *   headers: { "retry-after": "30" },
 *   body: "{\"error\":\"The model is currently overloaded. Please try again later.\"}"
 * })
 *
 * error.code // => "MODEL_OVERLOADED"
 * error.retryAfterMillis // => 30000
 * error.remedy // => "wait, or use another model"
 * ```
 *
 * @since 0.1.0
 */
import * as BigDecimal from "effect/BigDecimal"
import * as DateTime from "effect/DateTime"
import * as Duration from "effect/Duration"
import * as Record from "effect/Record"
import { remedies } from "./Category.ts"
import { event as decodeEvent, type Input, response as decodeResponse } from "./Decode.ts"
import type {
  PlainBudget,
  PlainCommon,
  PlainDecode,
  PlainError,
  PlainEvent,
  PlainParts
} from "./internal/plainError.ts"
import { readText } from "./internal/readText.ts"
import { isRepeatable } from "./internal/retrying/failure.ts"
import type { Budget, RateLimit, ResponseContext } from "./ResponseContext.ts"
import type { VeniceError } from "./VeniceError.ts"
import { byCode } from "./VeniceError.ts"

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
} from "./internal/plainError.ts"

type Defined<A> = { readonly [K in keyof A]?: Exclude<A[K], undefined> }

const defined = <A extends object>(members: A): Defined<A> =>
  Object.fromEntries(Object.entries(members).filter(([, value]) => value !== undefined)) as Defined<A>

const budget = (budget: Budget | undefined): PlainBudget | undefined =>
  budget && defined({ ...budget, resetAt: budget.resetAt && DateTime.formatIso(budget.resetAt) })

const budgets = ({ failures, requests, tokens }: RateLimit): PlainCommon["rateLimit"] =>
  defined({ requests: budget(requests), tokens: budget(tokens), failures: budget(failures) })

const balance = ({ diem, usd }: NonNullable<ResponseContext["balance"]>): PlainCommon["balance"] =>
  defined({ usd: usd && BigDecimal.format(usd), diem: diem && BigDecimal.format(diem) })

/** The own fields of an error, in their JSON form. */
const fieldsOf = (error: VeniceError): Readonly<Record<string, unknown>> => {
  if (error._tag === "INVALID_REQUEST") return defined({ details: error.details, issues: error.issues })
  // The machine code of another vendor is in `upstreamCode`, because `code` is Venice's.
  if (error._tag === "UNRECOGNIZED_RESPONSE") return {}
  const values: Readonly<Record<string, unknown>> = { ...error }
  const names = Object.keys(byCode.get(error._tag)!["~row"].fields ?? {})
  const fields = defined(Object.fromEntries(names.map((name) => [name, values[name]])))
  // The dates are those of this error alone: JSON of the server in a field of another one may look like a date of Effect.
  return error._tag === "GONE"
    ? Record.map(fields, (value) => DateTime.isDateTime(value) ? DateTime.formatIso(value) : value)
    : fields
}

/**
 * The error as a plain object. Use it where an error leaves your program: for a log line, a queue, another language.
 *
 * **Gotchas**
 *
 * A hint that never ends (`Duration.infinity`) has no number in JSON, and is left out.
 *
 * @category converting
 * @since 0.1.0
 */
export const fromError = (error: VeniceError): PlainError => {
  const { response } = error
  const hint = response.retryAfter && Duration.toMillis(response.retryAfter)
  const common: PlainCommon = {
    status: response.status,
    message: error.message,
    remedy: remedies[error.category],
    retryable: isRepeatable(error),
    matchedBy: error.matchedBy,
    ...defined({
      retryAfterMillis: Number.isFinite(hint) ? hint : undefined,
      requestId: response.requestId,
      rayId: response.rayId,
      operation: response.operation,
      upstreamCode: error._tag === "UNRECOGNIZED_RESPONSE" ? error.code : response.upstreamCode,
      relay: response.relay,
      delivered: response.delivered,
      rateLimit: response.rateLimit && budgets(response.rateLimit),
      balance: response.balance && balance(response.balance),
      deprecation: response.deprecation,
      contentType: response.contentType,
      body: response.body,
      bodyTruncated: response.bodyTruncated
    })
  }
  return { code: error._tag, category: error.category, ...common, ...fieldsOf(error) } as PlainError
}

const inputOf = (
  { body, bodyTruncated, headers, status }: PlainParts,
  { delivered, now = Date.now(), operation, secrets }: NonNullable<Parameters<PlainDecode>[1]>
): Input => ({ status, headers, body: body ?? "", bodyTruncated, delivered, now, operation, secrets })

const defaultBytes = 256 * 1024
const defaultMillis = 5000

const isResponse = (input: Response | PlainParts): input is Response => typeof (input as Response).text === "function"

/**
 * Decodes a response to a plain error: parts at once, a `Response` of `fetch` to a promise. Total: any response gives
 * exactly one error, and the promise is never rejected.
 *
 * **When to use**
 *
 * In a program that calls Venice without a client of this library, after `!response.ok`.
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
export const decode: PlainDecode = ((
  input: Response | PlainParts,
  options: NonNullable<Parameters<PlainDecode>[1]> & { readonly maxBytes?: number; readonly maxMillis?: number } = {}
) => {
  if (!isResponse(input)) return fromError(decodeResponse(inputOf(input, options)))
  const { headers, status } = input
  return readText(input, options.maxBytes ?? defaultBytes, options.maxMillis ?? defaultMillis).then((body) =>
    fromError(
      decodeResponse(inputOf({ status, headers, body: body.text, bodyTruncated: body.truncated }, options))
    )
  )
}) as PlainDecode

/**
 * Decodes the `data` of one event of a stream if it is an error. Use it in a loop over the events of a stream that
 * another client reads: an event that is no error gives nothing.
 *
 * @category decoding
 * @since 0.1.0
 */
export const event: PlainEvent = (data, { name, ...options } = {}) => {
  const error = decodeEvent(data, inputOf({ status: 200 }, options), name)
  return error && fromError(error)
}
