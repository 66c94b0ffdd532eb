/** What a program does with `core` and `fetch` alone. */
import { Decode, Retry } from "@effect-venice/core"
import { errorOf, make } from "@effect-venice/fetch"
import { decode } from "@effect-venice/fetch/plain"
import { Duration, Effect } from "effect"
import { captured, receivedAt } from "./captured.ts"
import { type Checks, equal } from "./check.ts"

const body = JSON.stringify({ model: "llama-3.3-70b", messages: [{ role: "user", content: "Hello" }] })

const headers = { authorization: "Bearer emulated-key", "content-type": "application/json" }

const request = { method: "POST", headers, body }

export const small: Checks = {
  decode: async () => {
    equal(new Set(captured.map(({ status }) => status)).size, 2)
    for (const { body, category, code, headers, retryAfterMillis, status } of captured) {
      const error = Decode.response({ status, headers, body, now: Date.parse(receivedAt) })
      equal([error._tag, error.category], [code, category])
      const hint = error.response.retryAfter
      equal(hint === undefined ? undefined : Duration.toMillis(hint), retryAfterMillis)
      const plain = decode({ status, headers, body })
      equal([plain.code, plain.category], [code, category])
      equal(plain.retryAfterMillis, retryAfterMillis)
    }
  },

  "retry with Effect": async (baseUrl) => {
    const call = Effect.gen(function*() {
      const response = yield* Effect.promise(() => fetch(`${baseUrl}/chat/completions`, request))
      const text = yield* Effect.promise(() => response.text())
      if (response.ok) return JSON.parse(text).object
      return yield* Effect.fail(Decode.response({
        status: response.status,
        headers: Object.fromEntries(response.headers),
        body: text,
        operation: "POST /chat/completions",
        now: Date.now()
      }))
    })
    equal(await Effect.runPromise(Effect.retry(call, Retry.standard)), "chat.completion")
  },

  "retry with fetch": async (baseUrl) => {
    const delays: Array<number> = []
    const venice = make({ retry: "standard", onRetry: ({ delayMillis }) => delays.push(delayMillis) })
    const response = await venice(`${baseUrl}/chat/completions`, request)
    equal([response.status, errorOf(response) ?? null], [200, null])
    equal((await response.json()).object, "chat.completion")
    equal(delays.map((delay) => delay >= 1000), [true])
  },

  "stream with fetch": async (baseUrl) => {
    const response = await make()(`${baseUrl}/chat/completions`, request)
    const events = (await response.text()).split("\n\n").filter((event) => event !== "")
    equal(events.length, 2)
    const { error } = JSON.parse(events[1]!.slice("data: ".length))
    equal([error.venice_code, errorOf({ error })?.category], ["MODEL_OVERLOADED", "Capacity"])
  }
}
