/**
 * The errors of the Venice API: one class per code, in the order of Venice's table, then the three conditions Venice
 * documents outside it, then the one that makes decoding total.
 *
 * A row is a class, and everything else derives from this module: the union, its schema, the registry and the docs. The
 * tag is Venice's code, so the name in Venice's documentation is the name to catch. Constants (`status`, `category`,
 * the severity for error reporters) are on the prototype and are not encoded.
 *
 * **Details**
 *
 * Every error has `message` (the server's, verbatim), `matchedBy` (how the code was found out: a machine `code`, the
 * `message`, the body's `shape`, the `status` alone, or `none`) and `response` (see `ResponseContext`). An error built
 * by hand has the documented message and status unless it is given others.
 *
 * **Gotchas**
 *
 * `status` is the documented one. `response.status` is what was answered, and the two can differ: a wrong content type
 * is documented as 415 and answered with 400.
 *
 * **Example** (Failing with a row)
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
import * as Schema from "effect/Schema"
import * as Category from "./Category.ts"
import { ApiError } from "./internal/ApiError.ts"
import * as Field from "./internal/decoding/fields.ts"
import { exhausted, isBlocked, parseLink, parseMoment } from "./internal/decoding/headers.ts"
import { paymentOffer } from "./internal/decoding/paymentOffer.ts"
import { isSuccess } from "./internal/decoding/received.ts"
import type { Issue, Tree } from "./internal/decoding/validation.ts"
import { validation } from "./internal/decoding/validation.ts"
import { excerpt } from "./internal/redaction/excerpt.ts"

/**
 * The key is unknown, expired or revoked, or the route wants an admin key; send another key.
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
 * The account's plan does not include the model; upgrade, or name another.
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
  // OpenAI's name for it, which gateways in front of Venice use.
  aliases: ["insufficient_quota"],
  // A gateway may answer 429. Without balance a request fails for good, so it must not be retried.
  alsoAnswered: [429],
  wordings: [
    "insufficient usd or vcu balance to complete request",
    "insufficient usd or diem balance to complete request"
  ]
}) {}

/**
 * The key has spent its own DIEM limit, whatever the account still holds; raise the limit or use another key.
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
    alsoAnswered: [429]
  })
{}

/**
 * The key has spent its own USD limit, whatever the account still holds; raise the limit or use another key.
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
    alsoAnswered: [429]
  })
{}

/**
 * The caller is known and may not do this: region, the key's model privacy, voice cloning; `message` says which.
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
 * The wallet that signed in is not the one in the path; ask for your own.
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
 * The request is malformed or a field is wrong; `issues` lists what Venice said of which field.
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
  /** What Venice said, as a tree over the fields of the request. Read when first asked for. */
  get details(): Tree | undefined {
    return this.validation?.details
  }

  /**
   * What Venice said, field by field: the path of the field, the message, and Zod's code where there is one. Read when
   * first asked for.
   */
  get issues(): ReadonlyArray<Issue> {
    return this.validation?.issues ?? []
  }
}

/**
 * The model cannot serve this operation; name one that can.
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
 * The queue id is not one of a job; take it from the answer that queued the job.
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
 * The audio is in a format Venice does not read; convert it.
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
 * The video is in a format Venice does not read; convert it.
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
 * The image cannot be decoded; export it anew.
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
 * Prompt and completion do not fit into the model's context; shorten them or use a model with a larger one.
 *
 * @category errors
 * @since 0.1.0
 */
export class TooManyTokens extends ApiError<TooManyTokens>()("TOO_MANY_TOKENS", {
  status: 400,
  category: "ContextLength",
  message: "Your request exceeds the model's maximum context. Please reduce your prompt or completion length.",
  aliases: ["context_length_exceeded"],
  wordings: [
    /^the input \((?<inputTokens>\d{1,15}) tokens\) is longer than the model's context length \((?<maxTokens>\d{1,15}) tokens\)/i,
    /^input text exceeds the maximum token limit of (?<maxTokens>\d{1,15}) tokens/i,
    // OpenAI's.
    /^this model's maximum context length is (?<maxTokens>\d{1,15}) tokens/i,
    // Anthropic's.
    /^prompt is too long: (?<inputTokens>\d{1,15}) tokens > (?<maxTokens>\d{1,15}) maximum/i
  ],
  fields: {
    /** How many tokens the request held. */
    inputTokens: Field.number("input_tokens", Field.captured("inputTokens")),
    /** How many tokens the model takes. */
    maxTokens: Field.number("max_tokens", Field.captured("maxTokens"))
  }
}) {}

