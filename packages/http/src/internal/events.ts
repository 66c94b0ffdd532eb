/**
 * The events of a streaming response: parsed, watched for errors, and counted.
 *
 * @internal
 */
import { context, event as decodeEvent } from "@effect-venice/core/Decode"
import type { VeniceError } from "@effect-venice/core/VeniceError"
import * as Effect from "effect/Effect"
import * as Sse from "effect/encoding/Sse"
import type { HttpClientResponse } from "effect/http/HttpClientResponse"
import type * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import { BodyLimits } from "../HttpFailure.ts"
import { UnexpectedBody } from "../UnexpectedBody.ts"
import { UnfinishedStream } from "../UnfinishedStream.ts"
import { readBody } from "./body.ts"
import { concealFailure } from "./credentials.ts"
import { decodeJson, inputOf } from "./received.ts"

/** `end` is the marker of the protocol, `cut` the end of the connection before it. */
type Item =
  | { readonly _tag: "event"; readonly name: string; readonly data: string }
  | { readonly _tag: "end" }
  | { readonly _tag: "cut"; readonly cause?: unknown }

// `/responses` has no `[DONE]`: the last event's name says that it is the last.
const isLast = (name: string, data: string): boolean =>
  data === "[DONE]" || name === "response.completed" || name === "response.incomplete"

const isEventStream = ({ headers }: HttpClientResponse): boolean =>
  headers["content-type"]?.toLowerCase().startsWith("text/event-stream") === true

const parse = (response: HttpClientResponse): Stream.Stream<Item> =>
  Stream.suspend(() => {
    let items: Array<Item> = []
    const parser = Sse.makeParser((parsed) => {
      if (parsed._tag !== "Event") return
      const { data, event: name } = parsed
      if (data !== "[DONE]") items.push({ _tag: "event", name, data })
      if (isLast(name, data)) items.push({ _tag: "end" })
    })
    const feed = (text: string): ReadonlyArray<Item> => {
      const problem = parser.feed(text)
      const found = items
      items = []
      return problem === undefined ? found : [...found, { _tag: "cut", cause: problem }]
    }
    return response.stream.pipe(
      Stream.decodeText,
      Stream.map(feed),
      Stream.flattenIterable,
      Stream.catch((cause): Stream.Stream<Item> => Stream.succeed({ _tag: "cut", cause })),
      Stream.concat(Stream.succeed<Item>({ _tag: "cut" })),
      Stream.takeUntil(({ _tag }) => _tag !== "event")
    )
  })

/** The decoded events of a response, until its end marker, its error, or the end of the connection. */
export const events = <S extends Schema.Constraint>(
  response: HttpClientResponse,
  operation: string,
  schema: S
): Stream.Stream<S["Type"], VeniceError | UnexpectedBody | UnfinishedStream, S["DecodingServices"]> => {
  const decode = decodeJson(schema)
  return Stream.suspend(() => {
    let delivered = 0
    const received = (body: string, bodyTruncated = false) =>
      inputOf(response, { body, bodyTruncated, operation, delivered })
    const deliver = Effect.fnUntraced(function*(data: string) {
      const input = yield* received(data)
      const error = decodeEvent(data, input)
      if (error !== undefined) return yield* error
      const value = yield* decode(data, Effect.succeed(input))
      delivered++
      return [value]
    })
    if (!isEventStream(response)) {
      return Stream.unwrap(
        BodyLimits.pipe(
          Effect.flatMap((limits) => readBody(response, limits)),
          Effect.flatMap(({ text, truncated }) => received(text, truncated)),
          Effect.map((input) => Stream.fail(UnexpectedBody.notEvents(input)))
        )
      )
    }
    return parse(response).pipe(
      Stream.mapEffect(
        (
          item
        ): Effect.Effect<
          ReadonlyArray<S["Type"]>,
          VeniceError | UnexpectedBody | UnfinishedStream,
          S["DecodingServices"]
        > => {
          switch (item._tag) {
            case "event":
              return deliver(item.data)
            case "end":
              return Effect.succeed([])
            case "cut":
              return Effect.flatMap(
                received(""),
                (input) => Effect.fail(UnfinishedStream.from(context(input), concealFailure(item.cause)))
              )
          }
        }
      ),
      Stream.flattenIterable
    )
  })
}
