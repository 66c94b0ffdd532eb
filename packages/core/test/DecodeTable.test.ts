/* oxlint-disable unicorn/no-useless-spread -- a spread groups the inputs that belong together */
import { Category, Decode, VeniceError } from "@effect-venice/core"
import { assert, describe, it, vi } from "@effect/vitest"
import { DateTime, ErrorReporter } from "effect"
import * as ErrorBody from "../src/internal/decoding/errorBody.ts"
import { impliedStatus } from "../src/internal/decoding/impliedStatus.ts"
import * as Body from "../src/internal/decoding/streamError.ts"
import { assertGolden, grouped, ranges, show } from "./golden.ts"

const now = Date.UTC(2026, 0, 1)

const text = (body: unknown): string => typeof body === "string" ? body : JSON.stringify(body)

const decode = (
  status: number,
  body: unknown,
  headers: Record<string, string> = {},
  more: Partial<Decode.Input> = {}
) => Decode.response({ status, headers, body: text(body), now, ...more })

const found = ({ _tag, matchedBy }: VeniceError.VeniceError): string => `${_tag} by ${matchedBy}`

/** Every status that means something, with its neighbours. */
const statuses = [
  ...[0, 199, 200, 204, 299, 300, 302],
  ...Array.from({ length: 33 }, (_, i) => 399 + i),
  ...[450, 451, 452, 499],
  ...Array.from({ length: 6 }, (_, i) => 500 + i),
  ...[520, 523, 524, 525, 528, 529, 530, 599, 600, 999]
]

/** The statuses of Venice's table, of a success, and one that no error has. */
const ofErrors = [200, 400, 401, 402, 403, 404, 409, 410, 413, 415, 418, 422, 429, 500, 502, 503, 504]

const under = (body: unknown, isShown: (answer: string) => boolean = () => true, among = statuses) =>
  grouped(among, (status) => found(decode(status, body)))
    .filter(([answer]) => isShown(answer))
    .map(([answer, group]) => `${answer} under ${ranges(group, among)}`)

describe("categories", () => {
  const anyStatus = Array.from({ length: 1001 }, (_, status) => status)

  it("of each status", () =>
    assertGolden(
      "categories of statuses",
      grouped(anyStatus, Category.fromStatus).map(([category, group]) => `${category} ← ${ranges(group, anyStatus)}`)
    ))

  it("have a remedy, and some are retried", () =>
    assertGolden(
      "categories",
      Category.all.map((category) =>
        `${category}: ${Category.remedies[category]}${Category.isRetryable(category) ? " (retried)" : ""}`
      )
    ))

  it("of every error", () =>
    assertGolden(
      "errors",
      [...VeniceError.byCode.values()].map(({ category, code, defaultMessage, prototype, status }) =>
        `${code} ${status} ${category} ${prototype[ErrorReporter.severity]}: ${defaultMessage}`
      )
    ))
})

const messages = [
  ...[...VeniceError.byCode.values()].map(({ defaultMessage }) => defaultMessage),
  "authenticated failed",
  "Invalid API key provided: x",
  "Authentication failed - x",
  "Authentication failed -x",
  "Sign-in-with-X authentication failed: expired",
  "This nonce has already been used",
  "Missing or invalid Sign-In-With-X authentication",
  "Insufficient USD or VCU balance to complete request",
  "Insufficient USD or Diem balance",
  "Insufficient balance",
  "Insufficient USD balance to complete request",
  "Insufficient credits: add some",
  "API key DIEM spend limit exceeded.",
  "API key USD spend limit exceeded",
  "API access has been disabled for this account",
  "You can only access x for your own wallet",
  "You can only access undefined for your own wallet",
  "You can only access  for your own wallet",
  "You can only access a\nb for your own wallet",
  ...[900, 984, 985].map((n) => `You can only access ${"x".repeat(n)} for your own wallet`),
  "Now you can only access x for your own wallet",
  "Invalid model id",
  "Invalid model identity",
  "Character not found",
  "File exceeds the maximum allowed size",
  "Request body exceeds the maximum allowed size of 1 MB",
  "File size exceeds maximum limit",
  "Invalid content type: text/plain",
  "Request encoding is not supported",
  "'Content-Type' must be 'application/json'",
  "`Content-Type` must be `application/json`",
  "\u2019Content-Type\u2019 must be \u2019application/json\u2019",
  "Content policy violation",
  "Your prompt violates the content policy of x",
  "Your generation was blocked due to the model provider's content policies",
  "Your input was blocked by content moderation",
  "The selected model provider rejected this request due to its content policies",
  "Too many failed attempts",
  "Another request for this user is in flight",
  "Too many concurrent requests",
  "Inference failed",
  "Authentication required",
  "Prompt is too long",
  "  rate limit exceeded.  ",
  "Rate limit exceeded..",
  "Rate limit exceeded, wait",
  "Rate limit exceededly",
  "Rate limit exceeded9",
  "Rate limit exceeded_",
  "The image file is corrupted or unreadable. x",
  `Inference failed ${"x".repeat(1100)}`,
  "Specified model not found: m",
  "The specified model not found: m",
  "Specified model not found: m. Did you mean: a, b or c?",
  "Specified model not found: m did you mean a?",
  "specified model not found:m",
  "Model m has been deprecated. Please use n",
  "The specified model m has been deprecated. Please use n instead. Bye",
  "the this requested model has been deprecated. please use n",
  "m o has been deprecated. Please use n",
  "Model m has been deprecated.",
  "gone",
  "Gone.",
  "gone away",
  ...["retired", "removed", "sunset", "discontinued", "deprecated", "expired", "deleted", "gone", "no longer"]
    .map((word) => `Model x ${word}`),
  ...["has", "have", "is", "was", "were", "has been", "been", "permanently", "will be"]
    .map((word) => `Model x.1 ${word} removed`),
  "Model x is permanently retired",
  "Model x was retired. It has been removed",
  "Model x is removedly",
  "Model x. It is removed",
  "Model x! It is removed",
  "Model x\nis removed",
  `${"x".repeat(297)} is removed`,
  `${"x".repeat(298)} is removed`,
  `${"x".repeat(300)} removed`,
  `${"x".repeat(301)} removed`,
  "x gone",
  "x is permanently deleted",
  "x were removed",
  " is removed",
  "removed",
  "  Model x is removed  ",
  "'Content-Type' must be 'application/json'or nothing",
  // Patterns see 1024 characters.
  ...[984, 985].map((n) => `You can only access ${"x".repeat(n)} for your own wallet`)
]

it("the message and the status identify an error", () =>
  assertGolden(
    "messages",
    messages.flatMap((message) => {
      const answers = under({ error: message }, (answer) => answer.endsWith(" by message"), ofErrors)
      return answers.length === 0 ? [`${show(message)} → nothing`] : answers.map((line) => `${show(message)} → ${line}`)
    })
  ))

