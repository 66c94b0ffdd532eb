/**
 * Our `fetch` in the clients as they come from npm: what they report, when they repeat a request, and what they keep.
 */
import Anthropic from "@anthropic-ai/sdk"
import { VeniceFetch } from "@effect-venice/http"
import { afterEach, assert, beforeEach, describe, it, vi } from "@effect/vitest"
import { inspect } from "node:util"
import OpenAI from "openai"
import { codes } from "../../core/test/fixtures/read.ts"
import { errorOf, make } from "../src/index.ts"
import { apiKey, type Call, calls, langchain, streams } from "./clients.ts"

beforeEach(() => {
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "Date"] })
})

afterEach(() => {
  vi.useRealTimers()
})

type Options = NonNullable<Parameters<typeof make>[0]>

interface Outcome {
  readonly thrown: any
  /** When each request was sent, in milliseconds after the first. */
  readonly sent: ReadonlyArray<number>
}

/** Calls a client whose requests get the responses in turn, the last one again and again. Waits pass at once. */
const calling = async (
  call: Call,
  responses: ReadonlyArray<() => Response | Promise<Response>>,
  options: Options = {},
  signal?: AbortSignal
): Promise<Outcome> => {
  const sent: Array<number> = []
  const fetch = make({
    ...options,
    fetch: async (_, init) => {
      init?.signal?.throwIfAborted()
      sent.push(Date.now())
      return responses[Math.min(sent.length, responses.length) - 1]!()
    }
  })
  const state = { isOver: false }
  const ended = call(fetch, signal).finally(() => state.isOver = true)
  while (!state.isOver) await vi.advanceTimersByTimeAsync(500)
  return { thrown: await ended, sent: sent.map((time) => time - sent[0]!) }
}

const venice = (status: number, error: unknown, headers: Readonly<Record<string, string>> = {}) => () =>
  new Response(JSON.stringify(typeof error === "string" ? { error } : error), {
    status,
    headers: { "content-type": "application/json", "cf-ray": "91dbd54fa83f8cbd-EWR", ...headers }
  })

const isRepeatedByStatus = (status: number) => status === 409 || status === 429 || status >= 500

/** The last error of the AI SDK's `RetryError`. */
const last = (thrown: any): any => thrown.lastError ?? thrown

