/**
 * The declarations of an error as a plain object. They mention nothing of Effect, because a package without Effect
 * publishes a copy of them.
 *
 * @internal
 */

/**
 * A JSON value.
 *
 * @category models
 * @since 0.1.0
 */
export type Json = null | boolean | number | string | ReadonlyArray<Json> | { readonly [name: string]: Json }

/** The code and the category of every error, in the order of Venice's table. */
export interface PlainCategories {
  readonly AUTHENTICATION_FAILED: "Authentication"
  readonly AUTHENTICATION_FAILED_INACTIVE_KEY: "Permission"
  readonly X402_INVALID_SIGN_IN: "Authentication"
  readonly PRO_ONLY_MODEL: "Permission"
  readonly INSUFFICIENT_BALANCE: "Billing"
  readonly API_KEY_DIEM_SPEND_LIMIT_EXCEEDED: "Billing"
  readonly API_KEY_USD_SPEND_LIMIT_EXCEEDED: "Billing"
  readonly UNAUTHORIZED: "Permission"
  readonly API_ACCESS_DISABLED: "Permission"
  readonly X402_WALLET_MISMATCH: "Permission"
  readonly INVALID_REQUEST: "InvalidRequest"
  readonly INVALID_MODEL: "InvalidRequest"
  readonly REQUEST_ID_NOT_FOUND: "InvalidRequest"
  readonly INVALID_AUDIO_FORMAT: "InvalidMedia"
  readonly INVALID_VIDEO_FORMAT: "InvalidMedia"
  readonly CORRUPTED_IMAGE: "InvalidMedia"
  readonly IMAGE_TOO_SMALL: "InvalidMedia"
  readonly TOO_MANY_TOKENS: "ContextLength"
  readonly CHARACTER_NOT_FOUND: "NotFound"
  readonly MODEL_NOT_FOUND: "NotFound"
  readonly MEDIA_NOT_FOUND: "NotFound"
  readonly PAYLOAD_TOO_LARGE: "InvalidRequest"
  readonly INVALID_CONTENT_TYPE: "InvalidRequest"
  readonly VIDEO_DURATION_TOO_LONG: "InvalidMedia"
  readonly VIDEO_DURATION_TOO_SHORT: "InvalidMedia"
  readonly IMAGE_TOO_LARGE: "InvalidMedia"
  readonly CONTENT_POLICY_VIOLATION: "ContentPolicy"
  readonly ASR_UPSTREAM_VALIDATION_FAILED: "InvalidMedia"
  readonly RATE_LIMIT_EXCEEDED: "RateLimit"
  readonly MODEL_OVERLOADED: "Capacity"
  readonly INFERENCE_FAILED: "Server"
  readonly UPSCALE_FAILED: "Server"
  readonly IMAGE_EDIT_ERROR: "Server"
  readonly UNKNOWN_ERROR: "Server"
  readonly TEE_ATTESTATION_FAILED: "Upstream"
  readonly TEE_SIGNATURE_FAILED: "Upstream"
  readonly ASR_UPSTREAM_FAILED: "Upstream"
  readonly MODEL_OFFLINE: "Capacity"
  readonly MODEL_AT_CAPACITY: "Capacity"
  readonly REQUEST_TIMEOUT: "Timeout"
  readonly PAYMENT_REQUIRED: "Billing"
  readonly CONSENT_REQUIRED: "Permission"
  readonly GONE: "NotFound"
  /** The category that the status implies. */
  readonly UNRECOGNIZED_RESPONSE: PlainCategory
}

/**
 * What the caller can do about an error: the type of `category`.
 *
 * @category models
 * @since 0.1.0
 */
export type PlainCategory =
  | "Authentication"
  | "Permission"
  | "Billing"
  | "InvalidRequest"
  | "InvalidMedia"
  | "ContextLength"
  | "NotFound"
  | "ContentPolicy"
  | "RateLimit"
  | "Capacity"
  | "Server"
  | "Upstream"
  | "Timeout"

