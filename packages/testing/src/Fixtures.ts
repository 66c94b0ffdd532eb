/**
 * Responses of Venice for tests: for every error the canonical answer and the other forms in which it was seen or is
 * documented, each with its source; and an example of every error as an instance.
 *
 * **When to use**
 *
 * To test a decoder, a log processor or a client against what Venice really sends. The same data is plain JSON in
 * `@effect-venice/testing/fixtures.json`, for tests in other languages.
 *
 * **Details**
 *
 * `provenance` says how reliable a fixture is:
 *
 * - `captured`: somebody received it, and published it
 * - `documented`: Venice, or the service that sends it, documents it
 * - `client`: it is from the tests or the documentation of a client
 * - `composed`: it is put together from documented parts, or a variant of a fixture, such as one that is cut off
 *
 * **Gotchas**
 *
 * Dates and reset times in headers are relative to {@link receivedAt}: decode a fixture with {@link decode}, or with
 * that time as `now`. A fixture with a status of 200 is an error in a success: an event stream, or a blocked image.
 *
 * **Example** (Testing with every known form of an error)
 *
 * ```ts
 * import { Fixtures } from "@effect-venice/testing"
 *
 * const overloaded = Fixtures.of("MODEL_OVERLOADED")
 *
 * overloaded.map(({ status }) => status).includes(200) // => true
 * overloaded.every((fixture) => Fixtures.decode(fixture)._tag === "MODEL_OVERLOADED") // => true
 * Fixtures.canonical("MODEL_OVERLOADED").body // => "{\"error\":\"The model is currently overloaded. Please try again later.\"}"
 * ```
 *
 * @since 0.1.0
 */
import { Category, Decode, Errors, Operation, OperationFailure, VeniceError } from "@effect-venice/core"
import * as BigDecimal from "effect/BigDecimal"
import * as DateTime from "effect/DateTime"
import * as Duration from "effect/Duration"
import * as Schema from "effect/Schema"
import data from "./fixtures.json" with { type: "json" }

/**
 * Where a fixture comes from. Read it to test only with responses of one kind.
 *
 * @category schemas
 * @since 0.1.0
 */
export const Provenance = Schema.Literals(["captured", "documented", "client", "composed"])

/**
 * Where a fixture comes from.
 *
 * @category models
 * @since 0.1.0
 */
export type Provenance = typeof Provenance.Type

/**
 * The schema of a fixture. Use it to read `fixtures.json`, or fixtures of your own in the same form.
 *
 * @category schemas
 * @since 0.1.0
 */
export const Fixture = Schema.Struct({
  id: Schema.String,
  /** The error that a decoder must recognize. */
  code: Schema.Literals(Array.from(VeniceError.byCode.keys()) as ReadonlyArray<VeniceError.Code>),
  /** What the caller can do about the error. */
  category: Schema.Literals(Category.all),
  /** How long the server asks to wait, in milliseconds. Absent if it does not say. */
  retryAfterMillis: Schema.optionalKey(Schema.Finite),
  /** The fixture is the canonical answer of its code. */
  isCanonical: Schema.optionalKey(Schema.Literal(true)),
  /** Other codes that another reading of the response allows. */
  alternatives: Schema.optionalKey(Schema.Array(Schema.String)),
  provenance: Provenance,
  /** A page, a repository with commit and path, or a log with its date, where others can look the response up. */
  source: Schema.String,
  note: Schema.optionalKey(Schema.String),
  /** The log level in Venice's table of errors, on the canonical answers of the codes that have one. */
  logLevel: Schema.optionalKey(Schema.Literals(["error", "warn"])),
  /** The operation that was called, such as `POST /chat/completions`, if it is known. */
  operation: Schema.optionalKey(Schema.String),
  status: Schema.Int,
  headers: Schema.Record(Schema.String, Schema.String),
  body: Schema.String
})

/**
 * A response of Venice, or of something in front of it, and the error that it means. It is a response that the emulator
 * takes as a reply.
 *
 * @category models
 * @since 0.1.0
 */
export interface Fixture extends Schema.Schema.Type<typeof Fixture> {}

/**
 * When all fixtures were received, as far as their headers are concerned. Pass it to a decoder of your own as the
 * current time.
 *
 * @category constants
 * @since 0.1.0
 */
export const receivedAt: DateTime.Utc = DateTime.makeUnsafe(data.receivedAt)

/**
 * All fixtures, in the order of the table of errors, the canonical answer of each error first. Use it for a test with a
 * case for each.
 *
 * @category constants
 * @since 0.1.0
 */
export const all: ReadonlyArray<Fixture> = data.fixtures as ReadonlyArray<any>

/**
 * The fixtures of a code, the canonical answer first. Use it to test the handling of one error with every known form.
 *
 * @category reading
 * @since 0.1.0
 */
export const of = (code: VeniceError.Code): ReadonlyArray<Fixture> => all.filter((fixture) => fixture.code === code)

