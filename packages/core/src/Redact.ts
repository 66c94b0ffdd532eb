/**
 * Secrets taken out of what is kept or logged.
 *
 * Every error is redacted when it is decoded. These functions are for what is kept beside an error: a text of your own
 * that may hold the API key, a JSON value of a response, the body of a response that is no error.
 *
 * @since 0.1.0
 */
import type * as Schema from "effect/Schema"
import type { Input } from "./internal/decoding/received.ts"
import { withoutSecrets } from "./internal/decoding/received.ts"
import { excerptJson } from "./internal/redaction/json.ts"
import { without } from "./internal/redaction/redact.ts"

/**
 * A function that replaces known secrets in a text by `<redacted>`: as they are, and as JSON or a URL writes them.
 *
 * **When to use**
 *
 * For a log line or an error of your own that may repeat the API key. Secrets shorter than four characters are ignored.
 *
 * **Example** (Cleaning a log line)
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
export const secrets: (secrets: ReadonlyArray<string>) => (text: string) => string = without

/**
 * A response without the values in its `secrets`, in its headers and in its body.
 *
 * **When to use**
 *
 * Before you parse the body of a response yourself and keep a part of it. `Decode` does it on its own.
 *
 * @category redacting
 * @since 0.1.0
 */
export const response: (input: Input) => Input = withoutSecrets

/**
 * A copy of a JSON value that can be kept: without credentials, at most 16 levels deep, with at most 200 entries and
 * texts of at most 2,048 characters. Total.
 *
 * **When to use**
 *
 * To put a part of a response into an error of your own.
 *
 * @category redacting
 * @since 0.1.0
 */
export const json: (value: unknown) => Schema.Json = excerptJson
