import { Decode, Retry, VeniceError } from "@effect-venice/core"
import * as Fixtures from "@effect-venice/testing/Fixtures"
import { assert, describe, it } from "@effect/vitest"
import { Result } from "effect"
import { Headers } from "effect/http"
import { fragmentOf, linkedText, maxFragment, stateOf } from "../link.ts"
import { build, codeOf, newStep } from "../policy.ts"
import { analysisOf, read, redactionsOf } from "../response.ts"
import { ruleOf } from "../rule.ts"
import * as Simulation from "../simulation.ts"
import { initial, maxLinkedText, ops, type Policy, presetNames, type State } from "../state.ts"
import { layout, timeText } from "../timeline.ts"
import { visible } from "../visible.ts"
import { checkTranslations } from "../words.ts"

const now = 0

const errorOf = (text: string) => {
  const [reading] = read(text, { now, operation: undefined })
  if (reading?._tag !== "Error" || reading.input === undefined) throw new Error(`It is ${reading?._tag}`)
  return { error: reading.error, input: reading.input }
}

const policies: ReadonlyArray<Policy> = [
  ...presetNames.map((preset) => ({ preset, steps: [] })),
  ...ops.map((op): Policy => ({ preset: "standard", steps: [newStep(op)] })),
  { preset: "eager", steps: ops.map(newStep) }
]

describe("a reading", () => {
  it("has the rule by which the decoder recognized every known response", () => {
    const forms = new Set<string>()
    for (const { body, code, headers, id, operation, status } of Fixtures.all) {
      const input = { status, body, now, headers: Headers.fromInput(headers), operation }
      const error = Decode.response(input)
      const rule = ruleOf(input)
      const { defaultMessage, "~row": { aliases = [], codePrefix = code, types = [], wordings = [] } } = VeniceError
        .byCode.get(code)!
      forms.add(rule.by === "message" ? rule.form : rule.by)

      assert.strictEqual(rule.by, error.matchedBy, id)
      switch (rule.by) {
        case "code":
          assert.include(body, rule.code, id)
          assert.isTrue(
            [code, ...aliases, ...types].includes(rule.code) || rule.code.toUpperCase() === code ||
              rule.code.startsWith(codePrefix),
            id
          )
          break
        case "message":
          if (rule.form === "documented") assert.strictEqual(rule.wording, defaultMessage, id)
          else if (rule.form === "pattern") {
            assert.include(wordings.map((wording) => wording instanceof RegExp && wording.source), rule.wording, id)
          } else {assert.isTrue(
              wordings.includes(rule.wording) || defaultMessage.toLowerCase().startsWith(rule.wording),
              id
            )}
          break
        case "none":
          assert.strictEqual(rule.status, status, id)
      }
    }
    assert.sameMembers([...forms], ["code", "documented", "beginning", "pattern", "shape", "status", "none"])
  })

  it("names the status that an error in a stream would have on its own", () => {
    const { error, input } = errorOf(
      "HTTP/1.1 200\ncontent-type: text/event-stream\n\ndata: {\"error\":{\"message\":\"Later\",\"code\":429}}\n"
    )

    assert.strictEqual(error._tag, "RATE_LIMIT_EXCEEDED")
    assert.deepStrictEqual(ruleOf(input), { by: "status", status: 429 })
  })

  it("counts what was redacted, and shows none of it", () => {
    const key = "VENICE-ADMIN-KEY-abcdefghijklmnop"
    const { error, input } = errorOf(
      `HTTP/1.1 401\nset-cookie: session=abcdef123456\n\n${JSON.stringify({ error: `No access for ${key}` })}`
    )
    const shown = JSON.stringify(analysisOf(error, input, "openai"))

    assert.deepStrictEqual(redactionsOf(input).map(({ place }) => place), ["set-cookie", "body"])
    assert.notInclude(shown, key)
    assert.notInclude(shown, "abcdef123456")
  })

  it("is total", () => {
    const deep = `{"status":400,"body":${"[".repeat(100_000)}${"]".repeat(100_000)}}`
    for (
      const text of ["", " ", "\u0000", "{", deep, "x".repeat(2 ** 22 + 1), "HTTP/1.1 200\n\nok", "429", "RateLimit"]
    ) {
      assert.isNotEmpty(read(text, { now, operation: undefined }))
    }
  })

  it("writes out what would turn the text around", () => {
    assert.strictEqual(visible("a\u202eb\n\tc\u0000"), "a\\u202eb\n\tc\\u0000")
  })
})

