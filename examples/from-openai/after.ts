/**
 * The program of `before.ts` on `VeniceClient`.
 *
 *     VENICE_API_KEY=… node examples/from-openai/after.ts "Why is the sky blue?"
 *
 * Both do the same as long as nothing fails. On failures this one does not send again what may be billed twice, waits as
 * long as Venice asks, and tells a busy model from an empty account, which have the same status.
 */
import { Retry, VeniceError } from "@effect-venice/core"
import { Success, VeniceClient } from "@effect-venice/http"
import { NodeRuntime } from "@effect/platform-node"
import { Console, Duration, Effect } from "effect"

const complete = Effect.fn("complete")(function*(question: string, model: string) {
  const venice = yield* VeniceClient
  const { choices: [choice] } = yield* venice.execute("POST /chat/completions", {
    body: { model, messages: [{ role: "user", content: question }] },
    success: Success.ChatCompletion,
    timeout: "1 minute"
  })
  return choice.message.content ?? ""
}, Effect.retry(Retry.limit(Retry.standard, { attempts: 3 })))

/** Answers a question, or says what the user can do. */
export const ask = (question: string, model = "llama-3.3-70b") =>
  complete(question, model).pipe(
    VeniceError.catchCategory(["RateLimit", "Capacity"], ({ response: { retryAfter } }) =>
      Effect.succeed(
        retryAfter === undefined
          ? "Too many questions. Try again later."
          : `Too many questions. Try again in ${Duration.format(retryAfter)}.`
      )),
    Effect.catchTags({
      TOO_MANY_TOKENS: ({ maxTokens }) =>
        Effect.succeed(`Your question is longer than ${maxTokens ?? "the model's limit of"} tokens.`),
      MODEL_NOT_FOUND: (error) =>
        error.suggestions?.[0] === undefined ? Effect.fail(error) : complete(question, error.suggestions[0])
    })
  )

if (import.meta.main) {
  ask(process.argv[2] ?? "Hello").pipe(
    Effect.flatMap(Console.log),
    Effect.provide(VeniceClient.layer),
    NodeRuntime.runMain
  )
}
