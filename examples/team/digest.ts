/**
 * A service of the team for which nobody waits: at night it summarises the messages of the day, and draws a picture for
 * them.
 *
 *     VENICE_API_KEY=… node examples/team/digest.ts "First message" "Second message"
 */
import { Success, VeniceClient } from "@effect-venice/http"
import { NodeRuntime } from "@effect/platform-node"
import { Console, Effect } from "effect"
import { Budget, retrying } from "./policies.ts"

const chat = "POST /chat/completions"
const draw = "POST /image/generate"

const summarize = Effect.fn("summarize")(function*(model: string, message: string) {
  const venice = yield* VeniceClient
  const { choices: [choice] } = yield* venice.execute(chat, {
    body: { model, messages: [{ role: "user", content: `Summarise in one sentence: ${message}` }] },
    success: Success.ChatCompletion,
    timeout: "5 minutes"
  }).pipe(retrying("nobody", chat))
  return choice.message.content ?? ""
})

/** The first text model that is online. */
const usableModel = Effect.gen(function*() {
  const venice = yield* VeniceClient
  const { data } = yield* venice.execute("GET /models", { query: { type: "text" }, success: Success.Models }).pipe(
    retrying("nobody", "GET /models")
  )
  return data.find(({ model_spec }) => model_spec.offline !== true)?.id ?? "llama-3.3-70b"
})

const picture = Effect.fn("picture")(function*(prompt: string) {
  const venice = yield* VeniceClient
  const { images } = yield* venice.execute(draw, {
    body: { model: "z-image-turbo", prompt },
    success: Success.GeneratedImages
  }).pipe(retrying("nobody", draw))
  return images[0]
})

/** The digest of a day. A picture is a luxury: without one the digest is sent all the same. */
export const digest = Effect.fn("digest")(function*(messages: ReadonlyArray<string>) {
  const model = yield* usableModel
  const summaries = yield* Effect.forEach(messages, (message) => summarize(model, message), { concurrency: 4 })
  const image = yield* Effect.option(picture(summaries.join(" ")))
  return { summaries, image }
})

if (import.meta.main) {
  digest(process.argv.slice(2)).pipe(
    Effect.flatMap(({ image, summaries }) => Console.log(summaries.join("\n"), `\npicture: ${image._tag}`)),
    Effect.provide([VeniceClient.layer, Budget]),
    NodeRuntime.runMain
  )
}
