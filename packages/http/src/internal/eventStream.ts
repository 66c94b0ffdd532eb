/**
 * The events of a streaming response: parsed, decoded until the first error, and counted.
 *
 * @internal
 */
import { context, event as decodeEvent, type Input } from "@effect-venice/core/Decode"
import type { ResponseContext } from "@effect-venice/core/ResponseContext"
import type { VeniceError } from "@effect-venice/core/VeniceError"
import * as Arr from "effect/Array"
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Sse from "effect/encoding/Sse"
import * as Exit from "effect/Exit"
import type * as Fiber from "effect/Fiber"
import type { HttpClientError } from "effect/http/HttpClientError"
import type { HttpClientResponse } from "effect/http/HttpClientResponse"
import * as Predicate from "effect/Predicate"
import * as Pull from "effect/Pull"
import type * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import { type UnexpectedBody, UnfinishedStream } from "../Failure.ts"
import { BodyLimits } from "../HttpFailure.ts"
import { readBody } from "./body.ts"
import { redactFailure } from "./credentials.ts"
import { type Call, CurrentCall } from "./currentCall.ts"
import { type DecodeJson, decodeJson, exitOf, inputAt, inputOf, parseJson } from "./success.ts"
import { notEvents } from "./unexpectedBody.ts"

// `/responses` has no `[DONE]`: its stream ends with an event of one of these names.
const isLast = (name: string, data: string): boolean =>
  data === "[DONE]" || name === "response.completed" || name === "response.incomplete"

const isEventStream = ({ headers }: HttpClientResponse): boolean =>
  headers["content-type"]?.toLowerCase().startsWith("text/event-stream") === true

/**
 * Whether an event needs to be searched for an error, by the members in which `Decode.event` looks for one. Most events
 * need not be, and are parsed only once.
 */
export const mayBeError = (json: unknown, name: string): boolean => {
  if (name === "error" || name === "response.failed") return true
  if (!Predicate.isObject(json)) return false
  const { error, response, type } = json as Readonly<Record<string, unknown>>
  return (error !== undefined && error !== null) || response !== undefined || type === "error"
    || type === "response.failed"
}

/** The events in a piece of the text, and how the stream ended if it did. */
interface Parsed {
  readonly events: Array<Sse.Event>
  /** `end` if the end marker was read, `parseError` for an event that is too long. */
  ending: "end" | { readonly parseError: unknown } | undefined
}

const makeParser = (): (chunks: ReadonlyArray<Uint8Array>) => Parsed => {
  let parsed: Parsed
  const decoder = new TextDecoder()
  const parser = Sse.makeParser((event) => {
    if (event._tag !== "Event" || parsed.ending !== undefined) return
    if (event.data !== "[DONE]") parsed.events.push(event)
    if (isLast(event.event, event.data)) parsed.ending = "end"
  })
  return (chunks) => {
    parsed = { events: [], ending: undefined }
    for (const chunk of chunks) {
      // What is left of a character when the stream ends belongs to an event that did not end.
      const parseError = parser.feed(decoder.decode(chunk, { stream: true }))
      if (parseError !== undefined) parsed.ending ??= { parseError }
    }
    return parsed
  }
}

type EventFailure = VeniceError | UnexpectedBody | UnfinishedStream

type Events<S extends Schema.Constraint> = Pull.Pull<
  Arr.NonEmptyReadonlyArray<S["Type"]>,
  EventFailure,
  void,
  S["DecodingServices"]
>

type Ending = Pull.Pull<never, EventFailure, void>

type Chunks = Pull.Pull<Arr.NonEmptyReadonlyArray<Uint8Array>, HttpClientError, void>

/** Reads the events of one connection. Keeps the parsed events that are not decoded yet, and counts the delivered. */
class EventReader<S extends Schema.Constraint> {
  readonly #response: HttpClientResponse
  readonly #operation: string
  readonly #decode: DecodeJson<S>
  readonly #receive: Events<S>
  readonly #parse = makeParser()
  #parsed: Parsed = { events: [], ending: undefined }
  #next = 0
  #delivered = 0
  #ending: Ending | undefined

