/**
 * The server for the rows of calls, in a process of its own. It responds with the status at the beginning of the path.
 */
import { createServer } from "node:http"
import type { AddressInfo } from "node:net"

const completion = JSON.stringify({
  id: "chatcmpl-5f2b1c7a9e",
  object: "chat.completion",
  created: 1767225600,
  model: "llama-3.3-70b",
  choices: [{
    index: 0,
    message: { role: "assistant", content: "Because air scatters blue light more than red light.".repeat(4) },
    finish_reason: "stop"
  }],
  usage: { prompt_tokens: 14, completion_tokens: 48, total_tokens: 62 }
})

const overloaded = JSON.stringify({ error: "The model is currently overloaded. Please try again later." })

/** An error page of 10 MB. */
const page = Buffer.from(`<!DOCTYPE html><html><title>Bad gateway</title>${"<p>upstream</p>\n".repeat(655_360)}`)

const answers: Readonly<Record<string, readonly [number, string, string | Buffer]>> = {
  200: [200, "application/json; charset=utf-8", completion],
  429: [429, "application/json; charset=utf-8", overloaded],
  502: [502, "text/html", page]
}

const server = createServer((request, response) => {
  request.resume()
  request.on("end", () => {
    const [status, contentType, body] = answers[request.url!.slice(1, 4)]!
    response.writeHead(status, {
      "content-type": contentType,
      "content-length": Buffer.byteLength(body),
      "cf-ray": "91dbd54fa83f8cbd-EWR",
      "retry-after": "30"
    })
    response.end(body)
  })
  // A client that has read enough closes the connection early.
  response.on("error", () => {})
})
server.keepAliveTimeout = 600_000
server.listen(0, "127.0.0.1", () => process.stdout.write(`${(server.address() as AddressInfo).port}\n`))

// Stops when the process that started it ends.
process.stdin.resume()
process.stdin.on("end", () => process.exit())
