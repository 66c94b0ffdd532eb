/**
 * The operations of the Venice API, and what it costs to send a request again.
 *
 * The name of an operation is its method and its path template, as in Venice's documentation: `POST /chat/completions`,
 * `GET /characters/{slug}`. Policies ask {@link mayRepeat} whether a failed request may be sent again.
 *
 * @since 0.1.0
 */
import type * as Brand from "effect/Brand"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import type { HttpMethod } from "effect/http/HttpMethod"
import * as Random from "effect/Random"
import { lazy } from "./internal/lazy.ts"

/**
 * What it costs to send a request of an operation again; read it from {@link operations}.
 *
 * **Details**
 *
 * - `free`: a second request bills and creates nothing
 * - `free-on-failure`: Venice does not bill a failed call
 * - `billed-after-run`: Venice bills when the run ends, so that after a lost response a second request may bill again
 * - `charged-before-answer`: Venice charges the key before it responds, so never send it again after a lost response
 * - `creates`: Venice creates something, so never send it again after a lost response
 * - `idempotency-key`: may be sent again with an `Idempotency-Key`
 * - `same-signature-only`: the same signed payment may be sent again; a new signature is a new payment
 * - `retired`: Venice always responds with 410
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
 * The facts about an operation: what a second request costs, the failing statuses in Venice's documentation, and the
 * failing statuses from other sources. It is the type of the values of {@link operations}.
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
 * The facts about every operation, in the order of Venice's documentation; operations documented elsewhere come last.
 *
 * **When to use**
 *
 * To list the failing statuses of an operation, or to decide in a retry loop of your own.
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
  // An alias of the operation before.
  "POST /systemone": {
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
 * The name of an operation. Calls of `VeniceClient` take it, and it selects the errors of their failure channel.
 *
 * @category models
 * @since 0.1.0
 */
export type Operation = keyof typeof operations

/**
 * An operation that Venice does not document, made by {@link custom}.
 *
 * @category models
 * @since 0.1.0
 */
export type Custom<Name extends string = string> = Name & Brand.Brand<"@effect-venice/core/Operation/Custom">

/**
 * Names an operation that Venice does not document, such as a new one. It can fail with any error.
 *
 * **Example** (Naming a new operation)
 *
 * ```ts
 * import { Operation } from "@effect-venice/core"
 *
 * Operation.custom("POST /something/new") // => "POST /something/new"
 * ```
 *
 * @category constructors
 * @since 0.1.0
 */
export const custom = <const Name extends `${HttpMethod} /${string}`>(name: Name): Custom<Name> => name as Custom<Name>

/**
 * An operation that Venice documents, or one made by {@link custom}.
 *
 * @category models
 * @since 0.1.0
 */
export type AnyOperation = Operation | Custom

/**
 * Any text, of which an editor completes the operations: the constraint of a type parameter for {@link Checked}.
 *
 * @category models
 * @since 0.1.0
 */
export type Name = AnyOperation | (string & {})

type Path<Name extends string> = Name extends `${string} /${infer Rest}` ? `/${Rest}` : Name

type Overlong<Name extends string> = {
  readonly [Op in Operation]: Name extends `${Op}${string}` ? Op : never
}[Operation]

type SameBeginning<Name extends string> = Name extends `${infer Method} /${infer Segment}/${string}`
  ? Extract<Operation, `${Method} /${Segment}/${string}`>
  : never

/** The operations whose path has this one in it, or begins like it: a wrong method, and most typing errors. */
type Similar<Name extends string> =
  | Extract<Operation, `${string}${Path<Name>}${string}`>
  | Overlong<Name>
  | SameBeginning<Name>

/**
 * The parameter type of a function that takes an operation: `Name` itself, or for a name that is none, the operations
 * that may be meant, for the error of the compiler.
 *
 * **Details**
 *
 * Declare a function of your own as
 * `<const Op extends Operation.AnyOperation>(operation: Operation.Checked<Op>) => …`.
 *
 * @category models
 * @since 0.1.0
 */
export type Checked<Name extends string> = Name extends AnyOperation ? Name
  // A pattern, because an editor would complete a literal.
  : Similar<Name> | `Not documented by Venice: Operation.custom("${string}")`

/**
 * The names of the parameters in the path of an operation: `"slug"` of `GET /characters/{slug}`.
 *
 * @category models
 * @since 0.1.0
 */
export type PathParameter<Name extends string> = Name extends `${string}{${infer Parameter}}${infer Rest}`
  ? Parameter | PathParameter<Rest>
  : never

/**
 * Whether a text is the name of an operation. Use it to narrow a name from a log, a header or a configuration.
 *
 * @category guards
 * @since 0.1.0
 */
export const isOperation = (text: string): text is Operation => Object.hasOwn(operations, text)

