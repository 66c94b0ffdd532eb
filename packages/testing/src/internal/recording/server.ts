/**
 * The servers of recordings: the proxy that records, and the one that replays.
 *
 * @internal
 */
import * as NodeHttpServer from "@effect/platform-node/NodeHttpServer"
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as FetchHttpClient from "effect/http/FetchHttpClient"
import * as HttpClient from "effect/http/HttpClient"
import * as HttpClientError from "effect/http/HttpClientError"
import * as HttpServer from "effect/http/HttpServer"
import * as Layer from "effect/Layer"
import { createServer } from "node:http"
import * as WireResponse from "../../WireResponse.ts"
import { answer, type Request } from "../emulator/emulation.ts"
import * as InProcess from "../emulator/inProcess.ts"
import type { Exchange as Emulated } from "../emulator/sandbox.ts"
import type { Exchange } from "./format.ts"
import type { Replay } from "./replay.ts"

export interface Address {
  readonly port?: number | undefined
  readonly host?: string | undefined
}

/** A server on the loopback interface, on a free port by default. */
export const layerServer = ({ host = "127.0.0.1", port = 0 }: Address) =>
  NodeHttpServer.layer(() => createServer(), { host, port, gracefulShutdownTimeout: Duration.zero })

export const originOf = ({ address }: HttpServer.HttpServer["Service"]): string => HttpServer.formatAddress(address)

/** `fetch`, which does not follow a redirect: it would take the credentials along, and is what is to be recorded. */
export const layerFetch = FetchHttpClient.layer.pipe(
  Layer.provide(Layer.succeed(FetchHttpClient.RequestInit, { redirect: "manual" }))
)

/** The path at which a server that replays says what is left. */
export const verifyPath = "/__replay/verify"

/** Answers from the recording, and says at a path of its own what is left of it. */
export const withVerify = (replay: Replay) => ({
  handle: (request: Request): Effect.Effect<Emulated> => {
    if (request.target !== verifyPath) return replay.handle(request)
    const unmet = replay.unmet()
    const isMet = unmet.unused.length + unmet.unmatched.length === 0
    return Effect.map(Clock.Clock, (clock) => answer(WireResponse.json(isMet ? 200 : 409, unmet), clock))
  }
})

/** How the request of a fiber failed in the recording. */
const Failed = Context.Reference<{ error?: Exchange["end"]["error"] } | undefined>(
  "@effect-venice/testing/Recording/Failed",
  { defaultValue: () => undefined }
)

const asRecorded = (
  error: HttpClientError.HttpClientError,
  { code, message }: Exchange["end"]["error"] & {}
): HttpClientError.HttpClientError => {
  const cause = Object.assign(new Error(message), { code })
  return new HttpClientError.HttpClientError({
    reason: new HttpClientError.TransportError({
      request: error.request,
      cause: new TypeError("fetch failed", { cause })
    })
  })
}

/** A client without sockets that answers from the recording. */
export const client = (replay: Replay): HttpClient.HttpClient => {
  const inProcess = InProcess.make({
    handle: (request) =>
      Effect.flatMap(Failed, (failed) =>
        replay.handle(request, (exchange) => {
          if (failed !== undefined && exchange.end.outcome === "failed") failed.error = exchange.end.error
        }))
  })
  return HttpClient.transform(inProcess, (effect) => {
    const failed: { error?: Exchange["end"]["error"] } = {}
    return effect.pipe(
      Effect.provideService(Failed, failed),
      Effect.mapError((error) => failed.error === undefined ? error : asRecorded(error, failed.error))
    )
  })
}
