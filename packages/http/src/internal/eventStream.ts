/**
 * The events of a streaming response: parsed, watched for errors, and counted.
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
import * as Pull from "effect/Pull"
import type * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import { type UnexpectedBody, UnfinishedStream } from "../Failure.ts"
import { BodyLimits } from "../HttpFailure.ts"
import { readBody } from "./body.ts"
import { concealFailure } from "./credentials.ts"
import { type Call, CurrentCall } from "./currentCall.ts"
import { type DecodeJson, decodeJson, inputAt, inputOf, settled } from "./success.ts"
import { notEvents } from "./unexpectedBody.ts"

// `/responses` has no `[DONE]`: the last event's name says that it is the last.
const isLast = (name: string, data: string): boolean =>
  data === "[DONE]" || name === "response.completed" || name === "response.incomplete"

const isEventStream = ({ headers }: HttpClientResponse): boolean =>
  headers["content-type"]?.toLowerCase().startsWith("text/event-stream") === true

/** What was found in a piece of the text: the data of events, and how the stream ended if it did. */
interface Found {
  readonly events: Array<string>
  /** `end` is the marker of the protocol, `cut` an event that is too long. */
  ending: "end" | { readonly cut: unknown } | undefined
}

const parsing = (): (texts: ReadonlyArray<string>) => Found => {
  let found: Found
  const parser = Sse.makeParser((parsed) => {
    if (parsed._tag !== "Event" || found.ending !== undefined) return
    const { data, event: name } = parsed
    if (data !== "[DONE]") found.events.push(data)
    if (isLast(name, data)) found.ending = "end"
  })
  return (texts) => {
    found = { events: [], ending: undefined }
    for (const text of texts) {
      const problem = parser.feed(text)
      if (problem !== undefined) found.ending ??= { cut: problem }
    }
    return found
  }
}

type Failure = VeniceError | UnexpectedBody | UnfinishedStream

type Ending = Pull.Pull<never, Failure, void>

type Texts = Pull.Pull<Arr.NonEmptyReadonlyArray<string>, HttpClientError, void>

/** The events of one connection: those that were found and are to be decoded, and how many have been delivered. */
class EventReader<S extends Schema.Constraint> {
  readonly #response: HttpClientResponse
  readonly #operation: string
  readonly #decode: DecodeJson<S>
  readonly #texts: Texts
  readonly #parse = parsing()
  #found: Found = { events: [], ending: undefined }
  #next = 0
  #delivered = 0
  #ending: Ending | undefined

  constructor(response: HttpClientResponse, operation: string, decode: DecodeJson<S>, texts: Texts) {
    this.#response = response
    this.#operation = operation
    this.#decode = decode
    this.#texts = texts
  }

  /** The next events, of which there is at least one. */
  readonly pull: Pull.Pull<Arr.NonEmptyReadonlyArray<S["Type"]>, Failure, void, S["DecodingServices"]> = Effect.suspend(
    () => {
      if (this.#ending !== undefined) return this.#ending
      return this.#next < this.#found.events.length || this.#found.ending !== undefined ? this.#decoded : this.#received
    }
  )

  readonly #received = Effect.suspend(() =>
    Pull.matchEffect(this.#texts, {
      onSuccess: (texts) => {
        this.#found = this.#parse(texts)
        this.#next = 0
        return this.#decoded
      },
      onFailure: (cause) => Effect.catch(Effect.failCause(cause), (error) => this.#cut(error)),
      onDone: () => this.#cut()
    })
  )

  readonly #decoded = Effect.flatMap(
    Effect.withFiber((fiber) => this.#decodeFound(fiber)),
    (values) => Arr.isArrayNonEmpty(values) ? Effect.succeed(values) : this.pull
  )

  /** Decodes events up to one that takes its time, or to the first that fails, whose failure is the stream's end. */
  #decodeFound(fiber: Fiber.Fiber<unknown, unknown>): Effect.Effect<Array<S["Type"]>, never, S["DecodingServices"]> {
    const { events, ending } = this.#found
    const values: Array<S["Type"]> = []
    const call = fiber.getRef(CurrentCall)
    const input = inputAt(fiber, this.#response, { body: "", operation: this.#operation })
    while (this.#next < events.length) {
      const data = events[this.#next++]!
      const decoded = this.#decodeEvent(data, call, () => ({ ...input, body: data, delivered: this.#delivered }))
      const exit = settled(decoded)
      if (exit === undefined) {
        return Effect.map(Effect.exit(decoded), (exit) => {
          this.#add(exit, values)
          return values
        })
      }
      if (!this.#add(exit, values)) return Effect.succeed(values)
    }
    if (ending !== undefined) this.#ending = ending === "end" ? Cause.done() : this.#cut(ending.cut)
    return Effect.succeed(values)
  }

  #decodeEvent(
    data: string,
    call: Call | undefined,
    received: () => Input
  ): Effect.Effect<S["Type"], VeniceError | UnexpectedBody, S["DecodingServices"]> {
    try {
      const error = decodeEvent(data, received())
      return error === undefined ? this.#decode(data, call, received) : Effect.fail(error)
    } catch (defect) {
      // A schema that throws must not take with it what came before in the same chunk.
      return Effect.die(defect)
    }
  }

  /** Whether there may be more. */
  #add(exit: Exit.Exit<S["Type"], VeniceError | UnexpectedBody>, values: Array<S["Type"]>): boolean {
    if (Exit.isFailure(exit)) {
      this.#ending = Effect.failCause(exit.cause)
      return false
    }
    values.push(exit.value)
    this.#delivered++
    return true
  }

  #cut(cause?: unknown): Ending {
    return Effect.flatMap(
      inputOf(this.#response, { body: "", operation: this.#operation, delivered: this.#delivered }),
      (input) => Effect.fail(unfinished(context(input), concealFailure(cause)))
    )
  }
}

const unfinished = (response: ResponseContext, cause: unknown): UnfinishedStream => {
  const { delivered = 0, operation = "The stream" } = response
  return new UnfinishedStream({
    message: `${operation} ended without its end after ${delivered} ${delivered === 1 ? "event" : "events"}`,
    response,
    ...(cause !== undefined && { cause })
  })
}

const failWithPage = Effect.fnUntraced(function*(response: HttpClientResponse, operation: string) {
  const { text, truncated } = yield* readBody(response, yield* BodyLimits)
  const input = yield* inputOf(response, { body: text, bodyTruncated: truncated, operation, delivered: 0 })
  return yield* notEvents(input)
})

/**
 * The decoded events of a response, until its end marker, its error, or the end of the connection.
 *
 * **Gotchas**
 *
 * The events of a chunk of the network are decoded at once, so that the span may have the usage of events that nobody
 * takes.
 */
export const events = <S extends Schema.Constraint>(
  response: HttpClientResponse,
  operation: string,
  schema: S
): Stream.Stream<S["Type"], Failure, S["DecodingServices"]> => {
  if (!isEventStream(response)) return Stream.fromEffect(failWithPage(response, operation))
  const decode = decodeJson(schema)
  return Stream.transformPull(
    Stream.decodeText(response.stream),
    (texts) => Effect.sync(() => new EventReader(response, operation, decode, texts).pull)
  )
}
