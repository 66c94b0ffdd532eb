/**
 * A server on bare `node:http` for one test, so that nothing of ours is on both ends. It records what it got, and
 * whether connections were let go.
 */
import { Effect } from "effect"
import { createServer, type IncomingMessage, type ServerResponse } from "node:http"
import type { AddressInfo, Socket } from "node:net"

export interface Got {
  readonly method: string
  readonly url: string
  readonly headers: IncomingMessage["headers"]
  readonly body: Buffer
}

export const serve = (handle: (response: ServerResponse, got: Got) => void) =>
  Effect.acquireRelease(
    Effect.promise(() =>
      new Promise<{
        readonly url: string
        readonly got: Array<Got>
        /** Waits until every connection that a request came over is closed. */
        readonly released: Effect.Effect<void>
        readonly close: () => Promise<void>
      }>((resolve) => {
        const got: Array<Got> = []
        const sockets = new Set<Socket>()
        const server = createServer((request, response) => {
          const chunks: Array<Buffer> = []
          request.on("data", (chunk) => chunks.push(chunk))
          request.on("end", () => {
            const entry: Got = {
              method: request.method!,
              url: request.url!,
              headers: request.headers,
              body: Buffer.concat(chunks)
            }
            got.push(entry)
            handle(response, entry)
          })
        })
        server.on("connection", (socket) => {
          sockets.add(socket)
          socket.on("close", () => sockets.delete(socket))
        })
        server.listen(0, "127.0.0.1", () => {
          const { port } = server.address() as AddressInfo
          // `fetch` opens another connection for each it destroys. Nothing comes over it before it expires, in seconds.
          const released = Effect.gen(function*() {
            while ([...sockets].some(({ bytesRead }) => bytesRead > 0)) yield* Effect.sleep("10 millis")
          })
          const close = () =>
            new Promise<void>((closed) => {
              for (const socket of sockets) socket.destroy()
              server.close(() => closed())
            })
          resolve({ url: `http://127.0.0.1:${port}/api/v1`, got, released, close })
        })
      })
    ),
    ({ close }) => Effect.promise(close)
  )

export const answer = (
  response: ServerResponse,
  status: number,
  body: unknown,
  headers: Record<string, string> = {}
): void => {
  response.writeHead(status, { "content-type": "application/json", ...headers })
  response.end(typeof body === "string" || body instanceof Buffer ? body : JSON.stringify(body))
}
