/**
 * The error bodies that Venice sends, as schemas: one for each shape.
 *
 * `Decode` does not use them, because trying one after another takes 48 times as long. The tests of the decoder do.
 *
 * **When to use**
 *
 * In your tests: to generate the bodies of a property test or of a mock server, or to check a recorded body.
 *
 * **Gotchas**
 *
 * Venice changes the order of keys and adds keys without notice, so no schema rejects an unknown key.
 *
 * @since 0.1.0
 */
import * as Schema from "effect/Schema"

const validation = {
  details: Schema.optionalKey(Schema.Union([Schema.Json, Schema.String])),
  issues: Schema.optionalKey(Schema.Array(Schema.Record(Schema.String, Schema.Json)))
}

/**
 * `{"error": "<message>"}`: the usual body, with the id of an upstream rejection and the parts of a validation failure
 * where they apply.
 *
 * @category schemas
 * @since 0.1.0
 */
export const Simple = Schema.Struct({
  error: Schema.String,
  request_id: Schema.optionalKey(Schema.String),
  ...validation
})

/**
 * A validation failure without a message: what went wrong is in `details`, `issues` or both.
 *
 * @category schemas
 * @since 0.1.0
 */
export const Validation = Schema.Struct(validation)

/**
 * A body whose `error` is the list of issues, as in older responses.
 *
 * @category schemas
 * @since 0.1.0
 */
export const IssueList = Schema.Struct({ error: Schema.Array(Schema.Record(Schema.String, Schema.Json)) })

/**
 * A body of 2025, with the code in `context.errorCode`.
 *
 * @category schemas
 * @since 0.1.0
 */
export const Context = Schema.Struct({
  error: Schema.String,
  details: Schema.optionalKey(Schema.Json),
  context: Schema.Struct({
    errorCode: Schema.String,
    issues: Schema.optionalKey(Schema.Array(Schema.Record(Schema.String, Schema.Json)))
  })
})

/**
 * A message with a machine code beside it: `PAYLOAD_TOO_LARGE`, `X402_SIGN_IN_…`, `X402_CONCURRENCY_LIMIT`.
 *
 * @category schemas
 * @since 0.1.0
 */
export const Coded = Schema.Struct({ error: Schema.String, code: Schema.String })

/**
 * OpenAI's shape: a context overflow, an error in a stream, or any error that a relay translated. `retry_after` is in
 * seconds.
 *
 * @category schemas
 * @since 0.1.0
 */
export const OpenAi = Schema.Struct({
  error: Schema.Struct({
    message: Schema.String,
    type: Schema.optionalKey(Schema.NullOr(Schema.String)),
    param: Schema.optionalKey(Schema.NullOr(Schema.String)),
    code: Schema.optionalKey(Schema.NullOr(Schema.String)),
    retry_after: Schema.optionalKey(Schema.Number)
  })
})

/**
 * Refused content: by the moderation of a job or of a prompt, or by the model's provider.
 *
 * @category schemas
 * @since 0.1.0
 */
export const ContentPolicy = Schema.Union([
  Schema.Struct({
    error: Schema.String,
    credits_refunded: Schema.optionalKey(Schema.Boolean),
    hint: Schema.optionalKey(Schema.String),
    suggested_prompt: Schema.optionalKey(Schema.String)
  }),
  Schema.Struct({
    error: Schema.Struct({
      message: Schema.String,
      type: Schema.Literal("provider_content_policy"),
      credits_refunded: Schema.optionalKey(Schema.Boolean),
      recommended_model: Schema.optionalKey(Schema.String)
    })
  })
])

/**
 * The x402 discovery body, for a request without credentials.
 *
 * @category schemas
 * @since 0.1.0
 */
export const PaymentDiscovery = Schema.Struct({
  x402Version: Schema.Number,
  error: Schema.optionalKey(Schema.String),
  resource: Schema.optionalKey(Schema.Json),
  accepts: Schema.Array(Schema.Record(Schema.String, Schema.Json)),
  extensions: Schema.optionalKey(Schema.Json),
  authOptions: Schema.optionalKey(Schema.Json)
})

/**
 * The 402 of a wallet with too little balance. Amounts are in US dollars.
 *
 * @category schemas
 * @since 0.1.0
 */
export const WalletBalance = Schema.Struct({
  error: Schema.String,
  code: Schema.Literal("PAYMENT_REQUIRED"),
  reason: Schema.Literal("insufficient_balance"),
  currentBalanceUsd: Schema.optionalKey(Schema.Number),
  minimumBalanceUsd: Schema.optionalKey(Schema.Number),
  suggestedTopUpUsd: Schema.Number,
  minimumTopUpUsd: Schema.Number,
  supportedTokens: Schema.Array(Schema.String),
  supportedChains: Schema.Array(Schema.String),
  topUpInstructions: Schema.Json,
  siwxChallenge: Schema.Json
})

/**
 * The 409 of a job whose media needs consent.
 *
 * @category schemas
 * @since 0.1.0
 */
export const Consent = Schema.Struct({
  error: Schema.Struct({ code: Schema.Literal("needs_consent"), message: Schema.String }),
  consent_flow: Schema.Json,
  face_media_roles: Schema.Json,
  consent: Schema.Json,
  docs_url: Schema.String
})

/**
 * A failed top-up, with the code in `error`.
 *
 * @category schemas
 * @since 0.1.0
 */
export const TopUp = Schema.Struct({
  error: Schema.String,
  message: Schema.String,
  details: Schema.optionalKey(Schema.Record(Schema.String, Schema.Json))
})
