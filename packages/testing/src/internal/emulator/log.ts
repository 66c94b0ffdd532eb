/**
 * The entries of the journal, within bounds.
 *
 * @internal
 */
import { Redact } from "@effect-venice/core"
import * as DateTime from "effect/DateTime"
import type { Entry, Filter, Outcome, Page, Source } from "../../Journal.ts"
import type { Delivery } from "../script/delivery.ts"
import { model, type Received } from "./received.ts"
import { type Body, bodyOf, redactor, secretsOf } from "./redaction.ts"

export interface Limits {
  /** The number of entries. */
  readonly entries: number
  /** The bytes of all bodies together. */
  readonly bytes: number
  /** The bytes of one body. */
  readonly body: number
}

export const defaultLimits: Limits = { entries: 10_000, bytes: 64 * 2 ** 20, body: 64 * 2 ** 10 }

/** An exchange that goes on, or has ended. */
export interface Record {
  readonly received: Received
  readonly answer: (source: Source, rule: string | undefined) => void
  /** The header is sent. */
  readonly head: (delivery: Delivery, now: number) => void
  readonly sent: (bytes: Uint8Array) => void
  /** The first end counts. */
  readonly end: (outcome: Exclude<Outcome, "pending">, now: number) => void
}

interface Kept extends Record {
  readonly id: number
  size: number
  readonly entry: () => Entry
}

const at = (now: number) => DateTime.makeUnsafe(now)

const isMatch = (filter: Filter, { id, outcome, request, response, source }: Entry): boolean => {
  const pairs: ReadonlyArray<readonly [unknown, unknown]> = [
    [filter.operation, request.operation],
    [filter.method?.toUpperCase(), request.method],
    [filter.path, request.path],
    [filter.model, request.model],
    [filter.status, response?.status],
    [filter.source, source],
    [filter.outcome, outcome]
  ]
  return id > (filter.after ?? 0) && pairs.every(([wanted, actual]) => wanted === undefined || wanted === actual)
}

export interface Log {
  readonly open: (received: Received, attempt: number, now: number) => Record
  readonly received: () => ReadonlyArray<Received>
  readonly page: (filter: Filter) => Page
  readonly clear: () => void
}

const headersOf = (headers: Readonly<{ [name: string]: string | undefined }>, redact: (text: string) => string) =>
  Object.fromEntries(Object.entries(Redact.headers(headers)).map(([name, value]) => [name, redact(value)]))

const emptyBody: Body = { text: "", bytes: 0 }

export const make = (limits: Limits): Log => {
  let kept: Array<Kept> = []
  /** The entries before it are dropped. */
  let head = 0
  let total = 0
  let bytes = 0

  const shrink = () => {
    while (kept.length - head > limits.entries || (bytes > limits.bytes && kept.length - head > 1)) {
      bytes -= kept[head]!.size
      kept[head] = undefined!
      head++
    }
    if (head > 1000 && head > kept.length / 2) {
      kept = kept.slice(head)
      head = 0
    }
  }

  const open = (received: Received, attempt: number, receivedAt: number): Record => {
    const id = ++total
    const redact = redactor(secretsOf(received.headers))
    const query = redact(`?${received.query}`).slice(1)
    const requestModel = model(received)
    const request: Entry["request"] = {
      method: received.method,
      path: redact(received.path),
      ...(query !== "" && { query }),
      ...(received.operation !== undefined && { operation: received.operation }),
      ...(requestModel !== undefined && { model: redact(requestModel) }),
      headers: headersOf(received.headers, redact),
      body: bodyOf(received.bytes, received.bytes.length, redact, limits.body)
    }
    let source: Source = "venice"
    let rule: string | undefined
    let answer: { readonly delivery: Delivery; readonly at: number } | undefined
    let chunks: Array<Uint8Array> = []
    let sent = 0
    let body = emptyBody
    let end: { readonly outcome: Outcome; readonly at: number } | undefined
    const bodySoFar = () => {
      const joined = new Uint8Array(chunks.reduce((length, chunk) => length + chunk.length, 0))
      let offset = 0
      for (const chunk of chunks) {
        joined.set(chunk, offset)
        offset += chunk.length
      }
      return bodyOf(joined, sent, redact, limits.body)
    }
    const record: Kept = {
      id,
      received,
      // As bytes and as text.
      size: 2 * received.bytes.length + Math.min(received.bytes.length, limits.body),
      answer: (by, description) => {
        source = by
        rule = description
      },
      head: (delivery, now) => answer = { delivery, at: now },
      sent: (chunk) => {
        if (end !== undefined) return
        // A little more than is kept, for the redaction of a secret at the cut.
        if (sent < 2 * limits.body) chunks.push(chunk)
        sent += chunk.length
      },
      end: (outcome, now) => {
        if (end !== undefined) return
        end = { outcome, at: now }
        body = bodySoFar()
        chunks = []
        const size = Math.min(sent, limits.body)
        record.size += size
        if (kept[head] !== undefined && id >= kept[head]!.id) bytes += size
        shrink()
      },
      entry: () => ({
        id,
        receivedAt: at(receivedAt),
        ...(answer !== undefined && { answeredAt: at(answer.at) }),
        ...(end !== undefined && { endedAt: at(end.at) }),
        attempt,
        request,
        source,
        ...(rule !== undefined && { rule: redact(rule) }),
        ...(answer !== undefined && {
          response: {
            status: answer.delivery.status,
            headers: headersOf(answer.delivery.headers, redact),
            body: end === undefined ? bodySoFar() : body
          }
        }),
        outcome: end?.outcome ?? "pending"
      })
    }
    kept.push(record)
    bytes += record.size
    shrink()
    return record
  }

  const current = () => kept.slice(head)

  return {
    open,
    received: () => current().map(({ received }) => received),
    page: (filter) => {
      const entries: Array<Entry> = []
      const limit = filter.limit ?? Infinity
      let next: number | undefined
      for (const record of current()) {
        if (record.id <= (filter.after ?? 0)) continue
        const entry = record.entry()
        if (!isMatch(filter, entry)) continue
        if (entries.length >= limit) {
          next = entries.at(-1)?.id ?? filter.after ?? 0
          break
        }
        entries.push(entry)
      }
      return {
        entries,
        ...(next !== undefined && { next }),
        total,
        dropped: total - (kept.length - head)
      }
    },
    clear: () => {
      kept = []
      head = 0
      total = 0
      bytes = 0
    }
  }
}
