/**
 * The members of an encoded body in each format.
 *
 * Clients keep different parts of a body: openai's client the object `error` alone, the AI SDK the whole text, and in a
 * stream only `message`, `type`, `param` and `code`. So the formats for clients repeat what identifies the error inside
 * of `error`, beside the marker `venice_code`, and `errorBody` reads it back from there.
 *
 * @internal
 */
import * as Duration from "effect/Duration"
import type * as Schema from "effect/Schema"
import { maxMessageLength } from "../../ResponseContext.ts"
import type { Code, VeniceError } from "../../VeniceError.ts"
import { byCode } from "../../VeniceError.ts"
import type { Members } from "../decoding/fields.ts"
import { excerpt } from "../redaction/excerpt.ts"
import { isRepeatable } from "../retrying/failure.ts"

type Format = "venice" | "openai" | "anthropic" | "problem"

const text = (value: string | undefined): string | undefined =>
  value === undefined ? undefined : excerpt(value, maxMessageLength)

/** Leaves out members that are `undefined`, which JSON does not have. */
export const defined = <A>(fields: Readonly<Record<string, A | undefined>>): Readonly<Record<string, A>> =>
  Object.fromEntries(Object.entries(fields).filter((entry): entry is [string, A] => entry[1] !== undefined))

/** The members of a body for the fields of the error, under Venice's names. */
const fieldMembers = (error: VeniceError): Members => {
  const fields = byCode.get(error._tag)!["~row"].fields ?? {}
  const values: Readonly<Record<string, unknown>> = { ...error }
  const out: Record<string, Schema.Json | undefined> = {}
  for (const [name, field] of Object.entries(fields)) Object.assign(out, field.write(values[name]))
  return out
}

const idMembers = ({ response: { requestId, upstreamCode } }: VeniceError): Members => ({
  request_id: text(requestId),
  upstream_code: text(upstreamCode)
})

/** What identifies the error to whoever keeps one object of the body. */
const markedMembers = (error: VeniceError, status: number): Members => {
  const { operation, retryAfter } = error.response
  return {
    retry_after: retryAfter && Duration.toMillis(retryAfter) / 1000,
    venice_code: error._tag,
    venice_status: status,
    operation: text(operation),
    should_retry: isRepeatable(error) ? undefined : false,
    ...idMembers(error),
    ...fieldMembers(error)
  }
}

// The words of OpenAI that mean one code of Venice. Any other code has its own name in lower case, so that no two codes
// have the same word.
const openAiCodes: Readonly<Partial<Record<Code, string>>> = {
  AUTHENTICATION_FAILED: "invalid_api_key",
  INSUFFICIENT_BALANCE: "insufficient_quota",
  TOO_MANY_TOKENS: "context_length_exceeded"
}

const openAiType = (error: VeniceError): string => {
  switch (error.category) {
    case "Billing":
      return "insufficient_quota"
    case "RateLimit":
      return "limit" in error && error.limit === "tokens" ? "tokens" : "requests"
    case "Capacity":
    case "Server":
    case "Upstream":
    case "Timeout":
      return "server_error"
    default:
      return "invalid_request_error"
  }
}

const openAiParam = (error: VeniceError): string | null => {
  if (error._tag === "TOO_MANY_TOKENS") return "messages"
  const path = error._tag === "INVALID_REQUEST" ? error.issues[0]?.path ?? [] : []
  return path.length === 0 ? null : path.join(".")
}

/** The object `error` of OpenAI's format. */
const openAiError = (error: VeniceError, status: number): Readonly<Record<string, Schema.Json>> =>
  defined<Schema.Json>({
    message: text(error.message),
    type: openAiType(error),
    param: openAiParam(error),
    code: openAiCodes[error._tag] ?? error._tag.toLowerCase(),
    ...markedMembers(error, status)
  })

/** The names of Anthropic's documentation. */
const anthropicType = ({ _tag, category }: VeniceError): string => {
  switch (category) {
    case "Authentication":
      return "authentication_error"
    case "Permission":
      return "permission_error"
    case "Billing":
      return "billing_error"
    case "NotFound":
      return "not_found_error"
    case "RateLimit":
      return "rate_limit_error"
    case "Capacity":
      return "overloaded_error"
    case "Server":
    case "Upstream":
      return "api_error"
    case "Timeout":
      return "timeout_error"
    default:
      return _tag === "PAYLOAD_TOO_LARGE" ? "request_too_large" : "invalid_request_error"
  }
}

/** The body of an error in a format, for a response or an event with this status. */
export const bodyOf = (error: VeniceError, format: Format, status: number): Readonly<Record<string, Schema.Json>> => {
  const message = text(error.message)!
  const common: Members = { code: error._tag, ...idMembers(error), ...fieldMembers(error) }
  switch (format) {
    case "venice":
      return defined<Schema.Json>({ error: message, ...common })
    case "openai":
      return defined<Schema.Json>({ error: openAiError(error, status), ...common })
    case "anthropic":
      return defined<Schema.Json>({
        type: "error",
        error: { type: anthropicType(error), message, details: { error_code: error._tag.toLowerCase() } },
        // Anthropic's client makes its message of this, and without it of the whole JSON.
        message,
        ...common,
        ...markedMembers(error, status)
      })
    case "problem":
      return defined<Schema.Json>({
        type: error.docs,
        title: byCode.get(error._tag)!.defaultMessage,
        status,
        detail: message,
        ...common
      })
  }
}
