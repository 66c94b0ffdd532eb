/**
 * A service that summarises support tickets, and says what to do with a ticket that has no summary.
 *
 *     VENICE_API_KEY=… node examples/tickets.ts "The invoice of March is missing."
 */
import { Retry, VeniceError } from "@effect-venice/core"
import { Success, VeniceClient } from "@effect-venice/http"
import { NodeRuntime } from "@effect/platform-node"
import { Console, Effect, Stream } from "effect"

export interface Ticket {
  readonly id: string
  readonly text: string
}

/** A summary, or what to do with a ticket that has none. */
export type Summary =
  | { readonly _tag: "Summarized"; readonly text: string; readonly model: string; readonly isShortened: boolean }
  | { readonly _tag: "Rejected"; readonly reason: string }
  | { readonly _tag: "Postponed"; readonly reason: string }

const models = { usual: "llama-3.3-70b", other: "mistral-31-24b" }

/** How much of a ticket is left if all of it is too long. */
const shortened = 20_000

const bodyOf = (model: string, text: string) => ({
  model,
  messages: [
    { role: "system" as const, content: "Summarise the ticket in two sentences." },
    { role: "user" as const, content: text }
  ]
})

const ask = Effect.fn("ask")(function*(model: string, text: string) {
  const venice = yield* VeniceClient
  const { choices } = yield* venice.execute("POST /chat/completions", {
    body: bodyOf(model, text),
    success: Success.ChatCompletion
  }).pipe(Effect.retry(Retry.standard))
  return { text: choices[0]?.message.content ?? "", model }
})

const askAny = (text: string) =>
  ask(models.usual, text).pipe(
    VeniceError.catchCategory("Capacity", () => ask(models.other, text))
  )

const summarized = (answer: { readonly text: string; readonly model: string }, isShortened: boolean): Summary => ({
  _tag: "Summarized",
  ...answer,
  isShortened
})

/** Summarises a ticket. A failure that is nobody's fault postpones it. */
export const summarize = ({ text }: Ticket) =>
  askAny(text).pipe(
    Effect.map((answer) => summarized(answer, false)),
    Effect.catchTag("TOO_MANY_TOKENS", () =>
      Effect.map(askAny(text.slice(0, shortened)), (answer) => summarized(answer, true))),
    Effect.catchTag("CONTENT_POLICY_VIOLATION", ({ message }) =>
      Effect.succeed<Summary>({ _tag: "Rejected", reason: message })),
    VeniceError.catchCategory(
      ["Authentication", "Permission", "Billing"],
      (error) =>
        Effect.die(error)
    ),
    Effect.catch((failure) =>
      Effect.succeed<Summary>({ _tag: "Postponed", reason: failure._tag })
    )
  )

/** The text of a summary as it is written. It ends early, with a mark, if the stream does. */
export const dictate = ({ text }: Ticket) =>
  Stream.unwrap(Effect.map(VeniceClient, (venice) =>
    venice.stream("POST /chat/completions", {
      body: { ...bodyOf(models.usual, text), stream: true },
      event: Success.ChatCompletionChunk
    }))).pipe(
      Stream.map(({ choices }) => choices[0]?.delta.content ?? ""),
      Stream.retry(Retry.standard),
      Stream.catch(() => Stream.succeed(" […]"))
    )

if (import.meta.main) {
  summarize({ id: "T-1", text: process.argv[2] ?? "The invoice of March is missing." }).pipe(
    Effect.flatMap(Console.log),
    Effect.provide(VeniceClient.layer),
    NodeRuntime.runMain
  )
}
