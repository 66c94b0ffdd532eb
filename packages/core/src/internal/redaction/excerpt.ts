/**
 * Bounded, redacted excerpts of texts from a response.
 *
 * @internal
 */
import { isSuspect, redact } from "./redact.ts"

// Redaction looks this far past the end of the excerpt, to see a credential that begins before the end as a whole.
const margin = 2048

/**
 * The end of the last whole word in the margin. Half a credential is not redacted, and it moves into the excerpt when the
 * text before it becomes shorter.
 */
const wordEnd = (text: string, length: number): number => {
  let end = length + margin
  while (end > length && !/[\s"',;]/.test(text[end]!)) end--
  return end
}

const isHighSurrogate = (code: number) => code >= 0xd800 && code < 0xdc00

/** The first `length` code units, without half a surrogate pair at the end. */
const take = (text: string, length: number): string =>
  text.slice(0, isHighSurrogate(text.charCodeAt(length - 1)) ? length - 1 : length)

// In V8 a slice keeps the whole string in memory, and a concatenation its parts. A decoded copy keeps neither.
const copy = (text: string): string =>
  new TextDecoder("utf-8", { ignoreBOM: true }).decode(new TextEncoder().encode(text))

/** The redacted text, at most `length` code units long. */
export const excerpt = (text: string, length: number): string => {
  const clean = redact(text.length > length + margin ? text.slice(0, wordEnd(text, length)) : text)
  // A mark may be longer than the credential it replaces.
  return text.length > length || clean.length > length ? copy(take(clean, length)) : clean
}

// Up to this length, a search for credentials costs less than a getter that searches later.
const maxPlainLength = 256

/** Whether a text and all its parts can be kept without redaction: it is short, and contains no credential. */
export const isPlain = (text: string): boolean => text.length <= maxPlainLength && !isSuspect(text)

// Up to this length, keeping the whole text until the excerpt is read costs less than copying its beginning.
const maxUncopiedLength = 32 * 1024

/**
 * Defines a property that is an {@link excerpt} of a text. Redaction is slow and few errors have their body read, so
 * the excerpt is made when the property is first read. Only the getter can reach the unredacted text.
 */
export const defineExcerpt = <Name extends string>(
  target: { [K in Name]?: string },
  name: Name,
  text: string,
  length: number
): void => {
  let raw: string | undefined = text.length <= maxUncopiedLength ? text : copy(text.slice(0, length + margin + 1))
  let value = ""
  const get = () => {
    if (raw !== undefined) value = excerpt(raw, length)
    raw = undefined
    return value
  }
  Object.defineProperty(target, name, { get, enumerable: true, configurable: true })
}

// What ends a line, moves the cursor, paints, or turns the direction of the text around.
const controls = /[\u0000-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]+/

const allControls = new RegExp(controls, "g")

/** The text without control characters, so that it cannot forge a line of a log or paint a terminal. */
export const printable = (text: string): string =>
  isAscii(text) || !controls.test(text) ? text : text.replace(allControls, " ")

/** Whether every character is a printable one of ASCII, as in nearly every message. */
const isAscii = (text: string): boolean => {
  if (text.length > 512) return false
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i)
    if (code < 32 || code > 126) return false
  }
  return true
}

/** The text on one line, without control characters, at most `length` code units long. */
export const oneLine = (text: string, length: number): string => {
  const line = printable(text.slice(0, length * 2)).trim()
  return line.length > length ? `${take(line, length - 1)}…` : line
}
