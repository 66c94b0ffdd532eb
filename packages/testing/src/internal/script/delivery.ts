/**
 * How a response is sent: in which parts, when, and where the connection ends before its time.
 *
 * @internal
 */
import * as Duration from "effect/Duration"
import type { WireResponse } from "../../WireResponse.ts"
import type { Rule } from "./rule.ts"

/** Where the connection ends: before or within the header, or after the last chunk. */
export type Cut = "before-header" | "within-header" | "after-chunks"

/** A part of the body, and when it is due: milliseconds after the header. */
export interface Part {
  readonly bytes: Uint8Array
  readonly due: number
}

export interface Delivery {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  /** Milliseconds before the header. */
  readonly delay: number
  readonly cut: Cut | undefined
  readonly parts: Iterable<Part>
  /** Whether the parts are sent one at a time. Else they are the whole body, due at once. */
  readonly isTimed: boolean
}

interface Piece {
  readonly bytes: Uint8Array
  readonly delay: number
}

const encoder = new TextEncoder()

const toBytes = (data: string | Uint8Array): Uint8Array => typeof data === "string" ? encoder.encode(data) : data

const bytesOf = (body: WireResponse["body"]): ReadonlyArray<Piece> =>
  typeof body === "string" || body instanceof Uint8Array
    ? [{ bytes: toBytes(body), delay: 0 }]
    : body.map(({ data, delay }) => ({
      bytes: toBytes(data),
      delay: delay === undefined ? 0 : Duration.toMillis(delay)
    }))

/** The ends of the events in the text of a stream, as offsets in bytes. */
const splitEvents = (bytes: Uint8Array): ReadonlyArray<Uint8Array> => {
  const out: Array<Uint8Array> = []
  let start = 0
  for (let i = 0; i < bytes.length; i++) {
    if (bytes[i] !== 10) continue
    let end = i + 1
    if (bytes[end] === 13) end++
    if (bytes[end] !== 10) continue
    end++
    out.push(bytes.subarray(start, end))
    start = end
    i = end - 1
  }
  if (start < bytes.length) out.push(bytes.subarray(start))
  return out
}

const isEventStream = (headers: Readonly<Record<string, string>>): boolean =>
  Object.entries(headers).some(([name, value]) =>
    name.toLowerCase() === "content-type" && value.startsWith("text/event-stream")
  )

/** The events of a stream, each with the delay of the chunk that it begins; of any other body its chunks. */
const eventsOf = (pieces: ReadonlyArray<Piece>, isStream: boolean): ReadonlyArray<Piece> =>
  isStream
    ? pieces.flatMap(({ bytes, delay }) =>
      splitEvents(bytes).map((event, i) => ({ bytes: event, delay: i ? 0 : delay }))
    )
    : pieces

/** The first bytes of the pieces. */
const take = (pieces: ReadonlyArray<Piece>, count: number): ReadonlyArray<Piece> => {
  const out: Array<Piece> = []
  let left = count
  for (const piece of pieces) {
    if (left <= 0) break
    out.push({ ...piece, bytes: piece.bytes.subarray(0, left) })
    left -= piece.bytes.length
  }
  return out
}

function* paced(
  pieces: ReadonlyArray<Piece>,
  { first, jitter = 0, perSecond }: NonNullable<Rule["pace"]>,
  draw: () => number
): Iterable<Part> {
  const gap = perSecond === undefined ? undefined : 1000 / perSecond
  let due = 0
  for (const [i, piece] of pieces.entries()) {
    if (i === 0) due += first === undefined ? piece.delay : Duration.toMillis(first)
    else due += gap === undefined ? piece.delay : gap * (1 + jitter * (2 * draw() - 1))
    yield { bytes: piece.bytes, due: Math.round(due) }
  }
}

function* dripped(pieces: ReadonlyArray<Piece>, { bytes: size, every }: NonNullable<Rule["drip"]>): Iterable<Part> {
  const gap = Duration.toMillis(every)
  let due = 0
  for (const { bytes } of pieces) {
    for (let start = 0; start < bytes.length; start += size) {
      yield { bytes: bytes.subarray(start, start + size), due }
      due += gap
    }
  }
}

function* asWritten(pieces: ReadonlyArray<Piece>): Iterable<Part> {
  let due = 0
  for (const { bytes, delay } of pieces) {
    due += delay
    yield { bytes, due }
  }
}

/** Plans how to send a response. `draw` returns the next random number between 0 and 1. */
export const plan = (
  { body, headers, status }: WireResponse,
  rule: Pick<Rule, "delay" | "disconnect" | "drip" | "pace"> | undefined,
  draw: () => number
): Delivery => {
  const { delay, disconnect, drip, pace } = rule ?? {}
  const isWithout = status === 204 || status === 304
  const all = isWithout ? [] : bytesOf(body)
  const byEvent = pace !== undefined || (typeof disconnect === "object" && "afterEvents" in disconnect)
    ? eventsOf(all, isEventStream(headers))
    : all
  const sent = typeof disconnect !== "object"
    ? byEvent
    : "afterBytes" in disconnect
    ? take(byEvent, disconnect.afterBytes)
    : byEvent.slice(0, disconnect.afterEvents)
  return {
    status,
    headers,
    delay: delay === undefined ? 0 : Duration.toMillis(delay),
    cut: disconnect === undefined ? undefined : typeof disconnect === "string" ? disconnect : "after-chunks",
    // Generators, because a large body has millions of drops. They run once, as a body is read once.
    parts: pace !== undefined ? paced(sent, pace, draw) : drip !== undefined ? dripped(sent, drip) : asWritten(sent),
    isTimed: typeof body !== "string" && !(body instanceof Uint8Array) || pace !== undefined || drip !== undefined
  }
}
