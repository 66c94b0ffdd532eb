/**
 * Redaction of credentials in texts that a server, a proxy or a provider wrote.
 *
 * A credential with a typical prefix or form is redacted anywhere. A value after a name such as `token` is redacted if
 * it looks random, so that words of a message stay. Every pattern is linear, and callers pass bounded texts only.
 *
 * @internal
 */
import * as Base64 from "effect/encoding/Base64"
import { lazy } from "../lazy.ts"
import { decode, mayEncodeWords, withoutEncoded, withoutHalfEncoding } from "./encodings.ts"
import { overlap } from "./overlap.ts"

// Headers with the credentials or the payment of a request.
const headers = "(?:proxy-)?authorization|x-api-key|payment-(?:signature|response|required)|x-402-payment|x-payment"
  + "|(?:x-)?sign-in-with-x|siwx|(?:set-)?cookie|[a-z]{1,20}-auth|authentication"
  + "|x-(?:key|jwt|password|(?:rapidapi|auth|secret|functions|access|master|litellm|bfl|portkey-virtual)-key)"

// Not every name with `key` is one: a cache key or an idempotency key is no secret.
const keys = "(?:(?:rapid)?api|auth|secret|functions|access|master|litellm|bfl|virtual|subscription)[-_ ]?key"

const names = `${headers}|${keys}|jwt|signature|secret|client[-_]?secret|private[-_]?key|mnemonic|password`
  + "|(?:access|refresh|id|auth|session|bearer)[-_]?token|token"

// A gateway puts its own name before the name of a header: `cf-aig-authorization`, `x-goog-api-key`.
const nameOfSecret = lazy(() => new RegExp(`^(?:[\\w-]*-)?(?:${names})$`, "i"))

/** The text that replaces a secret or a credential. */
export const placeholder = "<redacted>"

/** Shorter values are not secrets, and replacing them would make a text unreadable. */
export const minSecretLength = 4

const looksRandom = (value: string): boolean =>
  /\d/.test(value) || /[a-z][A-Z]|[A-Z]{2}[a-z]/.test(value) || value.length >= 40

const hasLongPart = (value: string): boolean => /[A-Za-z\d]{16}/.test(value)

// Suspicions, as bits: a typical form of a credential, a name followed by punctuation, a run of hexadecimal digits, a
// password in a URL.
const form = 1
const name = 2
const hex = 4
const password = 8

/** A pattern with its replacement, tried only on texts that raise the suspicion and contain the text `needs`. */
type Replacement = readonly [
  suspicion: number,
  needs: string,
  pattern: RegExp,
  replace: (match: string, before: string, value: string) => string
]

const onlyIf = (isSecret: (value: string) => boolean) => (match: string, before: string, value: string): string =>
  isSecret(value) ? `${before}${placeholder}` : match

const always = (_: string, before: string): string => `${before}${placeholder}`

/** `authentication` is a word, too, and then no credential follows. */
const unlessWord = (match: string, before: string, value: string): string =>
  /authentication/i.test(before) && (value.length < 16 || !looksRandom(value)) ? match : `${before}${placeholder}`

