/**
 * Replays the cases on bare `node:http`, in a process of its own: `/3/…` is answered with the case 3. It counts the
 * requests of each case, and gives its parent the counts when asked.
 */
import { createServer } from "node:http"
import type { AddressInfo } from "node:net"
import { cases, echo } from "./cases.ts"

let counts: Record<string, number> = {}

/** Every answer asks anew: the client's clock has run ahead by the waits before it. */
const filled = (text: string, authorization: string, nth: number): string =>
  text.replaceAll(echo, authorization)
    .replace(/\{\{date\+(\d+)\}\}/, (_, seconds) => new Date(Date.now() + Number(seconds) * nth * 1000).toUTCString())
    .replace(/\{\{ms\+(\d+)\}\}/, (_, seconds) => String(Date.now() + Number(seconds) * nth * 1000))

const server = createServer((request, response) => {
  const n = request.url!.split("/")[1]!
  const { body, breaks, headers, status } = cases[Number(n)]!
  const nth = counts[n] = (counts[n] ?? 0) + 1
  const fill = (text: string) => filled(text, request.headers.authorization ?? "", nth)
  request.resume().on("end", () => {
    if (status === 0) return request.socket.resetAndDestroy()
    response.writeHead(status, Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, fill(value)])))
    // Later, so that what was written is read first.
    if (breaks === true) response.write(body, () => setTimeout(() => request.socket.destroy(), 100))
    else response.end(fill(body))
  })
})

server.listen(0, "127.0.0.1", () => process.send!(`http://127.0.0.1:${(server.address() as AddressInfo).port}`))
process.on("message", () => {
  process.send!(counts)
  counts = {}
})
process.on("disconnect", () => process.exit())
