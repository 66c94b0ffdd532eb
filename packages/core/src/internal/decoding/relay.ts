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
  text.replace(
    /"(?:[^"\\]|\\.){0,4096}"|'((?:[^'\\]|\\.){0,4096})'|\b(?:None|True|False)\b/g,
    (token: string, quoted: string | undefined) => {
      if (quoted !== undefined) return JSON.stringify(quoted.replace(/\\'/g, "'"))
      return token === "None" ? "null" : token === "True" || token === "False" ? token.toLowerCase() : token
    }
  )

const liteLlm = (errorBody: ErrorBody): ErrorBody | undefined => {
  if (errorBody.message?.startsWith("litellm.") !== true) return undefined
  const printed = exception.exec(errorBody.message)?.[1]?.split(additions, 1)[0]?.trim()
  if (printed === undefined || printed === "") return undefined
  // Bytes as Python prints them.
  const words = /^b(['"])(.*)\1$/s.exec(printed)?.[2] ?? printed
  const dictionary = /^Error code: \d{3} - (\{.*\})$/s.exec(words)?.[1]
  const body = readText(dictionary === undefined ? words : fromPython(dictionary))
  // Words are recognized like the message of a body.
  return through("LiteLLM", body.shape === "text" ? Body.fromJson({ error: words }) : body, errorBody)
}

const isObjectText = (text: string): boolean => text.startsWith("{") && text.endsWith("}")

/** A message that is the text of a JSON body. */
const encodedMessage = (errorBody: ErrorBody): ErrorBody | undefined => {
  const { message = "" } = errorBody
  if (!message.includes("{")) return undefined
  const text = message.trim()
  if (!isObjectText(text) || Body.read(text).shape !== "venice") return undefined
  return through("unknown", Body.read(text), errorBody)
}

/** A body that is the text of a JSON body. */
const encodedBody = (text: string, errorBody: ErrorBody): ErrorBody | undefined => {
  if (errorBody.shape !== "text" || !/^\s*"\s*\{/.test(text.slice(0, 100))) return undefined
  try {
    const decoded: unknown = JSON.parse(text)
    return typeof decoded === "string" && Body.read(decoded).shape === "venice"
      ? through("unknown", Body.read(decoded), errorBody)
      : undefined
  } catch {
    return undefined
  }
}

/** The error body inside that of a relay, or the body itself. Total, and linear in the text. */
export const unwrap = (text: string, errorBody: ErrorBody): ErrorBody =>
  openRouter(errorBody) ?? liteLlm(errorBody) ?? encodedMessage(errorBody) ?? encodedBody(text, errorBody) ?? errorBody
