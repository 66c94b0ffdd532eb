/**
 * The status that an error inside a success would have on its own.
 *
 * In a stream the status is 200, and an error that is none of Venice's says by a number, or by OpenAI's or Anthropic's
 * name for its kind, what it is: a wrong key or an empty account must not be retried as a failure of the server.
 *
 * @internal
 */
import type { ErrorBody } from "./errorBody.ts"

const byName: ReadonlyMap<string, number> = new Map([
  ["invalid_request_error", 400],
  ["invalid_prompt", 400],
  ["invalid_image_url", 400],
  ["authentication_error", 401],
  ["invalid_api_key", 401],
  ["insufficient_quota", 402],
  ["billing_error", 402],
  ["billing_hard_limit_reached", 402],
  ["permission_error", 403],
  ["not_found_error", 404],
  ["request_too_large", 413],
  ["rate_limit_error", 429],
  ["rate_limit_exceeded", 429],
  ["overloaded_error", 529]
])

const statusOf = (value: unknown): number | undefined => {
  if (typeof value === "string") {
    return byName.get(value) ?? statusOf(/^[45]\d\d$/.test(value) ? Number(value) : undefined)
  }
  return typeof value === "number" && Number.isInteger(value) && value >= 400 && value < 600 ? value : undefined
}

export const impliedStatus = ({ body, error }: ErrorBody): number | undefined =>
  [error.code, error.status, error.type, body.code, body.status, body.type]
    .map(statusOf)
    .find((status) => status !== undefined)