const patterns = lazy((): ReadonlyArray<Replacement> => [
  // An authorization scheme and its credentials.
  [form, "", /\b((?:bearer|basic)\s+)([\w.~+/=-]{8,})/gi, onlyIf(looksRandom)],
  // Keys with a known prefix: Venice's, and those of OpenAI-compatible providers behind a gateway.
  [form, "", /()\b(venice[-_](?:inference|admin)[-_]key[-_][\w-]+)/gi, always],
  [form, "", /()\b((?:[spr]k[-_]|gsk_|xai-|r8_|fw_|hf_|gh[opsu]_|xox[abp]-)[\w-]{16,})/g, onlyIf(hasLongPart)],
  [form, "", /()\b((?:AIza|nvapi-|glpat-)[\w-]{20,}|AKIA[A-Z\d]{16})/g, always],
  // Base64 of JSON: JWTs, wallet sign-ins, signed payments.
  [form, "eyJ", /()\b(eyJ[\w.+/=-]{20,})/g, always],
  // Hexadecimal of 32 bytes or more: private keys and signatures, but not addresses.
  [hex, "", /()\b((?:0x)?[\da-f]{64,})/gi, always],
  // `"name": "value"` and `"name": ["value"]` in JSON, and the first in JSON inside a JSON string.
  [name, "\"", new RegExp(`\\b((?:${names})"\\s*:\\s*(?:\\[\\s*)?")((?:\\\\.|[^"\\\\])+)`, "gi"), unlessWord],
  [name, "\"", new RegExp(`\\b((?:${names})\\\\"\\s*:\\s*\\\\")([^"\\\\]+)`, "gi"), unlessWord],
  // Headers as pairs: `["name", "value"]`, `{"name": "…", "value": "…"}`.
  [
    name,
    "\"",
    new RegExp(`\\b((?:${headers})"\\s*,\\s*(?:"value"\\s*:\\s*)?")((?:\\\\.|[^"\\\\])+)`, "gi"),
    unlessWord
  ],
  // `name: value`, `name=value`, quoted or not.
  [name, "", new RegExp(`\\b((?:${names})\\s*[:=]\\s*["'\`\\\\]{0,3})([\\w.~+/=-]{16,})`, "gi"), onlyIf(looksRandom)],
  // The rejected value in a validation issue.
  [name, "\"", /("received"\s*:\s*")([\w.~+/=-]{16,})/gi, onlyIf(looksRandom)],
  // Query parameters, and the password of a URL.
  [
    name,
    "=",
    new RegExp(
      `([?&](?:key|sig|(?:[\\w-]{0,40}[-_])?(?:${names})|[\\w-]{0,40}token|[\\w-]{0,40}signature)=)`
        + "([^&#\\s\"'\\\\]+)",
      "gi"
    ),
    always
  ],
  // An error may have a short `code` in its URL as well.
  [name, "=", /([?&]code=)([^&#\s"'\\]{12,})/gi, onlyIf(looksRandom)],
  [password, "@", /(\/\/[^\s/:@"]{0,100}:)([^\s/@"]{1,200})(?=@)/g, always]
])

// Most texts match no pattern. One pass that looks up every three letters in a table is much cheaper than a dozen
// patterns, or one pattern with a dozen alternatives. The table has three letters of every form and name above, the
// rarest ones. A value after a name is a credential only after punctuation.
const lettersOfForms = ["rer", "sic", "ey-", "ey_", "sk-", "pk-", "rk-", "sk_", "pk_", "rk_", "eyj"]
  .concat(["xai", "xox", "r8_", "fw_", "hf_", "ho_", "hp_", "hs_", "hu_", "aiz", "vap", "lpa", "kia"])
const lettersOfNames = [
  "-au",
  "key",
  "zat",
  "yme",
  "gna",
  "n-w",
  "siw",
  "kie",
  "ecr",
  "mne",
  "ssw",
  "tok",
  "uth",
  "jwt",
  "de=",
  "cei",
  "ig="
]

// Five bits of a character code identify a letter in any case. A confusion with other characters costs only time.
const nextKey = (key: number, code: number): number => ((key << 5) | (code & 31)) & 32767

const keyOf = (letters: string): number => Array.from(letters, (letter) => letter.charCodeAt(0)).reduce(nextKey, 0)

const suspicionOfLetters = lazy(() => {
  const table = new Uint8Array(32768)
  for (const letters of lettersOfNames) table[keyOf(letters)]! |= name
  for (const letters of lettersOfForms) table[keyOf(letters)]! |= form
  return table
})

const hexDigits = lazy(() =>
  Uint8Array.from({ length: 128 }, (_, code) => /[\da-f]/i.test(String.fromCharCode(code)) ? 1 : 0)
)

/** Whether there may be 64 hexadecimal digits in a row: four samples in a row, of every 16th character, are digits. */
const maybeLongHex = (text: string): boolean => {
  const isHex = hexDigits()
  let digits = 0
  for (let i = 15; i < text.length; i += 16) {
    digits = isHex[text.charCodeAt(i) & 127] === 1 ? digits + 1 : 0
    if (digits === 4) return true
  }
  return false
}

/** The suspicions that a text raises, as bits. */
const suspicions = (text: string): number => {
  const table = suspicionOfLetters()
  let key = 0
  let out = 0
  for (let i = 0; i < text.length; i++) {
    key = nextKey(key, text.charCodeAt(i))
    out |= table[key]!
  }
  if ((out & name) !== 0 && !/[:="]/.test(text)) out ^= name
  if (text.includes("@")) out |= password
  return maybeLongHex(text) ? out | hex : out
}

/** Whether a text may contain a credential. */
export const isSuspect = (text: string): boolean => suspicions(text) !== 0

/** Whether a member or header of this name has a credential as its value. */
export const isSecretName = (name: string): boolean => nameOfSecret().test(name)

/** Whether the value of a member is, or may be, a credential. */
export const isSecretValue = (name: string, value: unknown): boolean => {
  if (typeof value === "string" && name === "received") return value.length >= 16 && looksRandom(value)
  return isSecretName(name) && (typeof value === "string" || Array.isArray(value))
}

/** The text with everything redacted that looks like a credential. */
export const redact = (text: string): string => {
  const raised = suspicions(text)
  return raised === 0 ? text : patterns().reduce(
    (text, [suspicion, needs, pattern, replace]) =>
      (raised & suspicion) !== 0 && text.includes(needs) ? text.replace(pattern, replace) : text,
    text
  )
}

// JSON, URLs and HTML need not escape these characters, and few writers do.
const isWrittenOneWay = (secret: string): boolean => !/[^\w.-]/.test(secret)

const escapedForms = (secret: string): ReadonlyArray<string> => {
  const base64 = Base64.encode(secret).replaceAll("=", "")
  const forms = [secret, base64, base64.replaceAll("+", "-").replaceAll("/", "_")]
  if (isWrittenOneWay(secret)) return forms
  const json = JSON.stringify(secret).slice(1, -1)
  const percent = encodeURIComponent(secret.replace(/\p{Surrogate}/gu, ""))
  return [...forms, percent, percent.replaceAll("%20", "+"), json, json.replaceAll("/", "\\/")]
}

/** The secrets in plain form, escaped, and as base64. The longest come first, because one may be a part of another. */
const formsOf = (secrets: ReadonlyArray<string>): ReadonlyArray<string> => {
  const out = new Set<string>()
  for (const secret of secrets) {
    if (secret.length < minSecretLength) continue
    for (const escaped of escapedForms(secret)) {
      // The mark would show it again.
      if (!placeholder.includes(escaped)) out.add(escaped)
    }
  }
  return [...out].sort((a, b) => b.length - a.length)
}

/**
 * Returns a function that redacts known secrets in plain form, as JSON, JavaScript, a URL or HTML escapes them, and as
 * base64.
 */
export const redactSecrets = (secrets: ReadonlyArray<string>): (text: string) => string => {
  if (latest !== undefined && isSame(latest.secrets, secrets)) return latest.redact
  const redact = makeRedact(secrets)
  latest = isShort(secrets) ? { secrets: [...secrets], redact } : undefined
  return redact
}

interface Made {
  readonly secrets: ReadonlyArray<string>
  readonly redact: (text: string) => string
}

// The requests of a client have the same key. Only the latest: no secret is held for longer than until the next response.
let latest: Made | undefined

const isSame = (a: ReadonlyArray<string>, b: ReadonlyArray<string>): boolean =>
  a.length === b.length && a.every((secret, i) => secret === b[i])

const isShort = (secrets: ReadonlyArray<string>): boolean =>
  secrets.length <= 8 && secrets.every((secret) => secret.length <= 1024)

const makeRedact = (secrets: ReadonlyArray<string>): (text: string) => string => {
  const longestFirst = formsOf(secrets)
  const encodable = longestFirst.filter((secret) => !isWrittenOneWay(secret))
  return (text) =>
    withoutEncoded(
      longestFirst.reduce((text, secret) => text.includes(secret) ? text.replaceAll(secret, placeholder) : text, text),
      mayEncodeWords(text) ? longestFirst : encodable,
      placeholder
    )
}

/**
 * JSON with printable ASCII characters unescaped. Some servers write `+`, `/` or `&` as `\u00XX`, which would hide a
 * secret that contains them.
 */
export const unescapeAscii = (json: string): string =>
  json.includes("\\u00")
    ? json.replace(/\\(?:\\|u00([2-7][\da-f]))/gi, (escape: string, code: string | undefined) => {
      const char = code === undefined ? undefined : String.fromCharCode(Number.parseInt(code, 16))
      return char === undefined || char === "\"" || char === "\\" || char === "\x7f" ? escape : char
    })
    : json

const lengthOfCutSecret = (text: string, secret: string): number => {
  const length = overlap(text, secret)
  return length >= minSecretLength ? length : 0
}

const cutLengthOf = (text: string, secrets: ReadonlyArray<string>): number =>
  secrets.reduce((longest, secret) => Math.max(longest, lengthOfCutSecret(text, secret)), 0)

// Longer than a secret with every character encoded.
const maxEncodedEnd = 8192

/** Redacts the beginning of a secret, in any of its forms, at the end of a text that was cut. */
export const redactCutSecret = (text: string, secrets: ReadonlyArray<string>): string => {
  const forms = formsOf(secrets)
  const offset = Math.max(0, text.length - maxEncodedEnd)
  const { plain, starts } = decode(text.slice(offset))
  const start = Math.min(
    text.length - cutLengthOf(text, forms),
    ...[plain, withoutHalfEncoding(plain)].map((end) => {
      const length = cutLengthOf(end, forms)
      return length === 0 ? text.length : offset + starts[end.length - length]!
    })
  )
  return start === text.length ? text : text.slice(0, start) + placeholder
}
