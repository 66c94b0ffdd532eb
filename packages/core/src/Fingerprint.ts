/**
 * A short name for the shape of a response, for counting unrecognized responses.
 *
 * Two responses that differ only in ids, numbers, quoted names, or the order of their keys have the same fingerprint,
 * in every process and at any time. A response with a new shape has a new one.
 *
 * @since 0.1.0
 */
import * as Predicate from "effect/Predicate"
import * as ErrorBody from "./internal/decoding/errorBody.ts"
import type { ResponseContext } from "./ResponseContext.ts"

const maxDepth = 4
const maxKeys = 50
const maxWords = 12

/** A text without the parts that differ between two responses of the same shape. */
const template = (text: string): string =>
  text.slice(0, 500)
    .toLowerCase()
    .replace(/"[^"]*"|'[^']*'|`[^`]*`/g, "_")
    .split(/\s+/, maxWords)
    .map((word) => /\d/.test(word) ? "#" : word)
    .join(" ")

const outline = (json: unknown, depth: number): string => {
  if (Array.isArray(json)) return depth === maxDepth ? "[]" : `[${outline(json[0], depth + 1)}]`
  if (!Predicate.isObject(json)) return ""
  if (depth === maxDepth) return "{}"
  const fields = Object.entries(json).map(([name, value]) => `${template(name)}:${outline(value, depth + 1)}`)
  return `{${[...new Set(fields)].sort().slice(0, maxKeys).join(",")}}`
}

const describe = (body: string): readonly [shape: string, text: string] => {
  const { body: json, codes, message, shape } = ErrorBody.read(body)
  switch (shape) {
    case "html":
      return [shape, template(ErrorBody.title(body) ?? "")]
    case "text":
      return [shape, template(body)]
    default:
      return [shape, `${outline(json, 0)} ${codes.join(" ")} ${template(message ?? "")}`]
  }
}

/** FNV-1a with 32 bits. Fingerprints are compared between versions, so the algorithm must not change. */
const hash = (text: string): string => {
  let out = 0x811c9dc5
  for (let i = 0; i < text.length; i++) out = Math.imul(out ^ text.charCodeAt(i), 0x01000193)
  return (out >>> 0).toString(16).padStart(8, "0")
}

/**
 * Returns the fingerprint of a response: its status, the shape of its body (`venice`, `json`, `html`, `text`, `empty`),
 * and a hash of its keys and its wording.
 *
 * **When to use**
 *
 * As a label of a metric or a log line for an `UnrecognizedResponse`. It reveals nothing of the body.
 *
 * **Gotchas**
 *
 * Of a body longer than `ResponseContext.maxBodyLength`, only the beginning counts.
 *
 * **Example** (Comparing two responses)
 *
 * ```ts
 * import { Decode, Fingerprint } from "@effect-venice/core"
 *
 * const fingerprint = (body: string) => Fingerprint.make(Decode.response({ status: 418, body, now: 0 }).response)
 *
 * const [first, second] = [
 *   fingerprint("{\"error\":\"Teapot 17 is short\"}"),
 *   fingerprint("{\"error\":\"Teapot 4711 is short\"}")
 * ]
 *
 * first // => "418-venice-4a305985"
 * first === second // => true
 * ```
 *
 * @category constructors
 * @since 0.1.0
 */
export const make = ({ body, status }: ResponseContext): string => {
  const [shape, text] = describe(body ?? "")
  return `${status}-${shape}-${hash(text)}`
}
