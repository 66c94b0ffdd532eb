/**
 * The errors of the Venice API, one class each: the codes in the order of Venice's table, three errors that Venice
 * documents elsewhere, and `UnrecognizedResponse` for every other response.
 *
 * A row of this table declares a class, and everything else derives from the rows: the union, its schema, the decoder
 * and the encoder. The tag is Venice's code, so you catch an error by its name in Venice's documentation.
 *
 * **When to use**
 *
 * Catch an error by its tag, narrow it with `instanceof`, or construct one in a test. You get them from `Decode`, or
 * from the calls of `@effect-venice/http`.
 *
 * **Details**
 *
 * Every error has `message` (the server's, verbatim), `matchedBy` (how `Decode` identified the error: by a machine
 * `code`, the `message`, the `shape` of the response, the `status` alone, or `none`) and `response` (see
 * `ResponseContext`). An error that you construct has the documented message and status by default. The constants
 * `status`, `category`, `docs` (the URL of the page about the error) and the severity for error reporters are on the
 * prototype and are not encoded.
 *
 * **Gotchas**
 *
 * `status` is the documented status. `response.status` is the actual one and can differ: Venice documents a wrong
 * content type as 415 and responds with 400.
 *
 * **Example** (Failing with an error)
 *
 * ```ts
 * import { Errors } from "@effect-venice/core"
 * import { Effect } from "effect"
 *
 * const program = Effect.gen(function*() {
 *   return yield* new Errors.ModelOverloaded()
 * }).pipe(
 *   Effect.catchTag("MODEL_OVERLOADED", (error) => Effect.succeed(error.category))
 * )
 *
 * await Effect.runPromise(program) // => "Capacity"
 * ```
 *
 * @since 0.1.0
 */
import * as DateTime from "effect/DateTime"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import * as Category from "./Category.ts"
import { ApiError } from "./internal/ApiError.ts"
import { contextOverflow, overflowPrefix } from "./internal/decoding/contextOverflow.ts"
import { lockoutOf } from "./internal/decoding/errorBody.ts"
import * as Field from "./internal/decoding/fields.ts"
import { exhausted, isBlocked, parseLink, parseMoment } from "./internal/decoding/headers.ts"
import { impliedStatus } from "./internal/decoding/impliedStatus.ts"
import { paymentOffer } from "./internal/decoding/paymentOffer.ts"
import { isSuccess } from "./internal/decoding/received.ts"
import type { Issue, Tree } from "./internal/decoding/validation.ts"
import { validation } from "./internal/decoding/validation.ts"
import { excerpt } from "./internal/redaction/excerpt.ts"

/**
 * The key is unknown, expired or revoked, or the route needs an admin key; send another key.
 *
 * @category errors
 * @since 0.1.0
 */
export class AuthenticationFailed extends ApiError<AuthenticationFailed>()("AUTHENTICATION_FAILED", {
  status: 401,
  category: "Authentication",
  message: "Authentication failed",
  wordings: ["authenticated failed", "invalid api key provided"],
  fallback: "shape"
}) {}

/**
 * The key belongs to an account whose Pro subscription has ended; renew it.
 *
 * @category errors
 * @since 0.1.0
 */
export class AuthenticationFailedInactiveKey
  extends ApiError<AuthenticationFailedInactiveKey>()("AUTHENTICATION_FAILED_INACTIVE_KEY", {
    status: 401,
    category: "Permission",
    message: "Authentication failed - Pro subscription is inactive. Please upgrade your subscription to continue "
      + "using the API",
    wordings: ["authentication failed - "]
  })
{}

/**
 * The wallet's sign-in proof is wrong, expired or was used before; sign a new one for every attempt.
 *
 * @category errors
 * @since 0.1.0
 */
export class X402InvalidSignIn extends ApiError<X402InvalidSignIn>()("X402_INVALID_SIGN_IN", {
  status: 401,
  category: "Authentication",
  message: "Invalid Sign-in-with-x signature",
  codePrefix: "X402_SIGN_IN_",
  wordings: [
    "sign-in-with-x authentication failed",
    "this nonce has already been used",
    "missing or invalid sign-in-with-x authentication"
  ]
}) {}

/**
 * The account's plan does not include the model; upgrade, or use another model.
 *
 * @category errors
 * @since 0.1.0
 */
