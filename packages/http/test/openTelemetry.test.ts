/**
 * The attributes of every operation, setting, response and failure. That a collector gets them is in
 * `Telemetry.test.ts`.
 */
import { Decode, Errors, Operation } from "@effect-venice/core"
import { Failure } from "@effect-venice/http"
import { Fixtures } from "@effect-venice/testing"
import { assert, describe, expect, it } from "@effect/vitest"
import { Cause } from "effect"
import { HttpClientError, HttpClientRequest, HttpClientResponse } from "effect/http"
import * as Conventions from "../src/internal/openTelemetry.ts"
import { ahead, late, open } from "./unsent.ts"

const write = (value: unknown): string => value === undefined ? "nothing" : JSON.stringify(value)

const bodies: ReadonlyArray<unknown> = [
  undefined,
  null,
  "text",
  [{ model: "m" }],
  {},
  { model: 1, temperature: "0.5", top_p: null, seed: "1" },
  { model: "m", temperature: 0, top_p: 0.5, top_k: 3, frequency_penalty: 0.25, presence_penalty: 0.75, seed: 4 },
  { max_tokens: 1 },
  { max_completion_tokens: 2 },
  { max_output_tokens: 3 },
  { max_tokens: 1, max_output_tokens: 3 },
  { max_tokens: 1, max_completion_tokens: 2, max_output_tokens: 3 },
  { max_completion_tokens: null, max_tokens: 1 },
  { stop: "a" },
  { stop: [] },
  { stop: ["a", 1, "b", null] }
]

const clean = (text: string): string => text.replaceAll("abcdef", "<redacted>")

const responses: ReadonlyArray<unknown> = [
  undefined,
  null,
  "text",
  {},
  { id: 1, model: 2, choices: "x", usage: "x" },
  { id: "r", model: "m", choices: [{ finish_reason: "stop" }], usage: { prompt_tokens: 1, completion_tokens: 2 } },
  { usage: { input_tokens: 3, output_tokens: 4 } },
  { usage: { input_tokens: 3, prompt_tokens: 1, output_tokens: 4, completion_tokens: 2 } },
  { usage: { prompt_tokens: "1", completion_tokens: null } },
  { choices: [] },
  { choices: [{ finish_reason: null }, {}, 1, null] },
  { choices: [{ finish_reason: "stop" }, { finish_reason: null }, { finish_reason: "length" }] },
  { id: "outer", response: { id: "inner", model: "m", usage: { output_tokens: 5 } } },
  { id: "outer", response: "text" },
  { id: "id abcdef", model: "model abcdef", choices: [{ finish_reason: "abcdef" }] },
  { id: "venice_inference_key_aB3dE5fG7hJ9kL1mN3pQ5rS7" }
]

const request = HttpClientRequest.post("https://api.venice.ai/api/v1/chat/completions")

const response = HttpClientResponse.fromWeb(request, new Response("x", { status: 200 }))

const http = (reason: HttpClientError.HttpClientErrorReason) => new HttpClientError.HttpClientError({ reason })

const context = { status: 207, operation: "POST /chat/completions", requestId: "r-1", body: "x" }

const job = { medium: "video", model: "m", queueId: "q" } as const

const unrecognized = (fields: object) =>
  new Errors.UnrecognizedResponse({ category: "Server", response: { ...context, status: 500 }, ...fields })

const failures: ReadonlyArray<readonly [string, unknown]> = [
  ...Fixtures.errors.filter((error) => error._tag !== "UNRECOGNIZED_RESPONSE").map((error) =>
    [error._tag, error] as const
  ),
  ["no rule matches", unrecognized({ matchedBy: "none" })],
  ["a status without a code", unrecognized({ matchedBy: "status" })],
  ["a code that is not documented for the operation", unrecognized({ matchedBy: "code", code: "MODEL_OFFLINE" })],
  ["a code that nobody knows", unrecognized({ matchedBy: "none", code: "NEW_CODE" })],
  ["lost", http(new HttpClientError.TransportError({ request }))],
  ["not encoded", http(new HttpClientError.EncodeError({ request }))],
  ["not a URL", http(new HttpClientError.InvalidUrlError({ request }))],
  ["a status", http(new HttpClientError.StatusCodeError({ request, response }))],
  ["not decoded", http(new HttpClientError.DecodeError({ request, response }))],
  ["empty", http(new HttpClientError.EmptyBodyError({ request, response }))],
  ["out of time", new Cause.TimeoutError("late")],
  ["unexpected", new Failure.UnexpectedBody({ message: "no", differences: [], response: context })],
  ["unfinished", new Failure.UnfinishedStream({ message: "cut", response: context })],
  ["a call that a guard did not send", ahead],
  ["a call that a breaker did not send", open],
  ["a call whose turn did not come", late],
  ["a node", new Failure.JsonRpcError({ message: "reverted", response: context })],
  ["a job of an error", new Failure.JobFailure({ job, reason: new Errors.InferenceFailed() })],
  [
    "a job of an unexpected body",
    new Failure.JobFailure({
      job,
      reason: new Failure.UnexpectedBody({ message: "no", differences: [], response: context })
    })
  ],
  ["a job out of time", new Failure.JobFailure({ job, reason: new Cause.TimeoutError("late") })],
  ["tagged by another", { _tag: "Mine" }],
  ["tagged with a number", { _tag: 1 }],
  ["an error", new Error("mine")],
  ["a text", "mine"],
  ["nothing", undefined]
]