/**
 * The canonical answer of a code: for the codes of Venice's table the documented message in the documented shape, for
 * the others what is documented elsewhere. Pass it to `reply` of the emulator, or serve it from a server of your own.
 *
 * @category reading
 * @since 0.1.0
 */
export const canonical = (code: VeniceError.Code): Fixture =>
  all.find((fixture) => fixture.code === code && fixture.isCanonical === true)!

/**
 * Decodes a fixture as it was received. Use it to get the error as a client would.
 *
 * @category decoding
 * @since 0.1.0
 */
export const decode = ({ body, headers, operation, status }: Fixture): VeniceError.VeniceError =>
  Decode.response({ status, headers, body, operation, now: DateTime.toEpochMillis(receivedAt) })

const validation = {
  details: { _errors: [], messages: { _errors: ["Array must contain at least 1 element(s)"] } },
  issues: [{ code: "too_small", minimum: 1, path: ["messages"], message: "Array must contain at least 1 element(s)" }]
}

const withFields: Readonly<Record<string, VeniceError.VeniceError>> = {
  INVALID_REQUEST: Schema.decodeUnknownSync(Errors.InvalidRequest)({
    _tag: "INVALID_REQUEST",
    message: Errors.InvalidRequest.defaultMessage,
    matchedBy: "message",
    response: { status: 400 },
    validation
  }),
  MODEL_NOT_FOUND: new Errors.ModelNotFound({
    message: "Specified model not found: lama. Did you mean: llama-3.3-70b, llama-3.2-3b?",
    model: "lama",
    suggestions: ["llama-3.3-70b", "llama-3.2-3b"]
  }),
  PAYLOAD_TOO_LARGE: new Errors.PayloadTooLarge({ message: "File exceeds the maximum allowed size of 25 MB." }),
  INVALID_CONTENT_TYPE: new Errors.InvalidContentType({
    message: "'Content-Type' must be 'application/json'",
    response: { status: 400 }
  }),
  CONTENT_POLICY_VIOLATION: new Errors.ContentPolicyViolation({
    suggestedPrompt: "A storm over the lagoon, instrumental."
  }),
  RATE_LIMIT_EXCEEDED: new Errors.RateLimitExceeded({
    limit: "requests",
    response: {
      status: 429,
      retryAfter: Duration.seconds(2),
      rateLimit: { requests: { limit: 20, remaining: 0 } },
      balance: { usd: BigDecimal.fromStringUnsafe("24.5") }
    }
  }),
  MODEL_OVERLOADED: new Errors.ModelOverloaded({ response: { status: 429, retryAfter: Duration.seconds(30) } }),
  PAYMENT_REQUIRED: new Errors.PaymentRequired({ message: "Authentication required", reason: "authentication" }),
  CONSENT_REQUIRED: new Errors.ConsentRequired({
    message: "The media contains faces; consent is needed.",
    consentFlow: "attestation",
    faceMediaRoles: ["reference_image"],
    consent: { provider: "seedance" },
    docsUrl: "https://docs.venice.ai/guides/media/seedance-face-consent"
  }),
  GONE: new Errors.Gone({
    message: "GET /billing/usage was retired. Use GET /billing/usage-history.",
    successor: "/api/v1/billing/usage-history",
    sunset: DateTime.makeUnsafe("2026-09-16T00:00:00Z"),
    deprecated: DateTime.makeUnsafe("2026-07-09T00:00:00Z")
  }),
  UNRECOGNIZED_RESPONSE: new Errors.UnrecognizedResponse({
    category: "Permission",
    message: "Attention Required! | Cloudflare",
    response: {
      status: 403,
      contentType: "text/html; charset=UTF-8",
      body: "<!DOCTYPE html><html><head><title>Attention Required! | Cloudflare</title></head><body></body></html>"
    }
  })
}

/**
 * An example of every error as an instance, by documented status and code. Use it in a test that covers all errors and
 * does not go through a response.
 *
 * @category constants
 * @since 0.1.0
 */
export const errors: ReadonlyArray<VeniceError.VeniceError> = Object.values(Errors).map(({ code }) =>
  withFields[code] ?? VeniceError.fromCode(code)
).sort((a, b) => a.response.status - b.response.status || (a._tag < b._tag ? -1 : 1))

/**
 * The example of a code, for a test or a reply of the emulator.
 *
 * @category reading
 * @since 0.1.0
 */
export const error = (code: VeniceError.Code): VeniceError.VeniceError => errors.find((error) => error._tag === code)!

/**
 * An operation that can respond with the code. Call it in a test to receive the error in its failure channel.
 *
 * @category reading
 * @since 0.1.0
 */
export const operation = (code: VeniceError.Code): Operation.Operation =>
  ["POST /chat/completions" as const, ...Operation.all].find((operation) =>
    OperationFailure.codes(operation).has(code)
  )!
