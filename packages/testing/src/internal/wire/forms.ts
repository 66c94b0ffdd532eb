/**
 * The forms in which an error of Venice arrives, each by its name.
 *
 * @internal
 */
import type { VeniceError } from "@effect-venice/core"
import { Encode } from "@effect-venice/core"
import { fromError } from "./encode.ts"
import * as Offer from "./offer.ts"
import type { WireResponse } from "./response.ts"
import { json, text } from "./response.ts"

type Make = (error: VeniceError.VeniceError) => WireResponse

const bodyOf = (error: VeniceError.VeniceError): string => String(fromError(error).body)

/** The headers of Venice's form, without those of its body. */
const headersOf = (error: VeniceError.VeniceError): Readonly<Record<string, string>> => {
  const { "content-type": _, ...headers } = fromError(error).headers
  return headers
}

/** An envelope around Venice's body, under Venice's status. */
const wrapped = (error: VeniceError.VeniceError, body: unknown): WireResponse =>
  json(Encode.status(error), body, headersOf(error))

const lockoutText =
  "Too many failed attempts (> 50) resulting in a non-success status code. Please wait 30 seconds and try again. See "
  + "https://docs.venice.ai/api-reference/rate-limiting for more information."

const customMessage: Make = (error) => {
  const isLockout = error.message.startsWith("Too many failed attempts")
  return wrapped(error, { error: "Rate limit exceeded", customMessage: isLockout ? error.message : lockoutText })
}

const openAi: Make = (error) => wrapped(error, { error: Encode.response(error, "openai").body.error })

const discovery: Make = (error) => {
  const offer = Offer.paymentRequired(error.message, "/api/v1/chat/completions")
  return json(402, { ...offer, authOptions: Offer.authOptions }, { ...headersOf(error), ...Offer.header(offer) })
}

const escape = (text: string): string =>
  text.replace(/[&<>]/g, (character) => character === "&" ? "&amp;" : character === "<" ? "&lt;" : "&gt;")

const cloudflare: Make = (error) => {
  const status = Encode.status(error)
  const title = `api.venice.ai | ${status}: ${escape(error.message)}`
  return text(
    status,
    `<!DOCTYPE html>\n<html class="no-js" lang="en-US">\n<head>\n<title>${title}</title>\n<meta charset="UTF-8" />\n`
      + `</head>\n<body>\n<div id="cf-wrapper"><div id="cf-error-details">${escape(error.message)}</div></div>\n`
      + "</body>\n</html>\n",
    { "content-type": "text/html; charset=UTF-8", server: "cloudflare" }
  )
}

const openRouter: Make = (error) =>
  wrapped(error, {
    error: {
      message: "Provider returned error",
      code: Encode.status(error),
      metadata: { raw: bodyOf(error), provider_name: "Venice", is_byok: false }
    },
    user_id: "user_emulated"
  })

/** The exceptions of LiteLLM by status. */
const exceptions: Readonly<Record<number, string>> = {
  400: "BadRequestError",
  401: "AuthenticationError",
  403: "PermissionDeniedError",
  404: "NotFoundError",
  422: "UnprocessableEntityError",
  429: "RateLimitError",
  500: "InternalServerError",
  503: "ServiceUnavailableError",
  504: "Timeout"
}

const liteLlm: Make = (error) => {
  const status = Encode.status(error)
  const name = exceptions[status] ?? "APIError"
  const message = `litellm.${name}: ${name}: VeniceException - ${bodyOf(error)}`
  return wrapped(error, { error: { message, type: null, param: null, code: String(status) } })
}

const doubleEncoded: Make = (error) => wrapped(error, bodyOf(error))

const truncated: Make = (error) => {
  const body = bodyOf(error)
  return text(Encode.status(error), body.slice(0, Math.ceil(body.length / 2)), {
    "content-type": "application/json",
    ...headersOf(error)
  })
}

const events = (status: number, error: VeniceError.VeniceError): WireResponse =>
  text(status, `data: ${Encode.event(error)}\n\ndata: [DONE]\n\n`, {
    ...headersOf(error),
    "content-type": "text/event-stream"
  })