it("a documented message identifies its error however it is written", () => {
  const variants: Readonly<Record<string, (message: string) => string>> = {
    "in upper case": (message) => message.toUpperCase(),
    "with curly apostrophes": (message) => message.replaceAll("'", "\u2019"),
    "with a word in backticks": (message) => message.replace(/\w+/, "`$&`"),
    "without backticks": (message) => message.replaceAll("`", ""),
    "without its full stop": (message) => message.replace(/\.$/, ""),
    "with a full stop": (message) => message.replace(/\.?$/, "."),
    "between spaces": (message) => ` ${message}\n`,
    "with other advice": (message) => `${message.split(". ", 1)[0]!.replace(/\.$/, "")}. Ask us.`,
    "without advice": (message) => message.split(". ", 1)[0]!,
    "before more than is looked at": (message) => `${message}${" ".repeat(2000)}x`
  }
  const answers = [...VeniceError.byCode.values()]
    .filter((Class) => Class["~row"].hasUndocumentedMessage !== true)
    .flatMap(({ code, defaultMessage, status }) =>
      Object.entries(variants).map(([name, write]) => [
        `${code} ${name} by message`,
        `${decode(status, { error: write(defaultMessage) })._tag} ${name} by ${
          decode(status, { error: write(defaultMessage) }).matchedBy
        }`
      ])
    )

  assert.deepStrictEqual(answers.map(([, answer]) => answer), answers.map(([expected]) => expected))
})

it("the words of a message have what a code does not say", () => {
  const modelOf = (error: VeniceError.VeniceError) => error._tag === "MODEL_NOT_FOUND" ? error.model : "another error"
  const message = "  Specified model not found: undefined.\n"
  assert.strictEqual(modelOf(decode(404, { error: message })), "undefined")
  assert.strictEqual(modelOf(decode(404, { error: { code: "MODEL_NOT_FOUND", message } })), "undefined")

  const tooLong = "Error: prompt is too long: 5 tokens > 3 maximum"
  const coded = decode(400, { error: { code: "context_length_exceeded", message: tooLong } })
  assert.strictEqual(coded._tag === "TOO_MANY_TOKENS" && coded.inputTokens, 5)
})

it("the status and the shape identify an error", () =>
  assertGolden(
    "shapes",
    [{ error: "x" }, { message: "x" }, { details: {} }, { issues: [] }, { x: 1 }, [], "x", "<x>", "", {
      detail: "Inference failed"
    }]
      .flatMap((body) => under(body).map((line) => `${show(body)} → ${line}`))
  ))

const overflows = [
  "The input (2 tokens) is longer than the model's context length (1 tokens)",
  "Input text exceeds the maximum token limit of 1 tokens",
  "This model's maximum context length is 1 tokens",
  "This endpoint's maximum context length is 1 tokens, and 2 input tokens were sent",
  "This model's maximum context length is 1 tokens. You requested 2 tokens",
  "This model's maximum context length is 1 tokens. You requested about 2 tokens (3 in the messages)",
  "This model's maximum context length is 1 tokens. Your messages resulted in 2 tokens",
  "max_tokens is too large: 5. This model's maximum context length is 1 tokens",
  "'max_completion_tokens' is too large: 5. This model's maximum context length is 1 tokens",
  "'max_tokens' or 'max_completion_tokens' is too large: 5. This model's maximum context length is 1 tokens",
  "Your input exceeds the context window of this model",
  "Input tokens exceed the configured limit of 1 tokens. Your messages resulted in 2 tokens",
  "Input tokens exceed the configured limit of 1 tokens",
  "Prompt is too long: 2 tokens > 1 maximum",
  "Input length and `max_tokens` exceed context limit: 2 + 3 > 1",
  "The prompt is too long: 2, model maximum context length: 1",
  "The prompt is too long",
  "The prompt is too longish",
  "The input token count (2) exceeds the maximum number of tokens allowed (1)",
  "The input token count exceeds the maximum number of tokens allowed (1)",
  "The input token count exceeds the maximum number of tokens allowed 1",
  "Unable to submit request because the input token count is 2 but the model only supports up to 1",
  "This model's maximum prompt length is 1 but the request contains 2 tokens",
  "Please reduce the length of the messages or completion. Current length is 2 while limit is 1",
  "Please reduce the length of the messages or completion",
  "Prompt contains 2 tokens and 0 draft tokens, too large for model with 1 maximum context length",
  "Context window exceeds limit",
  "Range of input length should be [1, 9]",
  "Input is too long for requested model",
  "Too many input tokens. Max input tokens: 1, request input token count: 2",
  "Your request exceeded model token limit: 1 (requested: 2)",
  "Your request exceeded model token limit: 1",
  "Prompt exceeds max context length",
  "Prompt exceeds maximum length",
  "Too many tokens: total number of tokens in the prompt cannot exceed 1 - received 2",
  "Too many tokens: total number of tokens in the prompt cannot exceed 1",
  "Too many tokens: the total number of tokens is 2",
  "Too many tokens: size limit exceeded",
  "Too many tokens: prompt",
  "Too many tokens: other",
  "Input length 2 exceeds the maximum allowed input length of 1 tokens",
  "Input length (2 tokens) exceeds the model's maximum context length (1 tokens)",
  "Input length (2) exceeds maximum allowed length (1)",
  "Requested token count exceeds the model's maximum context length of 1 tokens. You requested a total of 5 tokens: 2 tokens from the input messages",
  "Requested token count exceeds the model's maximum context length of 1 tokens",
  "Tokens to keep from the initial prompt is greater than the context length",
  "Tokens in request more than max tokens allowed",
  "You passed 2 input tokens and more. However, the model's context length is only 1 tokens",
  "You passed 9 input characters. However, the model's context length is only 1 tokens",
  "The decoder prompt (length 2) is longer than the maximum model length of 1",
  "The encoder prompt length 2 exceeds the max_model_len 1",
  "The request (2 tokens) exceeds the available context size (1 tokens)",
  "The request exceeds the available context size",
  "Prompt has 2 tokens, but the configured context size is 1 token",
  "`inputs` tokens + `max_new_tokens` must be <= 1. Given: 2 `inputs` tokens and 3",
  "inputs tokens + max_new_tokens must be <= 1",
  "`inputs` must have less than 1 tokens. Given: 2",
  "The input length exceeds the context length",
  "Prompt too long; exceeded max context length by 3 tokens",
  "Prompt token count of 2 exceeds the limit of 1",
  ...[
    "Provider returned error: ",
    "Input validation error: ",
    "Invalid request: ",
    "Invalid params, ",
    "Invalid request ",
    "Error: "
  ]
    .concat([
      "<400> InternalError.Algo.InvalidParameter: ",
      "InternalError.Algo.InvalidParameter: ",
      "Other: ",
      "The model returned the following errors: "
    ])
    .map((prefix) => `${prefix}prompt is too long: 1,234,567 tokens > 1,000 maximum`),
  "Prompt is too long: 1,23,456,789,012 tokens > 1 maximum",
  "Prompt is too long: 123456789012345 tokens > 1 maximum",
  "Prompt is too long: 1234567890123456 tokens > 1 maximum"
]

it("a provider's words for too many tokens have their counts", () =>
  assertGolden(
    "context overflows",
    overflows.map((message) => {
      const error = decode(400, { error: message })
      const counts = error._tag === "TOO_MANY_TOKENS" ? { input: error.inputTokens, max: error.maxTokens } : {}
      return `${show(message)} → ${found(error)} ${show(counts)}`
    })
  ))

