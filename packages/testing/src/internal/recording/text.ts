/**
 * Bodies as text in chunks, redacted as a whole: a secret may begin in one chunk and end in the next.
 *
 * @internal
 */
import * as Base64 from "effect/encoding/Base64"

export interface Piece {
  readonly bytes: Uint8Array
  /** Milliseconds after the header. */
  readonly after: number
}

const latin1 = (bytes: Uint8Array): string => {
  let out = ""
  for (let i = 0; i < bytes.length; i += 8192) out += String.fromCharCode(...bytes.subarray(i, i + 8192))
  return out
}

const decodeUtf8 = (pieces: ReadonlyArray<Piece>, isCut: boolean): ReadonlyArray<string> | undefined => {
  const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true })
  try {
    const texts = pieces.map(({ bytes }) => decoder.decode(bytes, { stream: true }))
    // A cut may be within a character.
    if (!isCut) decoder.decode()
    return texts
  } catch {
    return undefined
  }
}

const mark = "<redacted>"

/** The texts of the chunks after redaction, for which only the whole is known. What was redacted is in one chunk. */
const realign = (texts: ReadonlyArray<string>, before: string, after: string): ReadonlyArray<string> => {
  if (before === after) return texts
  const kept: Array<{ readonly from: number; readonly to: number; readonly length: number }> = []
  let from = 0
  let to = 0
  const parts = after.split(mark)
  for (const [i, part] of parts.entries()) {
    const at = i === parts.length - 1 ? before.length - part.length : before.indexOf(part, from)
    // What cannot be found arrives with the last chunk.
    if (at < from || !before.startsWith(part, at)) return texts.map((_, k) => k === texts.length - 1 ? after : "")
    kept.push({ from: at, to, length: part.length })
    from = at + part.length
    to += part.length + mark.length
  }
  let offset = 0
  let start = 0
  let next = 0
  return texts.map((text, k) => {
    offset += text.length
    while (next < kept.length - 1 && offset > kept[next]!.from + kept[next]!.length) next++
    const { from, length, to } = kept[next]!
    const end = k === texts.length - 1 ? after.length : to + Math.max(0, Math.min(length, offset - from))
    const out = after.slice(start, end)
    start = Math.max(start, end)
    return out
  })
}

/** The beginning of the texts. */
const cut = (texts: ReadonlyArray<string>, max: number): ReadonlyArray<string> => {
  let left = max
  return texts.map((text) => {
    const kept = text.slice(0, left)
    left -= kept.length
    return kept
  })
}

export interface Texts {
  /** Of bytes that are no text, one character for each byte. */
  readonly texts: ReadonlyArray<string>
  readonly isText: boolean
  readonly isCut: boolean
}

/** Longer than any secret, so that no part of one is left at the cut. */
export const margin = 8192

/**
 * The redacted texts of the chunks, at most `max` characters in all. The pieces have `margin` bytes more, if there are
 * more.
 */
export const redactPieces = (
  pieces: ReadonlyArray<Piece>,
  options: { readonly isCut: boolean; readonly max: number; readonly redact: (text: string) => string }
): Texts => {
  const decoded = decodeUtf8(pieces, options.isCut)
  const texts = decoded ?? pieces.map(({ bytes }) => latin1(bytes))
  const before = texts.join("")
  const after = options.redact(before)
  const isCut = options.isCut || after.length > options.max
  const realigned = realign(texts, before, after)
  return { texts: isCut ? cut(realigned, options.max) : realigned, isText: decoded !== undefined, isCut }
}

const bytesOf = (text: string): Uint8Array => Uint8Array.from(text, (character) => character.charCodeAt(0))

/** A text as a member of a body. */
export const member = (text: string, isText: boolean): { readonly text: string } | { readonly base64: string } =>
  isText ? { text } : { base64: Base64.encode(bytesOf(text)) }

const encoder = new TextEncoder()

/** The bytes of a member of a body. */
export const toBytes = (member: { readonly text?: string; readonly base64?: string }): Uint8Array => {
  if (member.text !== undefined) return encoder.encode(member.text)
  const bytes = Base64.decode(member.base64 ?? "")
  return bytes._tag === "Success" ? bytes.success : new Uint8Array()
}
