/**
 * Requests and responses without their secrets, for the journal.
 *
 * @internal
 */
import { Redact } from "@effect-venice/core"
import * as Base64 from "effect/encoding/Base64"
import * as Result from "effect/Result"

const isCredential = (name: string): boolean => Redact.headers({ [name]: "" })[name] !== ""

/** The secrets in the headers of a request, without their schemes. */
export const secretsOf = (headers: Readonly<Record<string, string | undefined>>): ReadonlyArray<string> => {
  const out: Array<string> = []
  for (const [name, value] of Object.entries(headers)) {
    if (value === undefined || !isCredential(name)) continue
    const [, scheme, credentials = value] = /^(bearer|basic|digest|token) +(.*)$/is.exec(value) ?? []
    out.push(value, credentials)
    if (scheme?.toLowerCase() === "basic") {
      const pair = Result.getOrElse(Base64.decodeString(credentials), () => "")
      out.push(pair, pair.slice(pair.indexOf(":") + 1))
    }
    if (name.endsWith("cookie")) out.push(...value.split(";").map((pair) => pair.slice(pair.indexOf("=") + 1).trim()))
  }
  return out
}

export interface Body {
  readonly text?: string
  readonly base64?: string
  readonly bytes: number
  readonly isCut?: true
}

// Longer than any secret, so that no part of one is left at the cut.
const margin = 8192

const utf8 = new TextDecoder("utf-8", { fatal: true })

const latin1 = (bytes: Uint8Array): string => {
  let out = ""
  for (let i = 0; i < bytes.length; i += 8192) out += String.fromCharCode(...bytes.subarray(i, i + 8192))
  return out
}

const textOf = (bytes: Uint8Array): string | undefined => {
  // A cut may be within a character.
  for (let length = bytes.length; length >= Math.max(0, bytes.length - 3); length--) {
    try {
      return utf8.decode(bytes.subarray(0, length))
    } catch {
      continue
    }
  }
  return undefined
}

/** The beginning of a body, redacted; of one that is not text, as bytes. `length` is that of the whole body. */
export const bodyOf = (
  bytes: Uint8Array,
  length: number,
  redact: (text: string) => string,
  max: number
): Body => {
  const head = bytes.subarray(0, max + margin)
  const text = textOf(head)
  const redacted = redact(text ?? latin1(head))
  const isCut = head.length < length || redacted.length > max
  const kept = redacted.slice(0, max)
  return {
    ...(text === undefined
      ? { base64: Base64.encode(Uint8Array.from(kept, (character) => character.charCodeAt(0))) }
      : { text: kept }),
    bytes: length,
    ...(isCut && { isCut: true as const })
  }
}

/** Redacts known secrets, then what looks like one. */
export const redactor = (secrets: ReadonlyArray<string>): (text: string) => string => {
  const known = Redact.secrets(secrets)
  return (text) => Redact.text(known(text))
}
