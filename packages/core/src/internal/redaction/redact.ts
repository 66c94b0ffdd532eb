/**
 * Takes credentials out of text that a server, a proxy or a provider wrote.
 *
 * What has a prefix or a form of its own goes wherever it stands. A value that only stands behind a name goes where it
 * looks random: a word of the message must stay a word. Every pattern is linear, and is given bounded text only.
 *
 * @internal
 */

// Headers that prove who is asking, or who pays.
const headers = "(?:proxy-)?authorization|x-api-key|payment-(?:signature|response|required)|x-402-payment|x-payment"
  + "|(?:x-)?sign-in-with-x|siwx|(?:set-)?cookie"

const names = `${headers}|api[-_ ]?key|signature|secret|client[-_]?secret|private[-_]?key|mnemonic|password`
  + "|(?:access|refresh|id|auth|session|bearer)[-_]?token|token"

const nameOfSecret = new RegExp(`^(?:${names})$`, "i")

/** What stands in the place of a credential. */
export const mark = "<redacted>"

/** A shorter value is no credential, and taking it out would tear the text apart. */
export const minSecret = 4

const looksRandom = (value: string): boolean =>
  /\d/.test(value) || /[a-z][A-Z]|[A-Z]{2}[a-z]/.test(value) || value.length >= 40

const hasLongPart = (value: string): boolean => /[A-Za-z\d]{16}/.test(value)

// What makes a text worth a search: a form that credentials have, a name with a sign of punctuation behind it, a run of
// hexadecimal digits, a sign of a URL's password.
const form = 1
const name = 2
const hex = 4
const at = 8

/** What a text must raise suspicion of and contain to be worth a search, the search, and what is written instead. */
type Replacement = readonly [
  suspicion: number,
  needs: string,
  RegExp,
  (match: string, before: string, value: string) => string
]

const when = (isSecret: (value: string) => boolean) => (match: string, before: string, value: string): string =>
  isSecret(value) ? `${before}${mark}` : match

const behind = (_: string, before: string): string => `${before}${mark}`

