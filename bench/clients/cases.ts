/**
 * What the clients are fed: the captured and documented responses of the repository, one answer for each documented
 * code, and answers that ask for a wait, repeat a credential, or fail inside a stream.
 *
 * Venice puts a `CF-RAY` on every answer, so every answer here has one; it is the request id.
 */
import { Fixtures } from "@effect-venice/testing"

export interface Case {
  readonly id: string
  readonly group: "documented code" | "response" | "wait" | "echo" | "lost" | "stream"
  /** The operation that was called; the peers know chat alone, and call that. */
  readonly operation?: string
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
  readonly expected: string
  /** The least wait that the answer asks for, in milliseconds. */
  readonly hint?: number
  /** Whether the connection ends instead of the body. */
  readonly breaks?: boolean
}

const json = { "content-type": "application/json" }

export const key = "sk-correct1horse2battery3staple4"

export const signature = "eyJzaWduYXR1cmUiOiIweGRlYWRiZWVmMDEyMzQ1Njc4OSJ9"

/** What an answer holds where the server is to repeat what it was sent. */
export const echo = "{{authorization}}"

const ray = (n: number): string => `${(0x91dbd54fa83f8 + n).toString(16)}-EWR`

const overloaded = JSON.stringify({ error: "The model is currently overloaded. Please try again later." })

const limited = JSON.stringify({ error: "Rate limit exceeded" })

const waits: ReadonlyArray<Pick<Case, "id" | "headers" | "body" | "expected" | "hint"> & { readonly status?: number }> =
  [
    {
      id: "Retry-After: 30",
      headers: { "retry-after": "30" },
      body: overloaded,
      expected: "MODEL_OVERLOADED",
      hint: 30_000
    },
    {
      id: "Retry-After: 45.5",
      headers: { "retry-after": "45.5" },
      body: overloaded,
      expected: "MODEL_OVERLOADED",
      hint: 45_500
    },
    {
      id: "Retry-After: 90",
      headers: { "retry-after": "90" },
      body: overloaded,
      expected: "MODEL_OVERLOADED",
      hint: 90_000
    },
    {
      id: "Retry-After: a date in 40 s",
      headers: { "retry-after": "{{date+40}}" },
      body: limited,
      expected: "RATE_LIMIT_EXCEEDED",
      hint: 39_000
    },
    {
      id: "503 with Retry-After: 30",
      status: 503,
      headers: { "retry-after": "30" },
      body: JSON.stringify({ error: "The model is at capacity. Please try again later." }),
      expected: "MODEL_AT_CAPACITY",
      hint: 30_000
    },
    {
      id: "no requests left until a reset in 20 s",
      headers: { "x-ratelimit-remaining-requests": "0", "x-ratelimit-reset-requests": "{{ms+20}}" },
      body: limited,
      expected: "RATE_LIMIT_EXCEEDED",
      hint: 19_000
    },
    {
      id: "lockout, delay in its message",
      headers: {},
      body: JSON.stringify({ error: "Too many failed attempts (> 50) for this model. Please wait 30s and try again." }),
      expected: "RATE_LIMIT_EXCEEDED",
      hint: 30_000
    },
    {
      id: "lockout, delay by documentation",
      headers: {},
      body: JSON.stringify({ error: "Too many failed attempts (> 20) resulting in a non-success status code." }),
      expected: "RATE_LIMIT_EXCEEDED",
      hint: 30_000
    }
  ]

const echoes: ReadonlyArray<Pick<Case, "id" | "headers" | "body">> = [
  { id: "the key in the message", headers: {}, body: JSON.stringify({ error: `Unknown credentials: ${echo}` }) },
  {
    id: "the key in the request echoed",
    headers: {},
    body: JSON.stringify({ error: "Invalid request parameters", request: { headers: { authorization: echo } } })
  },
  {
    id: "the key in a page",
    headers: { "content-type": "text/html" },
    body: `<html><pre>authorization: ${echo}</pre></html>`
  },
  {
    id: "the key in a header",
    headers: { "x-debug-authorization": echo },
    body: JSON.stringify({ error: "Invalid request parameters" })
  },
  {
    id: "a wallet's signature in the body",
    headers: {},
    body: JSON.stringify({ error: "Invalid request parameters", received: { "PAYMENT-SIGNATURE": signature } })
  }
]

// The call may have been run, and billed, all the same.
const lost: ReadonlyArray<Pick<Case, "id" | "status" | "body">> = [
  { id: "a reset instead of a response", status: 0, body: "" },
  { id: "a success that breaks off", status: 200, body: "{\"choices\":[{\"mess" }
]