export class ProOnlyModel extends ApiError<ProOnlyModel>()("PRO_ONLY_MODEL", {
  status: 401,
  category: "Permission",
  message: "This model is only available to Pro users"
}) {}

/**
 * Neither USD nor DIEM covers the request; add credit.
 *
 * @category errors
 * @since 0.1.0
 */
export class InsufficientBalance extends ApiError<InsufficientBalance>()("INSUFFICIENT_BALANCE", {
  status: 402,
  category: "Billing",
  message: "Insufficient USD or Diem balance to complete request. Visit https://venice.ai/settings/api to add "
    + "credits.",
  // OpenAI's code, which gateways in front of Venice use.
  aliases: ["insufficient_quota"],
  types: ["insufficient_quota"],
  // A gateway may respond with 429. It must not be retried: without a balance every request fails.
  otherStatuses: [429],
  wordings: [
    "insufficient usd or vcu balance to complete request",
    "insufficient usd or diem balance",
    "insufficient usd balance",
    "insufficient credits",
    "insufficient balance"
  ]
}) {}

/**
 * The key has reached its own DIEM limit, independent of the account's balance; raise the limit or use another key.
 *
 * @category errors
 * @since 0.1.0
 */
export class ApiKeyDiemSpendLimitExceeded
  extends ApiError<ApiKeyDiemSpendLimitExceeded>()("API_KEY_DIEM_SPEND_LIMIT_EXCEEDED", {
    status: 402,
    category: "Billing",
    message: "API key DIEM spend limit exceeded. Your account may still have DIEM balance, but this API key has "
      + "reached its configured DIEM spending limit.",
    otherStatuses: [429]
  })
{}

/**
 * The key has reached its own USD limit, independent of the account's balance; raise the limit or use another key.
 *
 * @category errors
 * @since 0.1.0
 */
export class ApiKeyUsdSpendLimitExceeded
  extends ApiError<ApiKeyUsdSpendLimitExceeded>()("API_KEY_USD_SPEND_LIMIT_EXCEEDED", {
    status: 402,
    category: "Billing",
    message: "API key USD spend limit exceeded. Your account may still have USD balance, but this API key has "
      + "reached its configured USD spending limit.",
    otherStatuses: [429]
  })
{}

/**
 * The credentials do not allow the request: region, the key's model privacy, voice cloning; see `message`.
 *
 * @category errors
 * @since 0.1.0
 */
export class Unauthorized extends ApiError<Unauthorized>()("UNAUTHORIZED", {
  status: 403,
  category: "Permission",
  message: "Unauthorized access",
  fallback: "shape"
}) {}

/**
 * Venice has closed the API for the account; only its support can open it.
 *
 * @category errors
 * @since 0.1.0
 */
export class ApiAccessDisabled extends ApiError<ApiAccessDisabled>()("API_ACCESS_DISABLED", {
  status: 403,
  category: "Permission",
  message: "API access has been disabled for this account. Please contact support@venice.ai"
}) {}

/**
 * The wallet that signed in is not the one in the path; use the address of your own wallet.
 *
 * @category errors
 * @since 0.1.0
 */
export class X402WalletMismatch extends ApiError<X402WalletMismatch>()("X402_WALLET_MISMATCH", {
  status: 403,
  category: "Permission",
  message: "You can only access resources for your own wallet",
  wordings: [/^you can only access .{1,1000}? for your own wallet/is]
}) {}

/**
 * The request is malformed or a field is wrong; `issues` lists the messages for each field.
 *
 * @category errors
 * @since 0.1.0
 */
export class InvalidRequest extends ApiError<InvalidRequest>()("INVALID_REQUEST", {
  status: 400,
  category: "InvalidRequest",
  message: "Invalid request parameters",
  fallback: "shape",
  fields: { validation }
}) {
  /** Venice's messages as a tree over the fields of the request. Parsed on first access. */
  get details(): Tree | undefined {
    return this.validation?.details
  }

  /** Venice's messages as a list: path of the field, message, and Zod's code, if any. Parsed on first access. */
  get issues(): ReadonlyArray<Issue> {
    return this.validation?.issues ?? []
  }
}

/**
 * The model does not support this operation; use one that does.
 *
 * @category errors
 * @since 0.1.0
 */
export class InvalidModel extends ApiError<InvalidModel>()("INVALID_MODEL", {
  status: 400,
  category: "InvalidRequest",
  message: "Invalid model specified",
  wordings: ["invalid model id"]
}) {}

