/**
 * Venice's form of an error: what a test gives arrives field by field.
 *
 * Venice sends most errors as `{"error": "<message>"}`, which says some errors and loses others. So the forms of an error
 * are tried from Venice's own to the most explicit, and the first one that decodes to the same error is sent. The last
 * one is that of `Encode`, which names the code and every field.
 *
 * @internal
 */
import type { Errors, VeniceError } from "@effect-venice/core"
import { Decode, Encode } from "@effect-venice/core"
import * as Equal from "effect/Equal"
import * as Offer from "./offer.ts"
import type { WireResponse } from "./response.ts"
import { json, text } from "./response.ts"

type Members = Readonly<Record<string, unknown>>

interface Form {
  readonly body: Members | string
  readonly headers?: Readonly<Record<string, string>>
}

/** Statuses that a response with an error can have. */
const isStatus = (status: number): boolean =>
  Number.isInteger(status) && ((status >= 200 && status < 300) || (status >= 400 && status < 600))

const statusOf = (error: VeniceError.VeniceError): number =>
  isStatus(error.response.status) ? error.response.status : Encode.status(error)

/** The members of the body of `Encode` that are fields of the error. */
const fieldMembers = (error: VeniceError.VeniceError): Members => {
  const { code: _, error: __, request_id: ___, upstream_code: ____, ...fields } = Encode.response(error).body
  return fields
}

const contextOverflow = (error: Errors.TooManyTokens, fields: Members): ReadonlyArray<Form> => {
  const object = {
    body: {
      error: {
        message: error.message,
        type: "invalid_request_error",
        param: "messages",
        code: "context_length_exceeded",
        ...fields
      }
    }
  }
  const upstream = { body: { error: error.message } }
  const isDocumented = error.message.startsWith("Your request exceeds the model's maximum context.")
  return isDocumented ? [object] : [upstream, object]
}

const moderation = (error: Errors.ContentPolicyViolation, fields: Members): ReadonlyArray<Form> => [
  error.recommendedModel === undefined
    ? { body: { error: error.message, ...fields } }
    : { body: { error: { message: error.message, type: "provider_content_policy", ...fields } } }
]

const payment = (error: Errors.PaymentRequired, fields: Members): ReadonlyArray<Form> => {
  const { accepts, reason: _, resource, x402Version, ...others } = fields
  switch (error.reason) {
    case "authentication": {
      const venice = Offer.paymentRequired(error.message, "/api/v1")
      const offer = accepts === undefined ? venice : { x402Version, error: error.message, resource, accepts }
      return [{ body: { ...offer, ...others, authOptions: Offer.authOptions }, headers: Offer.header(offer) }]
    }
    case "insufficient_balance": {
      const venice = {
        suggestedTopUpUsd: 10,
        minimumTopUpUsd: 5,
        minimumBalanceUsd: 0.1,
        supportedTokens: ["USDC"],
        supportedChains: ["base", "solana"]
      }
      return [{
        body: {
          error: error.message,
          code: "PAYMENT_REQUIRED",
          ...venice,
          ...fields,
          description: "Venice API",
          topUpInstructions: Offer.topUpInstructions,
          siwxChallenge: Offer.signIn()
        },
        headers: accepts === undefined ? Offer.header(Offer.paymentRequired(error.message, "/api/v1")) : {}
      }]
    }
    default:
      return [{ body: { error: error.message } }]
  }
}

/** Each limit is exhausted in a way of its own. */
const rateLimit = (error: Errors.RateLimitExceeded): ReadonlyArray<Form> => {
  const plain = { body: { error: error.message } }
  switch (error.limit) {
    case "requests":
    case "tokens":
      return [plain, { ...plain, headers: { [`x-ratelimit-remaining-${error.limit}`]: "0" } }]
    case "failures":
      return [plain, { ...plain, headers: { "x-ratelimit-remaining": "0" } }]
    case "concurrency":
      return [plain, { body: { error: error.message, code: "X402_CONCURRENCY_LIMIT" } }]
    default:
      return [plain]
  }
}

const formsOf = (error: VeniceError.VeniceError): ReadonlyArray<Form> => {
  const fields = fieldMembers(error)
  switch (error._tag) {
    case "PAYLOAD_TOO_LARGE":
      return [{ body: { code: error._tag, error: error.message } }]
    case "TOO_MANY_TOKENS":
      return contextOverflow(error, fields)
    case "CONTENT_POLICY_VIOLATION":
      return moderation(error, fields)
    case "PAYMENT_REQUIRED":
      return payment(error, fields)
    case "RATE_LIMIT_EXCEEDED":
      return rateLimit(error)
    case "CONSENT_REQUIRED":
      return [{ body: { error: { code: "needs_consent", message: error.message }, ...fields } }]
    case "UNRECOGNIZED_RESPONSE":
      return [
        { body: error.response.body ?? "" },
        ...(error.code === undefined ? [{ body: error.message }] : []),
        { body: { error: error.message, ...(error.code !== undefined && { code: error.code }) } }
      ]
    default:
      return [{ body: { error: error.message } }]
  }
}