it("the words beside a machine code have their counts and names", () => {
  const overflow = decode(400, {
    error: {
      code: "context_length_exceeded",
      message: "Provider returned error: prompt is too long: 5 tokens > 3 maximum"
    }
  })
  const missing = decode(404, { error: { code: "MODEL_NOT_FOUND", message: "Specified model not found: undefined" } })

  assert.deepInclude(overflow, { _tag: "TOO_MANY_TOKENS", inputTokens: 5, maxTokens: 3 })
  assert.deepInclude(missing, { _tag: "MODEL_NOT_FOUND", model: "undefined" })
})

const machineCodes = [
  ...VeniceError.byCode.keys(),
  ...["insufficient_quota", "context_length_exceeded", "context_window_exceeded", "model_context_window_exceeded"],
  ...["content_blocked_by_provider", "content_policy_violation", "X402_CONCURRENCY_LIMIT", "needs_consent"],
  ...["X402_SIGN_IN_", "X402_SIGN_IN_EXPIRED", "x402_sign_in_expired", "X402_SIGN_OUT", "upstream_error", "x_y"],
  ...["undefined", "undefined_x"],
  ...["model_offline", "Model_Offline", "unrecognized_response", "unauthorized"]
]

const places: Readonly<Record<string, (code: string) => unknown>> = {
  "error.code": (code) => ({ error: { code } }),
  code: (code) => ({ code, error: "x" }),
  error: (code) => ({ error: code }),
  "error.message": (code) => ({ error: { message: code } }),
  message: (code) => ({ message: code }),
  "context.errorCode": (code) => ({ context: { errorCode: code }, error: "x" })
}

/** Venice's codes are looked up alike, so that one of them is enough for the places. */
const placesOf = (code: string): ReadonlyArray<string> =>
  VeniceError.byCode.has(code) && code !== "MODEL_OFFLINE" ? ["error.code"] : Object.keys(places)

it("a machine code identifies an error in each of its places", () =>
  assertGolden(
    "codes",
    machineCodes.flatMap((code) =>
      grouped(placesOf(code), (place) =>
        under(places[place]!(code), (answer) => answer.endsWith(" by code"), ofErrors).join(", "))
        .map(([answer, names]) =>
          `${names.join(" ")}: ${code} → ${answer === "" ? "nothing" : answer}`
        )
    )
  ))

it("a type identifies an error without a code", () =>
  assertGolden(
    "types",
    [
      "provider_content_policy",
      "content_filter_error",
      "exceed_context_size_error",
      "insufficient_quota",
      "server_error",
      1
    ].flatMap((
      type
    ) =>
      [{ type }, { type, code: "x_y" }, { type, code: "MODEL_OFFLINE" }].map((error) =>
        `${show(error)} → ${under({ error }, (answer) => answer.endsWith(" by code")).join(", ") || "nothing"}`
      )
    )
  ))

const kindsOfErrors = [
  ...["invalid_request_error", "invalid_prompt", "invalid_image_url", "authentication_error", "invalid_api_key"],
  ...["insufficient_quota", "billing_error", "billing_hard_limit_reached", "permission_error", "not_found_error"],
  ...["request_too_large", "rate_limit_error", "rate_limit_exceeded", "overloaded_error", "other", ""],
  ...["399", "400", "404", "499", "500", "599", "600", "4000", "404.5", " 404", "404 ", "4e2", "0x190"],
  ...[399, 400, 404, 499, 500, 599, 600, 404.5, true]
]

it("what Encode wrote has a status only if it is one", () =>
  assertGolden(
    "written statuses",
    [99, 100, 599, 600, 503.5, "503", null].map((status) =>
      `${show(status)} → ${
        show(ErrorBody.fromJson({ error: { venice_code: "MODEL_OFFLINE", venice_status: status } }).written)
      }`
    )
  ))

it("an error in a success has the status of its kind", () =>
  assertGolden("implied statuses", [
    ...kindsOfErrors.map((kind) =>
      `${show(kind)} → ${show(impliedStatus(ErrorBody.fromJson({ error: { message: "x", type: kind } })))}`
    ),
    ...[
      { error: { code: 401, status: 402, type: 403 }, code: 404, status: 405, type: 406 },
      { error: { code: "x", status: 402, type: 403 }, code: 404, status: 405, type: 406 },
      { error: { type: 403 }, code: 404, status: 405, type: 406 },
      { error: {}, code: 404, status: 405, type: 406 },
      { error: {}, status: 405, type: 406 },
      { error: {}, type: 406 }
    ].map((body) => `${show(body)} → ${show(impliedStatus(ErrorBody.fromJson(body)))}`)
  ]))

it("only in a success does its kind matter", () =>
  assertGolden(
    "kinds in responses",
    [199, 200, 299, 300, 400, 500, 503].flatMap((status) =>
      grouped(
        [400, 401, 404, 429, 499, 500, 501, 503, 529],
        (type) => found(decode(status, { error: { message: "zz", type } }))
      ).map(([answer, types]) => `${types.join(" ")} in ${status} → ${answer}`)
    )
  ))

const bodies: ReadonlyArray<unknown> = [
  ...[
    "",
    "  ",
    "\ufeff",
    "x",
    "\ufeffx",
    "<",
    " <p>",
    "\ufeff<p>",
    "{",
    "[",
    "{}",
    "[]",
    " {} ",
    "\ufeff{}",
    " \ufeff{}"
  ],
  ...[..."\b\t\n\v\f\r\u000e\u001f !\u0085\u009f\u00a0\u00a1\u2003"].flatMap((space) => [space, `${space}<`]),
  ...[1, 63, 64, 65, 200].flatMap((n) => ["", "x"].map((end) => " " + "\u2003".repeat(n) + end)),
  ...["[null]", "[1]", "null", "1", "\"x\"", "true", "[{\"error\":\"x\"}]", "{\"error\":", "{} x"],
  [{ error: { code: "A_CODE" } }],
  [{ error: { code: "A_CODE" } }, {}],
  [[{ error: { code: "A_CODE" } }]],
  { length: 1, 0: { error: { code: "A_CODE" } } },
  ...[{ error: "x" }, { error: " " }, { error: "" }, { error: null }, { error: 1 }, { error: [] }, { error: ["x"] }],
  ...[{ message: "x" }, { message: " " }, { message: 1 }, { detail: "x" }, { detail: "x", message: "y" }, {
    detail: 1
  }],
  ...[{ details: null }, { issues: null }, { context: { errorCode: "X" } }, { context: [{ errorCode: "X" }] }],
  ...[{ context: "x" }, { context: { errorCode: 1 } }, { context: { errorCode: "" } }, { error: {} }],
  { error: "words", message: "more words" },
  { error: "A_CODE", message: "words" },
  { error: "A_CODE", detail: "words" },
  { error: "A_CODE", message: " " },
  { error: { message: "a" }, message: "b" },
  { error: { message: " " }, message: "b" },
  { error: "A".repeat(101), message: "words" },
  { error: "A".repeat(100), message: "words" },
  { message: ["A_CODE"] },
  { error: { message: ["A_CODE"] } },
  { error: { error: "a" } },
  { error: { error: "a" }, message: "b" },
  { error: { error: " " } },
  { error: { code: "1" }, code: "2", message: "CODE_3", context: { errorCode: "4" } },
  { error: { code: "1", message: "CODE_2" }, code: "3" },
  ...["AB", "ABC", "A1_", "1AB", "A B", "A-B", "aB_C", "ABC.", "ABC..", ".ABC", "XABc", "a_b", "a_", "_a", "ab", "a_b."]
    .map((error) => ({ error })),
  ...["1_a", "a_B", "a1_1", "a_b_c", "a b_c"].map((error) => ({ error })),
  ...[100, 101].map((n) => ({ error: "A".repeat(n) })),
  ...[99, 100, 101].map((n) => ({ error: "A".repeat(n) + "." })),
  ...[49, 50, 51].map((n) => ({ error: `${"a".repeat(n)}_b` })),
  ...[49, 50].map((n) => ({ error: `a_${"b".repeat(n)}` })),
  ...[100, 101].map((n) => ({ error: { code: "n".repeat(n) } })),
  ...[" ", "", 1, null].flatMap((code) => [{ code }, { error: { code } }])
]