/**
 * Venice's code of an error: the type of `code`, to `switch` on.
 *
 * @category models
 * @since 0.1.0
 */
export type PlainCode = keyof PlainCategories

/**
 * The messages about one field of a rejected request, and about the fields inside it.
 *
 * @category models
 * @since 0.1.0
 */
export interface PlainTree {
  readonly errors: ReadonlyArray<string>
  readonly fields: { readonly [name: string]: PlainTree }
}

/**
 * One message about one field of a rejected request. An empty path means the whole request.
 *
 * @category models
 * @since 0.1.0
 */
export interface PlainIssue {
  readonly path: ReadonlyArray<string | number>
  readonly message: string
  /** Zod's code, such as `invalid_type`, if Venice sent it. */
  readonly code?: string
}

/**
 * One way to pay for a request by x402.
 *
 * @category models
 * @since 0.1.0
 */
export interface PlainPaymentOption {
  readonly scheme?: string
  readonly network?: string
  /** In base units of the asset: `"5000000"` is 5 USDC. */
  readonly amount?: string
  readonly asset?: string
  readonly payTo?: string
  readonly maxTimeoutSeconds?: number
  readonly extra?: Json
}

/** The fields of the errors that have some besides the common ones. */
export interface PlainFields {
  readonly INVALID_REQUEST: {
    /** Venice's messages as a tree over the fields of the request. */
    readonly details?: PlainTree
    /** Venice's messages as a list. */
    readonly issues: ReadonlyArray<PlainIssue>
  }
  readonly TOO_MANY_TOKENS: { readonly inputTokens?: number; readonly maxTokens?: number }
  readonly MODEL_NOT_FOUND: { readonly model?: string; readonly suggestions?: ReadonlyArray<string> }
  readonly CONTENT_POLICY_VIOLATION: {
    readonly creditsRefunded?: boolean
    readonly recommendedModel?: string
    readonly suggestedPrompt?: string
    readonly hint?: string
  }
  readonly RATE_LIMIT_EXCEEDED: { readonly limit?: "requests" | "tokens" | "concurrency" | "failures" }
  readonly PAYMENT_REQUIRED: {
    readonly reason?: "authentication" | "insufficient_balance"
    readonly offer?: {
      readonly x402Version?: number
      readonly resource?: Json
      readonly accepts: ReadonlyArray<PlainPaymentOption>
    }
    readonly currentBalanceUsd?: number
    readonly minimumBalanceUsd?: number
    readonly suggestedTopUpUsd?: number
    readonly minimumTopUpUsd?: number
    readonly supportedTokens?: ReadonlyArray<string>
    readonly supportedChains?: ReadonlyArray<string>
  }
  readonly CONSENT_REQUIRED: {
    readonly consentFlow?: Json
    readonly faceMediaRoles?: Json
    readonly consent?: Json
    readonly docsUrl?: string
  }
  readonly GONE: {
    readonly successor?: string
    /** When it was removed: an ISO date. */
    readonly sunset?: string
    /** Since when it was deprecated: an ISO date. */
    readonly deprecated?: string
  }
}

/**
 * One budget of the rate limiter. At `resetAt`, an ISO date, it is full again.
 *
 * @category models
 * @since 0.1.0
 */
export interface PlainBudget {
  readonly limit?: number
  readonly remaining?: number
  readonly resetAt?: string
}

/**
 * What every error has.
 *
 * @category models
 * @since 0.1.0
 */
