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
import { Category } from "./Category.ts"
import { ApiError } from "./internal/ApiError.ts"
import type { Issue, Tree } from "./internal/decoding/validation.ts"
import { ValidationSchema } from "./internal/decoding/validation.ts"

const LimitKind = Schema.Literals(["requests", "tokens", "concurrency", "failures"])

/** One way to pay, in the wire shape of the x402 protocol, so that it can be handed to a wallet as it is. */
const PaymentOption = Schema.Struct({
  scheme: Schema.optionalKey(Schema.String),
  network: Schema.optionalKey(Schema.String),
  /** In base units of the asset: `"5000000"` is 5 USDC. */
  amount: Schema.optionalKey(Schema.String),
  asset: Schema.optionalKey(Schema.String),
  payTo: Schema.optionalKey(Schema.String),
  maxTimeoutSeconds: Schema.optionalKey(Schema.Finite),
  extra: Schema.optionalKey(Schema.Json)
})

/** The x402 offer of a 402, from its body or from the `PAYMENT-REQUIRED` header. */
const PaymentOffer = Schema.Struct({
  x402Version: Schema.optionalKey(Schema.Finite),
  resource: Schema.optionalKey(Schema.Json),
  accepts: Schema.Array(PaymentOption)
})

/**
 * The key is unknown, expired or revoked, or the route wants an admin key; send another key.
 *
 * @category errors
 * @since 0.1.0
 */
export class AuthenticationFailed extends ApiError<AuthenticationFailed>()("AUTHENTICATION_FAILED", {
  status: 401,
  category: "Authentication",
  message: "Authentication failed"
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
      + "using the API"
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
  message: "Invalid Sign-in-with-x signature"
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
    + "credits."
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
      + "reached its configured DIEM spending limit."
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
      + "reached its configured USD spending limit."
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
  message: "Unauthorized access"
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
  message: "You can only access resources for your own wallet"
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
  fields: { validation: Schema.optionalKey(ValidationSchema) }
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
  message: "Invalid model specified"
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
  fields: {
    /** How many tokens the request held. */
    inputTokens: Schema.optionalKey(Schema.Finite),
    /** How many tokens the model takes. */
    maxTokens: Schema.optionalKey(Schema.Finite)
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
  message: "No character could be found from the provided character_slug"
}) {}

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
  fields: {
    /** The id that was asked for, as Venice repeats it. */
    model: Schema.optionalKey(Schema.String),
    /** The ids Venice names instead. */
    suggestions: Schema.optionalKey(Schema.Array(Schema.String))
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
  message: "The request payload is too large. Please reduce the size of your request."
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
  message: "Invalid request content-type"
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
  fields: {
    /** Whether a charge was given back, on jobs that are charged before they run. */
    creditsRefunded: Schema.optionalKey(Schema.Boolean),
    /** A model whose provider may accept the content. */
    recommendedModel: Schema.optionalKey(Schema.String),
    /** A prompt that passes, on audio generation. */
    suggestedPrompt: Schema.optionalKey(Schema.String),
    hint: Schema.optionalKey(Schema.String)
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
  fields: {
    /** Which budget ran out, as far as the answer tells. */
    limit: Schema.optionalKey(LimitKind)
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
  severity: "Error"
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
  severity: "Error"
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
    + "the streaming API by setting `stream=true` in your request."
}) {}

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
  fields: {
    reason: Schema.optionalKey(Schema.Literals(["authentication", "insufficient_balance"])),
    offer: Schema.optionalKey(PaymentOffer),
    currentBalanceUsd: Schema.optionalKey(Schema.Finite),
    minimumBalanceUsd: Schema.optionalKey(Schema.Finite),
    suggestedTopUpUsd: Schema.optionalKey(Schema.Finite),
    minimumTopUpUsd: Schema.optionalKey(Schema.Finite),
    supportedTokens: Schema.optionalKey(Schema.Array(Schema.String)),
    supportedChains: Schema.optionalKey(Schema.Array(Schema.String))
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
  fields: {
    consentFlow: Schema.optionalKey(Schema.Json),
    faceMediaRoles: Schema.optionalKey(Schema.Json),
    consent: Schema.optionalKey(Schema.Json),
    docsUrl: Schema.optionalKey(Schema.String)
  }
}) {}

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
  fields: {
    /** The path or URL of what follows, from `Link: <…>; rel="successor-version"`. */
    successor: Schema.optionalKey(Schema.String),
    /** When it stopped, from `Sunset`. */
    sunset: Schema.optionalKey(Schema.DateTimeUtcFromMillis),
    /** Since when it was deprecated, from `Deprecation`. */
    deprecated: Schema.optionalKey(Schema.DateTimeUtcFromMillis)
  }
}) {}

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
  category: "Server" as Category,
  message: "Unrecognized response",
  fields: {
    category: Category,
    /** A machine code that is none of Venice's. */
    code: Schema.optionalKey(Schema.String)
  }
}) {}
