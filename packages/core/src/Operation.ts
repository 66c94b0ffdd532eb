/**
 * The operations of the Venice API, and what sending one again can cost.
 *
 * An operation is named by its method and the template of its path, as in Venice's documentation:
 * `POST /chat/completions`, `GET /characters/{slug}`.
 *
 * **Details**
 *
 * An explicit refusal (429, 503) may be repeated on any operation: nothing was done. What else may be repeated is
 * {@link mayRepeat}'s to say.
 *
 * @since 0.1.0
 */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Random from "effect/Random"

/**
 * What repeating an operation can cost.
 *
 * **Details**
 *
 * - `free`: nothing is billed or created by repeating it
 * - `free-on-failure`: a failed call is not billed
 * - `billed-after-run`: billed when the run ends, so repeating after a lost response may be billed twice
 * - `charged-before-answer`: a key is charged before the answer; never repeat after a lost response
 * - `creates`: creates something; never repeat after a lost response
 * - `idempotency-key`: repeatable with an `Idempotency-Key`
 * - `same-signature-only`: the same signed payment may be sent again; a new signature is a new payment
 * - `retired`: always answered with 410
 *
 * An explicit refusal (429, 503) may be repeated whatever the operation.
 *
 * @category models
 * @since 0.1.0
 */
export type OnReplay =
  | "free"
  | "free-on-failure"
  | "billed-after-run"
  | "charged-before-answer"
  | "creates"
  | "idempotency-key"
  | "same-signature-only"
  | "retired"

/**
 * What is known of an operation: what a repeat costs, the failing statuses Venice documents for it, and those that were
 * seen besides.
 *
 * @category models
 * @since 0.1.0
 */
export interface Facts {
  readonly onReplay: OnReplay
  readonly documented: ReadonlyArray<number>
  readonly alsoSeen: ReadonlyArray<number>
}

/**
 * The operations, in the order of Venice's documentation; those that are documented elsewhere come last.
 *
 * @category constants
 * @since 0.1.0
 */
