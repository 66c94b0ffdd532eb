/**
 * The time to decode a response to an error, compared with the least possible work (FLOOR0) and with the clients of
 * OpenAI-compatible APIs.
 */
import { APIError as AnthropicError } from "@anthropic-ai/sdk"
import * as Decode from "@effect-venice/core/Decode"
import { APIError as OpenAiError } from "openai"
import { bodies, headers, webHeaders } from "./bodies.ts"
import { compare, report, type Work } from "./measure.ts"

type Body = keyof typeof bodies

const statuses: Readonly<Record<Body, number>> = {
  simple: 429,
  unknown: 429,
  openAi: 429,
  validation: 400,
  html: 403,
  empty: 503,
  worst: 400
}

const frames = 20

/** Runs the work under this many more stack frames. */
const deep = (depth: number, work: Work): unknown => depth === 0 ? work() : [deep(depth - 1, work)][0]

const at = (work: Work): Work => () => deep(frames, work)

const known = new Map([
  ["Rate limit exceeded", "RATE_LIMIT_EXCEEDED"],
  ["The model is currently overloaded. Please try again later.", "MODEL_OVERLOADED"],
  ["Invalid request parameters", "INVALID_REQUEST"]
])

const parsed = (body: string): any => {
  try {
    return JSON.parse(body)
  } catch {
    return undefined
  }
}

const floor0 = (body: string): Error => {
  const error = parsed(body)?.error
  const message = typeof error === "string" ? error : String(error?.message)
  return new Error(known.get(message) ?? message)
}

/** FLOOR0: `JSON.parse`, one look-up in a `Map`, and an error that captures no stack. */
const floor = (name: Body): Work =>
  at(() => {
    const limit = Error.stackTraceLimit
    Error.stackTraceLimit = 0
    const error = floor0(bodies[name])
    Error.stackTraceLimit = limit
    return error
  })

const now = Date.UTC(2026, 0, 1)

const ours = (name: Body, captureStack?: boolean): Work => {
  const input = { status: statuses[name], headers, operation: "POST /chat/completions", now, captureStack }
  return at(() => Decode.response({ ...input, body: bodies[name] }))
}

// What the sources of the two clients do with the body of a failing response.
const openAi = (name: Body): Work =>
  at(() => {
    const json = parsed(bodies[name])
    return OpenAiError.generate(statuses[name], json, json === undefined ? bodies[name] : undefined, webHeaders)
  })

const anthropic = (name: Body): Work =>
  at(() => {
    const json = parsed(bodies[name])
    return AnthropicError.generate(statuses[name], json, json === undefined ? bodies[name] : undefined, webHeaders)
  })

const simple = compare({
  floor: floor("simple"),
  ours: ours("simple"),
  unknown: ours("unknown"),
  openAi: openAi("simple"),
  anthropic: anthropic("simple"),
  worst: ours("worst"),
  worstFloor: floor("worst"),
  openAiStyle: ours("openAi"),
  openAiStyleFloor: floor("openAi"),
  stack: ours("simple", true),
  stackFloor: at(() => floor0(bodies.simple))
})
const others = compare({
  validation: ours("validation"),
  validationFloor: floor("validation"),
  html: ours("html"),
  htmlFloor: floor("html"),
  htmlOpenAi: openAi("html"),
  empty: ours("empty"),
  emptyFloor: floor("empty"),
  emptyOpenAi: openAi("empty")
})

report({
  "decode/simple/nanos": simple.nanos("ours"),
  "decode/floor/nanos": simple.nanos("floor"),
  "decode/simple/floor": simple.ratio("ours", "floor"),
  "decode/simple/openai": simple.ratio("ours", "openAi"),
  "decode/simple/anthropic": simple.ratio("ours", "anthropic"),
  "decode/openai-style/floor": simple.ratio("openAiStyle", "openAiStyleFloor"),
  "decode/validation/floor": others.ratio("validation", "validationFloor"),
  "decode/html/floor": others.ratio("html", "htmlFloor"),
  "decode/html/openai": others.ratio("html", "htmlOpenAi"),
  "decode/empty/floor": others.ratio("empty", "emptyFloor"),
  "decode/empty/openai": others.ratio("empty", "emptyOpenAi"),
  "decode/unknown/known": simple.ratio("unknown", "ours"),
  "decode/stack/new-error": simple.ratio("stack", "stackFloor"),
  "decode/worst/floor": simple.ratio("worst", "worstFloor")
})