describe.each(Object.entries(calls))("in %s", (name, call) => {
  it.each(codes)("$code is told by its code and its message", async ({ code, message, status }) => {
    const { sent, thrown } = await calling(call, [venice(status, message)])
    const error = errorOf(thrown)!

    assert.deepInclude<object>(error, { code, message, status, requestId: "91dbd54fa83f8cbd-EWR" })
    assert.include(last(thrown).message, message)
    assert.strictEqual(VeniceFetch.errorOf(thrown)?._tag, code)
    assert.strictEqual(sent.length, isRepeatedByStatus(status) && error.retryable ? 3 : 1)
  })

  it.each([
    ["an empty account", venice(429, "Insufficient USD or Diem balance to complete request"), "INSUFFICIENT_BALANCE"],
    [
      "a limit of the key",
      venice(429, {
        error: "API key USD spend limit exceeded. Your account may still have USD balance, but this API key has "
          + "reached its configured USD spending limit."
      }),
      "API_KEY_USD_SPEND_LIMIT_EXCEEDED"
    ],
    ["a missing consent", venice(409, { error: { code: "needs_consent", message: "m" } }), "CONSENT_REQUIRED"],
    [
      "the page of a proxy, behind which the run may be billed",
      () => new Response("<html>", { status: 502 }),
      "UNRECOGNIZED_RESPONSE"
    ],
    ["an overflow under status 500", venice(500, { error: { code: "context_length_exceeded" } }), "TOO_MANY_TOKENS"]
  ])("%s is sent once", async (_, response, code) => {
    const { sent, thrown } = await calling(call, [response])

    assert.deepStrictEqual(sent, [0])
    assert.strictEqual(errorOf(thrown)?.code, code)
    assert.strictEqual(errorOf(thrown)?.status, response().status)
  })

  it.each([1, 30, 59])("a hint of %d s is waited for", async (seconds) => {
    const { sent } = await calling(call, [
      venice(429, "The model is currently overloaded. Please try again later.", { "retry-after": String(seconds) })
    ])

    assert.strictEqual(sent.length, 3)
    assert.isAtLeast(sent[1]!, seconds * 1000)
    assert.isAtLeast(sent[2]! - sent[1]!, seconds * 1000)
  })

  it.each([60, 61, 3600])("a hint of %d s is not undercut", async (seconds) => {
    const { sent, thrown } = await calling(call, [
      venice(429, "Rate limit exceeded", { "retry-after": String(seconds) })
    ])

    for (const time of sent.slice(1)) assert.isAtLeast(time, seconds * 1000)
    if (seconds > 60 || name === "the AI SDK") assert.strictEqual(sent.length, 1)
    assert.deepInclude(errorOf(thrown), {
      code: "RATE_LIMIT_EXCEEDED",
      status: 429,
      retryable: true,
      retryAfterMillis: seconds * 1000
    })
  })

  it("the reset of an exhausted budget is a hint", async () => {
    const { sent } = await calling(call, [() =>
      venice(429, "Rate limit exceeded", {
        "x-ratelimit-remaining-requests": "0",
        "x-ratelimit-reset-requests": String(Date.now() + 20_000)
      })()])

    assert.isAtLeast(sent[1]!, 20_000)
  })

  it("a policy of ours retries, and the client does not", async () => {
    const retries: Array<number> = []
    const { sent, thrown } = await calling(
      call,
      [venice(503, "The model is at capacity. Please try again later.", { "retry-after": "3" })],
      { retry: { attempts: 3 }, onRetry: ({ delayMillis }) => retries.push(delayMillis) }
    )

    assert.strictEqual(sent.length, 3)
    assert.isTrue(retries.every((delay) => delay >= 3000 && delay <= 3750))
    assert.deepInclude(errorOf(thrown), { code: "MODEL_AT_CAPACITY", status: 503 })
  })

  it("keeps no credential that the server repeats", async () => {
    const { thrown } = await calling(call, [
      venice(400, `Unexpected ${apiKey}, base64 ${btoa(apiKey)}`, { "x-request-id": apiKey })
    ])

    const { requestBodyValues: _, ...kept } = last(thrown)
    assert.notInclude(inspect(kept, { depth: 10 }) + String(thrown) + JSON.stringify(errorOf(thrown)), apiKey)
    assert.notInclude(inspect(kept, { depth: 10 }), btoa(apiKey))
  })

  it("a request that is aborted ends as it does without us", async () => {
    const controller = new AbortController()
    const hanging = () =>
      new Promise<Response>((_, reject) =>
        controller.signal.addEventListener("abort", () => reject(controller.signal.reason as Error))
      )
    const ours = calling(call, [hanging], {}, controller.signal)
    const theirs = call(hanging, controller.signal)
    setTimeout(() => controller.abort(), 1000)
    await vi.advanceTimersByTimeAsync(1000)

    assert.strictEqual((await ours).thrown.constructor, (await theirs as Error).constructor)
    assert.strictEqual((await ours).thrown.message, (await theirs as Error).message)
    assert.isUndefined(errorOf((await ours).thrown))
  })

  it("a wait between attempts of ours ends when the request is aborted", async () => {
    const controller = new AbortController()
    setTimeout(() => controller.abort(), 5000)
    const { sent, thrown } = await calling(
      call,
      [venice(503, "The model is at capacity. Please try again later.", { "retry-after": "30" })],
      { retry: "standard" },
      controller.signal
    )

    assert.deepStrictEqual(sent, [0])
    assert.match(`${thrown.name} ${thrown.constructor.name}`, /Abort/)
  })

  it("a failed connection is reported with its cause", async () => {
    const cause = Object.assign(new Error("connect"), { code: "ECONNREFUSED" })
    const { thrown } = await calling(call, [() => Promise.reject(new TypeError("fetch failed", { cause }))])

    const causes = [last(thrown).cause, last(thrown).cause?.cause]
    assert.include(causes, cause)
    assert.isUndefined(errorOf(thrown))
  })
})