it("a body has a shape, a message and codes", () =>
  assertGolden(
    "bodies",
    bodies.map((body) => {
      const { codes, message, shape } = ErrorBody.read(text(body))
      return `${show(body)} → ${shape}, message ${show(message)}, codes ${show(codes)}`
    })
  ))

const page = (title: string) => `<html>${title}</html>`

it("a response without a message is described", () =>
  assertGolden(
    "descriptions",
    [
      ...["", " ", " words ", "x".repeat(500), "x".repeat(501), "{}", "[]", "null", "{"],
      ...["<title>t</title>", "<TITLE>t</TITLE>", "<title> </title>", "<title>", "<title> t u </title>", "<p>t"].map(
        page
      ),
      ...["x", "<"].map((c) => page(`<title>a${c}b</title>`)),
      ...[200, 201].map((n) => page(`<title>${"t".repeat(n)}</title>`)),
      ...[4096 - 7 - 6 - 1, 4096 - 7 - 6].map((n) => page(`${" ".repeat(n)}<title>t</title>`)),
      { error: { message: "m".repeat(4097) } },
      { error: "m".repeat(4096) }
    ].flatMap((body) => [418, 413].map((status) => `${status} ${show(body)} → ${show(decode(status, body).message)}`))
  ))

describe("the context", () => {
  const line = (
    what: keyof VeniceError.VeniceError["response"],
    status: number,
    body: unknown,
    headers: Record<string, string> = {},
    more: Partial<Decode.Input> = {}
  ) =>
    `${status} ${show(body)}${Object.keys(headers).length === 0 ? "" : ` ${show(headers)}`}${
      Object.keys(more).length === 0 ? "" : ` ${show(more)}`
    } → ${show(decode(status, body, headers, more).response[what])}`

  const lockout = (words: string) => ({ error: `Too many failed attempts. ${words}` })

  it("has a hint", () =>
    assertGolden("hints", [
      ...[
        "",
        ...[
          "Wait 5s",
          "wait 5 s",
          "wait  5s",
          "wait for 5s",
          "wait after 5s",
          "wait in 5s",
          "wait to 5s",
          "try again 5s"
        ],
        ...[
          "Try again in 5 minutes",
          "retry after 5m",
          "retry 5h",
          "retry in 1.5 hours",
          "retry 1.1234s",
          "retry 1.123s"
        ],
        ...[
          "wait 5",
          "wait 5d",
          "wait x5s",
          "await 5s",
          "wait 123456s",
          "wait 1234567s",
          "wait 5S",
          "WAIT 5M",
          "wait 0s"
        ],
        ...["wait 1m 2m", "wait 1m and 2s, 3h", "wait 2s 1m"],
        ...["retry in -5s", "retry. 5s", "wait .5s", "wait 5.s", "wait 5,5s", "wait 30s, or retry in 60s"],
        `${"x".repeat(1024 - 26 - 8)} wait 5s`,
        `${"x".repeat(1024 - 26 - 7)} wait 5s`
      ].map((words) => line("retryAfter", 429, lockout(words))),
      ...[200, 299, 300, 400, 401, 403, 428, 430, 503].map((status) => line("retryAfter", status, lockout("Wait 5s"))),
      ...["Too many failed attempts", "too many failed attempts", "Oh, too many failed attempts"].flatMap((
        customMessage
      ) => [
        line("retryAfter", 429, { error: "x", customMessage }),
        line("retryAfter", 429, { error: customMessage })
      ]),
      line("retryAfter", 429, { customMessage: 1 }),
      line("retryAfter", 429, { customMessage: ["Too many failed attempts"] }),
      line("retryAfter", 429, lockout("wait 5s"), { "x-ratelimit-remaining": "0", "x-ratelimit-resets": "4" }),
      line("retryAfter", 429, lockout("wait 5s"), { "x-ratelimit-remaining": "0", "x-ratelimit-resets": "6" }),
      line("retryAfter", 429, lockout("wait 5s"), { "retry-after": "1" }),
      line("retryAfter", 429, { error: "x", retry_after: 3 }, {
        "x-ratelimit-remaining-tokens": "0",
        "x-ratelimit-reset-tokens": "7"
      }),
      line("retryAfter", 503, { error: "x", retry_after: 3 }, {
        "x-ratelimit-remaining-tokens": "0",
        "x-ratelimit-reset-tokens": "7"
      }),
      ...[3, 0, -1, 1.5, 0.0001, 1e300, "3", null].flatMap((retry_after) => [
        line("retryAfter", 503, { error: "x", retry_after }),
        line("retryAfter", 503, { error: { message: "x", retry_after } })
      ]),
      line("retryAfter", 503, { retry_after: 1, error: { retry_after: 2, metadata: { retry_after_seconds: 3 } } }),
      line("retryAfter", 503, { retry_after: 1, error: { metadata: { retry_after_seconds: 3 } } }),
      ...[{ retry_after_seconds: 3 }, { retry_after_seconds: "3" }, [], "x", null, {}].map((metadata) =>
        line("retryAfter", 503, { error: { metadata } })
      ),
      ...[
        { "Retry-After": "3" },
        { "retry-after": 3 },
        { "retry-after": ["3"] },
        { "retry-after": [{}, null, "3", ["5"]] },
        { "x-ratelimit-limit": null, "x-ratelimit-remaining-requests": 0, "x-ratelimit-reset-requests": 8 },
        { "retry-after-ms": "30" },
        { "x-ratelimit-remaining-requests": 0, "x-ratelimit-reset-requests": 8 },
        [],
        "x",
        null
      ].flatMap((headers) =>
        [429, 503].map((status) => line("retryAfter", status, { error: { metadata: { headers } } }))
      ),
      ...[19, 20].map((n) =>
        line("retryAfter", 503, { error: { metadata: { headers: { "retry-after": [...Array(n).fill("2"), "5"] } } } })
      ),
      line("retryAfter", 503, { error: { metadata: { headers: { "retry-after": 3 }, retry_after_seconds: 4 } } }),
      line("retryAfter", 503, {
        error: { metadata: { headers: { "retry-after": 3 } }, details: [{ retryDelay: "5s" }] }
      }),
      ...["5s", "5.5s", "5", "5m", "s", "-5s", "", 5, null].map((retryDelay) =>
        line("retryAfter", 503, { error: { details: [{ retryDelay }] } })
      ),
      ...[{ retryDelay: "5s" }, "5s", [null, "x", [], { retryDelay: "5s" }], [{ retryDelay: 1 }, { retryDelay: "5s" }]]
        .map(
          (details) => line("retryAfter", 503, { error: { details } })
        ),
      ...[19, 20].map((n) =>
        line("retryAfter", 503, { error: { details: [...Array(n).fill(0), { retryDelay: "5s" }] } })
      ),
      line("retryAfter", 503, { retry_after: 9, error: { metadata: { raw: "{\"error\":\"x\"}" } } }),
      line("retryAfter", 503, { retry_after: 9, error: { metadata: { raw: "{\"error\":\"x\",\"retry_after\":8}" } } })
    ]))

  it("has a request id", () =>
    assertGolden("request ids", [
      ...[
        "r",
        "r-1",
        "r.1:2",
        "a.",
        "'r'",
        "`r`",
        "\"r",
        "-r-",
        "rr",
        ":r",
        "r r",
        "é",
        "r".repeat(100),
        "r".repeat(101)
      ]
        .flatMap((id) => [
          line("requestId", 400, { error: `x. Reference request ID: ${id}` }),
          line("requestId", 400, { error: "x", request_id: id })
        ]),
      line("requestId", 400, { error: "reference request id:r" }),
      line("requestId", 400, { error: "reference request id:  r" }),
      line("requestId", 400, { error: "reference request id r" }),
      line("requestId", 400, { error: `${"x".repeat(1024 - 23)}reference request id: r` }),
      line("requestId", 400, { error: `${"x".repeat(1024 - 22)}reference request id: r` }),
      line("requestId", 400, { error: { message: "x", request_id: "r" } }),
      line("requestId", 400, { error: { message: "x", request_id: "inner" }, request_id: "outer" }),
      line("requestId", 400, { error: "x", request_id: 1 }, { "cf-ray": "ray" }),
      line("requestId", 400, { error: "x", request_id: " " }, { "cf-ray": "ray" }),
      line("requestId", 400, { error: "x", request_id: "r" }, { "x-request-id": "h", "cf-ray": "ray" }),
      line("requestId", 400, { error: "x", request_id: "r" }, { "x-request-id": "", "cf-ray": "ray" }),
      line("requestId", 400, {
        request_id: "outer",
        error: { metadata: { raw: "{\"error\":\"x\",\"request_id\":\"inner\"}" } }
      }),
      line("requestId", 400, { request_id: "outer", error: { metadata: { raw: "{\"error\":\"x\"}" } } }),
      line("requestId", 400, {
        request_id: "outer",
        error: { metadata: { raw: "{\"error\":\"reference request id: r\"}" } }
      })
    ]))

  it("has what a gateway said", () =>
    assertGolden("upstream codes", [
      ...["x_y", "X", "404", "4040", "40", "x404", "404x", "n".repeat(100), " "].flatMap((code) =>
        [
          { error: "Model offline", code },
          { error: "The model is temporarily offline.", code },
          { error: "MODEL_OFFLINE", code },
          { error: "MODEL_OFFLINE", upstream_code: code }
        ].map((body) => line("upstreamCode", 503, body))
      ),
      line("upstreamCode", 500, { error: { message: "x", code: "500" }, code: "x_y" }),
      line("upstreamCode", 503, { error: "MODEL_OFFLINE", upstream_code: 1 }),
      line("upstreamCode", 503, { error: "MODEL_OFFLINE", upstream_code: "u".repeat(101) }),
      ...[" FALSE ", "false", "true", "", "falsey"].map((value) =>
        line("shouldRetry", 500, { error: "x" }, { "x-should-retry": value })
      ),
      ...[0, 1, 7].map((delivered) => line("delivered", 200, { error: "x" }, {}, { delivered })),
      ...["x", "x".repeat(8192), "x".repeat(8193)].flatMap((body) =>
        [undefined, false, true].map((bodyTruncated) => line("bodyTruncated", 500, body, {}, { bodyTruncated }))
      ),
      line("body", 500, "x".repeat(8193)),
      line("body", 500, ""),
      line("body", 500, "x"),
      line("body", 500, "x".repeat(257)),
      line("rayId", 500, "x", { "cf-ray": "ray", "x-request-id": "r" }),
      line("rayId", 500, "x", { "cf-ray": "a\nb" }),
      line("body", 500, "Bearer a1B2c3D4e5F6g7H8"),
      line("relay", 429, { error: "x" }),
      line("contentType", 429, "x", { "content-type": "text/plain; charset=utf-8" }),
      line("contentType", 429, "x", { "content-type": "t".repeat(201) }),
      line("operation", 429, "x", {}, { operation: "POST /chat/completions" }),
      line("operation", 429, "x", {}, { operation: "o".repeat(201) }),
      line("operation", 429, "x", {}, { operation: "" }),
      ...[NaN, Infinity, -1, 0].map((status) => `${status} → ${decode(status, "x").response.status}`)
    ]))

  it("counts its own response among the failures, as Venice does afterwards", () => {
    const remaining = (status: number, body: unknown, value: string) =>
      decode(status, body, { "x-ratelimit-remaining": value, "x-ratelimit-resets": "5" }).response.rateLimit?.failures
        ?.remaining
    const counted: ReadonlyArray<unknown> = [
      ...[{ error: "x" }, "x", { error: "Authentication required" }, {
        code: "PAYMENT_REQUIRED",
        reason: "insufficient_balance"
      }],
      ...[
        "Invalid content type",
        "Invalid JSON",
        "Invalid JSON body",
        "Invalid JSONs",
        "An invalid json",
        "Request body exceeds"
      ].map(
        (error) => ({ error })
      ),
      ...[{ code: "PAYMENT_REQUIRED", reason: "authentication" }, { code: "PAYMENT_REQUIRED" }, {
        error: "INVALID_CONTENT_TYPE"
      }],
      ...["Invalid JSON", "invalid json at 1", "Invalid JSONs", "Not invalid json"].map((error) => ({
        error,
        code: "INVALID_REQUEST"
      })),
      ...["Request body exceeds the maximum allowed size", "request bodyguard", "The request body", "File exceeds"].map(
        (error) => ({
          error,
          code: "PAYLOAD_TOO_LARGE"
        })
      )
    ]
    return assertGolden("failures left", [
      ...counted.map((body) =>
        `${show(body)} → ${
          grouped(statuses, (status) => remaining(status, body, "2")).map(([left, group]) =>
            `${left} under ${ranges(group, statuses)}`
          )
            .join(", ")
        }`
      ),
      ...["0", "1", "-1", "x"].map((value) =>
        `400 with ${value} remaining → ${show(remaining(400, { error: "x" }, value))}`
      )
    ])
  })

  it("needs no class to have the budgets", () => {
    const headers = { "x-ratelimit-remaining": "2" }
    const context = Decode.context({ status: 400, headers, body: "{\"error\":\"x\"}", now })

    assert.strictEqual(context.rateLimit?.failures?.remaining, 2)
  })
})

