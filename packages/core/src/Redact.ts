/**
 * Redaction of secrets and credentials, and of control characters in what is printed.
 *
 * `Decode` redacts every error. These functions are for other values that you keep or log: a text that may contain the
 * API key, a JSON value of a response, the body of a success.
 *
 * @since 0.1.0
 */
import type * as Schema from "effect/Schema"
import type { Input } from "./internal/decoding/received.ts"
import { withoutSecrets } from "./internal/decoding/received.ts"
import { printable as withoutControls } from "./internal/redaction/excerpt.ts"
import { describe } from "./internal/redaction/foreignError.ts"
import { excerptJson } from "./internal/redaction/json.ts"
import { isSecretName, placeholder, redact, redactCutSecret, redactSecrets } from "./internal/redaction/redact.ts"

/**
 * Returns a function that replaces known secrets in a text by `<redacted>`, in plain form, as JSON, JavaScript, a
 * URL or HTML escapes them, and as base64.
 *
 * **When to use**
 *
 * For a log line or an error of your own that may contain the API key.
 *
 * **Gotchas**
 *
 * Secrets shorter than four characters are ignored, and so are parts of `<redacted>` itself.
 *
 * **Example** (Redacting a log line)
 *
 * ```ts
 * import { Redact } from "@effect-venice/core"
 *
 * const clean = Redact.secrets(["my-api-key"])
 *
 * clean("GET /models with my-api-key") // => "GET /models with <redacted>"
 * ```
 *
 * @category redacting
 * @since 0.1.0
 */
export const secrets: (secrets: ReadonlyArray<string>) => (text: string) => string = redactSecrets

/**
 * Redacts what looks like a credential in a text: a key with a known prefix, a token after its name, a signature. In
 * linear time.
 *
 * **When to use**
 *
 * Before you keep a text of somebody else whose secrets you do not know: a body in a journal, a line of a log.
 *
 * **Example** (Redacting an unknown key)
 *
 * ```ts
 * import { Redact } from "@effect-venice/core"
 *
 * Redact.text("{\"apiKey\":\"VENICE-ADMIN-KEY-abcdefgh\"}") // => "{\"apiKey\":\"<redacted>\"}"
 * ```
 *
 * @category redacting
 * @since 0.1.0
 */
export const text: (text: string) => string = redact

/**
 * Copies headers with the values of those that carry a credential replaced by `<redacted>`: `Authorization`, cookies,
 * signed payments, keys of gateways. What looks like a credential in the others is redacted as in {@link text}.
 *
 * **When to use**
 *
 * Before you keep or log the headers of a request or a response.
 *
 * @category redacting
 * @since 0.1.0
 */
export const headers = (headers: Readonly<Record<string, string | undefined>>): Readonly<Record<string, string>> => {
  const out: Record<string, string> = {}
  for (const [name, value] of Object.entries(headers)) {
    if (value !== undefined) out[name] = isSecretName(name) ? placeholder : redact(value)
  }
  return out
}

/**
 * Redacts the values in `secrets` in the headers and the body of a response.
 *
 * **When to use**
 *
 * Before you parse the body of a response yourself and keep a part of it. `Decode` does it by itself.
 *
 * @category redacting
 * @since 0.1.0
 */
export const response: (input: Input) => Input = withoutSecrets

/**
 * Copies a JSON value within bounds and with credentials redacted: at most 16 levels, 200 entries, and texts of 2,048
 * UTF-16 code units. Total.
 *
 * **When to use**
 *
 * To put a part of a response into an error of your own.
 *
 * @category redacting
 * @since 0.1.0
 */
export const json: (value: unknown) => Schema.Json = excerptJson

/**
 * A description of what stands in the `cause` of an error, that can be kept and logged: an `Error` of our own with the
 * name, message, code, system call, stack and causes of the original, without secrets and within bounds. Total.
 *
 * **When to use**
 *
 * Before you keep an error of a platform or a client. It can hold the request it failed on, throw from a getter, or be a
 * proxy; the description does none of it. A text stays a text.
 *
 * **Example** (Describing a failed connection)
 *
 * ```ts
 * import { Redact } from "@effect-venice/core"
 *
 * const cause = new TypeError("cannot connect with my-api-key")
 *
 * const described = Redact.cause(cause, ["my-api-key"])
 *
 * String(described) // => "TypeError: cannot connect with <redacted>"
 * ```
 *
 * @category redacting
 * @since 0.1.0
 */
export const cause = (cause: unknown, secrets: ReadonlyArray<string>): unknown => {
  const redact = redactSecrets(secrets)
  return describe(cause, (text, isCut) => isCut ? redactCutSecret(redact(text), secrets) : redact(text))
}

/**
 * The text without control characters: a server's text can then not forge a line of a log, nor paint the terminal.
 *
 * **When to use**
 *
 * Where you print the `message` of an error yourself: it is as the server sent it. `String(error)`, its `stack` and
 * `Telemetry.log` are without them already.
 *
 * @category redacting
 * @since 0.1.0
 */
export const printable: (text: string) => string = withoutControls
