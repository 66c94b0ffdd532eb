/**
 * What was pasted: a name, a status, a message, or a response in any form.
 *
 * The command `explain` and the playground of the site read the same.
 *
 * @internal
 */
import { Category, Decode, Errors, VeniceError } from "@effect-venice/core"
import * as Headers from "effect/http/Headers"
import * as Predicate from "effect/Predicate"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import { didYouMean, nearest } from "../nearest.ts"
import * as Har from "./har.ts"
import { oneLine } from "./printable.ts"
import { isFailing, parse, readLine, type ResponseInput } from "./response.ts"
import * as Transcript from "./transcript.ts"

/** What a text is about. */
export type Subject =
  /** One error, with the response that it was decoded from, if the text has one. */
  | { readonly _tag: "Error"; readonly error: VeniceError.VeniceError; readonly input: ResponseInput | undefined }
  /** Several errors, one of which it may be. */
  | { readonly _tag: "Errors"; readonly codes: ReadonlyArray<VeniceError.Code> }
  | { readonly _tag: "Category"; readonly category: Category.Category }

const classes = [...VeniceError.byCode.values()]

const codes = classes.map(({ code }) => code)

const classNames = Object.entries(Errors).map(([name, { code }]) => [name, code] as const)

/** Every status that a message can come with. */
const statuses = [...new Set(classes.flatMap((Class) => [Class.status, ...(Class["~row"].otherStatuses ?? [])]))]

const ofCode = (code: VeniceError.Code): Subject => ({
  _tag: "Error",
  error: VeniceError.fromCode(code),
  input: undefined
})

const ofCodes = (found: ReadonlyArray<VeniceError.Code>): Subject | undefined =>
  found.length === 0 ? undefined : found.length === 1 ? ofCode(found[0]!) : { _tag: "Errors", codes: found }

