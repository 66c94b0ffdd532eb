/**
 * What the emulated Venice does over time: limits, lockouts, capacity, outages, delays, balances and jobs.
 *
 * A `Dynamics` is data: write it in a test, or decode it from JSON, where durations are texts (`"30 seconds"`). Whatever
 * is absent is off: without any dynamics every valid request succeeds at once, from an account that never runs dry. All
 * time passes on `Clock`, so `TestClock` moves it, and all chance is drawn through `Random`, so a seed repeats it.
 *
 * **When to use**
 *
 * To test how a program lives with Venice's limits instead of with single failures. {@link venice} has everything that
 * Venice documents, with its figures.
 *
 * **Details**
 *
 * The figures are those of Venice's configuration of 2026-09-10 (limits) and of its API overview, verified 2026-10-02
 * (failure budget). Venice documents no figures for capacity, latency and video.
 *
 * **Example** (Describing a small account)
 *
 * ```ts
 * import { Dynamics } from "@effect-venice/testing"
 * import { Schema } from "effect"
 *
 * const small = Schema.decodeUnknownSync(Dynamics.Dynamics)({
 *   balance: { usd: 0.5 },
 *   outages: [{ model: "llama-3.3-70b", from: "10 seconds", for: "1 minute", error: "MODEL_OFFLINE" }]
 * })
 *
 * small.balance // => { usd: 0.5 }
 * Dynamics.venice.failureBudget.limit // => 50
 * ```
 *
 * @since 0.1.0
 */
import { VeniceError } from "@effect-venice/core"
import { Success } from "@effect-venice/http"
import * as Duration from "effect/Duration"
import * as Schema from "effect/Schema"

const isWait = (duration: Duration.Duration): boolean =>
  Number.isFinite(Duration.toMillis(duration)) && !Duration.isNegative(duration)

/** Finite and not negative; a text in JSON. */
const Wait = Schema.DurationFromString.check(
  Schema.makeFilter((duration) => isWait(duration) || "a finite duration that is not negative")
)

const Count = Schema.Int.check(Schema.isGreaterThanOrEqualTo(1))

const Amount = Schema.Finite.check(Schema.isGreaterThanOrEqualTo(0))

const Share = Schema.Finite.check(Schema.isBetween({ minimum: 0, maximum: 1 }))

const optional = Schema.optionalKey

/**
 * The schema of a window: how many requests and tokens a key has for the models of one tier.
 *
 * @category schemas
 * @since 0.1.0
 */
export const Window = Schema.Struct({ requests: Count, tokens: optional(Count) })

/**
 * The requests and tokens of a window, a value of {@link RateLimits}.
 *
 * @category models
 * @since 0.1.0
 */
export interface Window extends Schema.Schema.Type<typeof Window> {}

/**
 * The schema of the limits of requests and tokens. Each key has a window for each model, with the figures of its
 * tier; a model whose tier has none is not limited.
 *
 * @category schemas
 * @since 0.1.0
 */
export const RateLimits = Schema.Struct({
  /** After this time the window is full again. It begins with the first request. */
  window: Wait,
  tiers: Schema.Record(Schema.String, Window),
  /** Whether the models of a tier share one window. By default each model has its own, as Venice documents it. */
  sharedBy: optional(Schema.Literals(["model", "tier"]))
})

/**
 * The limits of requests and tokens, which emulated answers carry in `x-ratelimit-*-requests` and `-tokens`.
 *
 * @category models
 * @since 0.1.0
 */
export interface RateLimits extends Schema.Schema.Type<typeof RateLimits> {}

/**
 * The schema of the failure budget: so many failed requests of one key, model and user within the window lock it out.
 *
 * @category schemas
 * @since 0.1.0
 */
export const FailureBudget = Schema.Struct({
  limit: Count,
  /** Of features that a model does not support, in chat and responses. */
  unsupportedLimit: Count,
  window: Wait,
  lockout: Wait,
  /** The member of the body that names the lockout. With `customMessage`, `error` is `Rate limit exceeded`. */
  wording: Schema.Literals(["error", "customMessage"])
})

/**
 * The failure budget, which emulated answers carry in `x-ratelimit-remaining` and `x-ratelimit-resets`.
 *
 * @category models
 * @since 0.1.0
 */
export interface FailureBudget extends Schema.Schema.Type<typeof FailureBudget> {}

/**
 * The schema of the capacity of a model: how many requests it runs at once, over all keys, and what the next one gets.
 *
 * @category schemas
 * @since 0.1.0
 */
export const Capacity = Schema.Struct({
  concurrent: Count,
  /** `MODEL_OVERLOADED` by default. */
  error: optional(Schema.Literals(["MODEL_OVERLOADED", "MODEL_AT_CAPACITY"])),
  /** 30 seconds by default, in whole seconds on the wire. */
  retryAfter: optional(Wait)
})

/**
 * The capacity of a model.
 *
 * @category models
 * @since 0.1.0
 */
