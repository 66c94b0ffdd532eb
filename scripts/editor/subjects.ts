/**
 * The programs that a user types. `▸` is the place of the cursor: before a name for a hover, where a name would be typed
 * for a completion.
 */

/** What every program begins with. */
export const prelude = `import { Errors, Operation, OperationFailure, Retry, VeniceError } from "@effect-venice/core"
import { Failure, Success, VeniceClient } from "@effect-venice/http"
import { LockoutGuard } from "@effect-venice/http/resilience"
import { Duration, Effect } from "effect"

declare const venice: VeniceClient["Service"]

const body = { model: "m", messages: [{ role: "user", content: "hi" }] }
const success = Success.ChatCompletion

declare const chat: Effect.Effect<Success.ChatCompletion, OperationFailure.Of<"POST /chat/completions">>
declare const small: Effect.Effect<string, Errors.ModelNotFound | Errors.ModelOffline | Errors.RateLimitExceeded>

`

export const hovers: Readonly<Record<string, string>> = {
  "a call": `export const ▸answer = venice.execute("POST /chat/completions", { body, success })`,
  "a call of another operation": `export const ▸models = venice.execute("GET /models", { success: Success.Models })`,
  "a call without a schema": `export const ▸speech = venice.request("POST /audio/speech")`,
  "a call that streams":
    `export const ▸events = venice.stream("POST /chat/completions", { body, event: Success.ChatCompletionChunk })`,
  "the method": `export const answer = venice.▸execute("POST /chat/completions", { body, success })`,
  "the success of a call": `export const program = Effect.gen(function*() {
  const ▸answer = yield* venice.execute("POST /chat/completions", { body, success })
  return answer
})`,
  "a part of the success": `export const program = Effect.map(chat, (answer) => answer.choices[0].message.▸content)`,
  "a retried call": `export const ▸retried = Effect.retry(chat, Retry.standard)`,
  "a call under the lockout guard":
    `export const ▸guarded = LockoutGuard.protect({ model: "m" })(venice.execute("GET /models", { success }))`,
  "a program with its client": `export const ▸program = Effect.gen(function*() {
  const client = yield* VeniceClient
  return yield* client.execute("GET /models", { success: Success.Models })
}).pipe(Effect.provide(VeniceClient.layer))`,
  "the service": `export const service = ▸VeniceClient`,
  "a small channel after catchTag":
    `export const ▸left = small.pipe(Effect.catchTag("MODEL_OFFLINE", () => Effect.succeed("later")))`,
  "a channel after catchCategory":
    `export const ▸left = small.pipe(VeniceError.catchCategory("Capacity", () => Effect.succeed("later")))`,
  "a large channel after catchTags": `export const ▸left = chat.pipe(Effect.catchTags({
  INSUFFICIENT_BALANCE: () => Effect.succeed("top up")
}))`,
  "the error in a handler":
    `export const handled = chat.pipe(Effect.catchTag("CONTENT_POLICY_VIOLATION", (▸error) => Effect.succeed(error)))`,
  "the error in a handler of a category": `export const handled = chat.pipe(
  VeniceError.catchCategory("Capacity", (▸error) => Effect.succeed(error))
)`,
  "a field of an error": `export const models = (error: Errors.ModelNotFound) => error.▸suggestions`,
  "the category of an error": `export const category = (error: Errors.ModelNotFound) => error.▸category`,
  "the page of an error": `export const page = (error: Errors.ModelNotFound) => error.▸docs`,
  "the response of an error": `export const response = (error: Errors.ModelNotFound) => error.▸response`,
  "the hint of an error": `export const hint = (error: VeniceError.VeniceError) => error.response.▸retryAfter`,
  "the history of an error": `export const attempts = (error: VeniceError.VeniceError) => error.▸attempts`,
  "any error": `export const report = (▸error: VeniceError.VeniceError) => error.message`,
  "the class of an error": `export type Offline = Errors.▸ModelOffline`,
  "the constructor of an error": `export const error = new Errors.▸RateLimitExceeded()`,
  "a policy": `export const ▸policy = Retry.standard.pipe(
  Retry.override("Capacity", { ...Retry.standardRules.Capacity, retries: 8 }),
  Retry.limit({ attempts: 6 })
)`,
  "a preset": `export const policy = Retry.▸standard`,
  "a combinator": `export const policy = Retry.▸limit(Retry.standard, { attempts: 6 })`,
  "a field of a rule": `export const base = Retry.standardRules.Server.▸base`,
  "the errors of an operation":
    `export const report = (▸error: OperationFailure.Of<"POST /audio/speech">) => error.message`,
  "a match by code": `export const text = (error: Errors.ModelNotFound | Errors.ModelOffline) =>
  VeniceError.▸match(error, { MODEL_NOT_FOUND: () => "none", MODEL_OFFLINE: () => "later" })`
}

