/**
 * The events of a streaming response: parsed, watched for errors, and counted.
 *
 * @internal
 */
import { context, event as decodeEvent, type Input } from "@effect-venice/core/Decode"
import type { VeniceError } from "@effect-venice/core/VeniceError"
import * as Arr from "effect/Array"
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Sse from "effect/encoding/Sse"
import * as Exit from "effect/Exit"
import type { HttpClientError } from "effect/http/HttpClientError"
import type { HttpClientResponse } from "effect/http/HttpClientResponse"
import * as Option from "effect/Option"
import * as Pull from "effect/Pull"
import type * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import { BodyLimits } from "../HttpFailure.ts"
import { UnexpectedBody } from "../UnexpectedBody.ts"
import { UnfinishedStream } from "../UnfinishedStream.ts"
import { readBody } from "./body.ts"
import { concealFailure } from "./credentials.ts"
import { type Call, CurrentCall } from "./currentCall.ts"
import { type AnyFiber, decodeJson, inputAt, inputOf, settled } from "./received.ts"

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

/** The decoded events of a response, until its end marker, its error, or the end of the connection. */
export const events = <S extends Schema.Constraint>(
  response: HttpClientResponse,
  operation: string,
  schema: S
): Stream.Stream<S["Type"], VeniceError | UnexpectedBody | UnfinishedStream, S["DecodingServices"]> => {
  type Failure = VeniceError | UnexpectedBody | UnfinishedStream
  type Ending = Pull.Pull<never, Failure, void>

  const decode = decodeJson(schema)

  const deliver = (
    data: string,
    call: Call | undefined,
    received: () => Input
  ): Effect.Effect<S["Type"], VeniceError | UnexpectedBody, S["DecodingServices"]> => {
    try {
      const error = decodeEvent(data, received())
      return error === undefined ? decode(data, call, received) : Effect.fail(error)
    } catch (defect) {
      // A schema that throws must not take with it what came before in the same chunk.
      return Effect.die(defect)
    }
  }

  const cut = (delivered: number, cause?: unknown): Ending =>
    Effect.flatMap(
      inputOf(response, { body: "", operation, delivered }),
      (input) => Effect.fail(UnfinishedStream.from(context(input), concealFailure(cause)))
    )

  const decoding = (texts: Pull.Pull<Arr.NonEmptyReadonlyArray<string>, HttpClientError, void>) => {
    const parse = parsing()
    let found: Found = { events: [], ending: undefined }
    let next = 0
    let delivered = 0
    let ending: Ending | undefined

    /** Decodes events up to one that takes its time, or to the first that fails, whose failure is the stream's end. */
    const decodeFound = Effect.fnUntraced(function*(fiber: AnyFiber) {
      const values: Array<S["Type"]> = []
      const call = fiber.getRef(CurrentCall)
      const input = inputAt(fiber, response, { body: "", operation })
      while (next < found.events.length) {
        const data = found.events[next++]!
        const decoded = deliver(data, call, () => ({ ...input, body: data, delivered }))
        const known = settled(decoded)
        const exit = known ?? (yield* Effect.exit(decoded))
        if (Exit.isFailure(exit)) {
          ending = Effect.failCause(exit.cause)
          return values
        }
        values.push(exit.value)
        delivered++
        if (known === undefined) return values
      }
      if (found.ending !== undefined) ending = found.ending === "end" ? Cause.done() : cut(delivered, found.ending.cut)
      return values
    })

    const pull: Pull.Pull<Arr.NonEmptyReadonlyArray<S["Type"]>, Failure, void, S["DecodingServices"]> = Effect.suspend(
      () => {
        if (ending !== undefined) return ending
        if (next < found.events.length || found.ending !== undefined) return decoded
        return Pull.matchEffect(texts, {
          onSuccess: (texts) => {
            found = parse(texts)
            next = 0
            return decoded
          },
          onFailure: (cause) =>
            Option.match(Cause.findErrorOption(cause), {
              onNone: () => Effect.failCause(cause as Cause.Cause<never>),
              onSome: (error) => cut(delivered, error)
            }),
          onDone: () => cut(delivered)
        })
      }
    )
    const decoded = Effect.flatMap(
      Effect.withFiber(decodeFound),
      (values) => Arr.isArrayNonEmpty(values) ? Effect.succeed(values) : pull
    )
    return pull
  }

  const notEvents = BodyLimits.pipe(
    Effect.flatMap((limits) => readBody(response, limits)),
    Effect.flatMap(({ text, truncated }) =>
      inputOf(response, { body: text, bodyTruncated: truncated, operation, delivered: 0 })
    ),
    Effect.map((input) => Stream.fail(UnexpectedBody.notEvents(input))),
    Stream.unwrap
  )

  return isEventStream(response)
    ? Stream.transformPull(Stream.decodeText(response.stream), (texts) => Effect.sync(() => decoding(texts)))
    : notEvents
}
