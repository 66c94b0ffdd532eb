/**
 * From a response to exactly one error of the algebra.
 *
 * Status, headers and the text of the body go in, one member of `VeniceError` comes out: for any status, any headers and
 * any text. Decoding never throws, takes time linear in the body, and reads neither clock nor network.
 *
 * **Details**
 *
 * What is tried, in this order:
 *
 * 1. A machine code in the body (`matchedBy: "code"`). One of Venice's codes wins over everything else.
 * 2. The 402 bodies of x402, and a blocked image inside a success (`"shape"`).
 * 3. The message under its status (`"message"`), anchored at the start and without regard to case.
 * 4. What a Venice-shaped body means under its status: 400, 401, 403, 500 (`"shape"`).
 * 5. The statuses that mean one code only: 413, 415, 429, 504 (`"status"`).
 * 6. `UnrecognizedResponse`, with the category the status implies (`"none"`).
 *
 * **Gotchas**
 *
 * A success can hold an error too: give the text of a failed event stream, or of an answer whose headers say that the
 * content was blocked, with its status of 200.
 *
 * @since 0.1.0
 */
import * as Duration from "effect/Duration"
import * as Sse from "effect/encoding/Sse"
import * as Headers from "effect/http/Headers"
import * as Predicate from "effect/Predicate"
import * as Record from "effect/Record"
import type * as Schema from "effect/Schema"
import * as Category from "./Category.ts"
import * as Errors from "./Errors.ts"
import { captureStack, fromWire, withoutStacks } from "./internal/ApiError.ts"
import { prune } from "./internal/json.ts"
import { unescaped, without, withoutBegun } from "./internal/redact.ts"
import { defineExcerpt, excerpt } from "./internal/text.ts"
import { Validation } from "./internal/Validation.ts"
import * as Wordings from "./internal/wordings.ts"
import * as ResponseBody from "./ResponseBody.ts"
import type { RateLimit, ResponseContext } from "./ResponseContext.ts"
import { maxBodyLength, maxMessageLength } from "./ResponseContext.ts"
import * as ResponseHeaders from "./ResponseHeaders.ts"
import type { VeniceError, VeniceErrorClass } from "./VeniceError.ts"
import { byCode } from "./VeniceError.ts"

/**
 * A response, as it was received.
 *
 * @category models
 * @since 0.1.0
 */
export interface Input {
  readonly status: number
  /** Names in any case. */
  readonly headers?: Headers.Input | undefined
  /** The body's text. What cannot be decoded as text may be left out or replaced. */
  readonly body: string
  /** Whether more body was on its way than `body` holds. */
  readonly bodyTruncated?: boolean | undefined
  /** The operation that was called, such as `POST /chat/completions`. */
  readonly operation?: string | undefined
  /** How many events of a stream had been delivered before. */
  readonly delivered?: number | undefined
  /** The moment the response was received, in epoch milliseconds: what dates in headers are read against. */
  readonly now: number
  /**
   * Values that must not appear in the error, such as the key the request was sent with. Values shorter than four
   * characters are no credentials and are passed over.
   */
  readonly secrets?: ReadonlyArray<string> | undefined
  /**
   * Whether the error's `stack` has the frames of the caller of {@link response}. Without, it has one line that says where
   * the answer came from: capturing frames costs as much as decoding, and in an effect they are the runtime's.
   */
  readonly captureStack?: boolean | undefined
}

type MatchedBy = VeniceError["matchedBy"]

type Fields = Readonly<Record<string, unknown>>

type Mutable<A> = { -readonly [K in keyof A]: A[K] }

interface Verdict {
  readonly Class: VeniceErrorClass
  readonly matchedBy: MatchedBy
  readonly groups?: Wordings.Match["groups"]
}

/** Beyond this, what a validation failure says of its fields is left to the excerpt of the body. */
const maxValidationBody = 1024 * 1024

// Machine codes that are not Venice's own names.
const aliases: ReadonlyMap<string, VeniceErrorClass> = new Map<string, VeniceErrorClass>([
  ["context_length_exceeded", Errors.TooManyTokens],
  ["needs_consent", Errors.ConsentRequired],
  ["X402_CONCURRENCY_LIMIT", Errors.RateLimitExceeded],
  ["content_blocked_by_provider", Errors.ContentPolicyViolation],
  // OpenAI's name, under a status of its own.
  ["content_policy_violation", Errors.ContentPolicyViolation],
  // OpenAI's name, from gateways in front of Venice: a 429 that no wait can mend.
  ["insufficient_quota", Errors.InsufficientBalance]
])

