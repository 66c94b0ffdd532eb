/** The scenarios of the pictures of traces in `docs/guides/observing.md`. */
import { Retry } from "@effect-venice/core"
import { Telemetry, VeniceClient } from "@effect-venice/http"
import { Fallback, Resilience } from "@effect-venice/http/resilience"
import { type Dynamics, Script } from "@effect-venice/testing"
import { Duration, Effect, Schema, Stream } from "effect"
import type { Scenario } from "./record.ts"

const chat = "POST /chat/completions"

const messages = [{ role: "user", content: "Why is the sky blue?" }]
const body = { model: "llama-3.3-70b", messages }
const sibling = { model: "llama-3.2-3b", messages }

const success = Schema.Unknown

const dynamics: Dynamics.Dynamics = {
  latency: { median: Duration.millis(1400), p99: Duration.seconds(4) },
  streaming: { every: Duration.millis(250) }
}

const retry: Scenario = {
  name: "trace-retry",
  title: "A rate limit with a hint, then an answer",
  script: {
    dynamics,
    rules: [Script.on(chat, {
      times: 1,
      delay: "120 millis",
      fail: { code: "RATE_LIMIT_EXCEEDED", retryAfter: "3 seconds" }
    })]
  },
  program: Effect.flatMap(VeniceClient, (venice) =>
    venice.execute(chat, { body, success }).pipe(
      Effect.retry(Retry.standard),
      Telemetry.call(chat, { body })
    ))
}

const stream: Scenario = {
  name: "trace-stream",
  title: "A stream that breaks after eight events",
  script: { dynamics, rules: [Script.on(chat, { disconnect: { afterEvents: 8 } })] },
  program: Effect.flatMap(
    VeniceClient,
    (venice) => Stream.runDrain(venice.stream(chat, { body, event: Schema.Unknown }))
  )
}

const fallback: Scenario = {
  name: "trace-fallback",
  title: "A model that stays busy, and the answer of its sibling",
  script: {
    dynamics,
    rules: [Script.on(chat, {
      model: body.model,
      delay: "300 millis",
      fail: { code: "MODEL_OVERLOADED", retryAfter: "2 seconds" }
    })]
  },
  settings: { policy: Retry.limit(Retry.standard, { attempts: 3 }) },
  program: Resilience.execute(chat, { body, success }).pipe(
    Fallback.on("sibling", "Capacity", () => Resilience.execute(chat, { body: sibling, success })),
    Effect.withSpan("answer a question")
  )
}

const deadline: Scenario = {
  name: "trace-deadline",
  title: "A deadline of 10 seconds that the next delay would miss",
  script: {
    dynamics,
    rules: [Script.on(chat, {
      delay: "800 millis",
      fail: { code: "MODEL_AT_CAPACITY", retryAfter: "3 seconds" }
    })]
  },
  program: Resilience.execute(chat, { body, success, deadline: "10 seconds" })
}

const pacing: Scenario = {
  name: "trace-pacing",
  title: "Two calls at once, of which one waits for its turn",
  script: { dynamics },
  settings: { pacing: { budgets: { requests: 1, tokens: 1_000_000 }, window: "2 seconds" } },
  program: Effect.all([
    Resilience.execute(chat, { body, success }),
    Resilience.execute(chat, { body, success })
  ], { concurrency: 2 }).pipe(Effect.withSpan("answer two questions"))
}

export const scenarios: ReadonlyArray<Scenario> = [retry, stream, fallback, deadline, pacing]