/** More explicit than Venice: with the fields that the form does not have, then with the code. */
const explicit = (form: Form, error: VeniceError.VeniceError): ReadonlyArray<Form> => {
  if (typeof form.body === "string") return []
  const fields = { ...form.body, ...fieldMembers(error), ...form.body }
  return [
    { ...form, body: fields },
    { ...form, body: { ...form.body, code: error._tag } },
    { ...form, body: { ...fields, code: error._tag } }
  ]
}

const blank = (value: string | undefined): string | undefined => value === "" ? undefined : value

const toResponse = (error: VeniceError.VeniceError, { body, headers = {} }: Form): WireResponse => {
  const { contentType, rayId, requestId, shouldRetry, upstreamCode } = error.response
  const { "x-request-id": requestIdHeader, ...common } = Encode.headers(error)
  const all = { ...headers, ...common, ...(shouldRetry === false && { "x-should-retry": "false" }) }
  const status = statusOf(error)
  if (typeof body === "string") {
    const type = blank(contentType) ?? (body.trimStart().startsWith("<") ? "text/html; charset=UTF-8" : "text/plain")
    return text(status, body, {
      "content-type": type,
      ...all,
      ...(requestIdHeader !== undefined && requestId !== rayId && { "x-request-id": requestIdHeader })
    })
  }
  // Venice writes the id into the body. Without one, `CF-RAY` is the id.
  const members = {
    ...body,
    ...(requestId !== undefined && requestId !== rayId && { request_id: requestId }),
    ...(upstreamCode !== undefined &&
      (body.code === undefined ? { code: upstreamCode } : { upstream_code: upstreamCode }))
  }
  if (status >= 400) return json(status, members, all)
  // An error inside a success is an event of a stream.
  return text(status, `data: ${JSON.stringify(members)}\n\ndata: [DONE]\n\n`, {
    "content-type": "text/event-stream",
    ...all
  })
}

/** An event of a chat stream: OpenAI's object, in Venice's words. */
const eventOf = (error: VeniceError.VeniceError): Form => ({ body: { error: JSON.parse(Encode.event(error)).error } })

const blockedImage = (error: VeniceError.VeniceError): WireResponse => ({
  status: error.response.status,
  headers: { ...Encode.headers(error), "content-type": "image/png", "x-venice-is-content-violation": "true" },
  body: ""
})

/** What `Encode` writes, which names everything. */
const mostExplicit = (error: VeniceError.VeniceError): WireResponse => {
  const status = statusOf(error)
  const { body, headers } = Encode.response(error)
  const { "x-should-retry": _, ...others } = headers
  const kept = error.response.shouldRetry === false ? headers : others
  return status >= 400
    ? json(status, body, kept)
    : text(status, `data: ${Encode.event(error)}\n\ndata: [DONE]\n\n`, { ...kept, "content-type": "text/event-stream" })
}

// What the response has, and not what the caller knows or what the body is.
const isOfResponse = (name: string): boolean =>
  !["operation", "delivered", "contentType", "body", "bodyTruncated", "relay"].includes(name)

const isKept = (given: Members, arrived: Members, names: ReadonlyArray<string>): boolean =>
  names.every((name) => Equal.equals(given[name], arrived[name]))

/** Whether a response decodes to the error, with everything that was given. The decoder may have derived more. */
export const isFaithful = (error: VeniceError.VeniceError, { body, headers, status }: WireResponse): boolean => {
  const arrived: VeniceError.VeniceError = Decode.response({ status, headers, body: String(body), now: 0 })
  if (arrived._tag !== error._tag || arrived.message !== error.message) return false
  const given = JSON.parse(JSON.stringify(error))
  const decoded = JSON.parse(JSON.stringify(arrived))
  // No header says how many failures are allowed.
  delete given.response.rateLimit?.failures?.limit
  const fields = Object.keys(given).filter((name) => !["matchedBy", "response", "attempts"].includes(name))
  const context = Object.keys(given.response).filter((name) =>
    isOfResponse(name) && (name !== "status" || isStatus(error.response.status))
  )
  return isKept(given, decoded, fields) && isKept(given.response, decoded.response, context)
}

export const fromError = (error: VeniceError.VeniceError): WireResponse => {
  const isBlocked = error._tag === "CONTENT_POLICY_VIOLATION" && error.response.status === 200
  if (isBlocked && isFaithful(error, blockedImage(error))) return blockedImage(error)
  const forms = statusOf(error) < 300 ? [eventOf(error)] : formsOf(error)
  for (const form of [...forms, ...forms.flatMap((form) => explicit(form, error))]) {
    const response = toResponse(error, form)
    if (isFaithful(error, response)) return response
  }
  return mostExplicit(error)
}
