/**
 * A short name for the shape of an answer, to count answers by that nobody has described yet.
 *
 * Two answers that differ only in ids, numbers, quoted names, or the order of their keys have the same fingerprint, in
 * every process and at any time; a new kind of answer has a new one.
 *
 * @since 0.1.0
 */
import * as Predicate from "effect/Predicate"
import * as ErrorBody from "./internal/decoding/errorBody.ts"
import type { ResponseContext } from "./ResponseContext.ts"

const maxDepth = 4
const maxKeys = 50
const maxWords = 12

/** Prose without what differs from one answer to the next. */
const wording = (text: string): string =>
  text.slice(0, 500)
    .toLowerCase()
    .replace(/"[^"]*"|'[^']*'|`[^`]*`/g, "_")
    .split(/\s+/, maxWords)
    .map((word) => /\d/.test(word) ? "#" : word)
    .join(" ")

const outline = (json: unknown, depth: number): string => {
  if (Array.isArray(json)) return depth === maxDepth || json.length === 0 ? "[]" : `[${outline(json[0], depth + 1)}]`
  if (!Predicate.isObject(json)) return ""
  if (depth === maxDepth) return "{}"
  const fields = Object.entries(json).map(([name, value]) => `${wording(name)}:${outline(value, depth + 1)}`)
  return `{${[...new Set(fields)].sort().slice(0, maxKeys).join(",")}}`
}

const describe = (body: string): readonly [shape: string, text: string] => {
  const { body: json, codes, message, shape } = ErrorBody.read(body)
  switch (shape) {
    case "html":
      return [shape, wording(ErrorBody.title(body) ?? "")]
    case "text":
      return [shape, wording(body)]
    default:
      return [shape, `${outline(json, 0)} ${codes.join(" ")} ${wording(message ?? "")}`]
  }
}

/** FNV-1a, 32 bits: the same in every version of everything. */
const hash = (text: string): string => {
  let out = 0x811c9dc5
  for (let i = 0; i < text.length; i++) out = Math.imul(out ^ text.charCodeAt(i), 0x01000193)
  return (out >>> 0).toString(16).padStart(8, "0")
}

/**
 * The fingerprint of an answer: its status, its kind of body (`venice`, `json`, `html`, `text`, `empty`), and a hash of
 * its shape and wording.
 *
 * **Details**
 *
 * Nothing of the body can be read from it. A body that was longer than an error keeps is taken by its beginning.
 *
 * **Example** (Comparing two answers)
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
