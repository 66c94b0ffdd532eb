/**
 * Feeds every case to one client, in a process of its own whose waits between attempts pass at once, and writes down
 * what the client reports: `node observe.ts <client> <url of the server>`, a line of JSON for each case.
 */
import { errorOf } from "@effect-venice/fetch"
import { inspect } from "node:util"
import { type Case, cases, echo, key, signature } from "./cases.ts"
import { peers, prompt } from "./peers.ts"

/** Where something of the answer is found again: a field of its own, among the kept headers or body, or nowhere. */
export type Kept = "field" | "kept" | "lost"

export interface Observation {
  readonly id: string
  /** The waits between attempts, in milliseconds. */
  readonly waits: ReadonlyArray<number>
  /** Nothing where the answer was taken for a success. */
  readonly error?: {
    readonly name: string
    readonly status: number | null
    /** `_tag`, `code` and `type`, without what is not there. */
    readonly codes: ReadonlyArray<string>
    /** The code that `errorOf` finds. */
    readonly found: string | null
    readonly message: Kept
    readonly requestId: Kept
    readonly hint: Kept
    /** What may not be in an error, and is found in its JSON or in `inspect`. */
    readonly leaks: ReadonlyArray<string>
    readonly hasPrompt: boolean
  }
}

/** The shortest timer that is a wait, and the shortest that is the limit of a request: ten minutes less what it took. */
const [wait, limit] = [100, 300_000]

let ahead = 0
let waits: Array<number> = []

const { setTimeout: later } = globalThis
const { now } = Date
const { bigint } = process.hrtime

const ofRuntime = (stack: string | undefined): boolean =>
  /\n.*\n\s+at .*node:/.test(`${stack?.split("\n", 3).join("\n")}`)

// Jitter would make every run another.
Math.random = () => 0.5
Date.now = () => now() + Math.round(ahead)
process.hrtime.bigint = () => bigint() + BigInt(Math.round(ahead * 1_000_000))
globalThis.setTimeout = Object.assign(
  (callback: (...args: Array<any>) => void, milliseconds = 0, ...args: Array<any>) => {
    if (milliseconds < wait || milliseconds >= limit || ofRuntime(new Error().stack)) {
      return later(callback, milliseconds, ...args)
    }
    return later(() => {
      waits.push(Math.round(milliseconds))
      ahead += milliseconds
      callback(...args)
    }, 0)
  },
  later
) as typeof setTimeout

const read = (value: unknown, ...path: ReadonlyArray<string>): unknown =>
  path.reduce<any>((at, name) => at === null || at === undefined ? undefined : at[name], value)

const first = (value: unknown, ...paths: ReadonlyArray<ReadonlyArray<string>>): unknown =>
  paths.map((path) => read(value, ...path)).find((found) => found !== undefined && found !== null)

/** What the server said, as far as it said it in words, up to what it repeats. */
export const wordsOf = ({ body, breaks, group }: Case): string => {
  const text = breaks === true ? "" : group === "stream" ? /data: (\{"error".*\})/.exec(body)?.[1] ?? "" : body
  try {
    const json = JSON.parse(text)
    const found = first(json, ["error", "message"], ["error"], ["message"], ["issues", "0", "message"], ["details"])
    return typeof found === "string" ? found.split(echo)[0]! : text
  } catch {
    return text.split(echo)[0]!
  }
}

/** By what a kept hint can be told. */
const hintOf = ({ body, headers }: Case): string =>
  ["retry-after", "x-ratelimit-reset-requests"].find((name) => name in headers) ??
    /retry_after|wait \d+s/.exec(body)?.[0]
    ?? ""

const textOf = (error: unknown): string => {
  const texts = [String(error), inspect(error, { depth: 10 }), inspect(error, { depth: 10, customInspect: false })]
  try {
    texts.push(JSON.stringify(error) ?? "")
  } catch {
    // What cannot be written leaks nothing.
  }
  return texts.join("\n")
}

const keptIn = (text: string, isField: boolean, sought: string): Kept =>
  isField ? "field" : sought !== "" && (text.includes(sought) || text.includes(JSON.stringify(sought).slice(1, -1)))
    ? "kept"
    : "lost"

/** What `errorOf` finds. A call of ours has the code of another operation beside `UNRECOGNIZED_RESPONSE`. */
const codeIn = (thrown: unknown): string | null => {
  const error = errorOf(thrown)
  return (error?.code === "UNRECOGNIZED_RESPONSE" ? error.upstreamCode : error?.code) ?? null
}

const report = (given: Case, thrown: unknown): NonNullable<Observation["error"]> => {
  // The AI SDK reports its last error inside one that says how often it tried.
  const error = first(thrown, ["lastError"]) ?? thrown
  const name = (value: unknown) => String(read(value, "constructor", "name") ?? typeof value)
  const text = textOf(thrown)
  const codes = [["_tag"], ["code"], ["type"], ["data", "error", "code"], ["data", "error", "type"]]
    .map((path) => read(error, ...path)).filter((code) => typeof code === "string")
  const requestId = given.headers["cf-ray"]!
  const ids = [["requestID"], ["request_id"], ["requestId"], ["response", "requestId"]]
  const status = first(error, ["response", "status"], ["status"], ["statusCode"])
  return {
    name: error === thrown ? name(error) : `${name(thrown)}(${name(error)})`,
    status: typeof status === "number" ? status : null,
    codes: [...new Set(codes)],
    found: codeIn(thrown),
    message: keptIn(
      text,
      wordsOf(given) !== "" && String(read(error, "message")).includes(wordsOf(given)),
      wordsOf(given)
    ),
    requestId: keptIn(text, ids.some((path) => typeof read(error, ...path) === "string"), requestId),
    hint: keptIn(text, read(error, "response", "retryAfter") !== undefined, hintOf(given)),
    leaks: [...(text.includes(key) ? ["key"] : []), ...(text.includes(signature) ? ["signature"] : [])],
    hasPrompt: text.includes(prompt)
  }
}

const [, , client, url] = process.argv
if (process.argv[1] === import.meta.filename) {
  // Warnings of a library about itself are not what is looked at.
  console.warn = () => {}
  for (const [n, given] of cases.entries()) {
    ahead = 0
    waits = []
    const error = await peers[client!]!(`${url}/${n}`, given)
    process.stdout.write(`${
      JSON.stringify(
        { id: given.id, waits, ...(error !== undefined && { error: report(given, error) }) } satisfies Observation
      )
    }\n`)
  }
  process.exit()
}