describe("a link", () => {
  it("restores the state", () => {
    for (const policy of policies) {
      const state: State = { ...initial, policy, seed: 7 }
      assert.deepStrictEqual(stateOf(fragmentOf(state)), Result.succeed(state))
    }
  })

  it("holds no credential of a transcript, also of the request", () => {
    const secrets = ["a-key-like-nothing", "VENICE-ADMIN-KEY-abcdefghijklmnop", "abcdef123456"]
    const text = `> POST /api/v1/chat/completions HTTP/2\n> Authorization: Bearer ${secrets[0]}\n>\n< HTTP/2 401\n`
      + `< set-cookie: session=${secrets[2]}\n<\n${
        JSON.stringify({ error: `No access for ${secrets.slice(0, 2).join(" ")}` })
      }`
    const { input } = errorOf(text)
    const linked = linkedText(text, input)

    for (const secret of secrets) assert.notInclude(linked, secret)
    assert.strictEqual(errorOf(linked).error._tag, errorOf(text).error._tag)
  })

  it("is bounded", () => {
    const text = "\u{1f600}x".repeat(500_000)
    assert.isAtMost(linkedText(text, undefined).length, maxLinkedText)
    const longest = { ...initial, text: linkedText(text, undefined) }
    assert.isTrue(Result.isSuccess(stateOf(fragmentOf(longest))!))
    assert.isAtMost(fragmentOf(longest).length, maxFragment)
  })

  it("is refused with anything that the page cannot do", () => {
    const hostile: ReadonlyArray<object> = [
      { callers: 1e9 },
      { callers: "<img>" },
      { seed: -1 },
      { text: 1 },
      { policy: { preset: "constructor", steps: [] } },
      { policy: { preset: "standard", steps: Array.from({ length: 1000 }, () => newStep("limit")) } },
      { scenario: { ...initial.scenario, failures: Array.from({ length: 1e4 }, () => ({ code: "GONE" })) } },
      { scenario: { ...initial.scenario, attemptMillis: -1 } }
    ]
    for (const change of hostile) {
      assert.deepStrictEqual(
        stateOf(fragmentOf({ ...initial }).slice(0, 3).concat(btoa(JSON.stringify({ ...initial, ...change })))),
        Result.fail("unreadable")
      )
    }
    for (const fragment of ["#s=", "#s=%%%", `#s=${"A".repeat(maxFragment)}`]) {
      assert.deepStrictEqual(stateOf(fragment), Result.fail("unreadable"))
    }
    assert.isUndefined(stateOf("#some-heading"))
  })
})

describe("a policy", () => {
  it("is the one that its code makes", () => {
    for (const policy of policies) {
      const expression = codeOf(policy).replace(/^[^]*export const policy = /, "return ")
      // oxlint-disable-next-line no-implied-eval, no-new-func
      const made = new Function("Retry", expression)(Retry) as Retry.Policy
      const built = Result.getOrThrow(build(policy))
      for (const kind of ["MODEL_OVERLOADED", "INFERENCE_FAILED", "Transport"]) {
        const script = Array.from({ length: 60 }, () => kind)
        assert.deepStrictEqual(Retry.simulate(made, script), Retry.simulate(built, script))
      }
    }
  })

  it("is refused with the reason of the library", () => {
    const step = { ...newStep("override"), baseMillis: 5000, capMillis: 1000 } as ReturnType<typeof newStep>
    assert.include(Result.getOrThrow(Result.flip(build({ preset: "standard", steps: [step] }))), "cap")
  })
})