export interface Capacity extends Schema.Schema.Type<typeof Capacity> {}

/** Any code that a request of a model can be answered with; the text of a typing error is refused. */
const Code = Schema.String.check(
  Schema.makeFilter((code) => VeniceError.byCode.has(code) || "a code of Venice")
)

/**
 * The schema of an outage: every request of the model fails from one moment on, for a while.
 *
 * @category schemas
 * @since 0.1.0
 */
export const Outage = Schema.Struct({
  /** All models by default. */
  model: optional(Schema.String),
  /** After the start of the emulator, or its last reset. */
  from: Wait,
  for: Wait,
  /** `MODEL_OFFLINE` by default. */
  error: optional(Code)
})

/**
 * An outage of a model.
 *
 * @category models
 * @since 0.1.0
 */
export interface Outage extends Schema.Schema.Type<typeof Outage> {}

/**
 * The schema of the latency of an answer: a log-normal distribution, as services have it, by two of its quantiles.
 *
 * @category schemas
 * @since 0.1.0
 */
export const Latency = Schema.Struct({
  median: Wait,
  /** The median by default: every answer takes the same time. */
  p99: optional(Wait)
})

/**
 * The latency of an answer, until its header. Half of the answers take less than the median.
 *
 * @category models
 * @since 0.1.0
 */
export interface Latency extends Schema.Schema.Type<typeof Latency> {}

/**
 * The schema of the speed of streams.
 *
 * @category schemas
 * @since 0.1.0
 */
export const Streaming = Schema.Struct({
  /** The time between two events. */
  every: Wait
})

/**
 * The speed of streams. By default all events are sent at once.
 *
 * @category models
 * @since 0.1.0
 */
export interface Streaming extends Schema.Schema.Type<typeof Streaming> {}

/**
 * The schema of a balance: what the account holds, spent in the order of the fields. One DIEM is worth one dollar.
 *
 * @category schemas
 * @since 0.1.0
 */
export const Balance = Schema.Struct({
  diem: optional(Amount),
  earnedCredits: optional(Amount),
  bundledCredits: optional(Amount),
  usd: optional(Amount)
})

/**
 * The balance of the account. Emulated answers carry DIEM and USD in `x-venice-balance-diem` and `-usd`, unless they are
 * zero, as they were before the request.
 *
 * @category models
 * @since 0.1.0
 */
export interface Balance extends Schema.Schema.Type<typeof Balance> {}

/**
 * The schema of a key. As soon as one is listed, every other key is answered with 401.
 *
 * @category schemas
 * @since 0.1.0
 */
export const Key = Schema.Struct({
  value: Schema.String,
  /** By its prefix, else `ADMIN`, which may do everything. An inference key cannot manage keys. */
  type: optional(Schema.Literals(["ADMIN", "INFERENCE"])),
  /** The account's subscription has ended. */
  isInactive: optional(Schema.Boolean),
  /** The account has no Pro subscription: models of `isProOnly` are refused. */
  isFree: optional(Schema.Boolean),
  /** The models that the key may call: all by default. */
  privacy: optional(Schema.Literals(["ALL", "PRIVATE_TEXT", "PRIVATE_ONLY"])),
  /** What the key itself may spend, in DIEM and in dollars, whatever the balance is. */
  limits: optional(Schema.Struct({ diem: optional(Amount), usd: optional(Amount) }))
})

/**
 * A key that the emulator accepts.
 *
 * @category models
 * @since 0.1.0
 */
export interface Key extends Schema.Schema.Type<typeof Key> {}

/** What `GET /models` says about models of speech, music, embeddings and decisions, besides `Success.Model`. */
const Spec = Schema.Struct({
  ...Success.Model.fields.model_spec.fields,
  voices: optional(Schema.Array(Schema.String)),
  default_voice: optional(Schema.String),
  supports_custom_voice_id: optional(Schema.Boolean),
  supported_formats: optional(Schema.Array(Schema.String)),
  default_format: optional(Schema.String),
  voice_cloning: optional(Schema.Json),
  voice_changer: optional(Schema.Boolean),
  accepted_audio_formats: optional(Schema.Array(Schema.String)),
  max_source_audio_duration_seconds: optional(Amount),
  embeddingDimensions: optional(Count),
  maxInputTokens: optional(Count),
  supportsCustomDimensions: optional(Schema.Boolean),
  maxStateTokens: optional(Count),
  maxTotalTokens: optional(Count),
  min_prompt_length: optional(Count),
  prompt_character_limit: optional(Count),
  lyrics_character_limit: optional(Count),
  supports_lyrics: optional(Schema.Boolean),
  supports_force_instrumental: optional(Schema.Boolean),
  min_duration: optional(Amount),
  max_duration: optional(Amount),
  default_duration: optional(Amount)
})

