/**
 * The emulator as a function from a web request to a web response.
 *
 * @internal
 */
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Headers from "effect/http/Headers"
import * as Stream from "effect/Stream"
import type { Emulation } from "./emulation.ts"
import type { Exchange } from "./sandbox.ts"
import { beforeHead, parts, whole } from "./send.ts"

const bodyOf = (exchange: Exchange): ReadableStream<Uint8Array> => {
  const { delivery, end } = exchange
  const rest: Effect.Effect<void> = Effect.suspend(() => {
    end(delivery.cut === undefined ? "completed" : "disconnected")
    return delivery.cut === undefined ? Effect.void : Effect.die(new TypeError("terminated"))
  })
  const stream: Stream.Stream<Uint8Array> = parts(exchange).pipe(
    Stream.concat(Stream.drain(Stream.fromEffect(rest))),
    Stream.ensuring(Effect.sync(() => end("aborted")))
  )
  return Stream.toReadableStream(stream)
}

const toResponse = (exchange: Exchange): Response => {
  const { cut, headers, isTimed, status } = exchange.delivery
  if (cut === "before-header" || cut === "within-header") {
    exchange.end("disconnected")
    return Response.error()
  }
  exchange.head()
  const init = { status, headers }
  if (isTimed || cut !== undefined) return new Response(bodyOf(exchange), init)
  const bytes = whole(exchange) as Uint8Array<ArrayBuffer>
  exchange.end("completed")
  return new Response(bytes.length === 0 ? null : bytes, init)
}

/** Of a request that is aborted, nobody reads the response. */
export const make = (emulation: Emulation) => async (request: Request): Promise<Response> => {
  const { pathname, search } = new URL(request.url)
  const bytes = new Uint8Array(await request.arrayBuffer())
  const exit = await Effect.runPromiseExit(
    emulation.handle({
      method: request.method,
      target: `${pathname}${search}`,
      headers: Headers.fromInput(request.headers),
      bytes
    }).pipe(
      Effect.tap((exchange) =>
        beforeHead(exchange).pipe(Effect.onInterrupt(() => Effect.sync(() => exchange.end("aborted"))))
      )
    ),
    { signal: request.signal }
  )
  if (Exit.isSuccess(exit)) return toResponse(exit.value)
  if (Cause.hasInterruptsOnly(exit.cause)) return Response.error()
  throw Cause.squash(exit.cause)
}