it("the fields of an error come from its body", () => {
  const cases: ReadonlyArray<readonly [number, unknown, Record<string, string>?]> = [
    ...[1, 0, -1, 1.5, "1", null].flatMap((n) => [
      [400, { code: "TOO_MANY_TOKENS", input_tokens: n, max_tokens: n }] as const,
      [400, { error: { code: "TOO_MANY_TOKENS", input_tokens: n } }] as const
    ]),
    [400, { error: { code: "TOO_MANY_TOKENS", input_tokens: 1 }, input_tokens: 2 }],
    [400, "{\"code\":\"TOO_MANY_TOKENS\",\"input_tokens\":1e400}"],
    [400, { code: "TOO_MANY_TOKENS", error: "prompt is too long: 1,000,001 tokens > 2,000 maximum" }],
    [400, { code: "TOO_MANY_TOKENS", input_tokens: 5, error: "prompt is too long: 1,000 tokens > 2,000 maximum" }],
    ...[
      "m",
      "m.",
      "m..",
      "m. Did you mean: a?",
      "m Did you mean a, b?",
      "m. did you mean: a, b, c",
      "m. Did you mean: a or b?",
      "m. Did you mean: a,b?",
      "m. Did you mean: , a?",
      "'m'. Did you mean: \"a\", `b`, ''c'''?",
      "\"\"\"m\"\"\"\". Did you mean: a",
      `m. Did you mean: ${Array.from({ length: 60 }, (_, i) => `x${i}`).join(", ")}?`,
      "m".repeat(201),
      "m".repeat(990),
      "a\nb",
      ".",
      "llama'3.1. Did you mean: 'llama-3.1', o'model?",
      "m. Did you mean: a\nb?",
      "m. Did you mean: ?",
      "m. Did you mean: a??",
      "m. Did you mean: a."
    ].map((id) => [404, { error: `Specified model not found: ${id}` }] as const),
    ...["m", "model m", "this m", "the m", "specified m", "requested m", "model ", "model \u0020"].map((subject) =>
      [404, { error: `${subject} has been deprecated. Please use n instead.` }] as const
    ),
    ...["n instead.x", "n.\nSee the docs", "n or\no", "."].map((replacement) =>
      [404, { error: `m has been deprecated. Please use ${replacement}` }] as const
    ),
    [404, { error: "Model m has been deprecated. Please use n or o instead." }],
    [404, { error: "Model m has been deprecated. Please use n.1. See the docs" }],
    [404, { error: "Model has been deprecated. Please use n" }],
    [404, { error: `${"m".repeat(990)} has been deprecated. please use n` }],
    [404, { error: "Specified model not found: m. Did you mean: a?", recommended_model: "r" }],
    ...["r", "", 1].flatMap((recommended_model) => [
      [404, { error: { message: "Specified model not found: m. Did you mean: a?", recommended_model } }] as const,
      [404, { error: { code: "MODEL_NOT_FOUND", recommended_model } }] as const
    ]),
    [404, { code: "MODEL_NOT_FOUND", model: "m", suggestions: ["a", 1, "n".repeat(201)], error: "x" }],
    [404, { code: "MODEL_NOT_FOUND", model: "m".repeat(501), suggestions: "a" }],
    [404, { code: "MODEL_NOT_FOUND", suggestions: Array.from({ length: 52 }, (_, i) => String(i)) }],
    [404, { code: "MODEL_NOT_FOUND", model: "", suggestions: [] }],
    ...[true, false, "true", 1].map((credits_refunded) =>
      [422, { code: "CONTENT_POLICY_VIOLATION", credits_refunded }] as const
    ),
    [422, {
      code: "CONTENT_POLICY_VIOLATION",
      recommended_model: "m",
      suggested_prompt: "p".repeat(4097),
      hint: "h".repeat(4096)
    }],
    [422, {
      error: { code: "CONTENT_POLICY_VIOLATION", recommended_model: "m".repeat(500), suggested_prompt: "p", hint: "h" }
    }],
    ...["requests", "tokens", "concurrency", "failures", "other", 1].map((limit) =>
      [429, { error: "x", limit }] as const
    ),
    ...[
      "Too many concurrent requests",
      "too many concurrently",
      "Oh, too many concurrent requests",
      "Another request for this user",
      "Not another request for this user"
    ].map((error) => [429, { error }, { "x-ratelimit-remaining-tokens": "0" }] as const),
    [429, { error: "x", code: "X402_CONCURRENCY_LIMIT" }],
    [429, { error: "x", customMessage: "Too many failed attempts" }],
    ...["authentication", "insufficient_balance", "other", null, undefined].flatMap((reason) => [
      [402, { error: "x", reason }] as const,
      [402, { error: "Authentication required", reason }] as const,
      [402, { code: "PAYMENT_REQUIRED", reason, x402Version: 1 }] as const
    ]),
    [402, { error: "No authentication required", code: "PAYMENT_REQUIRED" }],
    [402, { accepts: [] }],
    [402, { accepts: "x" }],
    [402, { x402Version: undefined, accepts: null }],
    [402, { x402Version: null }],
    [402, "", { "payment-required": "" }],
    [403, { x402Version: 1 }],
    [402, {
      x402Version: 1,
      resource: { url: "u" },
      accepts: [{
        scheme: "s",
        network: "n",
        maxAmountRequired: "1",
        asset: "a",
        payTo: "p",
        maxTimeoutSeconds: 60,
        extra: { name: "USDC" }
      }]
    }],
    [402, { x402Version: 2, accepts: [{ amount: "2", maxAmountRequired: "1" }, null, "x", { amount: 3, payTo: 1 }] }],
    [402, { x402Version: "2", accepts: Array.from({ length: 51 }, (_, i) => ({ network: String(i) })) }],
    [402, {
      code: "PAYMENT_REQUIRED",
      currentBalanceUsd: 1,
      minimumBalanceUsd: 2,
      suggestedTopUpUsd: 3,
      minimumTopUpUsd: 4,
      supportedTokens: ["USDC"],
      supportedChains: ["base"]
    }],
    [409, {
      error: { code: "needs_consent" },
      consent_flow: "a",
      face_media_roles: ["b"],
      consent: { c: 1 },
      docs_url: "d"
    }],
    ...[410, 411].flatMap((status) => [
      [status, "x", { sunset: "@1" }] as const,
      [status, "x", { deprecation: "@2" }] as const,
      [status, "x", { link: "</a>; rel=successor-version" }] as const,
      [status, "x", { link: "</a>; rel=next" }] as const
    ]),
    ...["2026-09-16", "2026-09-16T00:00:00.000000000Z", "2026-09-16T00:00:00.0000000000Z", "soon", 5].map((moment) =>
      [410, { code: "GONE", sunset: moment, deprecated: moment }] as const
    ),
    ...[200, 299, 300].map((status) => [status, "x", { "x-venice-is-content-violation": " TRUE " }] as const),
    [200, "x", { "x-venice-is-content-violation": "false" }],
    ...["upstream_error", "x_y", "n".repeat(101)].flatMap((code) =>
      [200, 299, 300, 404, 503].map((status) => [status, { error: "x", code }] as const)
    ),
    ...["Billing", "Weather", undefined].map((category) =>
      [418, { error: "x", code: "UNRECOGNIZED_RESPONSE", category, upstream_code: "u" }] as const
    ),
    [418, { error: "x", category: "Billing", upstream_code: "u" }],
    [418, "x"]
  ]
  return assertGolden(
    "fields",
    cases.map(([status, body, headers]) => {
      const { attempts: _, message: __, matchedBy: ___, response: ____, _tag, ...rest } = decode(status, body, headers)
      const { validation: _____, ...fields } = rest as Record<string, unknown>
      const { category } = decode(status, body, headers)
      return `${status} ${show(body)}${headers === undefined ? "" : ` ${show(headers)}`} → ${_tag} (${category}) ${
        show(fields)
      }`
    })
  )
})