describe("openai's client", () => {
  it.each(codes)("has a code of its own for $code", async ({ message, status }) => {
    const { thrown } = await calling(calls.openai!, [venice(status, message)])

    assert.isString(thrown.code)
    assert.notStrictEqual(thrown.code, "")
    assert.isString(thrown.type)
  })

  it("tells the codes apart", async () => {
    const seen = await Promise.all(codes.map(async ({ message, status }) => {
      const fetch = make({ fetch: async () => venice(status, message, { "retry-after": "61" })() })
      return (await calls.openai!(fetch) as { code: string }).code
    }))

    assert.strictEqual(new Set(seen).size, 40)
  })
})

describe("openai's client for /responses", () => {
  it("gets the event of a failed response in its own form, with the error", async () => {
    const failed = {
      type: "response.failed",
      sequence_number: 1,
      response: { id: "r", object: "response", status: "failed", error: { code: "model_overloaded", message: "m" } }
    }
    const fetch = make({
      fetch: async () =>
        new Response(`event: response.failed\ndata: ${JSON.stringify(failed)}\n\n`, {
          headers: { "content-type": "text/event-stream" }
        })
    })
    const client = new OpenAI({ apiKey, baseURL: "https://api.venice.ai/api/v1", fetch })
    const events: Array<unknown> = []
    for await (const event of await client.responses.create({ model: "m", input: "Hello", stream: true })) {
      events.push(event)
    }

    assert.strictEqual(events.length, 1)
    assert.deepInclude(events[0], { type: "response.failed", sequence_number: 1 })
    assert.deepInclude(errorOf(events[0]), { code: "MODEL_OVERLOADED", operation: "POST /responses" })
  })
})

describe("a timeout of the client", () => {
  const messages = [{ role: "user" as const, content: "Hello" }]
  const settings = { apiKey, baseURL: "https://api.venice.ai/api/v1", timeout: 1000, maxRetries: 0 }

  const hanging: typeof globalThis.fetch = (_, init) =>
    new Promise((_, reject) => init!.signal!.addEventListener("abort", () => reject(init!.signal!.reason as Error)))

  const waiting = async () =>
    venice(503, "The model is at capacity. Please try again later.", { "retry-after": "30" })()

  const clients: Readonly<Record<string, Call>> = {
    openai: (fetch) => new OpenAI({ ...settings, fetch }).chat.completions.create({ model: "m", messages }),
    Anthropic: (fetch) => new Anthropic({ ...settings, fetch }).messages.create({ model: "m", max_tokens: 1, messages })
  }

  it.each(Object.entries(clients))("is %s's own, in a request and in a wait of ours", async (_, call) => {
    const seen = [hanging, make({ fetch: hanging }), make({ fetch: waiting, retry: "standard" })].map((fetch) =>
      call(fetch).catch((thrown: unknown) => thrown)
    )
    await vi.advanceTimersByTimeAsync(1000)
    const [theirs, ...ours] = await Promise.all(seen) as ReadonlyArray<Error>

    assert.strictEqual(theirs!.constructor.name, "APIConnectionTimeoutError")
    for (const error of ours) {
      assert.strictEqual(error.constructor, theirs!.constructor)
      assert.strictEqual(error.message, theirs!.message)
    }
  })
})

