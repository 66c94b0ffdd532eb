/**
 * A service on `node:http` that passes Venice's failures on to its own clients: status, `Retry-After`, and a body of
 * problem details, without a server of Effect.
 *
 *     VENICE_API_KEY=… node examples/node-gateway.ts
 *
 * Clients share the key of the service, so errors about its account are concealed. A client that goes away interrupts
 * the request to Venice.
 */
import { Encode, Errors, Retry, VeniceError } from "@effect-venice/core"
import { Gateway, Success, VeniceClient } from "@effect-venice/http"
import { Cause, Effect, Exit, ManagedRuntime, Schema } from "effect"
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http"

const maxBytes = 1024 * 1024

const operation = "POST /chat/completions"

class BodyTooLarge extends Error {}

const read = async (request: IncomingMessage): Promise<string> => {
  const chunks: Array<Buffer> = []
  let size = 0
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length
    if (size > maxBytes) throw new BodyTooLarge()
    chunks.push(chunk)
  }
  return Buffer.concat(chunks).toString("utf8")
}

const Question = Schema.fromJsonString(Schema.Struct({ question: Schema.NonEmptyString }))

/** The clients wait, so a longer hint is theirs. */
const policy = Retry.limit(Retry.standard, { attempts: 3, longestHint: "2 seconds" })

/** Answers a question. Fails with what a client may see. */
const answer = (body: string) =>
  Effect.gen(function*() {
    const { question } = yield* Schema.decodeEffect(Question)(body)
    const venice = yield* VeniceClient
    const { choices: [choice] } = yield* venice.execute(operation, {
      body: { model: "llama-3.3-70b", messages: [{ role: "user", content: question }] },
      success: Success.ChatCompletion,
      timeout: "1 minute"
    }).pipe(
      Effect.retry(policy),
      Effect.tapError(Effect.logWarning),
      Effect.mapError((failure) => Gateway.conceal(Gateway.fromFailure(failure)))
    )
    return { answer: choice.message.content ?? "" }
  }).pipe(
    Effect.catchTag("SchemaError", () =>
      Effect.fail(new Errors.InvalidRequest({ message: "Expected {\"question\": \"…\"}" })))
  )

const send = (
  response: ServerResponse,
  { body, headers, status }: { readonly status: number; readonly headers: object; readonly body: unknown }
): void => {
  response.writeHead(status, { ...headers })
  response.end(JSON.stringify(body))
}

const json = { "content-type": "application/json" }

const problem = { "content-type": "application/problem+json" }

/** The server, with the runtime that has the client of Venice. Closing the server ends both. */
export const make = <E>(runtime: ManagedRuntime.ManagedRuntime<VeniceClient, E>): Server => {
  const handle = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    if (request.method !== "POST" || request.url !== "/answers") {
      return send(response, { status: 404, headers: problem, body: { title: "There is nothing here", status: 404 } })
    }
    const gone = new AbortController()
    response.once("close", () => gone.abort())
    const exit = await runtime.runPromiseExit(answer(await read(request)), { signal: gone.signal })
    if (gone.signal.aborted) return
    if (Exit.isSuccess(exit)) return send(response, { status: 200, headers: json, body: exit.value })
    const error = Cause.squash(exit.cause)
    if (!VeniceError.isVeniceError(error)) throw error
    send(response, Encode.response(error, "problem"))
  }

  const server = createServer((request, response) => {
    handle(request, response).catch((thrown) => {
      if (response.headersSent || response.destroyed) return response.destroy()
      if (thrown instanceof BodyTooLarge) {
        const headers = { ...problem, connection: "close" }
        return send(response, { status: 413, headers, body: { title: "The body is too large", status: 413 } })
      }
      // A defect, or a runtime that could not start: for the log, and not for the client.
      console.error(thrown)
      send(response, { status: 500, headers: problem, body: { title: "This should not happen", status: 500 } })
    })
  })
  return server.on("close", () => void runtime.dispose())
}

if (import.meta.main) {
  const server = make(ManagedRuntime.make(VeniceClient.layer))
  server.listen(Number(process.env.PORT ?? 3000), () => console.log("POST http://localhost:3000/answers"))
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => server.close())
}