export const completions: Readonly<Record<string, string>> = {
  "catchTags of a call": `export const handled = chat.pipe(Effect.catchTags({
  ▸
}))`,
  "catchTag of a small channel": `export const handled = small.pipe(Effect.catchTag("▸", () => Effect.void))`,
  "operations": `export const answer = venice.request("▸")`,
  "categories of a channel": `export const handled = small.pipe(VeniceError.catchCategory("▸", () => Effect.void))`,
  "handlers of a match": `export const text = (error: Errors.ModelNotFound | Errors.ModelOffline) =>
  VeniceError.match(error, {
    ▸
  })`,
  "handlers of a match by category": `export const text = (error: VeniceError.VeniceError) =>
  VeniceError.matchCategory(error, {
    ▸
  })`,
  "kinds of a policy": `export const policy = Retry.without(Retry.standard, "▸")`,
  "fields of a rule": `export const policy = Retry.override(Retry.standard, "Server", {
  ▸
})`,
  "fields of a limit": `export const policy = Retry.limit(Retry.standard, {
  ▸
})`,
  "fields of a request": `export const answer = venice.request("POST /embeddings", { body: {
  ▸
} })`,
  "options of a call": `export const answer = venice.execute("GET /characters/{slug}", {
  ▸
})`,
  "fields of an error": `export const text = (error: Errors.ContentPolicyViolation) => error.▸`
}

/** A mistake, and what the compiler says about it. */
export interface Mistake {
  readonly program: string
  /** What the first line has to name, or what has to be underlined: the mistake, or the type that it is about. */
  readonly names: RegExp
  /** What a later line has to name, if the first one names the type. */
  readonly details?: RegExp
}

export const mistakes: Readonly<Record<string, Mistake>> = {
  "a code that cannot occur": {
    program: `export const handled = small.pipe(Effect.catchTag("MODEL_OFLINE", () => Effect.void))`,
    names: /"MODEL_OFLINE"/
  },
  "a handler of a code that cannot occur": {
    program: `export const handled = small.pipe(Effect.catchTags({ MODEL_OFLINE: () => Effect.void }))`,
    names: /MODEL_OFLINE/
  },
  "a match without a handler": {
    program: `export const text = (error: Errors.ModelNotFound | Errors.ModelOffline) =>
  VeniceError.match(error, { MODEL_NOT_FOUND: () => "none" })`,
    names: /MODEL_OFFLINE|'CodeHandlers<ModelNotFound \| ModelOffline>'/,
    details: /Property 'MODEL_OFFLINE' is missing/
  },
  "an operation that does not exist": {
    program: `export const answer = venice.execute("POST /chat/completion", { body, success })`,
    names: /"POST \/chat\/completions"/
  },
  "a request without a field": {
    program: `export const answer = venice.execute("POST /chat/completions", { body: { model: "m" }, success })`,
    names: /'[^']*\bChatCompletion\b[^']*'/,
    details: /Property 'messages' is missing/
  },
  "a number instead of a Duration": {
    program: `export const error = new Errors.RateLimitExceeded({ response: { status: 429, retryAfter: 30 } })`,
    names: /Duration/
  },
  "a forgotten yield*": {
    program: `export const program = Effect.gen(function*() {
  const answer = venice.execute("POST /chat/completions", { body, success })
  return answer.choices[0].message
})`,
    names: /'choices' does not exist on type 'Effect</
  },
  "a kind that is never retried": {
    program: `export const policy = Retry.without(Retry.standard, "Billing")`,
    names: /"Billing"/
  },
  "rules instead of a policy": {
    program: `export const policy = Retry.limit(Retry.standardRules, { attempts: 3 })`,
    names: /'Rules'.*'Policy'/
  },
  "a program without its client": {
    program: `export const program = Effect.gen(function*() {
  const client = yield* VeniceClient
  return yield* client.request("GET /models")
})

export const running = Effect.runPromise(program)`,
    names: /VeniceClient/
  }
}
