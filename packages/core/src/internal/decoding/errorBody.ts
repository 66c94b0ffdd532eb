/**
 * The error body of a response in any of its shapes: the message, the machine codes, and the JSON object itself.
 *
 * Reading is total, takes time linear in the text, and parses at most once: the first character tells JSON from HTML.
 *
 * @internal
 */
import * as Predicate from "effect/Predicate"

type JsonObject = Readonly<Record<string, unknown>>

const none: JsonObject = {}

export interface ErrorBody {
  /** `venice` is a JSON object with at least one of `error`, `message`, `details`, `issues`. */
  readonly shape: "venice" | "json" | "html" | "text" | "empty"
  /** The server's message, if the body has one outside `details` and `issues`. */
  readonly message: string | undefined
  /** The texts that may be machine codes, those from the most reliable members first. */
  readonly codes: ReadonlyArray<string>
  /** The JSON object; empty if the body is something else. */
  readonly body: JsonObject
  /** The member `error`, if it is an object; else empty. */
  readonly error: JsonObject
  /** What `Encode` wrote beside the marker in a format for clients. */
  readonly written?: Written
  /** The relay whose body this one was inside of, and its own body. */
  readonly relay?: { readonly name: string; readonly outer: ErrorBody }
}

/** What `Encode` wrote of the original response: the client may have kept another one, or none. */
export interface Written {
  readonly status: number | undefined
  readonly operation: string | undefined
  readonly shouldRetry: false | undefined
}

const isObject = (value: unknown): value is JsonObject => Predicate.isObject(value) && !Array.isArray(value)

const nonBlank = (value: unknown): string | undefined =>
  typeof value === "string" && value.trim() !== "" ? value : undefined

// Some bodies have a machine code in place of the message: `UNAUTHORIZED`, `content_policy_violation.`
const bareCode = (text: unknown): string | undefined =>
  typeof text === "string"
    ? /^([A-Z][A-Z0-9_]{2,99}|[a-z][a-z0-9]{0,49}_[a-z0-9_]{1,49})\.?$/.exec(text)?.[1]
    : undefined

const addCode = (codes: Array<string>, value: unknown): void => {
  if (typeof value === "string" && value.length <= 100 && nonBlank(value) !== undefined) codes.push(value)
}

// JSON has no `undefined`: a member that is `undefined` is absent.
const isVeniceShaped = ({ details, error, issues, message }: JsonObject): boolean =>
  error !== undefined || message !== undefined || details !== undefined || issues !== undefined

/** The object that `Encode` marked, which a client may keep alone: `error`, its `param`, or the whole body. */
const markedOf = (json: JsonObject, error: JsonObject): JsonObject | undefined =>
  [error, error.param, json].find((value): value is JsonObject =>
    isObject(value) && typeof value.venice_code === "string"
  )

const isStatus = (value: unknown): value is number =>
  typeof value === "number" && Number.isInteger(value) && value >= 100 && value < 600

const writtenIn = ({ operation, should_retry: shouldRetry, venice_status: status }: JsonObject): Written => ({
  status: isStatus(status) ? status : undefined,
  operation: typeof operation === "string" ? operation : undefined,
  shouldRetry: shouldRetry === false ? false : undefined
})

/** Reads the error body in a parsed JSON value. */
export const fromJson = (json: unknown): ErrorBody => {
  // Google puts the error of a stream into a list.
  if (Array.isArray(json) && json.length === 1 && isObject(json[0]) && isObject(json[0].error)) return fromJson(json[0])
  if (!isObject(json)) return { shape: "json", message: undefined, codes: [], body: none, error: none }
  const inner = json.error
  const error = isObject(inner) ? inner : none
  const text = nonBlank(inner)
  const bare = bareCode(text)
  const context = json.context
  const marked = markedOf(json, error)
  const codes: Array<string> = []
  addCode(codes, marked?.venice_code)
  addCode(codes, error.code)
  addCode(codes, json.code)
  addCode(codes, bare)
  addCode(codes, bareCode(error.message))
  addCode(codes, bareCode(json.message))
  if (isObject(context)) addCode(codes, context.errorCode)
  // Problem details (RFC 9457) call the message `detail`.
  const topLevelMessage = nonBlank(json.message) ?? nonBlank(json.detail)
  return {
    shape: isVeniceShaped(json) ? "venice" : "json",
    message: bare === undefined
      ? nonBlank(error.message) ?? text ?? topLevelMessage ?? nonBlank(error.error)
      : topLevelMessage ?? text,
    codes,
    body: marked === undefined ? json : { ...marked, ...json },
    error,
    ...(marked !== undefined && { written: writtenIn(marked) })
  }
}

/** Reads the error body in the text of a response. */
export const read = (text: string): ErrorBody => {
  let start = 0
  while (isSpace(text.charCodeAt(start))) start++
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
        // Not JSON, or nested deeper than the parser allows: read it as text.
      }
  }
  // White space of other scripts, which is rare: the loop above looks for the common kinds only.
  const shape = text.trim() === "" ? "empty" : "text"
  return { shape, message: undefined, codes: [], body: none, error: none }
}

const isSpace = (code: number): boolean => code === 32 || (code >= 9 && code <= 13) || code === 0xa0 || code === 0xfeff

/** The title of an HTML page, or nothing. Reads only the beginning of the page. */
export const title = (html: string): string | undefined =>
  nonBlank(/<title>\s*([^<]{1,200})/i.exec(html.slice(0, 4096))?.[1])?.trim()

/** The text that says that the key is locked out, in the message or beside it. */
export const lockoutOf = ({ body, message }: ErrorBody): string | undefined =>
  [message, body.customMessage].find((text): text is string =>
    typeof text === "string" && /^too many failed attempts/i.test(text)
  )