describe("a simulated call", () => {
  const overloaded = (length: number) => Array.from({ length }, () => ({ code: "MODEL_OVERLOADED" as const }))
  const { deadlineMillis: _, ...scenario } = { ...initial.scenario, attemptMillis: 0 }

  it("waits as `Retry.simulate` does", () => {
    const { attempts, reason } = Simulation.call(
      Retry.jittered(Retry.standard, "none"),
      { ...scenario, failures: overloaded(9) },
      1
    )
    const { outcome, retries } = Retry.simulate(
      Retry.jittered(Retry.standard, "none"),
      overloaded(9).map(({ code }) => code)
    )

    assert.strictEqual(reason, outcome)
    assert.deepStrictEqual(
      attempts.flatMap(({ wait }) => wait === undefined ? [] : [`${wait.delay} millis`]),
      retries.map(({ delay }) => String(delay))
    )
  })

  it("draws each delay between its bounds, and the same with the same seed", () => {
    const call = Simulation.call(Retry.standard, { ...scenario, failures: overloaded(4) }, 3)
    for (const { wait } of call.attempts) {
      if (wait !== undefined) assert.isTrue(wait.floor <= wait.delay && wait.delay <= wait.ceiling)
    }
    assert.deepStrictEqual(Simulation.call(Retry.standard, { ...scenario, failures: overloaded(4) }, 3), call)
    assert.notDeepEqual(Simulation.call(Retry.standard, { ...scenario, failures: overloaded(4) }, 4), call)
  })

  it("gives up at the deadline, and on what may be charged twice", () => {
    const deadline = Simulation.call(Retry.standard, { ...scenario, failures: overloaded(4), deadlineMillis: 2000 }, 1)
    assert.strictEqual(deadline.reason, "deadline")
    const lost = { ...scenario, failures: [{ code: "Transport" as const }], operation: "POST /video/queue" as const }
    assert.strictEqual(Simulation.call(Retry.standard, lost, 1).reason, "replay")
  })

  it("lasts until the server recovers", () => {
    const call = Simulation.call(Retry.patient, { ...scenario, failures: overloaded(1), recoversMillis: 60_000 }, 1)
    assert.isUndefined(call.reason)
    assert.isAtLeast(call.elapsed, 60_000)
  })

  it("is one of many", () => {
    const crowd = Simulation.crowd(Retry.standard, { ...scenario, failures: overloaded(2) }, {
      callers: 100,
      parts: 10,
      seed: 1
    })
    assert.strictEqual(crowd.requests, 300)
    assert.strictEqual(crowd.succeeded, 100)
    assert.strictEqual(crowd.arrivals.reduce((sum, count) => sum + count, 0), 300)
    assert.isTrue(3000 <= crowd.p50 && crowd.p50 <= crowd.p95 && crowd.p95 <= crowd.elapsed)
  })

  it("is drawn inside of the drawing", () => {
    const { rows, ticks } = layout(Simulation.call(Retry.standard, initial.scenario, 1), 20_000)
    for (const { band, hint, request, wait } of rows) {
      for (const span of [band, hint, request, wait]) {
        if (span !== undefined) assert.isTrue(0 <= span.from && span.from <= span.to && span.to <= 1)
      }
    }
    assert.isAtMost(ticks.length, 8)
  })
})

describe("a text", () => {
  it("has the unit in which a time is read", () => {
    assert.deepStrictEqual([0, 999, 1500, 119_000, 120_000, 7_200_000].map(timeText), [
      "0 ms",
      "999 ms",
      "1.5 s",
      "119 s",
      "2 min",
      "2 h"
    ])
  })

  it("is there in every language", () => {
    checkTranslations()
    assert.throws(() => checkTranslations({ en: { a: "x", b: { c: "y" } }, ar: { a: "x", b: {} } }), ".b.c")
    assert.throws(() => checkTranslations({ en: { a: "x" }, ar: { a: " " } }), ".a")
  })
})
