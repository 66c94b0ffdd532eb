/**
 * JSON in base64, as the headers of wallets have it.
 *
 * @internal
 */
import * as Base64 from "effect/encoding/Base64"
import * as Result from "effect/Result"

/** The value, or nothing if the text is no JSON in base64. */
export const decodeBase64Json = (header: string): unknown => {
  const text = Base64.decodeString(header.trim())
  if (Result.isFailure(text)) return undefined
  try {
    return JSON.parse(text.success)
  } catch {
    return undefined
  }
}
