/**
 * A service of the team with a person who waits: it suggests a reply to a message.
 *
 *     VENICE_API_KEY=… node examples/team/assistant.ts "Where is my order?"
 */
import { VeniceError } from "@effect-venice/core"
import { Success, VeniceClient } from "@effect-venice/http"
import { NodeRuntime } from "@effect/platform-node"
import { Console, Effect, Option } from "effect"
import { Budget, retrying } from "./policies.ts"

const chat = "POST /chat/completions"

const ask = Effect.fn("ask")(function*(model: string, message: string) {
  const venice = yield* VeniceClient
  const { choices: [choice] } = yield* venice.execute(chat, {
    body: {
      model,
      messages: [
        { role: "system", content: "Suggest a short reply to this message of a customer." },
        { role: "user", content: message }
      ]
    },
    success: Success.ChatCompletion,
    timeout: "10 seconds"
  }).pipe(retrying("person", chat))
  return choice.message.content ?? ""
})

/** A reply, or nothing: the person can write one without help. */
export const suggest = (message: string) =>
  ask("llama-3.3-70b", message).pipe(
    VeniceError.catchCategory("Capacity", () => ask("mistral-31-24b", message)),
    Effect.tapError(Effect.logWarning),
    Effect.option
  )

if (import.meta.main) {
  suggest(process.argv[2] ?? "Where is my order?").pipe(
    Effect.flatMap((reply) => Console.log(Option.getOrElse(reply, () => "(no suggestion)"))),
    Effect.provide([VeniceClient.layer, Budget]),
    NodeRuntime.runMain
  )
}