/**
 * The schema of a model of the catalogue: its entry in `GET /models`, and how the emulator treats it.
 *
 * @category schemas
 * @since 0.1.0
 */
export const Model = Schema.Struct({
  ...Success.Model.fields,
  model_spec: Spec,
  /** The tier of its limits, a key of `RateLimits.tiers`. */
  tier: optional(Schema.String),
  capacity: optional(Capacity),
  isProOnly: optional(Schema.Boolean),
  /** Retired so long after the start of the emulator: announced until then, and not found afterwards. */
  retires: optional(Wait),
  /** The model to use instead of a retired one. */
  replacement: optional(Schema.String)
})

/**
 * A model of the catalogue.
 *
 * @category models
 * @since 0.1.0
 */
export interface Model extends Schema.Schema.Type<typeof Model> {}

/**
 * The schema of queued jobs: how long they run, and how many fail.
 *
 * @category schemas
 * @since 0.1.0
 */
export const Jobs = Schema.Struct({
  /** 20 seconds by default, on `Clock`. */
  duration: optional(Latency),
  /** The part of jobs that fail, between 0 and 1. None by default. */
  failureRate: optional(Share),
  /** What they fail with, on every poll. `CONTENT_POLICY_VIOLATION`, with a refund, by default. */
  error: optional(Code),
  /** Whether the media is at a `download_url`, as for some models of video. False by default. */
  hasDownloadUrl: optional(Schema.Boolean),
  /** How long the media is kept: 24 hours by default. */
  keep: optional(Wait)
})

/**
 * How queued jobs run.
 *
 * @category models
 * @since 0.1.0
 */
export interface Jobs extends Schema.Schema.Type<typeof Jobs> {}

/**
 * The schema of the limit of `POST /crypto/rpc/{network}`. With one, the requests of a key also run one at a time.
 *
 * @category schemas
 * @since 0.1.0
 */
export const CryptoRpc = Schema.Struct({ requests: Count, window: Wait })

/**
 * The limit of the crypto RPC, whose 429 carries `X-RateLimit-Reset` in seconds.
 *
 * @category models
 * @since 0.1.0
 */
export interface CryptoRpc extends Schema.Schema.Type<typeof CryptoRpc> {}

/**
 * The schema of everything that can be configured. What is absent is off.
 *
 * @category schemas
 * @since 0.1.0
 */
export const Dynamics = Schema.Struct({
  rateLimits: optional(RateLimits),
  failureBudget: optional(FailureBudget),
  outages: optional(Schema.Array(Outage)),
  latency: optional(Latency),
  streaming: optional(Streaming),
  balance: optional(Balance),
  jobs: optional(Jobs),
  cryptoRpc: optional(CryptoRpc),
  /** Every key is valid by default. */
  keys: optional(Schema.Array(Key)),
  /** The catalogue. By default models of every type, with ids of Venice's. */
  models: optional(Schema.Array(Model)),
  /** Whether a model outside of the catalogue is answered like a similar one instead of with 404. */
  acceptsUnknownModels: optional(Schema.Boolean)
})

/**
 * What the emulated Venice does over time.
 *
 * @category models
 * @since 0.1.0
 */
export interface Dynamics extends Schema.Schema.Type<typeof Dynamics> {}

/**
 * Venice's limits of requests and tokens a minute for each tier of models. Pass it, or a smaller copy, to test pacing.
 *
 * @category constants
 * @since 0.1.0
 */
export const rateLimits: RateLimits = {
  window: Duration.minutes(1),
  tiers: {
    XS: { requests: 500, tokens: 5_000_000 },
    S: { requests: 150, tokens: 3_000_000 },
    M: { requests: 100, tokens: 2_000_000 },
    L: { requests: 100, tokens: 2_000_000 },
    "partner-XS": { requests: 500, tokens: 10_000_000 },
    "partner-S": { requests: 300, tokens: 6_000_000 },
    "partner-M": { requests: 200, tokens: 4_000_000 },
    "partner-L": { requests: 150, tokens: 3_000_000 }
  }
}

/**
 * Venice's failure budget: 50 failed requests in 30 seconds, or 200 for unsupported features, lock out for 30 seconds.
 * Pass it to test that a client does not run into a lockout.
 *
 * @category constants
 * @since 0.1.0
 */
export const failureBudget: FailureBudget = {
  limit: 50,
  unsupportedLimit: 200,
  window: Duration.seconds(30),
  lockout: Duration.seconds(30),
  wording: "error"
}

/**
 * Venice's limit of the crypto RPC: 100 requests a minute, and one at a time.
 *
 * @category constants
 * @since 0.1.0
 */
export const cryptoRpc: CryptoRpc = { requests: 100, window: Duration.minutes(1) }

/**
 * Everything that Venice documents: limits and failure budget. Extend it for a test that is close to production.
 *
 * @category constants
 * @since 0.1.0
 */
export const venice = { rateLimits, failureBudget, cryptoRpc } as const satisfies Dynamics
