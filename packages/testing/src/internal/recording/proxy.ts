/**
 * A server that passes every request on to a client, and its response back, as it arrives.
 *
 * @internal
 */
import * as NodeHttpServerRequest from "@effect/platform-node/NodeHttpServerRequest"
import * as ByteSize from "effect/ByteSize"
import * as Effect from "effect/Effect"
import * as HttpBody from "effect/http/HttpBody"
import type * as HttpClient from "effect/http/HttpClient"
import * as HttpClientRequest from "effect/http/HttpClientRequest"
import * as HttpIncomingMessage from "effect/http/HttpIncomingMessage"
import type { HttpMethod } from "effect/http/HttpMethod"
import * as HttpServerRequest from "effect/http/HttpServerRequest"
import * as HttpServerResponse from "effect/http/HttpServerResponse"
import * as Stream from "effect/Stream"
import type { ServerResponse } from "node:http"
import { maxBody } from "../emulator/emulation.ts"

// What belongs to the connection, and not to the request or the response.
const ofConnection =
  /^(?:connection|keep-alive|proxy-connection|proxy-authenticate|te|trailer|transfer-encoding|upgrade|expect)$/

const without = (headers: Readonly<Record<string, string | undefined>>, more: ReadonlyArray<string>) => {
  const out: Record<string, string> = {}
  for (const [name, value] of Object.entries(headers)) {
    if (value !== undefined && !ofConnection.test(name) && !more.includes(name)) out[name] = value
  }
  return out
}

/** The URL of a request to the proxy at the upstream, whose path the request may begin with, or not. */
export const targetOf = (upstream: URL, target: string): string => {
  const base = upstream.pathname.replace(/\/$/, "")
  const own = target.startsWith("/") ? target : `/${target}`
  const isBelow = own === base || own.startsWith(`${base}/`) || own.startsWith(`${base}?`)
  const path = isBelow ? own : `${base}${own}`
  return `${upstream.origin}${path}`
}

const write = (response: ServerResponse, bytes: Uint8Array): Effect.Effect<void> =>
  Effect.callback((resume) => {
    response.write(bytes, () => resume(Effect.void))
  })

const destroy = (response: ServerResponse) => Effect.sync(() => response.socket?.destroy())

const toRequest = (request: HttpServerRequest.HttpServerRequest, body: Uint8Array, upstream: URL) => {
  const { username, password } = upstream
  const basic = username === "" && password === ""
    ? {}
    : { authorization: `Basic ${btoa(`${decodeURIComponent(username)}:${decodeURIComponent(password)}`)}` }
  // The bodies are recorded as they arrive, and a compressed one could not be read.
  const headers = { ...without(request.headers, ["host", "content-length"]), "accept-encoding": "identity", ...basic }
  const made = HttpClientRequest.make(request.method as HttpMethod)(targetOf(upstream, request.url), { headers })
  return body.length === 0
    ? made
    : HttpClientRequest.setBody(made, HttpBody.uint8Array(body, request.headers["content-type"]))
}

/** The handler of the proxy. If the upstream breaks off, so does it. */
export const handler = (
  client: HttpClient.HttpClient,
  upstream: URL,
  onFailure: (error: unknown) => Effect.Effect<void>
) =>
  Effect.gen(function*() {
    const request = yield* HttpServerRequest.HttpServerRequest
    const response = NodeHttpServerRequest.toServerResponse(request) as ServerResponse
    const body = yield* Effect.provideService(
      request.arrayBuffer,
      HttpIncomingMessage.MaxBodySize,
      ByteSize.bytes(maxBody)
    )
    yield* client.execute(toRequest(request, new Uint8Array(body), upstream)).pipe(
      Effect.flatMap((answer) => {
        // `fetch` has decompressed the body already.
        const headers = without(answer.headers, ["content-encoding", "content-length"])
        response.writeHead(answer.status, headers)
        response.flushHeaders()
        return Effect.andThen(
          Stream.runForEach(answer.stream, (bytes) => bytes.length === 0 ? Effect.void : write(response, bytes)),
          Effect.sync(() => response.end())
        )
      }),
      Effect.catch((error) => Effect.andThen(onFailure(error), destroy(response))),
      Effect.onInterrupt(() => destroy(response))
    )
    return HttpServerResponse.empty()
  }).pipe(Effect.interruptible)