/**
 * No character has the slug; list the characters.
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
const idsIn = (prose: string | undefined): ReadonlyArray<string> | undefined =>
  prose?.split(/,\s|\sor\s/, 50).map(unquoted).filter((id) => id !== "")

/** The ids a response suggests: the machine-readable one first, then those that its message names. */
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
 * No model has the id, or it is no longer served; `suggestions` holds the ids Venice names instead.
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
    /** The id that was asked for, as Venice repeats it. */
    model: Field.text("model", ({ captured }) => captured.model && unquoted(captured.model)),
    /** The ids Venice names instead. */
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
 * The body or a file in it is over Venice's limit; send less.
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
 * The body's media type or encoding is not accepted; usually answered with 400, not 415.
 *
 * @category errors
 * @since 0.1.0
 */
export class InvalidContentType extends ApiError<InvalidContentType>()("INVALID_CONTENT_TYPE", {
  status: 415,
  category: "InvalidRequest",
  message: "Invalid request content-type",
  alsoAnswered: [400],
  wordings: [
    "invalid content type",
    "request encoding is not supported",
    "'content-type' must be 'application/json'"
  ],
  fallback: "status"
}) {}

/**
 * The video is longer than the model takes; cut it.
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
 * The video is shorter than the model takes; send a longer one.
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
 * Venice or the model's provider refused the content; change the prompt, or take `recommendedModel`.
 *
 * @category errors
 * @since 0.1.0
 */
export class ContentPolicyViolation extends ApiError<ContentPolicyViolation>()("CONTENT_POLICY_VIOLATION", {
  status: 422,
  category: "ContentPolicy",
  message: "Your prompt violates the content policy of Venice.ai or the model provider",
  // The second is OpenAI's name, under a status of its own.
  aliases: ["content_blocked_by_provider", "content_policy_violation"],
  types: ["provider_content_policy", "content_filter_error"],
  wordings: [
    "your generation was blocked due to the model provider's content policies",
    "your input was blocked by content moderation",
    "the selected model provider rejected this request due to its content policies"
  ],
  shape: ({ headers, input: { status } }) => isSuccess(status) && isBlocked(headers),
  fields: {
    /** Whether a charge was given back, on jobs that are charged before they run. */
    creditsRefunded: Field.boolean("credits_refunded"),
    /** A model whose provider may accept the content. */
    recommendedModel: Field.text("recommended_model"),
    /** A prompt that passes, on audio generation. */
    suggestedPrompt: Field.longText("suggested_prompt"),
    hint: Field.longText("hint")
  }
}) {}

/**
 * The audio is empty, silent, corrupt or in a language the model lacks; check the file.
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

const exhaustedLimit = ({ received: { errorBody: { codes, message = "" }, rateLimit } }: Field.Source) => {
  const worded = /^(?:(too many failed attempts)|too many concurrent|another request for this user)/i.exec(message)
  if (worded?.[1] !== undefined) return "failures"
  if (worded !== null || codes.includes("X402_CONCURRENCY_LIMIT")) return "concurrency"
  return rateLimit === undefined ? undefined : exhausted(rateLimit)?.kind
}

/**
 * Too many requests, tokens, parallel calls or failures in the window; `response.retryAfter` says how long to hold off.
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
    /** Which budget ran out, if the response says it. */
    limit: Field.literal("limit", ["requests", "tokens", "concurrency", "failures"], exhaustedLimit)
  }
}) {}

/**
 * The model is busy, whatever your own budget; wait `response.retryAfter`, or use another model.
 *
 * @category errors
 * @since 0.1.0
 */