/**
 * The names of all operations, for tests and tables that cover each of them.
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

const templates = lazy((): ReadonlyArray<Template> =>
  all.map((operation) => {
    const [method, path] = operation.split(" ") as [string, string]
    return { operation, method, segments: path.slice(1).split("/") }
  })
)

const isParameter = (segment: string): boolean => segment.startsWith("{")

const matches = ({ segments }: Template, path: ReadonlyArray<string>): boolean => {
  const offset = path.length - segments.length
  return offset >= 0 && segments.every((segment, i) => isParameter(segment) || segment === path[offset + i])
}

/**
 * Finds the operation of a request, or nothing if Venice has no such operation.
 *
 * **When to use**
 *
 * To label requests that another client or a proxy sends.
 *
 * **Details**
 *
 * The path may begin with anything, such as `/api/v1` or the prefix of a gateway. If several templates match, the one
 * with the most segments wins, then the one with the fewest parameters.
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
  for (const template of templates()) {
    if (template.method !== method.toUpperCase() || !matches(template, segments)) continue
    // Of templates with as many segments, the table has the one with fewer parameters first.
    if (best === undefined || template.segments.length > best.segments.length) best = template
  }
  return best?.operation
}

/**
 * Names a request in logs and spans: its operation, or else its method and path. The name has no query, since a query
 * may hold credentials.
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
  const base = "http://localhost"
  const path = URL.canParse(url, base) ? new URL(url, base).pathname : "/"
  return fromRequest(method, path) ?? `${method} ${path}`
}

/**
 * How a request ended for the server; an argument of {@link mayRepeat}.
 *
 * **Details**
 *
 * - `refused`: Venice refused to execute the request (429, 503), or the request was never sent
 * - `failed`: Venice reported that the execution failed (500, 502, 504 and others)
 * - `lost`: no response of Venice arrived, but it may have executed the request. A 5xx that is not recognized as Venice's,
 *   such as the page of a proxy, says nothing else
 *
 * @category models
 * @since 0.1.0
 */
export type Outcome = "refused" | "failed" | "lost"

const isRead = (operation: string): boolean => /^(?:GET|HEAD|OPTIONS|QUERY) /i.test(operation)

/**
 * Whether a request may be sent again after an outcome, without the caller's consent.
 *
 * **When to use**
 *
 * Policies call it before every retry. Call it in a retry loop of your own.
 *
 * **Details**
 *
 * | cost of a second request | `refused` | `failed` | `lost` |
 * | --- | --- | --- | --- |
 * | `free` | yes | yes | yes |
 * | `free-on-failure`, `billed-after-run` | yes | yes | no |
 * | `idempotency-key` | yes | with a key | with a key |
 * | `charged-before-answer`, `creates`, `same-signature-only` | yes | no | no |
 * | `retired` | no | no | no |
 *
 * Venice does not bill a run that failed, and advises to retry after a 5xx. A run whose response was lost may have been
 * billed. A request that is no operation of Venice counts as `free` if its method only reads, and as `creates`
 * otherwise. Without any operation the result is no only for `lost`.
 *
 * **Gotchas**
 *
 * A signed payment may be sent again unchanged, but a policy cannot see whether the next attempt makes a new signature.
 * Use {@link allowReplay} if you sign outside of the retry.
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
 * The operation of the current call, as policies see it when a failure does not name its operation.
 *
 * **When to use**
 *
 * Provide it around the retry of a call that fails with a timeout of your own: the timeout does not name the request.
 *
 * @category references
 * @since 0.1.0
 */
export const Current: Context.Reference<string | undefined> = Context.Reference<string | undefined>(
  "@effect-venice/core/Operation/Current",
  { defaultValue: () => undefined }
)

/**
 * Whether policies may send the requests of this call again even if they are charged or executed twice. Set it with
 * {@link allowReplay}.
 *
 * @category references
 * @since 0.1.0
 */
export const ReplayAllowed: Context.Reference<boolean> = Context.Reference<boolean>(
  "@effect-venice/core/Operation/ReplayAllowed",
  { defaultValue: () => false }
)

/**
 * Lets policies retry this call even if a request may be charged or executed twice. Put it outside of the retry.
 *
 * @category combinators
 * @since 0.1.0
 */
export const allowReplay = <A, E, R>(self: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> =>
  Effect.provideService(self, ReplayAllowed, true)

/**
 * The key under which Venice executes this call only once, however often it is sent. Set it with {@link
 * withIdempotencyKey}, or provide a key of your own. Only `POST /crypto/rpc/{network}` takes one.
 *
 * @category references
 * @since 0.1.0
 */
export const IdempotencyKey: Context.Reference<string | undefined> = Context.Reference<string | undefined>(
  "@effect-venice/core/Operation/IdempotencyKey",
  { defaultValue: () => undefined }
)

/**
 * Whether an operation takes an `Idempotency-Key`. An HTTP client asks before it adds the header.
 *
 * @category predicates
 * @since 0.1.0
 */
export const takesIdempotencyKey = (operation: string): boolean =>
  isOperation(operation) && operations[operation].onReplay === "idempotency-key"

/**
 * Generates one idempotency key for a call. Put it outside of the retry, so that every attempt sends the same key.
 *
 * **Details**
 *
 * The key has the form that Venice accepts, `[A-Za-z0-9_-]{1,255}`, and is valid for 24 hours. `VeniceClient` sends it
 * with the operations that take one.
 *
 * **Gotchas**
 *
 * Inside of the retry every attempt has another key, and a policy does not rely on it. It does not rely on a header that
 * you set by hand either, since it cannot see whether the next attempt sends the same one: provide your key as
 * {@link IdempotencyKey} instead.
 *
 * @category combinators
 * @since 0.1.0
 */
export const withIdempotencyKey = <A, E, R>(self: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> =>
  Effect.flatMap(generateKey, (key) => Effect.provideService(self, IdempotencyKey, key))

const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-"

// 24 characters of 6 bits: 144 random bits.
const generateKey = Effect.map(
  Effect.all(Array.from({ length: 24 }, () => Random.nextIntBetween(0, alphabet.length, { halfOpen: true }))),
  (indices) => indices.map((i) => alphabet[i]).join("")
)
