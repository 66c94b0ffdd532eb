/**
 * The bodies Venice answers with: the declared contract, and a reader that is total over any text.
 *
 * The schemas say what is known to be sent, one for each shape. `read` takes the same facts out of a body without
 * trying the shapes one after another: it looks at the first character, parses once, and never throws. That the two
 * agree is a property of the test suite.
 *
 * **Gotchas**
 *
 * Venice's key order is not stable and keys are added without notice, so no schema here rejects an unknown key.
 *
 * @since 0.1.0
 */
import * as Predicate from "effect/Predicate"
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
 * A body whose `error` is the list of issues, as older answers had it.
 *
 * @category schemas
 * @since 0.1.0
 */
export const IssueList = Schema.Struct({ error: Schema.Array(Schema.Record(Schema.String, Schema.Json)) })

/**
 * A body of 2025, which names the code in `context.errorCode`.
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
 * OpenAI's shape: context overflow, errors in streams, and what relays make of the others. `retry_after` is in seconds.
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
 * A refused content: moderation of a job, of a prompt, or by the model's provider.
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
 * The x402 discovery body: no credentials were sent.
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
 * The 409 of a job whose media wants consent.
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
 * A failed top-up: the code is in `error`.
 *
 * @category schemas
 * @since 0.1.0
 */
export const TopUp = Schema.Struct({
  error: Schema.String,
  message: Schema.String,
  details: Schema.optionalKey(Schema.Record(Schema.String, Schema.Json))
})

type Fields = Readonly<Record<string, unknown>>

const none: Fields = {}

/**
 * What a body says, whatever its shape.
 *
 * @category models
 * @since 0.1.0
 */
export interface Reading {
  /** `venice` is a JSON object with at least one of `error`, `message`, `details`, `issues`. */
  readonly shape: "venice" | "json" | "html" | "text" | "empty"
  /** The server's message, where the body has one outside of `details` and `issues`. */
  readonly message: string | undefined
  /** What may be a machine code, the best place first. */
  readonly codes: ReadonlyArray<string>
  /** The object itself; empty for a body that is none. */
  readonly body: Fields
  /** `error`, where it is an object; else empty. */
  readonly error: Fields
}

const isFields = (value: unknown): value is Fields => Predicate.isObject(value) && !Array.isArray(value)

const filled = (value: unknown): string | undefined =>
  typeof value === "string" && value.trim() !== "" ? value : undefined

// A bare code in the place of a message: `UNAUTHORIZED`, `CONTENT_POLICY_VIOLATION`, `content_policy_violation.`
const bareCode = (text: unknown): string | undefined =>
  typeof text === "string"
    ? /^([A-Z][A-Z0-9_]{2,99}|[a-z][a-z0-9]{0,49}_[a-z0-9_]{1,49})\.?$/.exec(text)?.[1]
    : undefined

const addCode = (codes: Array<string>, value: unknown): void => {
  if (typeof value === "string" && value.length <= 100 && filled(value) !== undefined) codes.push(value)
}

// JSON has no `undefined`, so what is not is not there.
const isVeniceShaped = ({ details, error, issues, message }: Fields): boolean =>
  error !== undefined || message !== undefined || details !== undefined || issues !== undefined

/**
 * Reads a parsed JSON value. Total.
 *
 * @category reading
 * @since 0.1.0
 */
export const fromJson = (json: unknown): Reading => {
  if (!isFields(json)) return { shape: "json", message: undefined, codes: [], body: none, error: none }
  const inner = json.error
  const error = isFields(inner) ? inner : none
  const text = filled(inner)
  const bare = bareCode(text)
  const context = json.context
  const codes: Array<string> = []
  addCode(codes, error.code)
  addCode(codes, json.code)
  addCode(codes, bare)
  addCode(codes, bareCode(error.message))
  addCode(codes, bareCode(json.message))
  if (isFields(context)) addCode(codes, context.errorCode)
  // Problem details (RFC 9457) call it `detail`.
  const said = filled(json.message) ?? filled(json.detail)
  return {
    shape: isVeniceShaped(json) ? "venice" : "json",
    message: bare === undefined
      ? filled(error.message) ?? text ?? said ?? filled(error.error)
      : said ?? text,
    codes,
    body: json,
    error
  }
}

/**
 * Reads the text of a body. Total: it never throws, and takes time linear in the text.
 *
 * **Example** (Reading two shapes of the same failure)
 *
 * ```ts
 * import { ResponseBody } from "@effect-venice/core"
 *
 * ResponseBody.read("{\"error\": \"Rate limit exceeded\"}").message // => "Rate limit exceeded"
 * ResponseBody.read("<html>blocked</html>").shape // => "html"
 * ```
 *
 * @category reading
 * @since 0.1.0
 */
export const read = (text: string): Reading => {
  let start = 0
  while (start < text.length && isSpace(text.charCodeAt(start))) start++
  switch (text[start]) {
    case undefined:
      return { shape: "empty", message: undefined, codes: [], body: none, error: none }
    case "<":
      return { shape: "html", message: undefined, codes: [], body: none, error: none }
    case "{":
    case "[":
      try {
        return fromJson(JSON.parse(text.charCodeAt(0) === 0xfeff ? text.slice(1) : text))
      } catch {
        // Not JSON after all, or nested deeper than the parser goes.
      }
  }
  return { shape: "text", message: undefined, codes: [], body: none, error: none }
}

/**
 * The title of a page, or nothing. Titles stand at the beginning, and are looked for there.
 *
 * @category reading
 * @since 0.1.0
 */
export const title = (html: string): string | undefined =>
  /<title>\s*([^<]{1,200})/i.exec(html.slice(0, 4096))?.[1]?.trim()

const isSpace = (code: number): boolean => code === 32 || (code >= 9 && code <= 13) || code === 0xfeff