export class ModelOverloaded extends ApiError<ModelOverloaded>()("MODEL_OVERLOADED", {
  status: 429,
  category: "Capacity",
  message: "The model is currently overloaded. Please try again later."
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
 * Something failed on Venice's side that has no code of its own; the same request may succeed.
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
 * The enclave's provider did not attest; try again.
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
 * The enclave's provider did not sign; try again.
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
 * The transcription provider failed for the moment; try again.
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
 * The model is down for now; wait, or use another.
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
 * The model's queue is full; wait, or use another.
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
 * The run took longer than Venice waits; stream, or ask for less.
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
  schema: Schema.optionalKey(Schema.Literals(paymentReasons)),
  read: ({ received: { errorBody: { body, message = "" } } }) => {
    if (isPaymentReason(body.reason)) return body.reason
    const asksForCredentials = body.x402Version !== undefined || /^authentication required/i.test(message)
    return body.reason !== null && asksForCredentials ? "authentication" : undefined
  },
  // `null` for an error without a reason: an offer alone means missing credentials.
  write: (reason) => ({ reason: reason ?? null })
}

/**
 * No credentials were sent, or the wallet that signed in is below the floor; `offer` says how to pay.
 *
 * **Gotchas**
 *
 * A missing key is answered with this, not with 401, even by routes that take nothing but a key.
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
 * The media shows faces and the model wants consent for them; ask for it and queue again with the answers.
 *
 * @category errors
 * @since 0.1.0
 */
export class ConsentRequired extends ApiError<ConsentRequired>()("CONSENT_REQUIRED", {
  status: 409,
  category: "Permission",
  message: "Consent required",
  hasOwnMessage: true,
  aliases: ["needs_consent"],
  fields: {
    consentFlow: Field.json("consent_flow"),
    faceMediaRoles: Field.json("face_media_roles"),
    consent: Field.json("consent"),
    docsUrl: Field.text("docs_url")
  }
}) {}

const successorOf = ({ link }: Readonly<Record<string, string | undefined>>): string | undefined =>
  parseLink(link, "successor-version")

/**
 * The route, the model or the download is no longer there; move to `successor`.
 *
 * @category errors
 * @since 0.1.0
 */
export class Gone extends ApiError<Gone>()("GONE", {
  status: 410,
  category: "NotFound",
  message: "Gone",
  hasOwnMessage: true,
  // A sentence ends with a full stop and a space: ids and paths have full stops of their own.
  wordings: [
    /^(?:gone$|(?:[^.!?\n]|[.!?](?=\S)){1,300}? (?:(?:has|have|is|was|were) (?:been )?)?(?:permanently )?(?:retired|removed|sunset|discontinued|deprecated|expired|deleted|gone|no longer)\b)/i
  ],
  shape: ({ headers, input: { status } }) =>
    status === 410
    && (headers.sunset !== undefined || headers.deprecation !== undefined || successorOf(headers) !== undefined),
  fields: {
    /** The path or URL of what follows, from `Link: <…>; rel="successor-version"`. */
    successor: Field.header(Schema.String, successorOf),
    /** When it stopped, from `Sunset`. */
    sunset: Field.header(Schema.DateTimeUtcFromMillis, ({ sunset }) => parseMoment(sunset)),
    /** Since when it was deprecated, from `Deprecation`. */
    deprecated: Field.header(Schema.DateTimeUtcFromMillis, ({ deprecation }) => parseMoment(deprecation))
  }
}) {}

/** Whether the response is an `UNRECOGNIZED_RESPONSE` that a gateway wrote with `Encode`. */
const isRelayed = ({ matchedBy }: Field.Source): boolean => matchedBy === "code"

const impliedCategory: Field.Field<typeof Category.Category> = {
  schema: Category.Category,
  read: (source) => {
    const { errorBody: { body, codes, shape }, input: { status } } = source.received
    const relayed = Category.all.find((category) => isRelayed(source) && category === body.category)
    if (relayed !== undefined) return relayed
    // An error inside a success is the server's, unless it names its upstream.
    if (isSuccess(status) && shape === "venice") return codes.includes("upstream_error") ? "Upstream" : "Server"
    return Category.fromStatus(status)
  },
  write: (category) => ({ category })
}

/** A machine code that is none of Venice's. */
const unknownCode: Field.Field<Schema.optionalKey<typeof Schema.String>> = {
  schema: Schema.optionalKey(Schema.String),
  read: (source) => {
    const { body, codes } = source.received.errorBody
    return Field.parseText(isRelayed(source) ? body.upstream_code : codes[0], 100)
  },
  write: (code) => ({ upstream_code: code === undefined ? undefined : excerpt(code, 100) })
}

/**
 * An answer that identifies no code: a proxy's page, a new code, an unknown body; `response` keeps it, and `category`
 * is what its status implies.
 *
 * @category errors
 * @since 0.1.0
 */
export class UnrecognizedResponse extends ApiError<UnrecognizedResponse>()("UNRECOGNIZED_RESPONSE", {
  status: 500 as number,
  isStatusAnswered: true,
  category: "Server" as Category.Category,
  message: "Unrecognized response",
  hasOwnMessage: true,
  fields: { category: impliedCategory, code: unknownCode }
}) {}
