/**
 * Lines of a log as failures and successes of calls.
 *
 * @internal
 */
import { Decode, Operation, VeniceError } from "@effect-venice/core"
import * as Duration from "effect/Duration"
import * as Headers from "effect/http/Headers"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import { problemsOf } from "../script/script.ts"
import { transport } from "./transport.ts"

/** A failed attempt. */
export interface Failed {
  readonly error: unknown
  readonly operation: string
  /** In epoch milliseconds. */
  readonly at: number | undefined
  /** How long the policy of the log waited after it. */
  readonly delay?: number | undefined
}

/** One or more attempts of a call. */
export interface Entry {
  readonly failures: ReadonlyArray<Failed>
  /** When the call succeeded. */
  readonly succeededAt?: number | undefined
  readonly hasSucceeded: boolean
  /** Why the policy of the log gave up. */
  readonly reason?: string | undefined
  /** What joins the attempts of a call. */
  readonly call?: string | undefined
  /** API key, model and user: what Venice counts failures by. */
  readonly key: string
}

type Members = Readonly<Record<string, unknown>>

const isObject = (value: unknown): value is Members =>
  typeof value === "object" && value !== null && !Array.isArray(value)

const text = (value: unknown): string | undefined =>
  typeof value === "string" && value !== ""
    ? value.slice(0, 300)
    : typeof value === "number"
    ? String(value)
    : undefined

const decodeAny = Schema.decodeUnknownResult(Schema.toCodecJson(VeniceError.VeniceError))

const decoders = new Map<string, typeof decodeAny>()

/** Decodes by the class that the tag names: the union tries one class after the other. */
const decodeError = (value: unknown): ReturnType<typeof decodeAny> => {
  const tag = isObject(value) && typeof value._tag === "string" ? value._tag : ""
  const Class = VeniceError.byCode.get(tag)
  if (Class === undefined) return decodeAny(value)
  let decode = decoders.get(tag)
  if (decode === undefined) {
    decode = Schema.decodeUnknownResult(Schema.toCodecJson(Class)) as typeof decodeAny
    decoders.set(tag, decode)
  }
  return decode(value)
}

/** Epoch milliseconds, from a number (seconds, milliseconds or nanoseconds) or a date. */
const momentOf = (value: unknown): number | undefined => {
  const number = typeof value === "string" && /^\d+$/.test(value) ? Number(value) : value
  if (typeof number === "number" && number > 0) {
    return number >= 1e17 ? number / 1e6 : number >= 1e11 ? number : number >= 1e8 ? number * 1000 : undefined
  }
  const moment = typeof value === "string" ? Date.parse(value) : NaN
  return Number.isNaN(moment) ? undefined : moment
}

const timeOf = (line: Members): number | undefined =>
  momentOf(line.timestamp ?? line.time ?? line.at ?? line["@timestamp"] ?? line.ts)

/** The error of Venice, with the operation that the line names if the error does not. */
const withOperation = (error: VeniceError.VeniceError, operation: string): VeniceError.VeniceError => {
  if (error.response.operation !== undefined || operation === "") return error
  Object.assign(error, { response: { ...error.response, operation } })
  return error
}

const isTransportTag = (tag: unknown): boolean =>
  tag === "HttpClientError" || tag === "TransportError" || tag === "TimeoutError" || tag === "Transport"

const codeOf = (error: Members): string | undefined => {
  const cause = isObject(error.cause) ? error.cause : isObject(error.reason) ? error.reason : undefined
  return text(error.code) ?? (cause === undefined ? undefined : codeOf(cause))
}

const keyOf = (line: Members, model: unknown = line.model): string =>
  JSON.stringify([text(line.key) ?? text(line.apiKeyId) ?? "", text(model) ?? "", text(line.user) ?? ""])

/** The attempts before the last one, from the history that a policy attached. */
const historyOf = (error: VeniceError.VeniceError, operation: string, at: number | undefined) => {
  const attempts = error.attempts
  if (attempts === undefined) return { failures: [], reason: undefined }
  const made = attempts.made.slice(0, -1)
  const total = made.reduce((sum, { delay }) => sum + (delay === undefined ? 0 : Duration.toMillis(delay)), 0)
  let elapsed = 0
  const failures = made.map((attempt): Failed => {
    const delay = attempt.delay === undefined ? 0 : Duration.toMillis(attempt.delay)
    const failed = {
      error: fromCode(attempt.code, operation, attempt.status, attempt.hint),
      operation,
      at: at === undefined ? undefined : at - total + elapsed,
      delay
    }
    elapsed += delay
    return failed
  })
  return { failures, reason: attempts.reason }
}

