/**
 * The error body of a response, read whatever its shape: the message, the machine codes, and the JSON object itself.
 *
 * Reading is total and takes time linear in the text. It looks at the first character and parses at most once.
 *
 * @internal
 */
import * as Predicate from "effect/Predicate"

type JsonObject = Readonly<Record<string, unknown>>

const none: JsonObject = {}

/** The parts of an error body. */
export interface ErrorBody {
  /** `venice` is a JSON object with at least one of `error`, `message`, `details`, `issues`. */
  readonly shape: "venice" | "json" | "html" | "text" | "empty"
  /** The server's message, if the body has one outside of `details` and `issues`. */
  readonly message: string | undefined
  /** The texts that may be machine codes, from the most to the least reliable place. */
  readonly codes: ReadonlyArray<string>
  /** The JSON object; empty if the body is something else. */
  readonly body: JsonObject
  /** The member `error`, if it is an object; else empty. */
  readonly error: JsonObject
}

const isObject = (value: unknown): value is JsonObject => Predicate.isObject(value) && !Array.isArray(value)

const filled = (value: unknown): string | undefined =>
  typeof value === "string" && value.trim() !== "" ? value : undefined

// A machine code where a message is expected: `UNAUTHORIZED`, `CONTENT_POLICY_VIOLATION`, `content_policy_violation.`
const bareCode = (text: unknown): string | undefined =>
  typeof text === "string"
    ? /^([A-Z][A-Z0-9_]{2,99}|[a-z][a-z0-9]{0,49}_[a-z0-9_]{1,49})\.?$/.exec(text)?.[1]
    : undefined

const addCode = (codes: Array<string>, value: unknown): void => {
  if (typeof value === "string" && value.length <= 100 && filled(value) !== undefined) codes.push(value)
}

// JSON has no `undefined`: a member that is `undefined` is absent.
const isVeniceShaped = ({ details, error, issues, message }: JsonObject): boolean =>
  error !== undefined || message !== undefined || details !== undefined || issues !== undefined

/** Reads a parsed JSON value. */
export const fromJson = (json: unknown): ErrorBody => {
  if (!isObject(json)) return { shape: "json", message: undefined, codes: [], body: none, error: none }
  const inner = json.error
  const error = isObject(inner) ? inner : none
  const text = filled(inner)
  const bare = bareCode(text)
  const context = json.context
  const codes: Array<string> = []
  addCode(codes, error.code)
  addCode(codes, json.code)
  addCode(codes, bare)
  addCode(codes, bareCode(error.message))
  addCode(codes, bareCode(json.message))
  if (isObject(context)) addCode(codes, context.errorCode)
  // Problem details (RFC 9457) call the message `detail`.
  const besideError = filled(json.message) ?? filled(json.detail)
  return {
    shape: isVeniceShaped(json) ? "venice" : "json",
    message: bare === undefined
      ? filled(error.message) ?? text ?? besideError ?? filled(error.error)
      : besideError ?? text,
    codes,
    body: json,
    error
  }
}

/** Reads the text of a body. */
export const read = (text: string): ErrorBody => {
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
        // Not JSON, or nested deeper than the parser goes.
      }
  }
  return { shape: "text", message: undefined, codes: [], body: none, error: none }
}

/** The title of an HTML page, or nothing. Only the beginning of the page is searched. */
export const title = (html: string): string | undefined =>
  /<title>\s*([^<]{1,200})/i.exec(html.slice(0, 4096))?.[1]?.trim()

const isSpace = (code: number): boolean => code === 32 || (code >= 9 && code <= 13) || code === 0xfeff