export const operations = {
  "GET /api_keys": {
    onReplay: "free",
    documented: [401, 500],
    alsoSeen: [402]
  },
  "DELETE /api_keys": {
    onReplay: "free",
    documented: [400, 401, 500],
    alsoSeen: [402]
  },
  "POST /api_keys": {
    onReplay: "creates",
    documented: [400, 401, 429, 500],
    alsoSeen: [402]
  },
  "PATCH /api_keys": {
    onReplay: "free",
    documented: [400, 401, 500],
    alsoSeen: [402]
  },
  "GET /api_keys/generate_web3_key": {
    onReplay: "free",
    documented: [],
    alsoSeen: []
  },
  "POST /api_keys/generate_web3_key": {
    onReplay: "creates",
    documented: [],
    alsoSeen: [400]
  },
  "GET /api_keys/rate_limits": {
    onReplay: "free",
    documented: [401, 500],
    alsoSeen: [402]
  },
  "GET /api_keys/rate_limits/log": {
    onReplay: "free",
    documented: [401, 500],
    alsoSeen: [402]
  },
  "GET /api_keys/{id}": {
    onReplay: "free",
    documented: [401, 500],
    alsoSeen: [400, 402]
  },
  "POST /audio/complete": {
    onReplay: "free",
    documented: [400, 401, 402, 500],
    alsoSeen: []
  },
  "POST /audio/queue": {
    onReplay: "charged-before-answer",
    documented: [400, 401, 402, 422, 429, 500, 503],
    alsoSeen: [403, 404]
  },
  "POST /audio/quote": {
    onReplay: "free",
    documented: [400, 500],
    alsoSeen: [404]
  },
  "POST /audio/retrieve": {
    onReplay: "free",
    documented: [400, 401, 402, 404, 422, 429, 500, 503],
    alsoSeen: [403]
  },
  "POST /audio/speech": {
    onReplay: "billed-after-run",
    documented: [400, 401, 402, 403, 415, 429, 500, 503],
    alsoSeen: [404, 413, 502]
  },
  "POST /audio/transcriptions": {
    onReplay: "free-on-failure",
    documented: [400, 401, 402, 403, 413, 415, 422, 429, 500, 503],
    alsoSeen: [404, 502]
  },
  "POST /audio/voices": {
    onReplay: "creates",
    documented: [400, 401, 402, 403, 413, 415, 429, 500, 503],
    alsoSeen: [404]
  },
  "POST /augment/scrape": {
    onReplay: "free-on-failure",
    documented: [400, 401, 402, 403, 429, 500],
    alsoSeen: []
  },
  "POST /augment/search": {
    onReplay: "free-on-failure",
    documented: [400, 401, 402, 403, 429, 500],
    alsoSeen: []
  },
  "POST /augment/text-parser": {
    onReplay: "free-on-failure",
    documented: [400, 401, 402, 403, 429, 500],
    alsoSeen: [413]
  },
  "GET /billing/balance": {
    onReplay: "free",
    documented: [401, 500],
    alsoSeen: [402]
  },
  "GET /billing/usage": {
    onReplay: "free",
    documented: [410],
    alsoSeen: [429]
  },
  "GET /billing/usage-analytics": {
    onReplay: "free",
    documented: [400, 401, 500, 504],
    alsoSeen: [402, 429]
  },
  "GET /billing/usage-history": {
    onReplay: "free",
    documented: [400, 401, 500],
    alsoSeen: [402, 429]
  },
  "GET /characters": {
    onReplay: "free",
    documented: [401, 500],
    alsoSeen: [400, 402, 429]
  },
  "GET /characters/{slug}": {
    onReplay: "free",
    documented: [401, 404, 500],
    alsoSeen: [402, 429]
  },
  "GET /characters/{slug}/reviews": {
    onReplay: "free",
    documented: [400, 401, 404, 500],
    alsoSeen: [402, 429]
  },
  "POST /chat/completions": {
    onReplay: "billed-after-run",
    documented: [400, 401, 402, 415, 429, 500, 503, 504],
    alsoSeen: [403, 404, 413, 422]
  },
  "GET /crypto/rpc/networks": {
    onReplay: "free",
    documented: [],
    alsoSeen: []
  },
  "POST /crypto/rpc/{network}": {
    onReplay: "idempotency-key",
    documented: [400, 401, 402, 429, 500],
    alsoSeen: []
  },
  "POST /embeddings": {
    onReplay: "billed-after-run",
    documented: [400, 401, 402, 415, 429, 500, 503],
    alsoSeen: [403, 404, 413]
  },
  "POST /image/background-remove": {
    onReplay: "billed-after-run",
    documented: [400, 401, 402, 415, 429, 500, 503],
    alsoSeen: [403, 413]
  },
  "POST /image/edit": {
    onReplay: "billed-after-run",
    documented: [400, 401, 402, 415, 429, 500, 503],
    alsoSeen: [403, 404, 413, 422]
  },
  "POST /image/generate": {
    onReplay: "billed-after-run",
    documented: [400, 401, 402, 415, 429, 500, 503],
    alsoSeen: [403, 404, 413, 422]
  },
  "POST /image/multi-edit": {
    onReplay: "billed-after-run",
    documented: [400, 401, 402, 415, 429, 500, 503],
    alsoSeen: [403, 404, 413, 422]
  },
  "GET /image/styles": {
    onReplay: "free",
    documented: [401, 500],
    alsoSeen: []
  },
  "POST /image/upscale": {
    onReplay: "billed-after-run",
    documented: [400, 401, 402, 415, 429, 500, 503],
    alsoSeen: [403, 413]
  },
  "POST /images/generations": {
    onReplay: "billed-after-run",
    documented: [400, 401, 402, 415, 429, 500, 503],
    alsoSeen: [403, 413]
  },
  "GET /models": {
    onReplay: "free",
    documented: [500],
    alsoSeen: [400]
  },
  "GET /models/compatibility_mapping": {
    onReplay: "free",
    documented: [401, 500],
    alsoSeen: [400]
  },
  "GET /models/traits": {
    onReplay: "free",
    documented: [401, 500],
    alsoSeen: []
  },
  "POST /responses": {
    onReplay: "billed-after-run",
    documented: [400, 401, 402, 429, 500],
    alsoSeen: [403, 404, 413, 422, 503]
  },
  "POST /video/complete": {
    onReplay: "free",
    documented: [400, 401, 402, 500],
    alsoSeen: [404]
  },
  "POST /video/queue": {
    onReplay: "charged-before-answer",
    documented: [400, 401, 402, 403, 409, 413, 422, 500],
    alsoSeen: [404, 429, 503]
  },
  "POST /video/quote": {
    onReplay: "free",
    documented: [400, 403],
    alsoSeen: [404, 429]
  },
  "POST /video/retrieve": {
    onReplay: "free",
    documented: [400, 401, 402, 403, 404, 422, 500, 503],
    alsoSeen: [429, 502]
  },
  "POST /video/transcriptions": {
    onReplay: "retired",
    documented: [400, 401, 402, 403, 429, 500],
    alsoSeen: [410]
  },
  "GET /x402/balance/{walletAddress}": {
    onReplay: "free",
    documented: [400, 401, 403, 429, 500],
    alsoSeen: [402]
  },
  "POST /x402/top-up": {
    onReplay: "same-signature-only",
    documented: [400, 402, 429, 500],
    alsoSeen: [409, 503, 504]
  },
  "GET /x402/transactions/{walletAddress}": {
    onReplay: "free",
    documented: [400, 401, 403, 429, 500],
    alsoSeen: [402]
  },
  "GET /tee/attestation": {
    onReplay: "free",
    documented: [],
    alsoSeen: [429, 502]
  },
  "GET /tee/signature": {
    onReplay: "free",
    documented: [],
    alsoSeen: [429, 502]
  },
  "POST /decisions": {
    onReplay: "billed-after-run",
    documented: [],
    alsoSeen: [400, 401, 402, 415, 429, 500, 503]
  },
  "POST /audio/voice-changer/queue": {
    onReplay: "charged-before-answer",
    documented: [],
    alsoSeen: [400, 401, 402, 403, 404, 413, 422, 429, 500, 503, 504]
  },
  "POST /audio/voice-changer/quote": {
    onReplay: "free",
    documented: [],
    alsoSeen: [400, 404]
  },
  "POST /audio/voice-changer/retrieve": {
    onReplay: "free",
    documented: [],
    alsoSeen: [400, 401, 402, 404, 422, 429, 500, 503]
  },
  "POST /audio/voice-changer/complete": {
    onReplay: "free",
    documented: [],
    alsoSeen: [400, 401, 402, 500]
  }
} as const satisfies Readonly<Record<string, Facts>>