it("every operation, setting and response has these attributes", async () => {
  const lines = [
    ...[...Operation.all, "POST /new", "toString"].map((operation) => {
      const attributes = Conventions.requestAttributes(operation, { model: "m" })
      const named = `${Conventions.spanName(operation, "m")}, ${Conventions.spanName(operation, undefined)}`
      return `${operation} → spans ${named}; ${write(attributes)}`
    }),
    ...bodies.map((body) =>
      `request ${write(body)} → ${write(Conventions.requestAttributes("POST /chat/completions", body)?.request)}`
    ),
    ...responses.map((json) => `response ${write(json)} → ${write(Conventions.responseAttributes(json, clean))}`)
  ]
  await expect(`${lines.join("\n")}\n`).toMatchFileSnapshot("golden/telemetry.txt")
})

it("every failure has these attributes", async () => {
  const lines = failures.map(([name, failure]) =>
    `${name} → ${Conventions.errorType(failure)} in ${Conventions.categoryOf(failure)}; `
    + write(Conventions.failureAttributes(failure))
  )
  await expect(`${lines.join("\n")}\n`).toMatchFileSnapshot("golden/telemetry-failures.txt")
})

describe("a text", () => {
  it("is kept up to 200 characters", () => {
    assert.strictEqual(Conventions.modelOf({ model: "x ".repeat(100) }), "x ".repeat(100))
    assert.strictEqual(Conventions.modelOf({ model: "x ".repeat(101) }), "x ".repeat(100))
  })

  it("is rid of credentials before it is cut", () => {
    const model = `${"x ".repeat(95)}venice_inference_key_aB3dE5fG7hJ9kL1mN3pQ5rS7`

    assert.notInclude(Conventions.modelOf({ model }), "venice_inf")
  })
})

describe("a list of texts", () => {
  const stopOf = (stop: unknown) => Conventions.requestAttributes("POST /responses", { stop })?.request?.stopSequences

  it("is kept up to 16", () => {
    const texts = Array.from({ length: 17 }, (_, i) => `t${i}`)

    assert.deepStrictEqual(stopOf(texts.slice(0, 16)), texts.slice(0, 16))
    assert.deepStrictEqual(stopOf(texts), texts.slice(0, 16))
  })

  it("counts what is no text, so that no more than 16 are looked at", () => {
    const choices = [...Array.from({ length: 15 }, () => 1), { finish_reason: "a" }, { finish_reason: "b" }]

    assert.deepStrictEqual(Conventions.responseAttributes({ choices }, clean)?.response?.finishReasons, ["a"])
  })
})

it("only an unrecognized response with a code of its own has a code among its attributes", () => {
  const keys = (failure: unknown) => Object.keys(Conventions.failureAttributes(failure))

  assert.include(keys(unrecognized({ code: "NEW_CODE" })), "venice.error.code")
  assert.notInclude(keys(unrecognized({})), "venice.error.code")
  assert.notInclude(keys(new Errors.InferenceFailed()), "venice.error.code")
})

it("a fingerprint is only that of a response that nobody described", () => {
  const unknown = Decode.response({ status: 418, body: "a teapot", now: 0 })
  const known = Decode.response({ status: 500, body: "{\"error\":\"Inference processing failed\"}", now: 0 })

  assert.match(Conventions.fingerprintOf(unknown)!, /^418-text-/)
  assert.isUndefined(Conventions.fingerprintOf(known))
  assert.isUndefined(Conventions.fingerprintOf(new Errors.RateLimitExceeded({ matchedBy: "none" })))
})