const fromCode = (code: string, operation: string, status?: number, hint?: Duration.Duration): unknown => {
  if (!VeniceError.isCode(code)) return transport(operation)
  const error = VeniceError.fromCode(code)
  const response = {
    ...error.response,
    ...(operation !== "" && { operation }),
    ...(status !== undefined && { status }),
    ...(hint !== undefined && { retryAfter: hint })
  }
  return Object.assign(error, { response })
}

const ofError = (line: Members): Result.Result<Entry, string> => {
  const { error } = line
  const at = timeOf(line)
  const named = text(line.operation) ?? ""
  const rest = { call: text(line.call ?? line.traceId), key: keyOf(line) }
  const succeededAt = momentOf(line.recoveredAt)
  const hasSucceeded = line.recovered === true || succeededAt !== undefined
  if (typeof error === "string" || (isObject(error) && isTransportTag(error._tag))) {
    const tag = typeof error === "string" ? error : "Transport"
    if (!isTransportTag(tag) && !VeniceError.isCode(tag)) {
      return Result.fail(`error: unknown code ${JSON.stringify(tag)}`)
    }
    const made = isTransportTag(tag)
      ? transport(named, isObject(error) ? codeOf(error) : undefined)
      : fromCode(tag, named)
    return Result.succeed({ failures: [{ error: made, operation: named, at }], hasSucceeded, succeededAt, ...rest })
  }
  const decoded = decodeError(error)
  if (Result.isFailure(decoded)) {
    const [problem] = problemsOf(decoded.failure)
    return Result.fail(["error", problem?.path, problem?.message].filter((part) => part).join(": "))
  }
  const operation = decoded.success.response.operation ?? named
  const { failures, reason } = historyOf(decoded.success, operation, at)
  const last = { error: withOperation(decoded.success, operation), operation, at }
  return Result.succeed({ failures: [...failures, last], hasSucceeded, succeededAt, reason, ...rest })
}

const headersOf = (value: unknown): Headers.Headers =>
  Headers.fromInput(
    Object.entries(isObject(value) ? value : {}).flatMap(([name, item]) =>
      item === null ? [] : [[name, Array.isArray(item) ? item.join(", ") : String(item)] as [string, string]]
    )
  )

const isFailing = (status: number) => status < 200 || status > 299

const ofResponse = (line: Members): Result.Result<Entry, string> => {
  const status = Number(line.status)
  if (!Number.isInteger(status) || status < 100 || status > 999) return Result.fail("status: not a status")
  const at = timeOf(line)
  const operation = text(line.operation) ?? ""
  const common = { call: text(line.call ?? line.traceId), key: keyOf(line) }
  if (!isFailing(status)) return Result.succeed({ failures: [], hasSucceeded: true, succeededAt: at, ...common })
  const error = Decode.response({
    status,
    headers: headersOf(line.headers),
    body: typeof line.body === "string" ? line.body : "",
    operation: operation === "" ? undefined : operation,
    now: at ?? 0
  })
  return Result.succeed({ failures: [{ error, operation, at }], hasSucceeded: false, ...common })
}

/** An entry of the journal of the emulator. Attempts with the same request are one call. */
const ofJournal = (line: Members): Result.Result<Entry, string> => {
  const { request, response } = line
  if (!isObject(request)) return Result.fail("request: Missing key")
  const method = text(request.method) ?? ""
  const path = text(request.path) ?? ""
  const operation = text(request.operation) ?? Operation.nameOf(method, path)
  const body = isObject(request.body) ? String(request.body.text ?? request.body.base64 ?? "") : ""
  const common = {
    call: `${operation} ${isObject(request.headers) ? text(request.headers["idempotency-key"]) ?? "" : ""}${body}`
      .slice(0, 1000),
    key: keyOf({}, request.model)
  }
  const at = momentOf(line.endedAt ?? line.answeredAt ?? line.receivedAt)
  const isLost = !isObject(response) || line.outcome === "disconnected"
  if (isLost) {
    return line.outcome === "aborted" || line.outcome === "pending"
      ? Result.succeed({ failures: [], hasSucceeded: false, ...common })
      : Result.succeed({ failures: [{ error: transport(operation), operation, at }], hasSucceeded: false, ...common })
  }
  const answer = isObject(response.body) ? response.body.text ?? "" : ""
  const entry = ofResponse({ ...response, body: answer, operation, timestamp: at })
  return Result.map(entry, (entry) => ({ ...entry, ...common }))
}

