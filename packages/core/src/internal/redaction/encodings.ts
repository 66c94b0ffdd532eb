/**
 * Finds known secrets in whatever way a server, a template or a proxy wrote them: percent-encoded, as HTML entities, as
 * JSON in JSON, as JavaScript, or in a mixture of these.
 *
 * @internal
 */
const encoded =
  /%(?:25)*([2-7][\da-f])|&(?:amp;){0,4}(?:#0*(\d{2,3})|#x0*([2-7][\da-f])|(amp|lt|gt|quot|apos|plus|sol|equals|lowbar|period));|\\+(?:(?:u00|x)([2-7][\da-f])|(["/]))?/gi

const entities: Readonly<Record<string, string>> = {
  amp: "&",
  lt: "<",
  gt: ">",
  quot: "\"",
  apos: "'",
  plus: "+",
  sol: "/",
  equals: "=",
  lowbar: "_",
  period: "."
}

type Groups = ReadonlyArray<string | undefined>

const charOf = (...[, percent, decimal, hex, entity, escape, char]: Groups): string => {
  if (char !== undefined) return char
  if (entity !== undefined) return entities[entity.toLowerCase()]!
  return String.fromCharCode(
    decimal === undefined ? Number.parseInt(percent ?? hex ?? escape ?? "5c", 16) : Number(decimal)
  )
}

// A semicolon ends the `&amp;` of an entity that was escaped again.
const encodedWordCharacter = /%(?:25)*[2-7][\da-f]|[&;](?:#|lowbar|period)|\\(?:u00|x)[2-7]/i

/**
 * Whether a letter, digit, dot, hyphen or underscore may be encoded. Most bodies have an encoded quote or slash, which
 * is no reason to search for a key without such characters.
 */
export const mayEncodeWords = (text: string): boolean => encodedWordCharacter.test(text)

const halfEncoding = /(?:%|&#?[a-z]*|\\[ux]?)\d*$/i

/** A decoded text without the half of an encoding that may be at its end. */
export const withoutHalfEncoding = (plain: string): string => plain.replace(halfEncoding, "")

/** A text without its encodings. `starts` has where each of its characters begins in the original. */
export const decode = (text: string): { readonly plain: string; readonly starts: ReadonlyArray<number> } => {
  let plain = ""
  let end = 0
  const starts: Array<number> = []
  const copy = (until: number) => {
    for (let i = end; i < until; i++) starts.push(i)
    plain += text.slice(end, until)
  }
  for (const match of text.matchAll(encoded)) {
    copy(match.index)
    starts.push(match.index)
    plain += charOf(...match)
    end = match.index + match[0].length
  }
  copy(text.length)
  starts.push(text.length)
  return { plain, starts }
}

const replace = (text: string, secret: string, mark: string): string => {
  const { plain, starts } = decode(text)
  let out = ""
  let end = 0
  for (let at = plain.indexOf(secret); at >= 0; at = plain.indexOf(secret, at + secret.length)) {
    out += text.slice(end, starts[at]) + mark
    end = starts[at + secret.length]!
  }
  return out + text.slice(end)
}

/** The text with a mark in place of the secrets that are written with encoded characters. */
export const withoutEncoded = (text: string, secrets: ReadonlyArray<string>, mark: string): string => {
  if (secrets.length === 0 || !/[%&\\]/.test(text)) return text
  const plain = text.replace(encoded, charOf)
  return secrets.reduce((text, secret) => plain.includes(secret) ? replace(text, secret, mark) : text, text)
}
