/**
 * Transcripts of a response: what `curl -i` and `curl -v` print.
 *
 * @internal
 */
import { Operation } from "@effect-venice/core"

/** A response that was read from a transcript, and what the transcript says about its request. */
export interface Transcript {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
  readonly operation: string | undefined
  /** The credentials of the request, which the response may repeat. */
  readonly secrets: ReadonlyArray<string>
}

const statusLine = /^HTTP\/\d(?:\.\d)? (\d{3})\b/

/** Headers by their names in lower case; values of the same name are joined by a comma. */
export const joinHeaders = (pairs: Iterable<readonly [name: string, value: string]>): Transcript["headers"] => {
  const out: Record<string, string> = Object.create(null)
  for (const [name, value] of pairs) {
    const key = name.toLowerCase()
    out[key] = key in out ? `${out[key]}, ${value}` : value
  }
  return { ...out }
}

const pairsOf = (lines: ReadonlyArray<string>): ReadonlyArray<readonly [string, string]> =>
  lines.flatMap((line) => {
    const colon = line.indexOf(":")
    return colon <= 0 ? [] : [[line.slice(0, colon).trim(), line.slice(colon + 1).trim()] as const]
  })

/** The response after its interim responses, redirects and those of proxies. */
const readPlain = (lines: ReadonlyArray<string>): Omit<Transcript, "operation" | "secrets"> | undefined => {
  const start = lines.findIndex((line) => statusLine.test(line))
  if (start < 0) return undefined
  const blank = lines.indexOf("", start)
  const end = blank < 0 ? lines.length : blank
  const rest = lines.slice(end + 1)
  // A body may begin with blank lines, but a response that follows another one does not.
  if (rest.length > 0 && statusLine.test(rest[0]!)) return readPlain(rest)
  return {
    status: Number(statusLine.exec(lines[start]!)![1]),
    headers: joinHeaders(pairsOf(lines.slice(start + 1, end))),
    body: rest.join("\n").trim()
  }
}

const operationOf = (requestLine: string | undefined): string | undefined => {
  const [, method, target] = /^([A-Z]+) (\S+)/.exec(requestLine ?? "") ?? []
  return method === undefined || target === undefined ? undefined : Operation.nameOf(method, target)
}

// The decoder finds what looks like a credential by itself. These are for keys that look like nothing.
const hasCredential = /^[\w-]*(?:auth|cookie|key|token|secret|sign|payment)[\w-]*$/i

/** The credentials in the headers of a request. */
export const secretsOf = (pairs: Iterable<readonly [name: string, value: string]>): ReadonlyArray<string> =>
  [...pairs].flatMap(([name, value]) =>
    hasCredential.test(name) ? /^(?:\w+ )?(.{4,})$/.exec(value.trim())?.[1] ?? [] : []
  )

// curl's own lines, the request, and the notes on the bytes that it sends and receives.
const isNote = (line: string): boolean => /^(?:[*>] ?|[{}] \[\d+ bytes)/.test(line)

const marked = (mark: string, lines: ReadonlyArray<string>): ReadonlyArray<string> =>
  lines.filter((line) => line.startsWith(mark)).map((line) => line.slice(1).trim())

/** Reads what `curl -v` prints: every line of the heads has a mark, and those of the body have none. */
const readVerbose = (lines: ReadonlyArray<string>): Transcript | undefined => {
  const heads = marked("<", lines.filter((line) => /^<(?: |$)/.test(line)))
  const response = readPlain(heads)
  if (response === undefined) return undefined
  const request = marked(">", lines)
  const last = lines.findLastIndex((line) => /^<\s*$/.test(line))
  const body = lines.slice(last + 1).filter((line) => !isNote(line)).join("\n").trim()
  return {
    ...response,
    body,
    operation: operationOf(request.findLast((line) => /^[A-Z]+ \S+ HTTP\//.test(line))),
    secrets: secretsOf(pairsOf(request))
  }
}

/** Reads a transcript, or nothing if the text has no status line. */
export const read = (text: string): Transcript | undefined => {
  const lines = text.replace(/^\ufeff/, "").split(/\r?\n/)
  if (lines.some((line) => line.startsWith("< HTTP/"))) return readVerbose(lines)
  const response = readPlain(lines)
  return response === undefined ? undefined : { ...response, operation: undefined, secrets: [] }
}