const attributesOf = (attributes: unknown): Members =>
  Object.fromEntries(
    (Array.isArray(attributes) ? attributes : []).flatMap((item) => {
      if (!isObject(item) || !isObject(item.value)) return []
      const [value] = Object.values(item.value)
      return [[String(item.key), value]]
    })
  )

const listOf = (value: unknown): ReadonlyArray<Members> => Array.isArray(value) ? value.filter(isObject) : []

/** A span of a call: its event for every retry, and its end. Nothing if the span is no call that failed. */
const ofSpan = (span: Members): Entry | undefined => {
  const attributes = attributesOf(span.attributes)
  const method = text(attributes["http.request.method"])
  const path = text(attributes["url.template"])
  if (method === undefined || path === undefined) return undefined
  const operation = `${method} ${path}`
  const events = listOf(span.events).map((event) => ({
    name: event.name,
    at: momentOf(event.timeUnixNano),
    attributes: attributesOf(event.attributes)
  }))
  const failureOf = (members: Members, at: number | undefined): Failed => {
    const status = members["http.response.status_code"]
    const delay = members["venice.retry.delay_ms"]
    return {
      error: fromCode(String(members["error.type"]), operation, status === undefined ? undefined : Number(status)),
      operation,
      at,
      ...(delay !== undefined && { delay: Number(delay) })
    }
  }
  const retries = events.filter(({ name }) => name === "retry")
  const stopped = events.find(({ name }) => name === "retry.stopped")
  const end = momentOf(span.endTimeUnixNano)
  const errorType = attributes["error.type"]
  const failures = retries.map(({ at, attributes }) => failureOf(attributes, at))
  const last = stopped ?? (errorType === undefined ? undefined : { at: end, attributes })
  if (last !== undefined && last.attributes["error.type"] !== "interrupted") {
    failures.push(failureOf(last.attributes, last.at))
  }
  if (failures.length === 0) return undefined
  const hasSucceeded = errorType === undefined
  return {
    failures,
    hasSucceeded,
    succeededAt: hasSucceeded ? end : undefined,
    reason: text(stopped?.attributes["venice.retry.reason"]),
    key: keyOf({}, attributes["gen_ai.request.model"])
  }
}

const ofTraces = (line: Members): ReadonlyArray<Entry> =>
  listOf(line.resourceSpans).flatMap((resource) => listOf(resource.scopeSpans ?? resource.instrumentationLibrarySpans))
    .flatMap((scope) => listOf(scope.spans))
    .flatMap((span) => ofSpan(span) ?? [])

/** The calls of a line, or why there are none. */
export const parseLine = (line: string): Result.Result<ReadonlyArray<Entry>, string> => {
  const json = Result.try({ try: () => JSON.parse(line.replace(/^\ufeff/, "")) as unknown, catch: () => "not JSON" })
  if (Result.isFailure(json)) return Result.fail(line.trim() === "" ? "an empty line" : json.failure)
  return ofValue(json.success)
}

const one = (entry: Result.Result<Entry, string>) => Result.map(entry, (entry) => [entry])

const ofValue = (value: unknown): Result.Result<ReadonlyArray<Entry>, string> => {
  if (!isObject(value)) return Result.fail("Expected object")
  if ("resourceSpans" in value) return Result.succeed(ofTraces(value))
  if (Array.isArray(value.entries)) {
    return Result.all(value.entries.map((entry) => isObject(entry) ? ofJournal(entry) : Result.fail("Expected object")))
  }
  if ("request" in value && "source" in value) return one(ofJournal(value))
  if ("error" in value && value.error !== undefined) return one(ofError(value))
  if ("status" in value) return one(ofResponse(value))
  return Result.fail("neither an error, a response, an entry of a journal nor spans")
}
