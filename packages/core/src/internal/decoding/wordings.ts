/**
 * How Venice words its errors: which message, under which status, means which code.
 *
 * Every rule is anchored at the start of the message, so that prose of a provider that happens to contain a phrase
 * means nothing. The documented messages come from the rows themselves; the table below has what was seen beside them.
 *
 * @internal
 */
import * as Errors from "../../Errors.ts"
import type { Code, VeniceErrorClass } from "../../VeniceError.ts"
import { byCode } from "../../VeniceError.ts"

interface Wording {
  readonly Class: VeniceErrorClass
  readonly statuses: ReadonlyArray<number>
  /** In lower case; the message is it, or goes on after it with something else than a letter or a digit. */
  readonly start: string
}

/** What was found: the class, and what the wording's groups captured. */
export interface Match {
  readonly Class: VeniceErrorClass
  readonly groups: Readonly<Record<string, string | undefined>>
}

// Wordings beside the documented one, which are answered with the documented status unless others are given.
const seen: ReadonlyArray<readonly [Code, ReadonlyArray<string>, statuses?: ReadonlyArray<number>]> = [
  ["AUTHENTICATION_FAILED", ["authenticated failed", "invalid api key provided"]],
  ["AUTHENTICATION_FAILED_INACTIVE_KEY", ["authentication failed - "]],
  ["X402_INVALID_SIGN_IN", [
    "sign-in-with-x authentication failed",
    "this nonce has already been used",
    "missing or invalid sign-in-with-x authentication"
  ]],
  // Without balance a request fails for good, whatever status says so: a 429 for it must not be retried.
  ["INSUFFICIENT_BALANCE", [
    "insufficient usd or vcu balance to complete request",
    "insufficient usd or diem balance to complete request"
  ], [402, 429]],
  ["API_KEY_DIEM_SPEND_LIMIT_EXCEEDED", ["api key diem spend limit exceeded"], [402, 429]],
  ["API_KEY_USD_SPEND_LIMIT_EXCEEDED", ["api key usd spend limit exceeded"], [402, 429]],
  ["PAYMENT_REQUIRED", ["authentication required", "payment required"]],
  ["INVALID_MODEL", ["invalid model id"]],
  ["INVALID_CONTENT_TYPE", [
    "invalid content type",
    "invalid request content-type",
    "request encoding is not supported",
    "'content-type' must be 'application/json'"
  ], [400, 415]],
  ["CHARACTER_NOT_FOUND", ["character not found"]],
  ["PAYLOAD_TOO_LARGE", [
    "file exceeds the maximum allowed size",
    "request body exceeds the maximum allowed size",
    "file size exceeds maximum limit"
  ]],
  ["CONTENT_POLICY_VIOLATION", [
    "your generation was blocked due to the model provider's content policies",
    "your input was blocked by content moderation",
    "the selected model provider rejected this request due to its content policies"
  ]],
  ["RATE_LIMIT_EXCEEDED", [
    "too many failed attempts",
    "another request for this user is in flight",
    "too many concurrent requests"
  ]],
  ["INFERENCE_FAILED", ["inference failed"]]
]

