/**
 * Bounds for text that came over the wire.
 *
 * @internal
 */
import { isSuspect, redact } from "./redact.ts"

// A credential that begins before the end of the kept part is found whole within this margin.
const margin = 2048

/** Where to cut the margin so that no word is left in halves: taking out credentials can move its end into view. */
const wordEnd = (text: string, length: number): number => {
  for (let end = length + margin; end > length; end--) {
    if (/[\s"',;]/.test(text[end]!)) return end
  }
  return length
}

const isHighSurrogate = (code: number) => code >= 0xd800 && code < 0xdc00

/** The first `length` code units, less a surrogate whose other half would be cut off. */
const take = (text: string, length: number): string =>
  text.slice(0, isHighSurrogate(text.charCodeAt(length - 1)) ? length - 1 : length)

// A slice of a string keeps the whole string alive in V8, and a rope its parts; a decoded copy keeps nothing.
const detached = (text: string): string => new TextDecoder().decode(new TextEncoder().encode(text))

/** The text without credentials, at most `length` code units long. */
export const excerpt = (text: string, length: number): string => {
  if (text.length <= length) return redact(text)
  const clean = redact(text.slice(0, text.length > length + margin ? wordEnd(text, length) : text.length))
  return detached(clean.length > length ? take(clean, length) : clean)
}

// To look over a text of this length costs less than to define a getter that does so when it is read.
const maxEager = 256

/** Whether a text may be kept as it is, and every part of it: it is short, and nothing in it looks like a credential. */
export const isPlain = (text: string): boolean => text.length <= maxEager && !isSuspect(text)

// A slice keeps the whole text alive. One of this length may stay so until the excerpt is read: it costs no more than
// what else an answer leaves behind.
const maxUndetached = 32 * 1024

/**
 * Defines a property that is an excerpt of a text that is not plain. The text is kept as it is and {@link excerpt} is
 * taken when the property is first read, by whoever reads it: a copy, an encoding, a comparison. Nothing else gets to see
 * the text.
 */
export const defineExcerpt = <Name extends string>(
  target: { [K in Name]?: string },
  name: Name,
  text: string,
  length: number
): void => {
  let raw: string | undefined = text.length <= maxUndetached ? text : detached(text.slice(0, length + margin + 1))
  let value = ""
  const get = () => {
    if (raw !== undefined) value = excerpt(raw, length)
    raw = undefined
    return value
  }
  Object.defineProperty(target, name, { get, enumerable: true, configurable: true })
}

const controls = /[\u0000-\u001f\u007f-\u009f\u2028\u2029]+/

const allControls = new RegExp(controls, "g")

/** The text on one line, without control characters, at most `length` code units long. */
export const oneLine = (text: string, length: number): string => {
  const start = text.length > length * 2 ? text.slice(0, length * 2) : text
  const line = (controls.test(start) ? start.replace(allControls, " ") : start).trim()
  return line.length > length ? `${take(line, length - 1)}…` : line
}