describe("Anthropic's client", () => {
  it("has the message, the type, the code and the request id", async () => {
    const { thrown } = await calling(calls.Anthropic!, [venice(404, "Specified model not found: lama")])

    assert.deepInclude(thrown, {
      message: "404 Specified model not found: lama",
      apiMessage: "Specified model not found: lama",
      type: "not_found_error",
      errorCode: "model_not_found",
      requestID: "91dbd54fa83f8cbd-EWR"
    })
  })
})

describe("the AI SDK", () => {
  it.each([
    [409, { error: { code: "needs_consent", message: "m" } }, {}, 403],
    [429, { error: "Insufficient USD or Diem balance to complete request" }, {}, 402],
    [500, { error: { code: "context_length_exceeded", message: "m" } }, {}, 400],
    [429, { error: "Rate limit exceeded" }, { "retry-after": "60" }, 424],
    [429, { error: "Rate limit exceeded" }, { "retry-after": "59" }, 429],
    [502, { message: "upstream" }, {}, 424],
    [422, { error: "Content policy violation" }, {}, 422]
  ])("gets %d %j %j as %d", async (status, body, headers, expected) => {
    const { thrown } = await calling(calls["the AI SDK"]!, [venice(status, body, headers)])

    assert.strictEqual(last(thrown).statusCode, expected)
    assert.strictEqual(last(thrown).responseHeaders["x-venice-status"], String(status))
    assert.strictEqual(errorOf(thrown)?.status, status)
  })
})

describe("LangChain's model", () => {
  it.each(codes)("$code is told by its code", async ({ code, message, status }) => {
    const { sent, thrown } = await calling(langchain, [venice(status, message)])

    assert.strictEqual(errorOf(thrown)?.code, code)
    assert.strictEqual(sent.length, 1)
  })

  it("retries by a policy of ours", async () => {
    const { sent, thrown } = await calling(
      langchain,
      [venice(503, "The model is at capacity. Please try again later.", { "retry-after": "10" })],
      { retry: { attempts: 2 } }
    )

    assert.strictEqual(sent.length, 2)
    assert.isAtLeast(sent[1]!, 10_000)
    assert.strictEqual(errorOf(thrown)?.code, "MODEL_AT_CAPACITY")
  })
})

describe.each(Object.entries(streams))("a stream of %s", (name, call) => {
  const delta = name === "Anthropic"
    ? "event: message_start\ndata: {\"type\":\"message_start\"}\n\n"
    : `data: ${
      JSON.stringify({
        id: "1",
        object: "chat.completion.chunk",
        created: 1,
        model: "m",
        choices: [{ index: 0, delta: { content: "a" } }]
      })
    }\n\n`

  const events = (text: string) => () =>
    new Response(text, { headers: { "content-type": "text/event-stream", "cf-ray": "91dbd54fa83f8cbd-EWR" } })

  it.each([
    [{ message: "The model is overloaded", code: "model_overloaded", retry_after: 30 }, "MODEL_OVERLOADED", 30_000],
    ["Inference processing failed", "INFERENCE_FAILED", undefined],
    [{ message: "m", code: "UNKNOWN_TO_ALL" }, "UNRECOGNIZED_RESPONSE", undefined]
  ])("ends with the error in it: %j", async (error, code, hint) => {
    const { sent, thrown } = await calling(call, [
      events(`${delta}data: ${JSON.stringify({ error })}\n\ndata: [DONE]\n\n`)
    ])

    assert.strictEqual(errorOf(thrown)?.code, code)
    assert.strictEqual(errorOf(thrown)?.retryAfterMillis, hint)
    assert.notStrictEqual(thrown.message, "")
    assert.deepStrictEqual(sent, [0])
  })

  it("begins with a failing response", async () => {
    const { thrown } = await calling(call, [venice(404, "Specified model not found: lama. Did you mean: llama?")])

    assert.deepInclude(errorOf(thrown), { code: "MODEL_NOT_FOUND", suggestions: ["llama"] })
  })
})