// Wordings with something in the middle. The class in the middle of each is bounded, and none has a choice to go back to.
const patterns: ReadonlyArray<readonly [Code, number, RegExp]> = [
  ["X402_WALLET_MISMATCH", 403, /^you can only access .{1,1000}? for your own wallet/is],
  [
    "TOO_MANY_TOKENS",
    400,
    /^the input \((?<inputTokens>\d{1,15}) tokens\) is longer than the model's context length \((?<maxTokens>\d{1,15}) tokens\)/i
  ],
  ["TOO_MANY_TOKENS", 400, /^input text exceeds the maximum token limit of (?<maxTokens>\d{1,15}) tokens/i],
  // The wordings of two providers behind OpenAI-compatible routes.
  ["TOO_MANY_TOKENS", 400, /^this model's maximum context length is (?<maxTokens>\d{1,15}) tokens/i],
  ["TOO_MANY_TOKENS", 400, /^prompt is too long: (?<inputTokens>\d{1,15}) tokens > (?<maxTokens>\d{1,15}) maximum/i],
  [
    "MODEL_NOT_FOUND",
    404,
    /^specified model not found: (?<model>.{1,1000}?)(?:\.? did you mean:? (?<suggestions>.{1,1000}?)\??)?\.?$/is
  ],
  [
    "MODEL_NOT_FOUND",
    404,
    /^(?:(?:the|this|specified|requested|model)\s)*(?<model>\S{1,1000} )?has been deprecated\. please use (?<suggestions>.{1,1000}?)(?: instead)?(?:\.(?:\s.*)?)?$/is
  ],
  // A sentence ends with a stop and a space; ids and paths have stops of their own.
  [
    "GONE",
    410,
    /^(?:gone$|(?:[^.!?\n]|[.!?](?=\S)){1,300}? (?:(?:has|have|is|was|were) (?:been )?)?(?:permanently )?(?:retired|removed|sunset|discontinued|deprecated|expired|deleted|gone|no longer)\b)/i
  ]
]

const maxMessage = 1024

/** Lower case, without the marks that come and go: backticks, curly apostrophes, a final full stop. */
const normalize = (message: string): string => {
  const lower = message.slice(0, maxMessage).toLowerCase()
  const text =
    (lower.includes("`") || lower.includes("\u2019") ? lower.replaceAll("`", "").replaceAll("\u2019", "'") : lower)
      .trim()
  return text.endsWith(".") ? text.slice(0, -1) : text
}

/** The part of a documented message that stays when Venice adds to it or leaves the advice out. */
const firstSentence = (message: string): string => normalize(message.split(/\.(?:\s|$)/, 1)[0]!)

const verbatim = new Map<string, VeniceErrorClass>()
const documented = new Map<string, VeniceErrorClass>()
const starts: Array<Wording> = []

for (const Class of Object.values(Errors)) {
  if (Class === Errors.UnrecognizedResponse || Class === Errors.Gone || Class === Errors.ConsentRequired) continue
  verbatim.set(Class.defaultMessage, Class)
  documented.set(normalize(Class.defaultMessage), Class)
  starts.push({ Class, statuses: [Class.status], start: firstSentence(Class.defaultMessage) })
}
for (const [code, wordings, statuses] of seen) {
  const Class = byCode.get(code)!
  for (const start of wordings) starts.push({ Class, statuses: statuses ?? [Class.status], start })
}
starts.sort((a, b) => b.start.length - a.start.length)

interface Rules {
  readonly starts: ReadonlyArray<Wording>
  readonly patterns: typeof patterns
}

const all: Rules = { starts, patterns }

/** The rules that can hold under a status; in a stream, whose status is that of the success it began with, all. */
const byStatus = new Map<number, Rules>()
const rulesOf = (status: number, inStream: boolean): Rules => {
  if (inStream) return all
  let rules = byStatus.get(status)
  if (rules === undefined) {
    rules = {
      starts: starts.filter((wording) => wording.statuses.includes(status)),
      patterns: patterns.filter(([, at]) => at === status)
    }
    // Only statuses of the table are remembered, so the map cannot be made to grow.
    if (rules.starts.length + rules.patterns.length > 0) byStatus.set(status, rules)
  }
  return rules
}

const continues = (text: string, at: number): boolean => at < text.length && /[a-z0-9]/.test(text[at]!)

const noGroups: Match["groups"] = {}

/** What a message means under a status, or nothing. */
export const match = (message: string, status: number, inStream: boolean): Match | undefined => {
  const known = verbatim.get(message)
  if (known !== undefined && known.status === status) return { Class: known, groups: noGroups }
  const text = normalize(message)
  const exact = documented.get(text)
  if (exact !== undefined && (inStream || exact.status === status)) {
    return { Class: exact, groups: noGroups }
  }
  const { patterns, starts } = rulesOf(status, inStream)
  const head = patterns.length === 0 ? "" : message.slice(0, maxMessage).trim()
  for (const [code, , pattern] of patterns) {
    const found = pattern.exec(head)
    if (found !== null) return { Class: byCode.get(code)!, groups: found.groups ?? noGroups }
  }
  const first = text.charCodeAt(0)
  for (const { Class, start } of starts) {
    if (
      start.charCodeAt(0) === first && text.startsWith(start) &&
      !(/[a-z0-9]$/.test(start) && continues(text, start.length))
    ) {
      return { Class, groups: noGroups }
    }
  }
  return undefined
}

/** The counts a message about tokens gives, whatever else told its code. */
export const tokens = (message: string): Match["groups"] | undefined => match(message, 400, false)?.groups
