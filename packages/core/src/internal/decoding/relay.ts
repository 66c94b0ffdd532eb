/**
 * Responses of Venice inside the response of a relay.
 *
 * A relay puts Venice's body, as text, into its own: OpenRouter into `error.metadata.raw`, LiteLLM behind the name of an
 * exception, others by encoding the body twice. One level is unwrapped, so that the inner body is recognized like one
 * that came directly.
 *
 * @internal
 */
import * as Predicate from "effect/Predicate"
import type { ErrorBody } from "./errorBody.ts"
import * as Body from "./errorBody.ts"

type Members = Readonly<Record<string, unknown>>

const through = (relay: string, inner: ErrorBody, outer: ErrorBody): ErrorBody => ({
  ...inner,
  codes: [...inner.codes, ...outer.codes],
  relay: { name: relay, outer }
})

/** The text of a body. A page or a text is none of Venice's, but its title or words are the message. */
const readText = (text: string): ErrorBody => {
  const body = Body.read(text)
  if (body.shape === "html") return { ...body, message: Body.title(text) }
  return body.shape === "text" ? { ...body, message: text.trim() } : body
}

const openRouter = (errorBody: ErrorBody): ErrorBody | undefined => {
  const { metadata } = errorBody.error
  if (!Predicate.isObject(metadata)) return undefined
  const { raw } = metadata as Members
  if (typeof raw === "string") return raw.trim() === "" ? undefined : through("OpenRouter", readText(raw), errorBody)
  return Predicate.isObject(raw) ? through("OpenRouter", Body.fromJson(raw), errorBody) : undefined
}

// One or more names of exceptions, the provider's last: `litellm.BadRequestError: OpenAIException - <words>`.
const exception =
  /^litellm\.\w{1,60}: (?:(?:litellm\.)?\w{1,60}: ){0,3}\w{0,60}Exception(?:[: ]{1,2}[\w ]{1,60})? ?- (.{1,16384})$/s

/** What LiteLLM adds behind the words of the provider. */
const additions = /\.?\s{0,4}(?:Received Model Group=|LiteLLM Retried: |Available Model Group)/

/** The text of a Python dictionary as JSON, for a relay that prints the body it parsed. */
const fromPython = (text: string): string =>
  // A string without its end goes to the end of the text, so that the search does not begin again inside of it.
  text.replace(
    /"(?:[^"\\]|\\.)*"?|'((?:[^'\\]|\\.)*)'?|None|True|False/gs,
    (token: string, quoted: string | undefined) => {
      if (quoted !== undefined) return JSON.stringify(quoted.replace(/\\'/g, "'"))
      return token === "None" ? "null" : token === "True" || token === "False" ? token.toLowerCase() : token
    }
  )

const liteLlm = (errorBody: ErrorBody): ErrorBody | undefined => {
  const printed = errorBody.message?.match(exception)?.[1]!.split(additions)[0]!.trim()
  if (printed === undefined || printed === "") return undefined
  // Bytes as Python prints them.
  const words = /^b(['"])(.*)\1$/s.exec(printed)?.[2] ?? printed
  const dictionary = /^Error code: \d{3} - (\{.*\})$/s.exec(words)?.[1]
  const body = readText(dictionary === undefined ? words : fromPython(dictionary))
  // Words are recognized like the message of a body.
  return through("LiteLLM", body.shape === "text" ? Body.fromJson({ error: words }) : body, errorBody)
}

/** The body in a JSON text, if it is shaped like one of Venice. */
const encoded = (text: string, outer: ErrorBody): ErrorBody | undefined => {
  const inner = Body.read(text)
  return inner.shape === "venice" ? through("unknown", inner, outer) : undefined
}

/** A message that is the text of a JSON body. */
const encodedMessage = (errorBody: ErrorBody): ErrorBody | undefined => {
  const text = errorBody.message?.trim()
  return text?.startsWith("{") === true ? encoded(text, errorBody) : undefined
}

/** A body that is the text of a JSON body. */
const encodedBody = (text: string, errorBody: ErrorBody): ErrorBody | undefined => {
  if (errorBody.shape !== "text" || !/^\s*"\s*\{/.test(text.slice(0, 100))) return undefined
  try {
    return encoded(JSON.parse(text) as string, errorBody)
  } catch {
    return undefined
  }
}

/** The error body inside that of a relay, or the body itself. Total, and linear in the text. */
export const unwrap = (text: string, errorBody: ErrorBody): ErrorBody =>
  openRouter(errorBody) ?? liteLlm(errorBody) ?? encodedMessage(errorBody) ?? encodedBody(text, errorBody) ?? errorBody
