/**
 * What the clients of other vendors read, and how they are told not to repeat a request.
 *
 * Read in the sources of `openai` 7.57, `@anthropic-ai/sdk` 1.12 and `ai` 7.0.173, whose tests are with the package.
 *
 * - openai and Anthropic repeat 408, 409, 429 and every 5xx, unless `x-should-retry` is `false`. openai waits as long as
 *   `retry-after-ms` or `Retry-After` says, up to a minute, and undercuts any longer wait; so did Anthropic before.
 * - The AI SDK repeats the same statuses, does not know `x-should-retry`, and undercuts a wait of a minute already. It can
 *   be held only by another status.
 *
 * @internal
 */
import type { Category } from "@effect-venice/core/Category"
import type { Format } from "@effect-venice/core/Encode"
import { isRepeatable } from "@effect-venice/core/Retry"
import type { VeniceError } from "@effect-venice/core/VeniceError"
import * as Duration from "effect/Duration"
import type { Sent } from "./request.ts"

export interface Client {
  readonly format: Format
  /** Whether it is the AI SDK, which decides by the status alone, and keeps four members of an error in a stream. */
  readonly isAiSdk: boolean
}

// It names itself behind what its caller sets: `ai-sdk/openai-compatible/3.0.92 ai-sdk/provider-utils/5.0.81`.
const aiSdk = /(?:^|\s)ai-sdk[-/]/

const messages = /\/messages(?:[/?#]|$)/

const isAnthropic = ({ headers, request }: Sent): boolean =>
  headers.has("anthropic-version") || (messages.test(request.url) && !request.url.includes("/threads/"))

/** The client that sent a request, by its headers and path. */
export const clientOf = (sent: Sent, format: Format | undefined): Client => ({
  format: format ?? (isAnthropic(sent) ? "anthropic" : "openai"),
  isAiSdk: aiSdk.test(sent.headers.get("user-agent") ?? "")
})

const longestWait = 60_000

/** Whether the client may repeat the request, and will not do so before the server allows it. */
export const mayRepeat = (error: VeniceError, { isAiSdk }: Client): boolean => {
  if (!isRepeatable(error)) return false
  const hint = Duration.toMillis(error.response.retryAfter ?? Duration.zero)
  return isAiSdk ? hint < longestWait : hint <= longestWait
}

/** Statuses that the AI SDK does not repeat, closest in meaning. */
const finalStatuses: Readonly<Record<Category, number>> = {
  Authentication: 401,
  Permission: 403,
  Billing: 402,
  InvalidRequest: 400,
  InvalidMedia: 400,
  ContextLength: 400,
  NotFound: 404,
  ContentPolicy: 422,
  // "Failed Dependency": the request was right, and what it depends on failed.
  RateLimit: 424,
  Capacity: 424,
  Server: 424,
  Upstream: 424,
  Timeout: 424
}

const isRepeatedByStatus = (status: number): boolean =>
  status === 408 || status === 409 || status === 429 || status >= 500

/** The status for the client: that of the response, unless the client would repeat it and must not. */
export const statusFor = (status: number, error: VeniceError, client: Client, isFinal: boolean): number =>
  isFinal && client.isAiSdk && isRepeatedByStatus(status) ? finalStatuses[error.category] : status