  constructor(response: HttpClientResponse, operation: string, decode: DecodeJson<S>, chunks: Chunks) {
    this.#response = response
    this.#operation = operation
    this.#decode = decode
    this.#receive = Pull.matchEffect(chunks, {
      onSuccess: (chunks) => {
        this.#parsed = this.#parse(chunks)
        this.#next = 0
        return this.#decodeNext
      },
      onFailure: (cause) => Effect.catch(Effect.failCause(cause), (error) => this.#unfinished(error)),
      onDone: () => this.#unfinished()
    })
  }

  /** Pulls the next events, at least one. */
  readonly pull: Events<S> = Effect.suspend(() => {
    if (this.#ending !== undefined) return this.#ending
    return this.#next < this.#parsed.events.length || this.#parsed.ending !== undefined
      ? this.#decodeNext
      : this.#receive
  })

  readonly #decodeNext: Events<S> = Effect.withFiber((fiber) => this.#decodeParsed(fiber))

  /** Decodes events up to the first that decodes asynchronously, or to the first that fails, which ends the stream. */
  #decodeParsed(fiber: Fiber.Fiber<unknown, unknown>): Events<S> {
    const { events, ending } = this.#parsed
    const values: Array<S["Type"]> = []
    const call = fiber.getRef(CurrentCall)
    let input: Input | undefined
    const getInput = (data: string): Input => {
      input ??= inputAt(fiber, this.#response, { body: "", operation: this.#operation })
      return { ...input, body: data, delivered: this.#delivered }
    }
    while (this.#next < events.length) {
      const decoded = this.#decodeEvent(events[this.#next++]!, call, getInput)
      const exit = exitOf(decoded)
      if (exit === undefined) {
        return Effect.flatMap(Effect.exit(decoded), (exit) => {
          this.#add(exit, values)
          return this.#deliver(values)
        })
      }
      if (!this.#add(exit, values)) return this.#deliver(values)
    }
    if (ending !== undefined) this.#ending = ending === "end" ? Cause.done() : this.#unfinished(ending.parseError)
    return this.#deliver(values)
  }

  #deliver(values: ReadonlyArray<S["Type"]>): Events<S> {
    return Arr.isReadonlyArrayNonEmpty(values) ? Effect.succeed(values) : this.pull
  }

  #decodeEvent(
    { data, event: name }: Sse.Event,
    call: Call | undefined,
    getInput: (data: string) => Input
  ): Effect.Effect<S["Type"], VeniceError | UnexpectedBody, S["DecodingServices"]> {
    try {
      const json = parseJson(data)
      const error = mayBeError(json, name) ? decodeEvent(data, getInput(data), name) : undefined
      return error === undefined ? this.#decode(json, call, () => getInput(data)) : Effect.fail(error)
    } catch (defect) {
      // If a span of the caller's tracer throws, the events before in the same chunk must still be delivered.
      return Effect.die(defect)
    }
  }

  /** Returns false if the event ends the stream. */
  #add(exit: Exit.Exit<S["Type"], VeniceError | UnexpectedBody>, values: Array<S["Type"]>): boolean {
    if (Exit.isFailure(exit)) {
      this.#ending = Effect.failCause(exit.cause)
      return false
    }
    values.push(exit.value)
    this.#delivered++
    return true
  }

  #unfinished(cause?: unknown): Ending {
    return Effect.flatMap(
      inputOf(this.#response, { body: "", operation: this.#operation, delivered: this.#delivered }),
      (input) => Effect.fail(unfinished(context(input), this.#delivered, redactFailure(cause)))
    )
  }
}

const unfinished = (response: ResponseContext, delivered: number, cause: unknown): UnfinishedStream => {
  const { operation = "The stream" } = response
  return new UnfinishedStream({
    message: `${operation} ended without its end marker after ${delivered} ${delivered === 1 ? "event" : "events"}`,
    response,
    ...(cause !== undefined && { cause })
  })
}

const failNotEvents = Effect.fnUntraced(function*(response: HttpClientResponse, operation: string) {
  const { text, truncated } = yield* readBody(response, yield* BodyLimits)
  const input = yield* inputOf(response, { body: text, bodyTruncated: truncated, operation, delivered: 0 })
  return yield* notEvents(input)
})

/**
 * The decoded events of a response, until its end marker, an error, or the end of the connection.
 *
 * **Gotchas**
 *
 * The events of a network chunk are decoded together, so the span may have the usage of events that are never consumed.
 */
export const events = <S extends Schema.Constraint>(
  response: HttpClientResponse,
  operation: string,
  schema: S
): Stream.Stream<S["Type"], EventFailure, S["DecodingServices"]> => {
  if (!isEventStream(response)) return Stream.fromEffect(failNotEvents(response, operation))
  const decode = decodeJson(schema)
  return Stream.transformPull(
    response.stream,
    (chunks) => Effect.sync(() => new EventReader(response, operation, decode, chunks).pull)
  )
}
