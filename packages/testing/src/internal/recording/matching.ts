/**
 * Which recorded exchange a request is, and what differs from the nearest one.
 *
 * @internal
 */
import { Operation, Redact } from "@effect-venice/core"
import * as TextDiff from "effect/TextDiff"
import * as Received from "../emulator/received.ts"
import type { Exchange } from "./format.ts"
import { secretsOf } from "./secrets.ts"
import { redactPieces } from "./text.ts"

/** What is compared. */
export interface Matched {
  /** The method and the path of the operation, whatever stands before it. */
  readonly route: string
  readonly query: string
  readonly model: string
  /** In lines, so that a difference names some of them. */
  readonly body: string
}

const routeOf = (method: string, path: string): string => {
  const operation = Operation.fromRequest(method, path)
  if (operation === undefined) return `${method} ${path}`
  const count = operation.split("/").length - 1
  return `${method} /${path.split("/").filter((segment) => segment !== "").slice(-count).join("/")}`
}

const queryOf = (query: string): string => query.split("&").filter((pair) => pair !== "").sort().join("&")

type Path = ReadonlyArray<string>

const isIgnored = (ignored: ReadonlyArray<Path>, path: Path): boolean =>
  ignored.some((steps) => steps.length === path.length && steps.every((step, i) => step === "*" || step === path[i]))

/** A JSON value with its members in the order of their names, without the ignored ones. */
const normalized = (value: unknown, ignored: ReadonlyArray<Path>, path: Path = []): unknown => {
  if (typeof value !== "object" || value === null) return value
  const entries = Object.entries(value).filter(([name]) => !isIgnored(ignored, [...path, name]))
    .map(([name, inner]) => [name, normalized(inner, ignored, [...path, name])] as const)
  if (Array.isArray(value)) return entries.map(([, inner]) => inner)
  return Object.fromEntries(entries.sort(([a], [b]) => a < b ? -1 : 1))
}

const boundaryOf = (headers: Readonly<Record<string, string | undefined>>): string | undefined =>
  /boundary="?([^";]+)/i.exec(headers["content-type"] ?? "")?.[1]

const normalizedText = (
  text: string,
  headers: Readonly<Record<string, string | undefined>>,
  ignored: ReadonlyArray<Path>
): string => {
  // The platform draws a new boundary for every form.
  const boundary = boundaryOf(headers)
  if (boundary !== undefined) return text.replaceAll(boundary, "boundary")
  try {
    return JSON.stringify(normalized(JSON.parse(text), ignored), null, 2)
  } catch {
    return text
  }
}

export const ignoredOf = (paths: ReadonlyArray<string>): ReadonlyArray<Path> => paths.map((path) => path.split("."))

const modelOf = (method: string, path: string, query: string, headers: Received.Received["headers"], body: string) =>
  Received.model(Received.make(method, path, query, headers, new TextEncoder().encode(body))) ?? ""

/** A recorded request. */
export const ofExchange = ({ request }: Exchange, ignored: ReadonlyArray<Path>): Matched => {
  const { body, headers, method, path, query = "" } = request
  const text = body.text ?? body.base64 ?? ""
  return {
    route: routeOf(method, path),
    query: queryOf(query),
    model: modelOf(method, path, query, headers as Received.Received["headers"], body.text ?? ""),
    body: `${normalizedText(text, headers, ignored)}${body.isCut === true ? `\n… of ${body.bytes} bytes` : ""}`
  }
}

/** A request that is to be answered, redacted as a recorded one. */
export const ofReceived = (
  request: Received.Received,
  options: { readonly ignored: ReadonlyArray<Path>; readonly max: number }
): Matched => {
  const { bytes, headers, method, path, query } = request
  const known = Redact.secrets(secretsOf({ headers, query, body: bytes }))
  const redact = (text: string) => Redact.text(known(text))
  const { isCut, isText, texts } = redactPieces([{ bytes, after: 0 }], { isCut: false, max: options.max, redact })
  const kept = texts.join("")
  const text = isText ? kept : Buffer.from(kept, "latin1").toString("base64")
  return {
    route: routeOf(method, redact(path)),
    query: queryOf(query === "" ? "" : redact(`?${query}`).slice(1)),
    model: modelOf(method, path, query, headers, isText ? kept : ""),
    body: `${normalizedText(text, headers, options.ignored)}${isCut ? `\n… of ${bytes.length} bytes` : ""}`
  }
}

export const keyOf = ({ body, query, route }: Matched): string => `${route}?${query}\n${body}`

const maxEdits = 400

const maxLines = 40

const lines = (before: string, after: string): ReadonlyArray<string> => {
  const diff = TextDiff.unified(TextDiff.lines(`${before}\n`, `${after}\n`, { maxEdits }), {
    context: 1,
    fromFile: "recorded",
    toFile: "received"
  })
  // A line of a body can be the whole body.
  const all = diff.trimEnd().split("\n").map((line) => line.length > 300 ? `${line.slice(0, 300)}…` : line)
  return all.length > maxLines ? [...all.slice(0, maxLines), `… ${all.length - maxLines} more lines`] : all
}

/** The members that differ. */
const differing = (recorded: Matched, received: Matched): ReadonlyArray<keyof Matched> =>
  (["route", "model", "query", "body"] as const).filter((name) => recorded[name] !== received[name])

const weights: Readonly<Record<keyof Matched, number>> = { route: 1000, model: 10, query: 10, body: 1 }

/** How far a recorded request is from the received one: first by what differs, then by the lines of the body. */
const distance = (recorded: Matched, received: Matched): number => {
  const parts = differing(recorded, received).reduce((sum, name) => sum + weights[name], 0)
  const known = new Set(recorded.body.split("\n"))
  const all = received.body.split("\n")
  return parts + all.filter((line) => !known.has(line)).length / (all.length + 1)
}

/** The nearest of the recorded requests. */
export const nearest = <A extends { readonly matched: Matched }>(
  candidates: ReadonlyArray<A>,
  received: Matched
): A | undefined => {
  let best: A | undefined
  let least = Infinity
  for (const candidate of candidates) {
    const steps = distance(candidate.matched, received)
    if (steps < least) {
      best = candidate
      least = steps
    }
  }
  return best
}

/** What differs, in lines of text. */
export const difference = (recorded: Matched, received: Matched): ReadonlyArray<string> =>
  differing(recorded, received).flatMap((name) => {
    // The body has the model, too.
    if (name === "model") return []
    if (name === "body") return lines(recorded.body, received.body)
    return [`${name}: recorded ${JSON.stringify(recorded[name])}, received ${JSON.stringify(received[name])}`]
  })
