/**
 * Sending of an answer part by part, whatever it is sent with.
 *
 * @internal
 */
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import type { Exchange } from "./sandbox.ts"

/** Waits for the header. */
export const beforeHead = ({ clock, delivery }: Exchange): Effect.Effect<void> =>
  delivery.delay > 0 ? clock.sleep(Duration.millis(delivery.delay)) : Effect.void

/** The parts of the body, each when it is due. */
export const parts = (exchange: Exchange): Stream.Stream<Uint8Array> =>
  Stream.suspend(() => {
    const { clock, delivery, sent } = exchange
    const start = clock.currentTimeMillisUnsafe()
    return Stream.fromIterable(delivery.parts, { chunkSize: 1 }).pipe(
      Stream.mapEffect(({ bytes, due }) => {
        const left = start + due - clock.currentTimeMillisUnsafe()
        const send = Effect.sync(() => {
          sent(bytes)
          return bytes
        })
        return left > 0 ? Effect.andThen(clock.sleep(Duration.millis(left)), send) : send
      })
    )
  })

/** The whole body of an answer that is not timed. */
export const whole = ({ delivery, sent }: Exchange): Uint8Array => {
  const all = [...delivery.parts].map(({ bytes }) => bytes)
  const out = all.length === 1 ? all[0]! : new Uint8Array(all.reduce((length, bytes) => length + bytes.length, 0))
  if (all.length > 1) all.reduce((offset, bytes) => (out.set(bytes, offset), offset + bytes.length), 0)
  sent(out)
  return out
}
