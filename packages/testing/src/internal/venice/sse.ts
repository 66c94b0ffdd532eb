/**
 * Events of a stream, each a part of a body that is sent by itself.
 *
 * @internal
 */
import type * as Duration from "effect/Duration"
import type { Chunk, WireResponse } from "../wire/response.ts"

export interface Event {
  readonly name?: string | undefined
  readonly data: unknown
}

const write = ({ data, name }: Event): string =>
  `${name === undefined ? "" : `event: ${name}\n`}data: ${JSON.stringify(data)}\n\n`

/** A stream of events, with `[DONE]` behind the last one. The delay is that between two events. */
export const stream = (events: ReadonlyArray<Event>, delay: Duration.Duration | undefined): WireResponse => {
  const texts = [...events.map(write), "data: [DONE]\n\n"]
  return {
    status: 200,
    headers: { "content-type": "text/event-stream", "cache-control": "no-cache" },
    body: texts.map((data, i): Chunk => delay === undefined || i === 0 ? { data } : { data, delay })
  }
}