describe("a stream", () => {
  it("is known by its type or its beginning", () =>
    assertGolden("streams", [
      ...["text/event-stream", "Text/Event-Stream; charset=utf-8", "application/text/event-stream", "text/plain"].map((
        type
      ) => `${type} → ${Body.isStream({ "content-type": type } as never, "x")}`),
      ...[
        "data:",
        "event: x",
        "id:",
        "retry:",
        ": comment",
        ":{comment}",
        ":<comment>",
        "{\"data\":1}",
        "\ufeff data:",
        "\n\ndata:",
        "data",
        "x data:",
        "dat:",
        "other:",
        ":{\"x\":1}",
        ":<ping>"
      ]
        .concat([94, 95, 96].map((n) => `${" ".repeat(n)}data:`))
        .map((body) => `${show(body)} → ${Body.isStream({} as never, body)}`)
    ]))

  const input = { status: 200, now }

  it("has errors among its events", () =>
    assertGolden(
      "events",
      [
        ...[
          { error: "x" },
          { error: "" },
          { error: [] },
          { error: ["x"] },
          { error: {} },
          { error: null },
          { error: 1 },
          { response: { error: "x" } },
          { response: { error: null } },
          { response: "error" },
          { response: [{ error: "x" }] },
          {
            error: null,
            response: { error: { code: "model_offline" } }
          },
          {
            error: "a",
            response: { error: "b" }
          },
          {
            type: "error",
            message: "x"
          },
          {
            type: "error",
            code: "model_offline"
          },
          { type: "error" },
          { message: "x" },
          {
            type: "error",
            message: 1
          },
          {
            type: "other",
            message: "x"
          },
          { code: "model_offline" },
          { type: "response.failed" },
          { type: "response.completed" },
          { response: { status: "failed" } },
          { response: { status: "completed" }, x: "failed" },
          { response: [], x: "failed" },
          [{ error: "x" }],
          "error",
          "{\"error\":\"x\"}"
        ].map((json) => JSON.stringify(json)),
        "{\"error\":",
        "{\"err\\u006fr\":\"x\"}",
        "[DONE]",
        ""
      ].flatMap((data) =>
        [undefined, "error", "message", "response.failed"].map((name) => {
          const error = Decode.event(data, input, name)
          return `${name ?? "unnamed"} ${data} → ${
            error === undefined ? "nothing" : `${found(error)}: ${show(error.message)}`
          }`
        })
      )
    ))

  it("has no list of issues in an event whose list is empty", () => {
    const error = Decode.event("[]", { status: 400, now }, "error")

    assert.strictEqual(error?._tag, "INVALID_REQUEST")
    assert.notProperty(error, "validation")
  })

  it("has a response that failed, by its name, its type or its status", () => {
    const failed: ReadonlyArray<[name: string | undefined, data: unknown]> = [
      ["response.failed", {}],
      [undefined, { type: "response.failed" }],
      [undefined, { response: { status: "failed" } }],
      ["response.completed", { response: { status: "failed" } }]
    ]
    for (const [name, data] of failed) {
      assert.strictEqual(Decode.event(text(data), input, name)?.message, "The response failed", text(data))
    }
    const others: ReadonlyArray<[name: string | undefined, data: unknown]> = [
      ["response.completed", {}],
      ["failed", { type: "failed" }],
      [undefined, { type: "response.completed", note: "failed" }],
      [undefined, { status: "failed" }],
      [undefined, { response: { status: "completed", note: "failed" } }],
      [undefined, { response: { type: "response.failed" } }]
    ]
    for (const [name, data] of others) assert.isUndefined(Decode.event(text(data), input, name), text(data))
  })

  it("has an event named error that says nothing", () => {
    for (const data of ["null", "1", "[]", "\"\"", "{}"]) {
      assert.strictEqual(Decode.event(data, input, "error")?.message, "HTTP 200 with an unknown JSON body", data)
    }
  })

  it("is searched without parsing what has no sign of an error", () => {
    const parse = vi.spyOn(JSON, "parse")
    try {
      assert.isUndefined(Body.errorOfEvent("{\"choices\":[{\"delta\":{\"content\":\"x\"}}]}", "message"))
      assert.isUndefined(
        Body.errorOfSuccess("{\"object\":\"list\",\"data\":[{\"status\":\"completed\"}]}", "GET /models")
      )
      Body.readStream("data: {\"choices\":[]}\n\n".repeat(10), 200)
      assert.strictEqual(parse.mock.calls.length, 0)
    } finally {
      parse.mockRestore()
    }
  })

  const events = (n: number, data = "{\"error\":null}") =>
    `${`data: ${data}\n\n`.repeat(n)}data: {"error":"The model is temporarily offline"}`

  it("is read to its first error", () =>
    assertGolden(
      "stream bodies",
      ([
        [200, "data: {\"error\":\"a\"}\n\ndata: {\"error\":\"b\"}\n\n"],
        [200, "data: {\"x\":1}\n\n"],
        [500, "data: {\"x\":1}\n\n"],
        [299, "data: {\"x\":1}\n\n"],
        [300, "data: {\"x\":1}\n\n"],
        [200, "event: error\ndata: {\"message\":\"a\"}\n\n"],
        [200, "event: other\ndata: {\"message\":\"a\"}\n\n"],
        [200, "retry: 5\n\ndata: {\"error\":\"a\"}"],
        [503, "data: {\"error\":\"a\"}"],
        [200, events(999)],
        [200, events(1000)],
        [200, events(1000, "{\"x\":1}")]
      ] as const).map(([status, body]) => {
        const error = decode(status, body)
        return `${status} ${show(body)} → ${found(error)}: ${show(error.message)}`
      })
    ))

  it("may hide an error in a success", () =>
    assertGolden(
      "hidden errors",
      [
        ...[
          "{\"error\":null}",
          "{\"error\":\"x\"}",
          "{\"error\" : {\"code\":\"model_offline\"}}",
          "{\"error\":[1]}",
          "{}",
          "x\"error\":\"x\""
        ],
        ...[
          "{\"error\":{\"message\":\"x\"},\"status\":\"failed\"}",
          "{\"error\":{\"message\":\"x\"},\"status\":\"done\"}"
        ],
        ...[
          "{\"error\":\"The model is temporarily offline\"}",
          "{\"response\":{\"error\":{\"code\":\"model_offline\"}}}"
        ],
        "{\"x\":{\"error\":\"x\"}}",
        "{\"type\":\"error\",\"message\":\"The model is temporarily offline\"}",
        ...["\"status\":\"failed\"", "\"status\" : \"failed\"", "\"status\"\t:  \"failed\"", "\"status\":\"completed\""]
          .map((
            status
          ) => `{"object":"response",${status}}`)
      ].map((body) => {
        const error = Decode.hidden({ ...input, body })
        return `${body} → ${error === undefined ? "nothing" : found(error)}`
      })
    ))
})