const eventStream: Make = (error) => events(Encode.status(error), error)

const insideStream: Make = (error) => events(200, error)

const failedResponse: Make = (error) => {
  const inner = JSON.parse(Encode.event(error)).error
  const response = { id: "resp_emulated", object: "response", status: "failed", output: [], error: inner }
  return text(
    200,
    "event: response.created\n"
      + `data: {"type":"response.created","response":{"id":"resp_emulated","status":"in_progress","error":null}}\n\n`
      + `event: response.failed\ndata: ${JSON.stringify({ type: "response.failed", response })}\n\ndata: [DONE]\n\n`,
    { ...headersOf(error), "content-type": "text/event-stream" }
  )
}

const zodOnly: Make = (error) => {
  const validation = error._tag === "INVALID_REQUEST" ? error.validation?.toJSON() : undefined
  const issue = { code: "custom", message: error.message, path: [] }
  return wrapped(error, validation ?? { details: { _errors: [error.message] }, issues: [issue] })
}

const bareCode: Make = (error) => wrapped(error, { error: error._tag })

const unknownCode: Make = (error) =>
  wrapped(error, { error: error.message, code: error.response.upstreamCode ?? "SOMETHING_NEW" })

const messageOnly: Make = (error) => json(Encode.status(error), { error: error.message })

const empty: Make = (error) => text(Encode.status(error), "", {})

const blockedImage: Make = (error) => ({
  status: 200,
  headers: { ...headersOf(error), "content-type": "image/png", "x-venice-is-content-violation": "true" },
  body: new Uint8Array([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a])
})

/**
 * Writes an error in one of the forms in which Venice, a relay or a proxy sends it. Each is a function from an error to
 * a response; use it to test a client on a form that it may not expect.
 *
 * **Details**
 *
 * - `venice`: Venice's own form, which decodes to the error itself; the same as {@link fromError}
 * - `messageOnly`: only the message, without headers
 * - `customMessage`: a lockout that is named in `customMessage`, beside `Rate limit exceeded`
 * - `openAi`: OpenAI's object `{error: {message, type, param, code}}`
 * - `discovery`: the 402 for missing credentials, with the x402 offer
 * - `bareCode`, `unknownCode`: a machine code in place of the message; a code that nobody knows
 * - `zodOnly`: only `details` and `issues`, without `error`
 * - `cloudflare`: a page of Cloudflare
 * - `openRouter`, `liteLlm`, `doubleEncoded`: Venice's body inside that of a relay
 * - `truncated`, `empty`: the first half of the body; no body
 * - `eventStream`: an event stream under the failing status
 * - `insideStream`, `failedResponse`: an event inside a stream whose status is 200, of chat and of `/responses`
 * - `blockedImage`: an image whose headers say that it was blocked, with the status 200
 *
 * **Gotchas**
 *
 * Not every form says which error it is. A page of Cloudflare, for example, decodes to what its status implies.
 *
 * **Example** (Sending an error through a relay)
 *
 * ```ts
 * import { Decode, Errors } from "@effect-venice/core"
 * import { WireResponse } from "@effect-venice/testing"
 *
 * const { body, headers, status } = WireResponse.forms.openRouter(new Errors.ModelOffline())
 * const error = Decode.response({ status, headers, body: String(body), now: 0 })
 *
 * error._tag // => "MODEL_OFFLINE"
 * error.response.relay // => "OpenRouter"
 * ```
 *
 * @category forms
 * @since 0.1.0
 */
export const forms = {
  venice: fromError,
  messageOnly,
  customMessage,
  openAi,
  discovery,
  bareCode,
  unknownCode,
  zodOnly,
  cloudflare,
  openRouter,
  liteLlm,
  doubleEncoded,
  truncated,
  empty,
  eventStream,
  insideStream,
  failedResponse,
  blockedImage
} as const satisfies Readonly<Record<string, Make>>