const patterns: ReadonlyArray<Replacement> = [
  // An authorization scheme and its credentials.
  [form, "", /\b((?:bearer|basic)\s+)([\w.~+/=-]{8,})/gi, when(looksRandom)],
  // Keys by their prefix: Venice's own, and those of OpenAI-compatible providers behind a gateway.
  [form, "", /()\b(venice[-_](?:inference|admin)[-_]key[-_][\w-]+)/gi, behind],
  [form, "-", /()\b([spr]k-[\w-]{16,})/g, when(hasLongPart)],
  // Base64 of JSON: JWTs, wallet sign-ins, signed payments.
  [form, "eyJ", /()\b(eyJ[\w.+/=-]{20,})/g, behind],
  // Hexadecimal of 32 bytes or more: private keys and signatures, but not addresses.
  [hex, "", /()\b((?:0x)?[\da-f]{64,})/gi, behind],
  // `"name": "value"` and `"name": ["value"]` in JSON, and the first once more quoted.
  [name, "\"", new RegExp(`\\b((?:${names})"\\s*:\\s*(?:\\[\\s*)?")((?:\\\\.|[^"\\\\])+)`, "gi"), behind],
  [name, "\"", new RegExp(`\\b((?:${names})\\\\"\\s*:\\s*\\\\")([^"\\\\]+)`, "gi"), behind],
  // Headers as pairs: `["name", "value"]`, `{"name": "…", "value": "…"}`.
  [name, "\"", new RegExp(`\\b((?:${headers})"\\s*,\\s*(?:"value"\\s*:\\s*)?")((?:\\\\.|[^"\\\\])+)`, "gi"), behind],
  // `name: value`, `name=value`, quoted or not.
  [name, "", new RegExp(`\\b((?:${names})\\s*[:=]\\s*["'\`\\\\]{0,3})([\\w.~+/=-]{16,})`, "gi"), when(looksRandom)],
  // What a validator got instead of what it wanted.
  [name, "\"", /("received"\s*:\s*")([\w.~+/=-]{16,})/gi, when(looksRandom)],
  // Query parameters, and the password of a URL.
  [name, "=", /([?&](?:key|sig|[\w-]{0,40}token|[\w-]{0,40}signature)=)([^&#\s"'\\]+)/gi, behind],
  [at, "@", /(\/\/[^\s/:@"]{0,100}:)([^\s/@"]{1,200})(?=@)/g, behind]
]

// Most texts have nothing of any of the patterns, and one pass over a table is cheaper by far than a dozen patterns, or
// one of a dozen choices. The table has three letters of every form and of every name above, rare ones where there is a
// choice. What stands behind a name is a credential only after a sign of punctuation.
const formed = ["rer", "sic", "ey-", "ey_", "sk-", "pk-", "rk-", "eyj"]
const named = ["key", "zat", "yme", "gna", "n-w", "siw", "kie", "ecr", "mne", "ssw", "tok", "cei", "ig="]

// Five bits tell letters apart, whatever their case. What they confuse costs time and nothing else.
const next = (key: number, code: number): number => ((key << 5) | (code & 31)) & 32767

const kinds = new Uint8Array(32768)
const keyOf = (letters: string): number => Array.from(letters, (letter) => letter.charCodeAt(0)).reduce(next, 0)
for (const letters of named) kinds[keyOf(letters)]! |= name
for (const letters of formed) kinds[keyOf(letters)]! |= form

const isHex = Uint8Array.from({ length: 128 }, (_, code) => /[\da-f]/i.test(String.fromCharCode(code)) ? 1 : 0)

/** Whether there may be 64 hexadecimal digits in a row: four of every sixteenth character would be among them. */
const maybeLongHex = (text: string): boolean => {
  let found = 0
  for (let i = 15; i < text.length; i += 16) {
    found = isHex[text.charCodeAt(i) & 127] === 1 ? found + 1 : 0
    if (found === 4) return true
  }
  return false
}

/** Which of the patterns may be found; zero for none. */
const suspicions = (text: string): number => {
  let key = 0
  let found = 0
  for (let i = 0; i < text.length; i++) {
    key = next(key, text.charCodeAt(i))
    found |= kinds[key]!
  }
  if ((found & name) !== 0 && !/[:="]/.test(text)) found ^= name
  if (text.includes("@")) found |= at
  return maybeLongHex(text) ? found | hex : found
}

/** Whether one of the patterns may be found. */
export const isSuspect = (text: string): boolean => suspicions(text) !== 0

/** Whether a property or header of this name holds a credential. */
export const isSecretName = (name: string): boolean => nameOfSecret.test(name)

/** Whether the value of a property is, or may be, a credential. */
export const isSecretValue = (name: string, value: unknown): boolean => {
  if (typeof value === "string" && name === "received") return value.length >= 16 && looksRandom(value)
  return isSecretName(name) && (typeof value === "string" || Array.isArray(value))
}

/** The text without credentials, as far as they can be told by their form. */
export const redact = (text: string): string => {
  const found = suspicions(text)
  return found === 0 ? text : patterns.reduce(
    (text, [suspicion, needs, pattern, replace]) =>
      (found & suspicion) !== 0 && text.includes(needs) ? text.replace(pattern, replace) : text,
    text
  )
}

const escapes = (secret: string): ReadonlyArray<string> => {
  // A key of letters and digits is written the same way everywhere.
  if (/^[\w.~-]*$/.test(secret)) return [secret]
  const json = JSON.stringify(secret).slice(1, -1)
  return [secret, encodeURIComponent(secret.replace(/\p{Surrogate}/gu, "")), json, json.replaceAll("/", "\\/")]
}

/** Known secrets in every form they may come in. The longest comes first, since one may be part of another. */
const forms = (secrets: ReadonlyArray<string>): ReadonlyArray<string> => {
  const out: Array<string> = []
  for (const secret of secrets) {
    if (secret.length < minSecret) continue
    for (const form of escapes(secret)) {
      if (!out.includes(form)) out.push(form)
    }
  }
  return out.length > 1 ? out.sort((a, b) => b.length - a.length) : out
}

/**
 * A function that takes out values known to be secret, whatever they look like: as they are, and as JSON or a URL would
 * write them.
 */
export const without = (secrets: ReadonlyArray<string>): (text: string) => string => {
  const longestFirst = forms(secrets)
  return (text) =>
    longestFirst.reduce((text, secret) => text.includes(secret) ? text.replaceAll(secret, mark) : text, text)
}

/**
 * JSON with its printable ASCII characters as they are. Some servers escape `+`, `/` or `&` by number, and a secret with
 * one of them would not be found.
 */
export const unescaped = (json: string): string =>
  json.includes("\\u00")
    ? json.replace(/\\(?:\\|u00([2-7][\da-f]))/gi, (escape: string, code: string | undefined) => {
      const char = code === undefined ? undefined : String.fromCharCode(Number.parseInt(code, 16))
      return char === undefined || char === "\"" || char === "\\" || char === "\x7f" ? escape : char
    })
    : json

const beginningAtEnd = (text: string, secret: string): number => {
  for (let length = Math.min(secret.length - 1, text.length); length >= minSecret; length--) {
    if (text.endsWith(secret.slice(0, length))) return length
  }
  return 0
}

/** A text that was cut, without the beginning of a secret that the cut went through. */
export const withoutBegun = (text: string, secrets: ReadonlyArray<string>): string => {
  const length = forms(secrets).reduce((longest, secret) => Math.max(longest, beginningAtEnd(text, secret)), 0)
  return length === 0 ? text : text.slice(0, -length) + mark
}