describe("a relay", () => {
  const inside = "{\"error\":\"The model is temporarily offline\",\"request_id\":\"r\"}"
  const exception = (words: string) => ({ error: { message: words } })
  const lite = (words: string) => exception(`litellm.APIError: APIError: OpenAIException - ${words}`)

  it("is unwrapped by one level", () =>
    assertGolden(
      "relays",
      [
        ...[
          inside,
          " ",
          "words",
          { error: "words", code: "MODEL_OFFLINE" },
          {},
          [],
          1,
          null,
          "{}",
          "[]",
          "<p>",
          "{\"x\":1}"
        ].map((raw) => ({
          error: { message: "m", code: 503, metadata: { raw } }
        })),
        ...["<title>Bad gateway</title>", " words ", "{\"error\":\"x\"}"].map((raw) => ({
          error: { message: "m", code: "MODEL_OFFLINE", metadata: { raw } }
        })),
        { error: { message: "m", code: "outer", metadata: { raw: "{\"error\":\"x\",\"code\":\"inner\"}" } } },
        { error: { metadata: "x" } },
        { error: { metadata: { raw: JSON.stringify({ error: { metadata: { raw: inside } } }) } } },
        lite(inside),
        lite("The model is temporarily offline"),
        lite("a\nb"),
        lite(" "),
        lite("w"),
        lite(`${"w".repeat(16384)}`),
        lite(`${"w".repeat(16385)}`),
        ...[59, 60, 61].map((n) => exception(`litellm.${"E".repeat(n)}: x: OpenAIException - words`)),
        ...[60, 61].map((n) => exception(`litellm.E: ${"E".repeat(n)}: OpenAIException - words`)),
        ...[60, 61].map((n) => exception(`litellm.E: E: ${"O".repeat(n)}Exception - words`)),
        exception("litellm.E: Exception - words"),
        exception("litellm.E: A: B: Exception - words"),
        exception("litellm.E: A: B: C: Exception - words"),
        exception("litellm.E: A: B: C: D: Exception - words"),
        exception("litellm.: OpenAIException - words"),
        exception("litellm.E: : OpenAIException - words"),
        exception("litellm.E: litellm.A: OpenAIException - words"),
        exception("litellm.E failed: litellm.E: OpenAIException - words"),
        ...["Bad", ": Bad request", ":: Bad", ":::a", "::", ": ", ":a", " Bad!", "(Bad)"].flatMap((more) =>
          ["-", " -"].map((dash) => exception(`litellm.E: OpenAIException${more}${dash} words`))
        ),
        ...[60, 61].map((n) => exception(`litellm.E: OpenAIException:${"x".repeat(n)} - words`)),
        exception("see litellm.E: OpenAIException - words"),
        exception("litellm.E: OpenAIExceptions - words"),
        ...["Received Model Group=x", "LiteLLM Retried: 2 times", "Available Model Group Fallbacks=None", "Other=x"]
          .flatMap((addition) => [
            lite(`words. ${addition}`),
            lite(`words..     ${addition}`),
            lite(`words..    ${addition}`),
            lite(`words${addition}`)
          ]),
        lite("Received Model Group=x"),
        lite("Error code: 503 - {'error': 'it\\'s', 'a': None, 'b': True, 'c': False, 'd': \"x\"}"),
        lite("Error code: 503 - {'error': 'say \"hi\"', 'None': 'None'}"),
        lite("Error code: 503 - {'error': {'message': 'The model is temporarily offline', 'Nonesuch': Nonesuch}}"),
        lite("Error code: 50 - {'error': 'x'}"),
        lite("An Error code: 503 - {'error': 'x'}"),
        lite("Error code: 503 - {'error': 'x'} end"),
        lite("Error code: 503 - {'error':\n'x'}"),
        lite("Error code: 503 - {}"),
        lite("Error code: 503 - {'error': 'x', 'code': ''}"),
        lite("Error code: 503 - {'param': \"\", 'error': \"it's\"}"),
        lite("Error code: 503 - {'error': \"it's None, a \\\\ or 'b'\"}"),
        lite("Error code: 503 - {'error': 'a\\\nb'}"),
        lite("Error code: 503 - {'error': 'x"),
        lite("Error code: 503 - {'error': 'x}"),
        lite("Error code: 503 - {'error': \"x}"),
        lite(`Error code: 503 - {'error': '${"w".repeat(5000)}'}`),
        lite(`Error code: 503 - {'error': "'a' ${"w".repeat(5000)}"}`),
        ...["b'words'", "b\"it's\"", "b''", "b'a\nb'", "b'words\"", "b'words' more", "ab'words'", "b'"].map(lite),
        { error: inside },
        { error: ` ${inside} ` },
        { error: { message: inside } },
        { error: "{\"x\":1}" },
        { error: "{\"error\":\"x\"" },
        { error: "\"error\":\"x\"}" },
        { error: "[{\"error\":{\"message\":\"x\"}}]" },
        { error: "\u2003{\"error\":\"x\"}\u2003" },
        JSON.stringify(inside),
        ` ${JSON.stringify(` ${inside}`)}`,
        `"${" ".repeat(98)}${JSON.stringify(inside).slice(1)}`,
        `"${" ".repeat(99)}${JSON.stringify(inside).slice(1)}`,
        JSON.stringify("{\"x\":1}"),
        JSON.stringify(inside).slice(0, -1),
        JSON.stringify(`x${inside}`),
        JSON.stringify("[{\"error\":{\"message\":\"{\"}}]")
      ].map((body) => {
        const error = decode(503, body)
        const { relay, requestId, upstreamCode } = error.response
        return `${show(body)} → ${found(error)}: ${show(error.message)} ${show({ relay, requestId, upstreamCode })}`
      })
    ))
})