// Kinds of error, in `error.type`, that mean one code whatever the message says.
const types: ReadonlyMap<string, VeniceErrorClass> = new Map<string, VeniceErrorClass>([
  ["provider_content_policy", Errors.ContentPolicyViolation],
  ["content_filter_error", Errors.ContentPolicyViolation]
])

const classOfCode = (code: string, status: number, inBand: boolean): VeniceErrorClass | undefined => {
  const known = aliases.get(code)
  if (known !== undefined) return known
  if (code.startsWith("X402_SIGN_IN_")) return Errors.X402InvalidSignIn
  // `model_overloaded` in streams; elsewhere a word in lower case means Venice's code only where the status agrees.
  const upper = byCode.get(code.toUpperCase())
  return upper !== undefined && (inBand || upper.status === status) && upper !== Errors.UnrecognizedResponse
    ? upper
    : undefined
}

const byCodes = (reading: ResponseBody.Reading, status: number, inBand: boolean): Verdict | undefined => {
  // A code of Venice's own wins over the names others have for it, wherever the two stand.
  for (const code of reading.codes) {
    const Class = byCode.get(code)
    if (Class !== undefined) return { Class, matchedBy: "code" }
  }
  for (const code of reading.codes) {
    const Class = classOfCode(code, status, inBand)
    if (Class !== undefined) return { Class, matchedBy: "code" }
  }
  const type = reading.error.type
  const Class = typeof type === "string" ? types.get(type) : undefined
  return Class === undefined ? undefined : { Class, matchedBy: "code" }
}

const isPaymentBody = ({ body }: ResponseBody.Reading): boolean =>
  Object.hasOwn(body, "x402Version") || Array.isArray(body.accepts)
  || body.reason === "authentication" || body.reason === "insufficient_balance"

const byShape = (status: number): VeniceErrorClass | undefined => {
  switch (status) {
    case 400:
      return Errors.InvalidRequest
    case 401:
      return Errors.AuthenticationFailed
    case 403:
      return Errors.Unauthorized
    case 500:
      return Errors.UnknownError
  }
}

const byStatus = (status: number): VeniceErrorClass | undefined => {
  switch (status) {
    case 413:
      return Errors.PayloadTooLarge
    case 415:
      return Errors.InvalidContentType
    case 429:
      return Errors.RateLimitExceeded
    case 504:
      return Errors.RequestTimeout
  }
}

const isSuccess = (status: number): boolean => status >= 200 && status < 300

const hasSuccessor = (headers: Headers.Headers): boolean =>
  headers.sunset !== undefined || headers.deprecation !== undefined
  || ResponseHeaders.parseLink(headers.link, "successor-version") !== undefined

const judge = (reading: ResponseBody.Reading, status: number, headers: Headers.Headers): Verdict => {
  const inBand = isSuccess(status)
  const coded = byCodes(reading, status, inBand)
  if (coded !== undefined) return coded
  if (status === 402 && isPaymentBody(reading)) return { Class: Errors.PaymentRequired, matchedBy: "shape" }
  if (inBand && isBlocked(headers)) {
    return { Class: Errors.ContentPolicyViolation, matchedBy: "shape" }
  }
  if (reading.shape === "venice" && reading.message !== undefined) {
    const worded = Wordings.match(reading.message, status, inBand)
    if (worded !== undefined) return { Class: worded.Class, matchedBy: "message", groups: worded.groups }
  }
  if (status === 402 && headers["payment-required"] !== undefined) {
    return { Class: Errors.PaymentRequired, matchedBy: "shape" }
  }
  if (status === 410 && hasSuccessor(headers)) return { Class: Errors.Gone, matchedBy: "shape" }
  const shaped = reading.shape === "venice" ? byShape(status) : undefined
  if (shaped !== undefined) return { Class: shaped, matchedBy: "shape" }
  const only = byStatus(status)
  if (only !== undefined) return { Class: only, matchedBy: "status" }
  return { Class: Errors.UnrecognizedResponse, matchedBy: "none" }
}

const startsStream = /^[\ufeff\s]*(?:data|event|id|retry|):/

const isStream = (status: number, headers: Headers.Headers, body: string): boolean =>
  isSuccess(status)
  && (headers["content-type"]?.toLowerCase().startsWith("text/event-stream") === true
    || startsStream.test(body.slice(0, 100)))