/** A name as somebody may write it: `rate-limit-exceeded`, `Errors.RateLimitExceeded`, the page of the error. */
const named = (text: string): Subject | undefined => {
  const name = text.replace(/^.*\/errors\//, "").replace(/^Errors\.|[/#?].*$/g, "").replace(/[\s-]+/g, "_")
    .toLowerCase()
  const code = codes.find((code) => code.toLowerCase() === name)
    ?? classNames.find(([className]) => className.toLowerCase() === name.replaceAll("_", ""))?.[1]
  if (code !== undefined) return ofCode(code)
  const category = Category.all.find((category) => category.toLowerCase() === name.replaceAll("_", ""))
  return category && { _tag: "Category", category }
}

const statusOf = (text: string): number | undefined => {
  const [, digits] = /^(?:http(?:\/[\d.]+)?\s+)?([1-9]\d\d)(?:\s+[a-z' -]+)?$/i.exec(text) ?? []
  return digits === undefined ? undefined : Number(digits)
}

const ofStatus = (status: number): Result.Result<Subject, string> => {
  if (status < 400) return Result.fail(`HTTP ${status}: not a failing status`)
  const found = classes.filter((Class) => Class.status === status && Class !== Errors.UnrecognizedResponse)
  const category = Category.fromStatus(status)
  return Result.succeed(
    ofCodes(found.map(({ code }) => code)) ?? {
      _tag: "Error",
      error: new Errors.UnrecognizedResponse({ category, matchedBy: "none", response: { status } }),
      input: undefined
    }
  )
}

/** What the decoder makes of a body under each status, as far as it recognizes the text. */
const recognized = (body: string, now: number): Subject | undefined => {
  const errors = new Map<VeniceError.Code, VeniceError.VeniceError>()
  for (const status of statuses) {
    const error = Decode.response({ status, headers: {}, body, now })
    const isDocumented = status === VeniceError.byCode.get(error._tag)!.status
    if ((error.matchedBy === "code" || error.matchedBy === "message") && (isDocumented || !errors.has(error._tag))) {
      errors.set(error._tag, error)
    }
  }
  const [error] = errors.values()
  return errors.size === 1 ? { _tag: "Error", error: error!, input: undefined } : ofCodes([...errors.keys()])
}

// `RATE_LIMIT_EXCEEDED: Rate limit exceeded (HTTP 429 from POST /chat/completions)`, as errors are printed.
const printed = (text: string): Subject | undefined => {
  const code = /^(?:\w+Error: )?([A-Z][A-Z0-9_]+):? /.exec(text)?.[1]
  return code !== undefined && VeniceError.isCode(code) ? ofCode(code) : undefined
}

const machineCode = (text: string, now: number): Subject | undefined =>
  /^[\w.-]{3,100}$/.test(text) ? recognized(JSON.stringify({ error: { message: "", code: text } }), now) : undefined

const message = (text: string, now: number): Subject | undefined => recognized(JSON.stringify({ error: text }), now)

/** A line of a log that names one code somewhere. */
const mentioned = (text: string): Subject | undefined => {
  const words: ReadonlyArray<string> = text.slice(0, maxLogLine).match(/\b[A-Z][A-Z0-9_]{3,}\b/g) ?? []
  return ofCodes([...new Set(words.filter((word) => VeniceError.isCode(word)))])
}

const ofWords = (text: string, now: number): Subject | undefined =>
  named(text) ?? printed(text) ?? machineCode(text, now) ?? message(text, now) ?? mentioned(text)

const ofResponse = (input: ResponseInput): Result.Result<Subject, string> => {
  const error = Decode.response(input)
  return isFailing(input, error)
    ? Result.succeed({ _tag: "Error", error, input })
    : Result.fail(`HTTP ${input.status}: not a failing response`)
}

const ofTranscript = ({ headers, ...response }: Transcript.Transcript, now: number) =>
  ofResponse({ ...response, headers: Headers.fromInput(headers), now })

const proposal = (text: string): string =>
  didYouMean(nearest(text, [...codes, ...classNames.map(([name]) => name), ...Category.all]))

const excerptOf = (text: string): string => JSON.stringify(text.length > 60 ? `${text.slice(0, 60)}…` : text)

const unknown = (text: string): string =>
  `Nothing is known about ${excerptOf(oneLine(text))}${
    proposal(text) || ": give a code, a status, a message or a response"
  }`

const decodeError = Schema.decodeUnknownOption(Schema.toCodecJson(VeniceError.VeniceError))

/** An error as a log has it: encoded, or in the member `error` of the line. */
const encoded = (json: Schema.Json): Subject | undefined => {
  const value = Predicate.hasProperty(json, "_tag")
    ? json
    : Predicate.hasProperty(json, "error")
    ? json.error
    : undefined
  if (!Predicate.hasProperty(value, "_tag") || typeof value._tag !== "string") return undefined
  const decoded = decodeError(value)
  return decoded._tag === "Some"
    ? { _tag: "Error", error: decoded.value, input: undefined }
    : VeniceError.isCode(value._tag)
    ? ofCode(value._tag)
    : undefined
}

const isObject = (json: Schema.Json): boolean => typeof json === "object" && json !== null && !Array.isArray(json)

const ofJson = (json: Schema.Json, body: string, now: number): Result.Result<Subject, string> => {
  if (isObject(json) && "status" in (json as object) && "body" in (json as object)) {
    return Result.flatMap(readLine(json, now), ofResponse)
  }
  const [entry] = Har.entriesOf(json) ?? []
  if (entry !== undefined) return Result.flatMap(Har.read(entry), (read) => ofTranscript(read, now))
  const subject = encoded(json) ?? recognized(body, now)
  return subject === undefined
    ? Result.fail("The body identifies no error by itself: paste the status too, as `curl -i` prints it")
    : Result.succeed(subject)
}

/** The longest line of a log in which JSON or a code is looked for. */
const maxLogLine = 65_536

/** What a logger wrote before the JSON of a line: a time, a level. */
const ofLogLine = (text: string, now: number): Subject | undefined => {
  const start = text.length > maxLogLine || text.includes("\n") ? -1 : text.indexOf("{")
  const json = start <= 0 ? Result.fail("") : parse(text.slice(start))
  if (Result.isFailure(json)) return undefined
  return Result.getOrUndefined(ofJson(json.success as Schema.Json, text.slice(start), now))
}

/** Reads a code, a class, a category, a status, a message, or a response in any form. */
export const subjectOf = (text: string, now: number): Result.Result<Subject, string> => {
  const trimmed = text.replace(/^\ufeff/, "").trim()
  if (trimmed === "") return Result.fail("Nothing to explain: give a code, a status, a message or a response")
  const transcript = /^(?:< )?HTTP\/\d/m.test(trimmed) && trimmed.includes("\n") ? Transcript.read(trimmed) : undefined
  if (transcript !== undefined) return ofTranscript(transcript, now)
  const json = /^[{[]/.test(trimmed) ? parse(trimmed) : Result.fail("")
  if (Result.isSuccess(json)) return ofJson(json.success, trimmed, now)
  const status = statusOf(trimmed)
  if (status !== undefined) return ofStatus(status)
  const subject = ofLogLine(trimmed, now) ?? ofWords(trimmed.replace(/\s+/g, " "), now)
  return subject === undefined ? Result.fail(unknown(trimmed)) : Result.succeed(subject)
}

/** The responses in the lines of a text, if each line is one. */
const linesOf = (text: string): ReadonlyArray<string> | undefined => {
  const lines = text.replace(/^\ufeff/, "").split(/\r?\n/).filter((line) => line.trim() !== "")
  return lines.length > 1 && lines.every((line) => line.startsWith("{") && Result.isSuccess(parse(line)))
    ? lines
    : undefined
}

/** The failing responses of a HAR file, or of all entries why they are none. */
const ofHarFile = (text: string, now: number): ReadonlyArray<Result.Result<Subject, string>> | undefined => {
  const json = /^\s*\{/.test(text) ? parse(text) : Result.fail("")
  const entries = Result.isSuccess(json) && Predicate.hasProperty(json.success, "log")
    ? Har.entriesOf(json.success)
    : undefined
  if (entries === undefined) return undefined
  const subjects = entries.map((entry) => Result.flatMap(Har.read(entry), (read) => ofTranscript(read, now)))
  const failing = subjects.filter(Result.isSuccess)
  return failing.length > 0 ? failing : [Result.fail("The HAR file has no failing response")]
}

/** Reads what was pasted: one subject, a response on each line, or the failing responses of a HAR file. */
export const subjectsOf = (text: string, now: number): ReadonlyArray<Result.Result<Subject, string>> =>
  linesOf(text)?.map((line) => subjectOf(line, now)) ?? ofHarFile(text, now) ?? [subjectOf(text, now)]