it("a date of the server's clock counts from that clock", () => {
  const at = (date: string, more: Record<string, string> = {}) =>
    decode(429, "x", { date, "x-ratelimit-remaining": "0", "x-ratelimit-resets": "10", ...more }).response.rateLimit
      ?.failures
      ?.resetAt
  const http = (millis: number) => new Date(millis).toUTCString()

  return assertGolden("server time", [
    ...[-3600, -1, 0, 1, 3600].map((seconds) => `${seconds} s off → ${show(at(http(now + seconds * 1000)))}`),
    ...[999, 1000, 1001].map((millis) =>
      `${millis} ms later → ${
        show(
          Decode.context({
            status: 429,
            body: "",
            now: now + millis,
            headers: { date: http(now), "retry-after": http(now + 5000) }
          }).retryAfter
        )
      }`
    ),
    ...["soon", "x".repeat(51), ` ${http(now + 5000)}`, `${http(now + 5000)} `, `${http(now + 5000)}+0100`].map((
      date
    ) => `${show(date)} → ${show(at(date))}`),
    ...["0", " 0 ", "1", ""].map((age) => `age ${show(age)} → ${show(at(http(now + 9000), { age }))}`),
    ...[Date.UTC(2024, 0, 1) - 1000, Date.UTC(2024, 0, 1), Date.UTC(2100, 0, 1), Date.UTC(2100, 0, 1) + 1000].map((
      millis
    ) => `${DateTime.formatIso(DateTime.makeUnsafe(millis))} → ${show(at(http(millis)))}`)
  ])
})
