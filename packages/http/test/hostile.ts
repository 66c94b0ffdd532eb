/**
 * A server on bare `node:http` in a process of its own, that fails in every way a server can. The query of a request
 * says which one: `?fault=html`. It counts connections, and answers every message of its parent with the count.
 */
import { createServer, type IncomingMessage, type ServerResponse } from "node:http"
import type { AddressInfo, Socket } from "node:net"
import { gzipSync } from "node:zlib"

/** What the server tells of its connections. */
export interface Count {
  readonly open: number
  readonly accepted: number
  readonly requests: number
}

const json = { "content-type": "application/json", "cf-ray": "91dbd54fa83f8cbd-EWR" }

const answer = (
  response: ServerResponse,
  status: number,
  headers: Record<string, string>,
  body: string | Buffer = ""
) => void response.writeHead(status, headers).end(body)

/** Writes what `node:http` would not, and leaves the connection to the caller. */
const raw = ({ socket }: ServerResponse, text: string, then: (socket: Socket) => void): void =>
  void socket?.write(text, () => then(socket))

const head = (status: string, ...headers: ReadonlyArray<string>) =>
  [`HTTP/1.1 ${status}`, "content-type: application/json", ...headers, "", ""].join("\r\n")

const every = (milliseconds: number, response: ServerResponse, write: () => void): void => {
  const timer = setInterval(write, milliseconds)
  response.once("close", () => clearInterval(timer))
}

const large = JSON.stringify({ error: "Inference processing failed", details: "x".repeat(300 * 1024) })

const bomb = gzipSync(Buffer.alloc(4 * 1024 * 1024, " "))

const chunk = "data: {\"text\":\"a\"}\n\n"

const events = { "content-type": "text/event-stream" }

const faults: Readonly<Record<string, (response: ServerResponse) => void>> = {
  json: (response) =>
    answer(response, 400, json, "{\"error\":\"Invalid request parameters\",\"details\":{\"_errors\":[]}}"),
  busy: (response) =>
    answer(
      response,
      429,
      { ...json, "retry-after": "30" },
      "{\"error\":\"The model is currently overloaded. Please try again later.\"}"
    ),
  html: (response) => answer(response, 502, { "content-type": "text/html" }, "<html><h1>502 Bad Gateway</h1></html>"),
  empty: (response) => answer(response, 503, { "content-length": "0" }),
  large: (response) => answer(response, 500, json, large),
  bomb: (response) => answer(response, 500, { ...json, "content-encoding": "gzip" }, bomb),
  short: (response) => raw(response, `${head("500 X", "content-length: 1000")}{"error":"Inf`, (socket) => socket.end()),
  chunk: (response) =>
    raw(response, `${head("500 X", "transfer-encoding: chunked")}40\r\n{"error":"Inf`, (socket) => socket.end()),
  long: (response) =>
    raw(
      response,
      `${head("500 X", "content-length: 5")}{"error":"Inference processing failed"}`,
      (socket) => socket.end()
    ),
  reset: (response) => void response.socket?.resetAndDestroy(),
  broken: (response) =>
    raw(response, `${head("500 X", "content-length: 1000")}{"error":"Inf`, (socket) => socket.resetAndDestroy()),
  slow: () => {},
  drip: (response) => {
    response.writeHead(500, json)
    every(5, response, () => response.write("x"))
  },
  unexpected: (response) => answer(response, 200, json, "{\"choices\":1}"),
  blocked: (response) => {
    response.writeHead(200, { "x-venice-is-content-violation": "true", "content-type": "image/png" })
    response.write(Buffer.alloc(10_000))
  },
  event: (response) =>
    answer(
      response,
      200,
      events,
      `${chunk}data: {"error":{"message":"busy","code":"model_overloaded","retry_after":30}}\n\ndata: [DONE]\n\n`
    ),
  // The server believes it has more to say.
  eventOpen: (response) => {
    response.writeHead(200, events)
    response.write(`${chunk}data: {"error":"Inference processing failed"}\n\n`)
    every(5, response, () => response.write(": still here\n\n"))
  },
  cut: (response) => answer(response, 200, events, `${chunk}data: {"te`),
  page: (response) => answer(response, 200, { "content-type": "text/html" }, "<html>login</html>"),
  ticking: (response) => {
    response.writeHead(200, events)
    every(2, response, () => response.write(chunk))
  }
}

const listen = () => {
  const sockets = new Set<Socket>()
  let accepted = 0
  let requests = 0
  const server = createServer((request: IncomingMessage, response) => {
    requests++
    const fault = faults[new URL(request.url!, "http://localhost").searchParams.get("fault") ?? "json"]!
    request.resume().on("end", () => fault(response))
  })
  server.on("connection", (socket) => {
    accepted++
    sockets.add(socket)
    socket.on("error", () => {})
    socket.on("close", () => sockets.delete(socket))
  })
  server.listen(
    0,
    "127.0.0.1",
    () => process.send!(`http://127.0.0.1:${(server.address() as AddressInfo).port}/api/v1`)
  )
  process.on("message", () => process.send!({ open: sockets.size, accepted, requests } satisfies Count))
  process.on("disconnect", () => process.exit())
}

if (process.argv[1] === import.meta.filename) listen()