// Documented, and not among the responses.
const shapes: ReadonlyArray<Case> = [
  {
    id: "needs_consent",
    group: "response",
    operation: "POST /video/queue",
    status: 409,
    headers: json,
    body: JSON.stringify({ error: { code: "needs_consent", message: "Consent is required" }, consent_flow: "face" }),
    expected: "CONSENT_REQUIRED"
  },
  {
    id: "a route that is gone",
    group: "response",
    status: 410,
    headers: { ...json, sunset: "Sun, 01 Mar 2026 00:00:00 GMT", link: "</api/v1/new>; rel=\"successor-version\"" },
    body: JSON.stringify({ error: "This endpoint has been retired." }),
    expected: "GONE"
  }
]

const event = (error: unknown) => `data: ${JSON.stringify({ error })}\n\ndata: [DONE]\n\n`

const delta = `data: ${
  JSON.stringify({
    id: "chatcmpl-1",
    object: "chat.completion.chunk",
    created: 1,
    model: "m",
    choices: [{ index: 0, delta: { role: "assistant", content: "Hello" }, finish_reason: null }]
  })
}\n\n`

const streams: ReadonlyArray<Pick<Case, "id" | "body" | "expected" | "hint">> = [
  {
    id: "model_overloaded, first",
    body: event({
      message: "The model is overloaded",
      type: "server_error",
      code: "model_overloaded",
      param: null,
      retry_after: 30
    }),
    expected: "MODEL_OVERLOADED",
    hint: 30_000
  },
  {
    id: "model_overloaded, after text",
    body: delta +
      event({
        message: "The model is overloaded",
        type: "server_error",
        code: "model_overloaded",
        param: null,
        retry_after: 30
      }),
    expected: "MODEL_OVERLOADED",
    hint: 30_000
  },
  {
    id: "content_blocked_by_provider",
    body: delta +
      event({ message: "Blocked by the provider", type: "content_filter_error", code: "content_blocked_by_provider" }),
    expected: "CONTENT_POLICY_VIOLATION"
  },
  {
    id: "context_length_exceeded",
    body: event({
      message: "This model's maximum context length is 8192 tokens",
      type: "invalid_request_error",
      code: "context_length_exceeded"
    }),
    expected: "TOO_MANY_TOKENS"
  },
  {
    id: "upstream_error",
    body: delta + event({ message: "Upstream failed", type: "server_error", code: "upstream_error" }),
    expected: "UNRECOGNIZED_RESPONSE"
  },
  {
    id: "INFERENCE_FAILED",
    body: event({ message: "Inference processing failed", code: "INFERENCE_FAILED" }),
    expected: "INFERENCE_FAILED"
  },
  { id: "an error that is a text", body: delta + event("Inference processing failed"), expected: "INFERENCE_FAILED" },
  { id: "an end without its marker", body: delta, expected: "UnfinishedStream" }
]

const documentedCodes = Fixtures.all.filter(({ id }) => id.startsWith("table-"))

const responses = Fixtures.all.filter(({ isCanonical, provenance, status }) =>
  isCanonical !== true && provenance !== "composed" && status >= 300
)

const unnumbered: ReadonlyArray<Case> = [
  ...documentedCodes.map(({ body, code, status }): Case => ({
    id: code,
    group: "documented code",
    status,
    headers: json,
    body,
    expected: code
  })),
  ...responses.map(({ body, code, headers, id, operation, status }): Case => ({
    id,
    group: "response",
    ...(operation !== undefined && { operation }),
    status,
    // What the server of the replay sets itself is left out.
    headers: { ...json, ...Object.fromEntries(Object.entries(headers).filter(([name]) => name !== "date")) },
    body,
    expected: code
  })),
  ...shapes,
  ...waits.map((wait): Case => ({ status: 429, ...wait, group: "wait", headers: { ...json, ...wait.headers } })),
  ...echoes.map((given): Case => ({
    ...given,
    group: "echo",
    status: 400,
    headers: { ...json, ...given.headers },
    expected: given.id.endsWith("page") ? "UNRECOGNIZED_RESPONSE" : "INVALID_REQUEST"
  })),
  ...lost.map((given): Case => ({ ...given, group: "lost", headers: json, breaks: true, expected: "HttpClientError" })),
  ...streams.map((stream): Case => ({
    ...stream,
    group: "stream",
    status: 200,
    headers: { "content-type": "text/event-stream" }
  }))
]

export const cases: ReadonlyArray<Case> = unnumbered.map((one, n) => ({
  ...one,
  headers: { "cf-ray": ray(n), ...one.headers }
}))