/**
 * The name of an operation.
 *
 * @category models
 * @since 0.1.0
 */
export type Operation = keyof typeof operations

/**
 * Whether a text names an operation.
 *
 * @category guards
 * @since 0.1.0
 */
export const isOperation = (text: string): text is Operation => Object.hasOwn(operations, text)

/**
 * The names of all operations.
 *
 * @category constants
 * @since 0.1.0
 */
export const all = Object.keys(operations).filter(isOperation)

interface Template {
  readonly operation: Operation
  readonly method: string
  readonly segments: ReadonlyArray<string>
}

const templates: ReadonlyArray<Template> = all.map((operation) => {
  const [method, path] = operation.split(" ") as [string, string]
  return { operation, method, segments: path.slice(1).split("/") }
})

const isParameter = (segment: string): boolean => segment.startsWith("{")

const fits = ({ segments }: Template, path: ReadonlyArray<string>): boolean => {
  const offset = path.length - segments.length
  return offset >= 0 && segments.every((segment, i) => isParameter(segment) || segment === path[offset + i])
}

const literals = ({ segments }: Template): number => segments.filter((segment) => !isParameter(segment)).length

/**
 * The operation of a request, or nothing for a request that is none.
 *
 * **Details**
 *
 * The path may have anything before the operation's own, such as `/api/v1` or a gateway's prefix. Of several templates
 * that fit, the one with the most segments is meant, and of those the one with the fewest parameters.
 *
 * **Example** (Recognizing a request)
 *
 * ```ts
 * import { Operation } from "@effect-venice/core"
 *
 * Operation.fromRequest("GET", "/api/v1/characters/alan-watts") // => "GET /characters/{slug}"
 * Operation.fromRequest("GET", "/health") // => undefined
 * ```
 *
 * @category constructors
 * @since 0.1.0
 */
export const fromRequest = (method: string, path: string): Operation | undefined => {
  const segments = path.split("/").filter((segment) => segment !== "")
  let best: Template | undefined
  for (const template of templates) {
    if (template.method !== method.toUpperCase() || !fits(template, segments)) continue
    const isBetter = best === undefined || template.segments.length > best.segments.length
      || (template.segments.length === best.segments.length && literals(template) > literals(best))
    if (isBetter) best = template
  }
  return best?.operation
}

/**
 * What a request is called: its operation, or else its method and path. Of a URL no more than the path is told, since the
 * query may hold credentials.
 *
 * **Example** (Naming a request)
 *
 * ```ts
 * import { Operation } from "@effect-venice/core"
 *
 * Operation.nameOf("GET", "https://api.venice.ai/api/v1/models?type=text") // => "GET /models"
 * Operation.nameOf("GET", "https://proxy.example/health?key=secret") // => "GET /health"
 * ```
 *
 * @category reading
 * @since 0.1.0
 */
export const nameOf = (method: string, url: string): string => {
  // Relative URLs have no origin of their own; only the path matters.
  const path = URL.parse(url, "http://localhost")?.pathname ?? "/"
  return fromRequest(method, path) ?? `${method} ${path}`
}

/**
 * How a call ended, as far as a repeat is concerned.
 *
 * **Details**
 *
 * - `refused`: Venice said that it did nothing (429, 503), or the request never left
 * - `failed`: Venice answered that it failed while doing it (500, 502, 504 and the like)
 * - `lost`: no answer came; it may have been done all the same
 *
 * @category models
 * @since 0.1.0
 */
