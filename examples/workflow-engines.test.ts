import { Errors } from "@effect-venice/core"
import type { Failure } from "@effect-venice/http"
import { assert, describe, it } from "@effect/vitest"
import { InngestTestEngine } from "@inngest/test"
import { type Context, service } from "@restatedev/restate-sdk"
import { createEndpointHandler } from "@restatedev/restate-sdk/fetch"
import { DefaultFailureConverter, defaultPayloadConverter } from "@temporalio/common"
import { Duration, Effect } from "effect"
import { HttpClientError, HttpClientRequest } from "effect/http"
import { Inngest, NonRetriableError, RetryAfterError } from "inngest"
import { readFileSync } from "node:fs"
import { join } from "node:path"
import { invoke } from "./restate-runtime.ts"
import { retryInRestate, toApplicationFailure, toInngestError } from "./workflow-engines.ts"

const busy = new Errors.ModelOverloaded({ response: { status: 429, retryAfter: Duration.seconds(30) } })

const silent = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} }

const invalid = new Errors.InvalidRequest({ message: "no model" })

const lost = new HttpClientError.HttpClientError({
  reason: new HttpClientError.TransportError({
    request: HttpClientRequest.post("https://api.venice.ai/api/v1/chat/completions")
  })
})

/** What a worker sends to the server of Temporal. */
const sentToTemporal = (failure: Failure.Failure, attempt: number, scheduledTimestampMs = Date.now()) => {
  const { applicationFailureInfo } = new DefaultFailureConverter().errorToFailure(
    toApplicationFailure(failure, { attempt, scheduledTimestampMs }),
    defaultPayloadConverter
  )
  const { nextRetryDelay, nonRetryable, type } = applicationFailureInfo!
  return {
    type,
    nonRetryable,
    delay: nextRetryDelay ? Number(nextRetryDelay.seconds) * 1000 + nextRetryDelay.nanos! / 1e6 : undefined
  }
}

describe("Temporal", () => {
  it("is told the delay of the policy, which is never shorter than the hint", () => {
    for (const attempt of [1, 2, 3]) {
      const { delay, nonRetryable, type } = sentToTemporal(busy, attempt)

      assert.strictEqual(type, "MODEL_OVERLOADED")
      assert.isFalse(nonRetryable)
      assert.isAtLeast(delay!, 30_000)
      assert.isAtMost(delay!, 37_500)
    }
    assert.isAtLeast(sentToTemporal(busy, 5).delay!, 80_000)
  })

  it("is told that a failure is final, that a request may have been billed, and that no attempts or time are left", () => {
    const hours = 60 * 60 * 1000
    for (
      const [failure, attempt, scheduled] of [
        [invalid, 1, Date.now()],
        [lost, 1, Date.now()],
        [busy, 50, Date.now()],
        [busy, 2, Date.now() - 7 * hours]
      ] as const
    ) {
      assert.deepInclude(sentToTemporal(failure, attempt, scheduled), { nonRetryable: true, delay: undefined })
    }
  })
})

describe("Inngest", () => {
  const failing = (failure: Failure.Failure) => {
    const inngest = new Inngest({ id: "tickets", isDev: true, logger: silent, internalLogger: silent })
    const summarize = inngest.createFunction(
      { id: "summarize", retries: 20, triggers: [{ event: "ticket" }] },
      async ({ attempt }) => {
        throw toInngestError(failure, attempt)
      }
    )
    return new InngestTestEngine({ function: summarize }).execute()
  }

  it("is told the delay of the policy in whole seconds, which is never shorter than the hint", () => {
    for (const attempt of [0, 1, 2]) {
      const error = toInngestError(busy, attempt)

      assert.instanceOf(error, RetryAfterError)
      assert.isAtLeast(Number(error.retryAfter), 30)
      assert.isAtMost(Number(error.retryAfter), 38)
    }
    assert.instanceOf(toInngestError(busy, 49), NonRetriableError)
  })

  it("takes both from a function", async () => {
    const transient = await failing(busy)
    const final = await failing(invalid)

    assert.deepInclude(transient.error, { name: "RetryAfterError" })
    assert.deepInclude(final.error, {
      name: "NonRetriableError",
      message: "INVALID_REQUEST: no model (final)"
    })
  })
})

describe("Restate", () => {
  const running = (...failures: ReadonlyArray<Failure.Failure>) => {
    let sent = 0
    const call = Effect.suspend(() => {
      const failure = failures[sent++]
      return failure === undefined ? Effect.succeed("a summary") : Effect.fail(failure)
    })
    const tickets = service({
      name: "tickets",
      handlers: { summarize: (ctx: Context) => retryInRestate(ctx, "ask", call) }
    })
    const handler = createEndpointHandler({ services: [tickets], logger: () => {} })
    return invoke(handler, "tickets/summarize").then((invocation) => ({ ...invocation, sent }))
  }

  it("keeps each attempt and each delay in its journal", async () => {
    const { calls, delays, sent, value } = await running(busy, busy)

    assert.strictEqual(value, "a summary")
    assert.strictEqual(sent, 3)
    assert.lengthOf(delays, 2)
    // The endpoint is called again for each entry, and sends nothing again.
    assert.isAbove(calls, 3)
    for (const delay of delays) assert.isAtLeast(delay, 30_000)
  })

  it("ends with the reason of the policy", async () => {
    assert.deepInclude(await running(busy, invalid), { failure: "INVALID_REQUEST: no model (final)", sent: 2 })
    assert.match((await running(lost)).failure!, /\(replay\)$/)
  })
})

describe("the guide", () => {
  it("shows the functions as they are tested", () => {
    const guide = readFileSync(join(import.meta.dirname, "../docs/guides/workflow-engines.md"), "utf8")
    const source = readFileSync(join(import.meta.dirname, "workflow-engines.ts"), "utf8")
    const functions = [...source.matchAll(/^export (const \w+ = .*?^})$/gms)].map(([, text]) => text!)

    assert.lengthOf(functions, 3)
    for (const text of functions) assert.include(guide, text)
  })
})