/**
 * No job has the queue id; use the id in the response that queued the job.
 *
 * @category errors
 * @since 0.1.0
 */
export class RequestIdNotFound extends ApiError<RequestIdNotFound>()("REQUEST_ID_NOT_FOUND", {
  status: 400,
  category: "InvalidRequest",
  message: "Request ID is invalid."
}) {}

/**
 * Venice does not support the format of the audio; convert it.
 *
 * @category errors
 * @since 0.1.0
 */
export class InvalidAudioFormat extends ApiError<InvalidAudioFormat>()("INVALID_AUDIO_FORMAT", {
  status: 400,
  category: "InvalidMedia",
  message: "Invalid audio format. Supported formats are WAV and MP3."
}) {}

/**
 * Venice does not support the format of the video; convert it.
 *
 * @category errors
 * @since 0.1.0
 */
export class InvalidVideoFormat extends ApiError<InvalidVideoFormat>()("INVALID_VIDEO_FORMAT", {
  status: 400,
  category: "InvalidMedia",
  message: "Invalid video format. Supported formats include MP4, MOV, WebM, MKV, AVI, and others."
}) {}

/**
 * The image cannot be decoded; export it again.
 *
 * @category errors
 * @since 0.1.0
 */
export class CorruptedImage extends ApiError<CorruptedImage>()("CORRUPTED_IMAGE", {
  status: 400,
  category: "InvalidMedia",
  message: "The image file is corrupted or unreadable"
}) {}

/**
 * The image has too few pixels for the operation; send a larger one.
 *
 * @category errors
 * @since 0.1.0
 */
export class ImageTooSmall extends ApiError<ImageTooSmall>()("IMAGE_TOO_SMALL", {
  status: 400,
  category: "InvalidMedia",
  message: "Image dimensions are too small"
}) {}

/**
 * Prompt and completion exceed the model's context; shorten them, or use a model with a larger context.
 *
 * @category errors
 * @since 0.1.0
 */
export class TooManyTokens extends ApiError<TooManyTokens>()("TOO_MANY_TOKENS", {
  status: 400,
  category: "ContextLength",
  message: "Your request exceeds the model's maximum context. Please reduce your prompt or completion length.",
  aliases: ["context_length_exceeded", "context_window_exceeded", "model_context_window_exceeded"],
  // llama.cpp's.
  types: ["exceed_context_size_error"],
  // TGI responds with 422, llama.cpp with 500, and some proxies with 413.
  otherStatuses: [413, 422, 500],
  get wordings() {
    return contextOverflow()
  },
  patternsFollow: overflowPrefix,
  patternsContain: /token|context|prompt|input|length/i,
  fields: {
    /** The number of tokens in the request. */
    inputTokens: Field.number("input_tokens", Field.captured("inputTokens")),
    /** The number of tokens that the model accepts. */
    maxTokens: Field.number("max_tokens", Field.captured("maxTokens"))
  }
}) {}

/**
 * No character has this slug; list the characters to find the right one.
 *
 * @category errors
 * @since 0.1.0
 */
export class CharacterNotFound extends ApiError<CharacterNotFound>()("CHARACTER_NOT_FOUND", {
  status: 404,
  category: "NotFound",
  message: "No character could be found from the provided character_slug",
  wordings: ["character not found"]
}) {}

