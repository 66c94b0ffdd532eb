/** The bodies to decode, as Venice and the proxies in front of it send them. */
import { Headers } from "effect/http"

const fields = Array.from({ length: 70 }, (_, i) => ({
  code: "invalid_type",
  expected: "string",
  received: "undefined",
  path: ["messages", i, "content"],
  message: "Expected a string, or a list of content parts with their types"
}))

const tree = Object.fromEntries(
  fields.map((field, i) => [i, { _errors: [], content: { _errors: [field.message] } }])
)

const html = `<!DOCTYPE html>
<html lang="en-US">
<head><title>Attention Required! | Cloudflare</title><meta charset="UTF-8" /></head>
<body>${
  "<div class=\"cf-section cf-wrapper\"><p>This website is using a service to protect itself from online attacks.</p></div>\n"
    .repeat(45)
}</body>
</html>`

export const bodies = {
  simple: JSON.stringify({ error: "Rate limit exceeded" }),
  unknown: JSON.stringify({ error: "Budget is used up now" }),
  openAi: JSON.stringify({
    error: {
      message: "The model is currently overloaded. Please try again later.",
      type: "server_error",
      param: null,
      code: null
    }
  }),
  /** 20 KB of Zod issues. */
  validation: JSON.stringify({
    error: "Invalid request parameters",
    details: { _errors: [], messages: { _errors: [], ...tree } },
    issues: fields
  }),
  html,
  empty: "",
  /** Free text in a long object, near a documented wording, under a status with many wordings and patterns. */
  worst: JSON.stringify({
    error: {
      message: "The request could not be completed: token limits of this model's context do not allow it",
      type: "invalid_request_error",
      param: null,
      code: "some_upstream_code"
    },
    request_id: "chatcmpl-5f2b1c7a9e"
  })
}

/** The headers of most responses of an inference route, with a hint. */
const entries = {
  "content-type": "application/json; charset=utf-8",
  "cf-ray": "91dbd54fa83f8cbd-EWR",
  "retry-after": "30",
  "date": "Thu, 01 Jan 2026 00:00:00 GMT",
  "server": "cloudflare"
}

export const headers = Headers.fromInput(entries)

export const webHeaders = new globalThis.Headers(entries)