// `null`, `""` and the like stand where there is none.
const saysError = (error: unknown): boolean => typeof error === "string" ? error !== "" : Predicate.isObject(error)

/** The error in the JSON of one event: `error` at top level, or inside the `response` of a `response.failed`. */
const errorOfEvent = (data: string): unknown => {
  if (!data.includes("\"error\"")) return undefined
  try {
    const json: unknown = JSON.parse(data)
    if (!Predicate.isObject(json)) return undefined
    const { error, response } = json as { readonly error?: unknown; readonly response?: unknown }
    if (saysError(error)) return json
    const inner = Predicate.isObject(response) ? (response as { readonly error?: unknown }).error : undefined
    return saysError(inner) ? { error: inner } : undefined
  } catch {
    return undefined
  }
}

/**
 * Decodes one event of a stream, if it is an error: the `data` of a chat completion with an `error`, or of a
 * `response.failed` of `/responses`. Total; anything else is nothing.
 *
 * @category decoding
 * @since 0.1.0
 */
export const event = (data: string, input: Omit<Input, "body">): VeniceError | undefined =>
  withoutStacks(() => {
    const found = errorOfEvent(data)
    if (found === undefined) return undefined
    const cleaned = withoutSecrets({ ...input, body: data })
    // Only a secret that was found makes it worth reading the event again.
    const error = cleaned.body === data ? found : errorOfEvent(cleaned.body)
    return fromReading(ResponseBody.fromJson(error), cleaned)
  })

const readStream = (text: string): ResponseBody.Reading => {
  let found: unknown
  const parser = Sse.makeParser((event) => {
    if (event._tag === "Event") found ??= errorOfEvent(event.data)
  }, { maxEventSize: Number.MAX_SAFE_INTEGER })
  parser.feed(text)
  // The connection may have ended before the blank line that closes the last event.
  parser.feed("\n\n")
  return found === undefined ? ResponseBody.read("") : ResponseBody.fromJson(found)
}

const text = (value: unknown, length = 500): string | undefined =>
  typeof value === "string" && value !== "" ? excerpt(value, length) : undefined

const number = (value: unknown): number | undefined =>
  typeof value === "number" && Number.isFinite(value) ? value : undefined

const texts = (value: unknown): ReadonlyArray<string> | undefined =>
  Array.isArray(value)
    ? value.filter((item) => typeof item === "string").slice(0, 50).map((item) => excerpt(item, 200))
    : undefined

const json = (value: unknown) => value === undefined ? undefined : excerptJson(value)

/** The first of two values that is a list, or the second where the first is an empty one. */
const fuller = (a: unknown, b: unknown): unknown =>
  Array.isArray(a) && (a.length > 0 || !Array.isArray(b) || b.length === 0) ? a : Array.isArray(b) ? b : undefined

const validationOf = ({ body }: ResponseBody.Reading): { readonly details?: unknown; readonly issues?: unknown } => {
  const context = body.context as { readonly issues?: unknown } | null | undefined
  return { details: body.details, issues: fuller(fuller(body.issues, body.error), context?.issues) }
}

const paymentOption = (value: unknown) => {
  const option = (Predicate.isObject(value) ? value : {}) as Fields
  return defined({
    scheme: text(option.scheme),
    network: text(option.network),
    // Version 1 of x402 has another name for it.
    amount: text(option.amount ?? option.maxAmountRequired),
    asset: text(option.asset),
    payTo: text(option.payTo),
    maxTimeoutSeconds: number(option.maxTimeoutSeconds),
    extra: json(option.extra)
  })
}

const paymentOffer = (value: unknown) => {
  if (!Predicate.isObject(value)) return undefined
  const offer = value as Fields
  if (!Array.isArray(offer.accepts)) return undefined
  return defined({
    x402Version: number(offer.x402Version),
    resource: json(offer.resource),
    accepts: offer.accepts.slice(0, 50).map(paymentOption)
  })
}

const reasonOf = ({ reason, x402Version }: Fields, message: string | undefined) => {
  if (reason === "authentication" || reason === "insufficient_balance") return reason
  const asksForCredentials = x402Version !== undefined || /^authentication required/i.test(message ?? "")
  return reason !== null && asksForCredentials ? "authentication" : undefined
}

const listOf = (prose: string | undefined): ReadonlyArray<string> | undefined =>
  prose?.split(/,\s|\sor\s/, 50).map(unquoted).filter((id) => id !== "")