const unquoted = (id: string): string => excerpt(id.trim().replace(/^["'`]+/, "").replace(/["'`]{1,3}$/, ""), 200)

/** The model ids of a sentence: `a, b or c`. */
const idsIn = (text: string | undefined): ReadonlyArray<string> | undefined =>
  text?.split(/,\s|\sor\s/, 50).map(unquoted).filter((id) => id !== "")

/** The ids that a response suggests: first `recommended_model`, then those in the message. */
const suggestedModels = (): ReturnType<typeof Field.texts> => {
  const named = Field.texts("suggestions", ({ captured }) => idsIn(captured.suggestions))
  const read: typeof named.read = (source) => {
    const recommended = Field.parseText(source.received.errorBody.error.recommended_model)
    const ids = named.read(source)
    return recommended === undefined ? ids : [recommended, ...(ids ?? [])]
  }
  return { ...named, read }
}

/**
 * No model has this id, or Venice no longer serves it; use one of `suggestions`.
 *
 * @category errors
 * @since 0.1.0
 */
export class ModelNotFound extends ApiError<ModelNotFound>()("MODEL_NOT_FOUND", {
  status: 404,
  category: "NotFound",
  message: "Specified model not found",
  wordings: [
    /^specified model not found: (?<model>.{1,1000}?)(?:\.? did you mean:? (?<suggestions>.{1,1000}?)\??)?\.?$/is,
    /^(?:(?:the|this|specified|requested|model)\s)*(?<model>\S{1,1000} )?has been deprecated\. please use (?<suggestions>.{1,1000}?)(?: instead)?(?:\.(?:\s.*)?)?$/is
  ],
  fields: {
    /** The id in the request, as Venice repeats it. */
    model: Field.text("model", ({ captured }) => captured.model && unquoted(captured.model)),
    /** The ids that Venice suggests instead. */
    suggestions: suggestedModels()
  }
}) {}

/**
 * The media of the job has expired or was deleted; run the job again.
 *
 * @category errors
 * @since 0.1.0
 */
export class MediaNotFound extends ApiError<MediaNotFound>()("MEDIA_NOT_FOUND", {
  status: 404,
  category: "NotFound",
  message: "Media could not be found. Request may may be invalid, expired, or deleted."
}) {}

/**
 * The body, or a file in it, is larger than Venice allows; send a smaller one.
 *
 * @category errors
 * @since 0.1.0
 */
export class PayloadTooLarge extends ApiError<PayloadTooLarge>()("PAYLOAD_TOO_LARGE", {
  status: 413,
  category: "InvalidRequest",
  message: "The request payload is too large. Please reduce the size of your request.",
  wordings: [
    "file exceeds the maximum allowed size",
    "request body exceeds the maximum allowed size",
    "file size exceeds maximum limit"
  ],
  fallback: "status"
}) {}

/**
 * Venice does not accept the media type or encoding of the body; correct `Content-Type`. The status is usually 400.
 *
 * @category errors
 * @since 0.1.0
 */
export class InvalidContentType extends ApiError<InvalidContentType>()("INVALID_CONTENT_TYPE", {
  status: 415,
  category: "InvalidRequest",
  message: "Invalid request content-type",
  otherStatuses: [400],
  wordings: [
    "invalid content type",
    "request encoding is not supported",
    "'content-type' must be 'application/json'"
  ],
  fallback: "status"
}) {}

/**
 * The video is longer than the model allows; cut it.
 *
 * @category errors
 * @since 0.1.0
 */
export class VideoDurationTooLong extends ApiError<VideoDurationTooLong>()("VIDEO_DURATION_TOO_LONG", {
  status: 422,
  category: "InvalidMedia",
  message: "Video duration exceeds the maximum allowed."
}) {}

/**
 * The video is shorter than the model allows; send a longer one.
 *
 * @category errors
 * @since 0.1.0
 */
export class VideoDurationTooShort extends ApiError<VideoDurationTooShort>()("VIDEO_DURATION_TOO_SHORT", {
  status: 422,
  category: "InvalidMedia",
  message: "Video duration is too short."
}) {}

/**
 * The image has too many pixels for the operation; scale it down.
 *
 * @category errors
 * @since 0.1.0
 */
export class ImageTooLarge extends ApiError<ImageTooLarge>()("IMAGE_TOO_LARGE", {
  status: 422,
  category: "InvalidMedia",
  message: "Image dimensions exceed the maximum allowed."
}) {}

/**
 * Venice or the model's provider refused the content; change the prompt, or use `recommendedModel`.
 *
 * @category errors
 * @since 0.1.0
 */
export class ContentPolicyViolation extends ApiError<ContentPolicyViolation>()("CONTENT_POLICY_VIOLATION", {
  status: 422,
  category: "ContentPolicy",
  message: "Your prompt violates the content policy of Venice.ai or the model provider",
  // OpenAI uses the second, with another status.
  aliases: ["content_blocked_by_provider", "content_filter", "content_policy_violation"],
  types: ["provider_content_policy", "content_filter_error"],
  wordings: [
    "content policy violation",
    "your prompt violates the content policy",
    "your generation was blocked due to the model provider's content policies",
    "your input was blocked by content moderation",
    "the selected model provider rejected this request due to its content policies"
  ],
  shape: ({ headers, input: { status } }) => isSuccess(status) && isBlocked(headers),
  fields: {
    /** Whether Venice refunded a job that it had charged in advance. */
    creditsRefunded: Field.boolean("credits_refunded"),
    /** A model whose provider may accept the content. */
    recommendedModel: Field.text("recommended_model"),
    /** A prompt that Venice would accept, in audio generation. */
    suggestedPrompt: Field.longText("suggested_prompt"),
    hint: Field.longText("hint")
  }
}) {}

/**
 * The audio is empty, silent, corrupt, or in a language that the model does not support; check the file.
 *
 * @category errors
 * @since 0.1.0
 */
export class AsrUpstreamValidationFailed
  extends ApiError<AsrUpstreamValidationFailed>()("ASR_UPSTREAM_VALIDATION_FAILED", {
    status: 422,
    category: "InvalidMedia",
    message: "The audio could not be processed for transcription. Common causes: zero-length, silent, corrupt, or "
      + "unsupported-language audio. Please verify the file and retry.",
    severity: "Warn"
  })
{}

const exhaustedLimit = ({ received: { errorBody, rateLimit } }: Field.Source) => {
  const { codes, message = "" } = errorBody
  if (lockoutOf(errorBody) !== undefined) return "failures"
  if (
    /^(?:too many concurrent|another request for this user)/i.test(message) || codes.includes("X402_CONCURRENCY_LIMIT")
  ) return "concurrency"
  return rateLimit === undefined ? undefined : exhausted(rateLimit)?.budget
}

/**
 * Too many requests, tokens, parallel calls or failures in the window; wait for `response.retryAfter`.
 *
 * @category errors
 * @since 0.1.0
 */
export class RateLimitExceeded extends ApiError<RateLimitExceeded>()("RATE_LIMIT_EXCEEDED", {
  status: 429,
  category: "RateLimit",
  message: "Rate limit exceeded",
  aliases: ["X402_CONCURRENCY_LIMIT"],
  wordings: [
    "too many failed attempts",
    "another request for this user is in flight",
    "too many concurrent requests"
  ],
  fallback: "status",
  fields: {
    /** The budget that ran out, if the response tells. */
    limit: Field.literal("limit", ["requests", "tokens", "concurrency", "failures"], exhaustedLimit)
  }
}) {}

/**
 * The model is busy, independent of your own budgets; wait for `response.retryAfter`, or use another model.
 *
 * @category errors
 * @since 0.1.0
 */
export class ModelOverloaded extends ApiError<ModelOverloaded>()("MODEL_OVERLOADED", {
  status: 429,
  category: "Capacity",
  message: "The model is currently overloaded. Please try again later.",
  otherStatuses: [503]
}) {}

/**
 * The model run failed on Venice's side; the same request may succeed.
 *
 * @category errors
 * @since 0.1.0
 */
export class InferenceFailed extends ApiError<InferenceFailed>()("INFERENCE_FAILED", {
  status: 500,
  category: "Server",
  message: "Inference processing failed",
  severity: "Error",
  wordings: ["inference failed"]
}) {}

/**
 * Upscaling failed on Venice's side; the same request may succeed.
 *
 * @category errors
 * @since 0.1.0
 */
export class UpscaleFailed extends ApiError<UpscaleFailed>()("UPSCALE_FAILED", {
  status: 500,
  category: "Server",
  message: "Image upscaling failed",
  severity: "Error"
}) {}

/**
 * The edit failed on Venice's side; the same request may succeed.
 *
 * @category errors
 * @since 0.1.0
 */
export class ImageEditError extends ApiError<ImageEditError>()("IMAGE_EDIT_ERROR", {
  status: 500,
  category: "Server",
  message: "Image edit failed",
  severity: "Error"
}) {}

/**
 * A failure on Venice's side that has no other code; the same request may succeed.
 *
 * @category errors
 * @since 0.1.0
 */
export class UnknownError extends ApiError<UnknownError>()("UNKNOWN_ERROR", {
  status: 500,
  category: "Server",
  message: "An unknown error occurred",
  severity: "Error",
  fallback: "shape"
}) {}

/**
 * The provider of the trusted execution environment (TEE) did not return an attestation; try again.
 *
 * @category errors
 * @since 0.1.0
 */
export class TeeAttestationFailed extends ApiError<TeeAttestationFailed>()("TEE_ATTESTATION_FAILED", {
  status: 502,
  category: "Upstream",
  message: "TEE attestation request failed. The Trusted Execution Environment provider may be temporarily "
    + "unavailable.",
  severity: "Error"
}) {}

/**
 * The provider of the trusted execution environment (TEE) did not return a signature; try again.
 *
 * @category errors
 * @since 0.1.0
 */
export class TeeSignatureFailed extends ApiError<TeeSignatureFailed>()("TEE_SIGNATURE_FAILED", {
  status: 502,
  category: "Upstream",
  message: "TEE signature request failed. The Trusted Execution Environment provider may be temporarily unavailable.",
  severity: "Error"
}) {}

/**
 * The transcription provider failed temporarily; try again.
 *
 * @category errors
 * @since 0.1.0
 */
export class AsrUpstreamFailed extends ApiError<AsrUpstreamFailed>()("ASR_UPSTREAM_FAILED", {
  status: 502,
  category: "Upstream",
  message: "Audio transcription failed due to a temporary upstream error. Please retry.",
  severity: "Warn"
}) {}

/**
 * The model is temporarily offline; wait, or use another model.
 *
 * @category errors
 * @since 0.1.0
 */
export class ModelOffline extends ApiError<ModelOffline>()("MODEL_OFFLINE", {
  status: 503,
  category: "Capacity",
  message: "The model is temporarily offline. Please try again later."
}) {}

/**
 * The model's queue is full; wait, or use another model.
 *
 * @category errors
 * @since 0.1.0
 */
export class ModelAtCapacity extends ApiError<ModelAtCapacity>()("MODEL_AT_CAPACITY", {
  status: 503,
  category: "Capacity",
  message: "The model is at capacity. Please try again later."
}) {}

/**
 * The request took longer than Venice waits; stream the response, or request less output.
 *
 * @category errors
 * @since 0.1.0
 */
export class RequestTimeout extends ApiError<RequestTimeout>()("REQUEST_TIMEOUT", {
  status: 504,
  category: "Timeout",
  message: "The request took too long to complete and was timed-out. For long-running inference requests, use "
    + "the streaming API by setting `stream=true` in your request.",
  fallback: "status"
}) {}

const paymentReasons = ["authentication", "insufficient_balance"] as const

type PaymentReason = (typeof paymentReasons)[number]

const isPaymentReason = (reason: unknown): reason is PaymentReason =>
  (paymentReasons as ReadonlyArray<unknown>).includes(reason)

const paymentReason: Field.Field<Schema.optionalKey<Schema.Literals<typeof paymentReasons>>> = {
  get schema() {
    return Schema.optionalKey(Schema.Literals(paymentReasons))
  },
  read: ({ received: { errorBody: { body, message = "" } } }) => {
    if (isPaymentReason(body.reason)) return body.reason
    const asksForCredentials = body.x402Version !== undefined || /^authentication required/i.test(message)
    return body.reason !== null && asksForCredentials ? "authentication" : undefined
  },
  // `null` if the error has no reason, because the decoder reads an offer without one as missing credentials.
  write: (reason) => ({ reason: reason ?? null })
}

/**
 * The request had no credentials, or the wallet's balance is below the minimum; send a key, or pay by `offer`.
 *
 * **Gotchas**
 *
 * A missing key is this error and not a 401, even on routes that accept only a key.
 *
 * @category errors
 * @since 0.1.0
 */
export class PaymentRequired extends ApiError<PaymentRequired>()("PAYMENT_REQUIRED", {
  status: 402,
  category: "Billing",
  message: "Payment required",
  wordings: ["authentication required"],
  shape: ({ errorBody: { body }, headers, input: { status } }) =>
    status === 402
    && (Object.hasOwn(body, "x402Version") || Array.isArray(body.accepts) || isPaymentReason(body.reason)
      || headers["payment-required"] !== undefined),
  fields: {
    reason: paymentReason,
    offer: paymentOffer,
    currentBalanceUsd: Field.number("currentBalanceUsd"),
    minimumBalanceUsd: Field.number("minimumBalanceUsd"),
    suggestedTopUpUsd: Field.number("suggestedTopUpUsd"),
    minimumTopUpUsd: Field.number("minimumTopUpUsd"),
    supportedTokens: Field.texts("supportedTokens"),
    supportedChains: Field.texts("supportedChains")
  }
}) {}

/**
 * The media shows faces, and the model needs consent for them; ask the user, and queue the job again with the consent.
 *
 * @category errors
 * @since 0.1.0
 */
export class ConsentRequired extends ApiError<ConsentRequired>()("CONSENT_REQUIRED", {
  status: 409,
  category: "Permission",
  message: "Consent required",
  hasUndocumentedMessage: true,
  aliases: ["needs_consent"],
  fields: {
    consentFlow: Field.json("consent_flow"),
    faceMediaRoles: Field.json("face_media_roles"),
    consent: Field.json("consent"),
    docsUrl: Field.text("docs_url")
  }
}) {}

/** A moment as a member of a body: an ISO date. */
const moment = {
  parse: (value: unknown) =>
    typeof value === "string" && value.length <= 30 ? Option.getOrUndefined(DateTime.make(value)) : undefined,
  write: DateTime.formatIso
}

const successorOf = ({ link }: Readonly<Record<string, string | undefined>>): string | undefined =>
  parseLink(link, "successor-version")

/**
 * The route, model or download no longer exists; use `successor`.
 *
 * @category errors
 * @since 0.1.0
 */
export class Gone extends ApiError<Gone>()("GONE", {
  status: 410,
  category: "NotFound",
  message: "Gone",
  hasUndocumentedMessage: true,
  // A full stop ends the sentence only before a space, because ids and paths contain full stops.
  wordings: [
    /^(?:gone\.?$|(?:[^.!?\n]|[.!?](?=\S)){1,300} (?:retired|removed|sunset|discontinued|deprecated|expired|deleted|gone|no longer)\b)/i
  ],
  shape: ({ headers, input: { status } }) =>
    status === 410
    && (headers.sunset !== undefined || headers.deprecation !== undefined || successorOf(headers) !== undefined),
  fields: {
    /** The path or URL of the replacement, from `Link: <…>; rel="successor-version"`. */
    successor: Field.header("successor", () => Schema.String, successorOf, {
      parse: (value) => Field.parseText(value, 1000),
      write: (value) => excerpt(value, 1000)
    }),
    /** When it was removed, from `Sunset`. */
    sunset: Field.header("sunset", () => Schema.DateTimeUtcFromMillis, ({ sunset }) => parseMoment(sunset), moment),
    /** Since when it was deprecated, from `Deprecation`. */
    deprecated: Field.header(
      "deprecated",
      () => Schema.DateTimeUtcFromMillis,
      ({ deprecation }) => parseMoment(deprecation),
      moment
    )
  }
}) {}

/** Whether a gateway encoded the response from an `UNRECOGNIZED_RESPONSE` with `Encode`. */
const isRelayed = ({ matchedBy }: Field.Source): boolean => matchedBy === "code"

const impliedCategory: Field.Field<typeof Category.Category> = {
  schema: Category.Category,
  read: (source) => {
    const { errorBody: { body, codes, shape }, input: { status } } = source.received
    const relayed = Category.all.find((category) => isRelayed(source) && category === body.category)
    if (relayed !== undefined) return relayed
    if (!isSuccess(status) || shape !== "venice") return Category.fromStatus(status)
    // The status of a success implies nothing: an error inside it is the server's, unless it says otherwise.
    const implied = impliedStatus(source.received.errorBody)
    if (implied !== undefined) return Category.fromStatus(implied)
    return codes.includes("upstream_error") ? "Upstream" : "Server"
  },
  write: (category) => ({ category })
}

/** A machine code that is not Venice's. */
const unknownCode: Field.Field<Schema.optionalKey<typeof Schema.String>> = {
  get schema() {
    return Schema.optionalKey(Schema.String)
  },
  read: (source) => {
    const { body, codes } = source.received.errorBody
    return Field.parseText(isRelayed(source) ? body.upstream_code : codes[0], 100)
  },
  write: (code) => ({ upstream_code: code === undefined ? undefined : excerpt(code, 100) })
}

/**
 * The response matches no other error: a proxy's page, a new code, an unknown body. Read `response`; the status implies
 * `category`.
 *
 * @category errors
 * @since 0.1.0
 */
export class UnrecognizedResponse extends ApiError<UnrecognizedResponse>()("UNRECOGNIZED_RESPONSE", {
  status: 500 as number,
  isStatusOfResponse: true,
  category: "Server" as Category.Category,
  message: "Unrecognized response",
  hasUndocumentedMessage: true,
  fields: { category: impliedCategory, code: unknownCode }
}) {}