export type Outcome = "refused" | "failed" | "lost"

const isRead = (operation: string): boolean => /^(?:GET|HEAD|OPTIONS|QUERY) /i.test(operation)

/**
 * Whether an operation may be sent again after such an outcome without the caller saying so.
 *
 * **Details**
 *
 * | what a repeat costs | `refused` | `failed` | `lost` |
 * | --- | --- | --- | --- |
 * | `free` | yes | yes | yes |
 * | `free-on-failure`, `billed-after-run` | yes | yes | no |
 * | `idempotency-key` | yes | with a key | with a key |
 * | `charged-before-answer`, `creates`, `same-signature-only` | yes | no | no |
 * | `retired` | no | no | no |
 *
 * A run that failed is not billed, and Venice itself advises to try again after a 5xx; a run whose answer was lost may
 * have been. A signed payment may be sent again as it is, but a policy cannot see whether the next attempt signs anew: say
 * {@link allowReplay} where the signature is made outside of the retry. A request that is none of Venice's operations is taken for a read by its method, and else for one that
 * creates. Of no operation at all, nothing is known: a failure that was answered may be repeated, a lost answer not.
 *
 * **Example** (Asking about a charged operation)
 *
 * ```ts
 * import { Operation } from "@effect-venice/core"
 *
 * Operation.mayRepeat("POST /video/queue", "refused") // => true
 * Operation.mayRepeat("POST /video/queue", "failed") // => false
 * Operation.mayRepeat("POST /video/retrieve", "lost") // => true
 * ```
 *
 * @category predicates
 * @since 0.1.0
 */
export const mayRepeat = (
  operation: string | undefined,
  outcome: Outcome,
  options?: { readonly hasIdempotencyKey?: boolean | undefined }
): boolean => {
  if (operation === undefined) return outcome !== "lost"
  switch (isOperation(operation) ? operations[operation].onReplay : isRead(operation) ? "free" : "creates") {
    case "free":
      return true
    case "free-on-failure":
    case "billed-after-run":
      return outcome !== "lost"
    case "idempotency-key":
      return outcome === "refused" || options?.hasIdempotencyKey === true
    case "charged-before-answer":
    case "creates":
    case "same-signature-only":
      return outcome === "refused"
    case "retired":
      return false
  }
}

/**
 * The operation that is being called, for a policy that cannot tell it from the failure: a timeout of your own says
 * nothing about the request it cut off.
 *
 * @category references
 * @since 0.1.0
 */
export const Current: Context.Reference<string | undefined> = Context.Reference<string | undefined>(
  "@effect-venice/core/Operation/Current",
  { defaultValue: () => undefined }
)

/**
 * Whether the caller takes it upon itself that this call may be done twice.
 *
 * @category references
 * @since 0.1.0
 */
export const ReplayAllowed: Context.Reference<boolean> = Context.Reference<boolean>(
  "@effect-venice/core/Operation/ReplayAllowed",
  { defaultValue: () => false }
)

/**
 * Lets a policy repeat this call whatever a repeat may cost. Put it outside of the retry.
 *
 * @category combinators
 * @since 0.1.0
 */
export const allowReplay = <A, E, R>(self: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> =>
  Effect.provideService(self, ReplayAllowed, true)

/**
 * The key under which Venice does this call once, however often it is sent. Only `POST /crypto/rpc/{network}` takes one.
 *
 * @category references
 * @since 0.1.0
 */
export const IdempotencyKey: Context.Reference<string | undefined> = Context.Reference<string | undefined>(
  "@effect-venice/core/Operation/IdempotencyKey",
  { defaultValue: () => undefined }
)

/**
 * Whether an operation takes an `Idempotency-Key`.
 *
 * @category predicates
 * @since 0.1.0
 */
export const takesIdempotencyKey = (operation: string): boolean =>
  isOperation(operation) && operations[operation].onReplay === "idempotency-key"

/**
 * Mints one idempotency key for a logical call. Put it outside of the retry, so that every attempt carries the same key.
 *
 * **Details**
 *
 * The key has the form Venice takes, `[A-Za-z0-9_-]{1,255}`, and holds for 24 hours there. `VeniceClient` sends it with
 * the operations that take one.
 *
 * @category combinators
 * @since 0.1.0
 */
export const withIdempotencyKey = <A, E, R>(self: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> =>
  Effect.flatMap(key, (key) => Effect.provideService(self, IdempotencyKey, key))

const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-"

// 24 characters of 6 bits: 144 random bits.
const key = Effect.map(
  Effect.all(Array.from({ length: 24 }, () => Random.nextIntBetween(0, alphabet.length, { halfOpen: true }))),
  (indices) => indices.map((i) => alphabet[i]).join("")
)