export interface PlainCommon {
  /** The status of the response. */
  readonly status: number
  /** The server's message. */
  readonly message: string
  /** What the caller can do, as an instruction: `fix the credentials`. */
  readonly remedy: string
  /** Whether the same request may be sent again: it may succeed, and is not charged or executed twice. */
  readonly retryable: boolean
  /** How long the server asks to wait before another attempt. */
  readonly retryAfterMillis?: number
  /** The id that Venice's support asks for. */
  readonly requestId?: string
  /** `CF-RAY`. */
  readonly rayId?: string
  /** The operation of the request, such as `POST /chat/completions`. */
  readonly operation?: string
  /** How the error was recognized. */
  readonly matchedBy: "code" | "message" | "shape" | "status" | "none"
  /** A machine code of the body that is none of Venice's. */
  readonly upstreamCode?: string
  /** The relay that passed the response on. */
  readonly relay?: string
  /** How many events of a stream arrived before the error. */
  readonly delivered?: number
  readonly rateLimit?: {
    readonly requests?: PlainBudget
    readonly tokens?: PlainBudget
    readonly failures?: PlainBudget
  }
  /** The account's balance before the request, as decimal numbers. */
  readonly balance?: { readonly usd?: string; readonly diem?: string }
  /** Venice's notice that the model of the request is deprecated. */
  readonly deprecation?: { readonly warning?: string; readonly date?: string; readonly replacement?: string }
  readonly contentType?: string
  /** The text of the body, without secrets, at most 8,192 characters long. */
  readonly body?: string
  /** `true` if the server sent more than `body` holds. */
  readonly bodyTruncated?: boolean
}

/**
 * The error of one code.
 *
 * @category models
 * @since 0.1.0
 */
export type PlainErrorOf<Code extends PlainCode> =
  & { readonly code: Code; readonly category: PlainCategories[Code] }
  & PlainCommon
  & (Code extends keyof PlainFields ? PlainFields[Code] : {})

/**
 * Any error of the Venice API as a plain object that JSON keeps as it is. `switch` on `code` or on `category`.
 *
 * @category models
 * @since 0.1.0
 */
export type PlainError = { readonly [Code in PlainCode]: PlainErrorOf<Code> }[PlainCode]

/**
 * The parts of a response, from a log or a queue, or from a client that has read the body already.
 *
 * @category models
 * @since 0.1.0
 */
export interface PlainParts {
  readonly status: number
  /** The names may be in any case. */
  readonly headers?:
    | Iterable<readonly [string, string]>
    | { readonly [name: string]: string | ReadonlyArray<string> | undefined }
    | undefined
  /** The text of the body. */
  readonly body?: string | undefined
  /** Whether the server sent more than `body` holds. */
  readonly bodyTruncated?: boolean | undefined
}

/**
 * How a response is decoded. All of it is optional.
 *
 * @category models
 * @since 0.1.0
 */
export interface PlainOptions {
  /** The operation of the request, such as `POST /chat/completions`. `retryable` depends on what a repeat of it costs. */
  readonly operation?: string | undefined
  /** Values that must not appear in the error, such as the API key of the request. */
  readonly secrets?: ReadonlyArray<string> | undefined
  /** When the response was received, in epoch milliseconds. By default now. */
  readonly now?: number | undefined
  /** How many events of a stream were received before this error. */
  readonly delivered?: number | undefined
}

/**
 * How much of the body of a `Response` is read, and for how long. By default 256 KiB and 5 seconds.
 *
 * @category models
 * @since 0.1.0
 */
export interface PlainLimits {
  readonly maxBytes?: number | undefined
  readonly maxMillis?: number | undefined
}

/**
 * Decodes a response: that of `fetch` to a promise that is never rejected, parts at once.
 *
 * @category models
 * @since 0.1.0
 */
export interface PlainDecode {
  (response: Response, options?: PlainOptions & PlainLimits): Promise<PlainError>
  (parts: PlainParts, options?: PlainOptions): PlainError
}

/**
 * Decodes the `data` of one event of a stream if it is an error, and returns nothing otherwise.
 *
 * @category models
 * @since 0.1.0
 */
export type PlainEvent = (
  data: string,
  options?: PlainOptions & {
    /** The name of the event, from its `event:` line. */
    readonly name?: string | undefined
  }
) => PlainError | undefined