const unquoted = (id: string): string => excerpt(id.trim().replace(/^["'`]+/, "").replace(/["'`]{1,3}$/, ""), 200)

const limits = ["requests", "tokens", "concurrency", "failures"] as const

const limitOf = (value: unknown) => limits.find((limit) => limit === value)

const limitKind = (message: string, codes: ReadonlyArray<string>, snapshot: RateLimit | undefined) => {
  const said = /^(?:(too many failed attempts)|too many concurrent|another request for this user)/i.exec(message)
  if (said?.[1] !== undefined) return "failures"
  if (said !== null || codes.includes("X402_CONCURRENCY_LIMIT")) return "concurrency"
  return snapshot === undefined ? undefined : ResponseHeaders.exhausted(snapshot)?.kind
}

/** Leaves out what is not there, since a schema's optional key may be absent but not undefined. */
const defined = <A extends Fields>(fields: A): A => {
  const out: Record<string, unknown> = {}
  for (const name in fields) {
    if (fields[name] !== undefined) out[name] = fields[name]
  }
  return out as A
}

const fieldsOf = (
  { Class, groups, matchedBy }: Verdict,
  reading: ResponseBody.Reading,
  input: Input,
  headers: Headers.Headers,
  snapshot: RateLimit | undefined
): Fields | undefined => {
  const { body, error } = reading
  // Members that no message can say better: Venice's own where it sends them, else those of `Encode`.
  switch (Class) {
    case Errors.InvalidRequest: {
      if (input.body.length > maxValidationBody) return undefined
      const raw = validationOf(reading)
      return raw.details === undefined && raw.issues === undefined ? undefined : { validation: new Validation(raw) }
    }
    case Errors.TooManyTokens: {
      const found = groups ?? (reading.message === undefined ? undefined : Wordings.tokens(reading.message))
      return defined({
        inputTokens: number(body.input_tokens) ?? (found?.inputTokens && Number(found.inputTokens)),
        maxTokens: number(body.max_tokens) ?? (found?.maxTokens && Number(found.maxTokens))
      })
    }
    case Errors.ModelNotFound: {
      const named = texts(body.suggestions) ?? listOf(groups?.suggestions)
      const recommended = text(error.recommended_model)
      return defined({
        model: text(body.model) ?? (groups?.model && unquoted(groups.model)),
        suggestions: recommended === undefined ? named : [recommended, ...(named ?? [])]
      })
    }
    case Errors.ContentPolicyViolation: {
      const refunded = error.credits_refunded ?? body.credits_refunded
      return defined({
        creditsRefunded: typeof refunded === "boolean" ? refunded : undefined,
        recommendedModel: text(error.recommended_model ?? body.recommended_model),
        suggestedPrompt: text(error.suggested_prompt ?? body.suggested_prompt, maxMessageLength),
        hint: text(error.hint ?? body.hint, maxMessageLength)
      })
    }
    case Errors.RateLimitExceeded: {
      const limit = limitOf(body.limit) ?? limitKind(reading.message ?? "", reading.codes, snapshot)
      return limit && { limit }
    }
    case Errors.PaymentRequired: {
      const offer = paymentOffer(body)
        ?? paymentOffer(ResponseHeaders.parsePaymentRequired(headers["payment-required"]))
      return defined({
        reason: reasonOf(body, reading.message),
        offer,
        currentBalanceUsd: number(body.currentBalanceUsd),
        minimumBalanceUsd: number(body.minimumBalanceUsd),
        suggestedTopUpUsd: number(body.suggestedTopUpUsd),
        minimumTopUpUsd: number(body.minimumTopUpUsd),
        supportedTokens: texts(body.supportedTokens),
        supportedChains: texts(body.supportedChains)
      })
    }
    case Errors.ConsentRequired:
      return defined({
        consentFlow: json(body.consent_flow),
        faceMediaRoles: json(body.face_media_roles),
        consent: json(body.consent),
        docsUrl: text(body.docs_url)
      })
    case Errors.Gone:
      return defined({
        successor: ResponseHeaders.parseLink(headers.link, "successor-version"),
        sunset: ResponseHeaders.parseMoment(headers.sunset),
        deprecated: ResponseHeaders.parseMoment(headers.deprecation)
      })
    case Errors.UnrecognizedResponse: {
      // By its code, the error of a gateway that did not recognize the response either.
      const relayed = matchedBy === "code"
      const said = Category.all.find((category) => relayed && category === body.category)
      return defined({
        category: said ?? categoryOf(reading, input.status),
        code: text(relayed ? body.upstream_code : reading.codes[0], 100)
      })
    }
  }
  return undefined
}

/** An error inside a success is the server's; one that names its upstream is the upstream's. */
const categoryOf = (reading: ResponseBody.Reading, status: number): Category.Category => {
  if (!isSuccess(status) || reading.shape !== "venice") return Category.fromStatus(status)
  return reading.codes.includes("upstream_error") ? "Upstream" : "Server"
}

const isLockout = (message: string): boolean => /^too many failed attempts/i.test(message)

/** How long a locked-out key waits, by Venice's documentation, when the answer names no time. */
const lockout = Duration.seconds(30)

const units: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3600 }

const lockoutWait = (message: string): Duration.Duration => {
  const found = /\b(?:wait|try again|retry)(?: for| after| in)? (\d{1,6}(?:\.\d{1,3})?) ?([smh])/i.exec(
    message.slice(0, 1024)
  )
  const seconds = found === null ? undefined : Number(found[1]) * units[found[2]!.toLowerCase()]!
  return seconds === undefined ? lockout : ResponseHeaders.parseSeconds(seconds) ?? lockout
}

const hintOf = (
  reading: ResponseBody.Reading,
  status: number,
  headers: Headers.Headers,
  snapshot: RateLimit | undefined,
  now: number
): Duration.Duration | undefined => {
  const explicit = ResponseHeaders.retryAfter(headers, status, undefined, now)
  if (explicit !== undefined) return explicit
  const reset = ResponseHeaders.retryAfter(headers, status, snapshot, now)
  if (status === 429 && reading.message !== undefined && isLockout(reading.message)) {
    const named = lockoutWait(reading.message)
    return reset === undefined ? named : Duration.max(reset, named)
  }
  const inBody = number(reading.error.retry_after) ?? number(reading.body.retry_after)
  return reset ?? (inBody === undefined ? undefined : ResponseHeaders.parseSeconds(inBody))
}

const namedRequestId = (message: string | undefined): string | undefined =>
  message === undefined || !message.includes(":")
    ? undefined
    : /reference request id: ?["'`]?([\w-](?:[\w.:-]{0,98}[\w-])?)/i.exec(message.slice(0, 1024))?.[1]

const contextOf = (
  input: Input,
  reading: ResponseBody.Reading,
  headers: Headers.Headers,
  snapshot: RateLimit | undefined
): ResponseContext => {
  const rayId = ResponseHeaders.identifier(headers["cf-ray"])
  const requestId = ResponseHeaders.identifier(headers["x-request-id"])
    ?? ResponseHeaders.identifier(reading.body.request_id ?? reading.error.request_id)
    ?? namedRequestId(reading.message)
    ?? rayId
  const truncated = input.bodyTruncated === true || input.body.length > maxBodyLength
  const operation = ResponseHeaders.name(input.operation)
  const retryAfter = hintOf(reading, input.status, headers, snapshot, input.now)
  const balance = ResponseHeaders.balance(headers)
  const deprecation = ResponseHeaders.deprecation(headers)
  const contentType = ResponseHeaders.name(headers["content-type"])
  // Assigned one after another, since every error has a context and copying one costs as much as parsing a short body.
  const out: Mutable<ResponseContext> = { status: Number.isFinite(input.status) ? input.status : 0 }
  if (operation !== undefined) out.operation = operation
  if (requestId !== undefined) out.requestId = requestId
  if (rayId !== undefined) out.rayId = rayId
  if (retryAfter !== undefined) out.retryAfter = retryAfter
  if (snapshot !== undefined) out.rateLimit = snapshot
  if (balance !== undefined) out.balance = balance
  if (deprecation !== undefined) out.deprecation = deprecation
  if (headers["x-should-retry"]?.trim().toLowerCase() === "false") out.shouldRetry = false
  if (contentType !== undefined) out.contentType = contentType
  if (input.body !== "") defineExcerpt(out, "body", input.body, maxBodyLength)
  if (truncated) out.bodyTruncated = true
  if (input.delivered !== undefined) out.delivered = input.delivered
  return out
}

const remove = (input: Input, secrets: ReadonlyArray<string>): Input => {
  const redacted = without(secrets)
  const headers = headersOf(input)
  const isEchoed = Object.values(headers).some((value) => redacted(value) !== value)
  return {
    ...input,
    headers: isEchoed ? Headers.fromRecordUnsafe(Record.map(headers, redacted)) : headers,
    body: input.bodyTruncated === true ? withoutBegun(redacted(input.body), secrets) : redacted(input.body)
  }
}

/**
 * A function that takes known secrets out of a text: as they are, and as JSON or a URL would write them.
 *
 * @category decoding
 * @since 0.1.0
 */
export const redacting = (secrets: ReadonlyArray<string>): (text: string) => string => without(secrets)

/**
 * The response without the values that are known to be secret.
 *
 * @category decoding
 * @since 0.1.0
 */
export const withoutSecrets = (input: Input): Input => {
  const body = unescaped(input.body)
  const received = body === input.body ? input : { ...input, body }
  return input.secrets === undefined ? received : remove(received, input.secrets)
}

const headersOf = ({ headers }: Input): Headers.Headers =>
  Headers.isHeaders(headers) ? headers : Headers.fromInput(headers)

const messageOf = ({ Class }: Verdict, reading: ResponseBody.Reading, input: Input): string => {
  const isJson = reading.shape === "venice" || reading.shape === "json"
  const said = reading.message ?? (isJson ? Validation.firstMessage(validationOf(reading)) : undefined)
  // Venice's own words hold no credential.
  if (said === Class.defaultMessage) return said
  if (said !== undefined) return excerpt(said, maxMessageLength)
  if (Class !== Errors.UnrecognizedResponse) return Class.defaultMessage
  switch (reading.shape) {
    case "empty":
      return `HTTP ${input.status} with an empty body`
    case "text":
      return excerpt(input.body.trim(), 500)
    case "html":
      return excerpt(ResponseBody.title(input.body) ?? `HTTP ${input.status} with an HTML page`, 500)
    default:
      return `HTTP ${input.status} with an unknown JSON body`
  }
}

/**
 * Decodes a response. Total: any input gives exactly one error.
 *
 * **Example** (Decoding a busy model)
 *
 * ```ts
 * import { Decode } from "@effect-venice/core"
 *
 * const error = Decode.response({
 *   status: 429,
 *   headers: { "Retry-After": "30", "CF-RAY": "91dbd54fa83f8cbd-EWR" },
 *   body: "{\"error\":\"The model is currently overloaded. Please try again later.\"}",
 *   operation: "POST /chat/completions",
 *   now: Date.UTC(2026, 0, 1)
 * })
 *
 * error._tag // => "MODEL_OVERLOADED"
 * error.category // => "Capacity"
 * error.matchedBy // => "message"
 * error.response.requestId // => "91dbd54fa83f8cbd-EWR"
 * String(error.response.retryAfter) // => "30000 millis"
 * ```
 *
 * @category decoding
 * @since 0.1.0
 */
export const response = (received: Input): VeniceError => {
  const error = withoutStacks(() => decode(withoutSecrets(received)))
  if (received.captureStack === true) captureStack(error, response)
  return error
}

const decode = (input: Input): VeniceError =>
  fromReading(
    isStream(input.status, headersOf(input), input.body) ? readStream(input.body) : ResponseBody.read(input.body),
    input
  )

const fromReading = (reading: ResponseBody.Reading, input: Input): VeniceError => {
  const headers = headersOf(input)
  const verdict = judge(reading, input.status, headers)
  const snapshot = ResponseHeaders.rateLimit(headers, input.now)
  return fromWire<VeniceError>(verdict.Class, {
    _tag: verdict.Class.code,
    message: messageOf(verdict, reading, input),
    matchedBy: verdict.matchedBy,
    response: contextOf(input, reading, headers, snapshot)
  }, fieldsOf(verdict, reading, input, headers, snapshot))
}

/**
 * What is known of a response that is no error of Venice, such as a success whose body is not what was expected: the
 * same context, bounds and redaction as for an error.
 *
 * @category decoding
 * @since 0.1.0
 */
export const context = (received: Input): ResponseContext => {
  const input = withoutSecrets(received)
  const headers = headersOf(input)
  return contextOf(input, ResponseBody.read(input.body), headers, ResponseHeaders.rateLimit(headers, input.now))
}

/**
 * A copy of a JSON value that may be kept: without credentials, at most 16 deep, with at most 200 entries and texts of at
 * most 2,048 characters. Total.
 *
 * @category decoding
 * @since 0.1.0
 */
export const excerptJson = (value: unknown): Schema.Json => prune(value, 16, { entries: 200 })

/**
 * Whether a success carries an error after all: a blocked image says so in a header.
 *
 * @category predicates
 * @since 0.1.0
 */
export const isBlocked = (headers: Headers.Headers): boolean =>
  headers["x-venice-is-content-violation"]?.trim().toLowerCase() === "true"
