/**
 * Takes credentials out of text that a server, a proxy or a provider wrote.
 *
 * Every pattern is linear: a fixed start, then one class of characters without a required end.
 *
 * @internal
 */

const names =
  "authorization|proxy-authorization|x-api-key|api[-_ ]?key|payment-signature|payment-response|x-402-payment"
  + "|x-payment|(?:x-)?sign-in-with-x|set-cookie|cookie|signature|secret|client[-_]?secret|private[-_]?key|mnemonic"
  + "|password|(?:access|refresh|id|auth|session|bearer)[-_]?token|token"

const nameOfSecret = new RegExp(`^(?:${names})$`, "i")

/** What stands in the place of a credential. */
export const mark = "<redacted>"

/** A shorter value is no credential, and taking it out would tear the text apart. */
export const minSecret = 4

const patterns: ReadonlyArray<readonly [RegExp, string]> = [
  // An authorization scheme and its credentials.
  [/\b(bearer|basic)\s+[\w.~+/=-]{8,}/gi, `$1 ${mark}`],
  // Keys by their prefix: Venice's own, and those of OpenAI-compatible providers behind a gateway.
  [/\bvenice[-_](?:inference|admin)[-_]key[-_][\w-]+/gi, mark],
  [/\b(?:sk|pk|rk)-[\w-]{16,}/g, mark],
  // Base64 of JSON: JWTs, wallet sign-ins, signed payments.
  [/\beyJ[\w.+/=-]{20,}/g, mark],
  // Hexadecimal of 32 bytes or more: private keys and signatures, but not addresses.
  [/\b0x[\da-f]{64,}/gi, mark],
  // `"name": "value"` in JSON, and the same once more quoted.
  [new RegExp(`\\b(${names})("\\s*:\\s*")(?:\\\\.|[^"\\\\])+`, "gi"), `$1$2${mark}`],
  [new RegExp(`\\b(${names})(\\\\"\\s*:\\s*\\\\")[^"\\\\]+`, "gi"), `$1$2${mark}`],
  // `name: value`, `name=value`, and query parameters.
  [new RegExp(`\\b(${names})(\\s*[:=]\\s*)[\\w.~+/=-]{16,}`, "gi"), `$1$2${mark}`],
  [/([?&](?:key|sig|[\w-]*token|[\w-]*signature)=)[^&#\s"'\\]+/gi, `$1${mark}`]
]

/** Whether a property or header of this name holds a credential. */
export const isSecretName = (name: string): boolean => nameOfSecret.test(name)

// Some part of each of the patterns above. Most texts have none, and one look is cheaper than ten.
const suspect =
  /bearer|basic|venice[-_]|[spr]k-|eyJ|0x|authori|api[-_ ]?key|payment|sign|cookie|secret|private|mnemonic|password|token|[?&]key=|[?&]sig=/i

/** The text without credentials, as far as they can be told by their form. */
export const redact = (text: string): string =>
  suspect.test(text)
    ? patterns.reduce((text, [pattern, replacement]) => text.replace(pattern, replacement), text)
    : text
