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

/** A text of which one level was unwrapped. */
const inner = (text: string, outer: ErrorBody, relay: string): ErrorBody => {
  const body = Body.read(text)
  // Words instead of a body: they stand in the place of the message.
  const errorBody = body.shape === "venice" || body.shape === "json" ? body : Body.fromJson({ error: text.trim() })
  return { ...errorBody, codes: [...errorBody.codes, ...outer.codes], relay: { name: relay, outer } }
}

const openRouter = (errorBody: ErrorBody): ErrorBody | undefined => {
  const { metadata } = errorBody.error
  if (!Predicate.isObject(metadata)) return undefined
  const { raw } = metadata as Members
  const text = typeof raw === "string" ? raw : Predicate.isObject(raw) ? JSON.stringify(raw) : ""
  return text.trim() === "" ? undefined : inner(text, errorBody, "OpenRouter")
}

const exception = /^litellm\.\w{1,60}: (?:\w{1,60}: ){0,2}\w{0,60}Exception - (.{1,16384})$/s

/** What LiteLLM adds behind the words of the provider. */
const additions = /\.?\s{0,4}(?:Received Model Group=|LiteLLM Retried: |Available Model Group)/

/** The text of a Python dictionary as JSON, for a relay that prints the body it parsed. */
const fromPython = (text: string): string =>
  text.replace(
    /'((?:[^'\\]|\\.){0,4096})'|\b(None|True|False)\b/g,
    (_, quoted: string | undefined, name: string | undefined) =>
      quoted === undefined
        ? name === "None" ? "null" : name!.toLowerCase()
        : JSON.stringify(quoted.replace(/\\'/g, "'"))
  )

const liteLlm = (errorBody: ErrorBody): ErrorBody | undefined => {
  if (errorBody.message?.startsWith("litellm.") !== true) return undefined
  const words = exception.exec(errorBody.message)?.[1]?.split(additions, 1)[0]?.trim()
  if (words === undefined || words === "") return undefined
  const printed = /^Error code: \d{3} - (\{.*\})$/s.exec(words)?.[1]
  return inner(printed === undefined ? words : fromPython(printed), errorBody, "LiteLLM")
}

const isObjectText = (text: string): boolean => text.startsWith("{") && text.endsWith("}")

/** A message that is the text of a JSON body. */
const encodedMessage = (errorBody: ErrorBody): ErrorBody | undefined => {
  const { message = "" } = errorBody
  if (!message.includes("{")) return undefined
  const text = message.trim()
  if (!isObjectText(text) || Body.read(text).shape !== "venice") return undefined
  return inner(text, errorBody, "unknown")
}

/** A body that is the text of a JSON body. */
const encodedBody = (text: string, errorBody: ErrorBody): ErrorBody | undefined => {
  if (errorBody.shape !== "text" || !/^\s*"\s*\{/.test(text.slice(0, 100))) return undefined
  try {
    const decoded: unknown = JSON.parse(text)
    return typeof decoded === "string" && Body.read(decoded).shape === "venice"
      ? inner(decoded, errorBody, "unknown")
      : undefined
  } catch {
    return undefined
  }
}

/** The error body inside that of a relay, or the body itself. Total, and linear in the text. */
export const unwrap = (text: string, errorBody: ErrorBody): ErrorBody =>
  openRouter(errorBody) ?? liteLlm(errorBody) ?? encodedMessage(errorBody) ?? encodedBody(text, errorBody) ?? errorBody
