/**
 * The bytes of a stream of events, in which only an event that is an error is replaced.
 *
 * @internal
 */
import * as Sse from "effect/encoding/Sse"

const cr = 13
const lf = 10

/** Returns the text in place of an event, or nothing to pass its bytes on. */
export type Replace = (data: string, name: string, delivered: number) => string | undefined

const mayBeError = /error|failed/

/** The event in the text between two blank lines. */
const parseEvent = (text: string): Sse.Event | undefined => {
  let found: Sse.Event | undefined
  const parser = Sse.makeParser((event) => {
    if (event._tag === "Event") found = event
  }, { maxEventSize: Number.MAX_SAFE_INTEGER })
  parser.feed(text)
  // The connection may have ended before the blank line.
  parser.feed("\n\n")
  return found
}

const isData = /^data/m

/** Splits bytes into events. It keeps the bytes of one event at most, up to a limit, and passes on a longer event. */
class Splitter {
  readonly #limit: number
  readonly #replace: Replace
  #kept: Array<Uint8Array> = []
  #size = 0
  #isLong = false
  #isEmptyLine = true
  #isAfterCr = false
  /** What became of the event at whose end a chunk ended, between the halves of a line end. */
  #cutLineEnd: "passed" | "replaced" | undefined
  #delivered = 0

  constructor(limit: number, replace: Replace) {
    this.#limit = limit
    this.#replace = replace
  }

  /** Takes a chunk, and returns what can be passed on. */
  take(chunk: Uint8Array): ReadonlyArray<Uint8Array> {
    const out: Array<Uint8Array> = []
    // The second half of a line end belongs to the event before.
    let start = this.#cutLineEnd !== undefined && chunk[0] === lf ? 1 : 0
    // From here to `start` are whole events that are passed on as they are, in one piece.
    let first = this.#cutLineEnd === "replaced" ? start : 0
    if (start === 1) this.#isAfterCr = false
    if (chunk.length > 0) this.#cutLineEnd = undefined
    for (let i = start; i < chunk.length; i++) {
      if (!this.#endsEvent(chunk[i]!)) continue
      if (chunk[i] === cr && chunk[i + 1] === lf) {
        i++
        this.#isAfterCr = false
      }
      const replacement = this.#replacement(chunk.subarray(start, i + 1))
      if (replacement === undefined) {
        out.push(...this.#release())
      } else {
        if (start > first) out.push(chunk.subarray(first, start))
        out.push(replacement)
        this.#release()
        first = i + 1
      }
      start = i + 1
      if (chunk[i] === cr && start === chunk.length) {
        this.#cutLineEnd = replacement === undefined ? "passed" : "replaced"
      }
    }
    if (start > first) out.push(chunk.subarray(first, start))
    return [...out, ...this.#keep(chunk.subarray(start))]
  }

  /** The rest, when the connection has ended. */
  end(): ReadonlyArray<Uint8Array> {
    const replacement = this.#replacement(new Uint8Array())
    const rest = this.#release()
    return replacement === undefined ? rest : [replacement]
  }

  #endsEvent(byte: number): boolean {
    if (byte === lf && this.#isAfterCr) {
      this.#isAfterCr = false
      return false
    }
    this.#isAfterCr = byte === cr
    if (byte !== cr && byte !== lf) {
      this.#isEmptyLine = false
      return false
    }
    if (this.#isEmptyLine) return true
    this.#isEmptyLine = true
    return false
  }

  #replacement(last: Uint8Array): Uint8Array | undefined {
    // Most of a long event is passed on already.
    if (this.#isLong) {
      this.#delivered++
      return undefined
    }
    const decoder = new TextDecoder()
    const text = [...this.#kept, last].map((bytes) => decoder.decode(bytes, { stream: true })).join("")
    if (!isData.test(text)) return undefined
    const event = mayBeError.test(text) ? parseEvent(text) : undefined
    const replacement = event && this.#replace(event.data, event.event, this.#delivered)
    if (replacement === undefined) this.#delivered++
    return replacement === undefined ? undefined : new TextEncoder().encode(replacement)
  }

  #release(): ReadonlyArray<Uint8Array> {
    const kept = this.#kept
    this.#kept = []
    this.#size = 0
    this.#isLong = false
    return kept
  }

  #keep(rest: Uint8Array): ReadonlyArray<Uint8Array> {
    if (rest.length === 0) return []
    if (this.#isLong) return [rest]
    this.#kept.push(rest)
    this.#size += rest.length
    if (this.#size <= this.#limit) return []
    const out = this.#release()
    this.#isLong = true
    return out
  }
}

/**
 * The stream with its errors replaced. Every event is passed on when it is complete; the source is read only if the
 * client reads, and cancelled if the client cancels.
 */
export const replaceErrors = (
  source: ReadableStream<Uint8Array>,
  limit: number,
  replace: Replace
): ReadableStream<Uint8Array> => {
  const reader = source.getReader()
  const splitter = new Splitter(limit, replace)
  return new ReadableStream<Uint8Array>({
    async pull(controller) {
      for (;;) {
        const { done, value } = await reader.read()
        const chunks = done ? splitter.end() : splitter.take(value)
        for (const chunk of chunks) controller.enqueue(chunk)
        if (done) return controller.close()
        if (chunks.length > 0) return
      }
    },
    cancel: (reason) => reader.cancel(reason)
  }, { highWaterMark: 0 })
}
