import { Decode } from "@effect-venice/core"
import { assert, describe, it } from "@effect/vitest"
import { Duration } from "effect"

const date = "Thu, 01 Oct 2026 12:00:00 GMT"
const time = Date.parse(date)
const second = 1000
const hour = 3_600_000

const hint = (
  body: unknown,
  headers: Record<string, string> = {},
  { now = time, status = 429 }: { readonly now?: number; readonly status?: number } = {}
): number | undefined => {
  const { retryAfter } = Decode.response({ status, headers, body: JSON.stringify(body), now }).response
  return retryAfter && Duration.toMillis(retryAfter)
}

const limited = { error: "Rate limit exceeded" }

const lockout = (wait: string) => ({ error: `Too many failed attempts (> 50) in 30s. ${wait}` })

describe("of joined Retry-After headers", () => {
  it.each<[string, number | undefined]>([
    ["4, ", 4],
    ["4,", 4],
    [", 4", 4],
    [",4", 4],
    ["-1, 30", 30],
    ["Soon, 30", 30],
    ["30s, 10", 10],
    ["30,60", 60],
    ["60,5", 60],
    ["1,30,60", 60],
    ["120,000", undefined],
    ["1,000,000", undefined],
    ["30,soon", undefined],
    ["1234567890,1", undefined],
    ["30, Wed, 31 Dec 2025 23:59:00 GMT", 30],
    [",", undefined]
  ])("the longest that is valid counts: %s", (value, seconds) => {
    assert.strictEqual(hint(limited, { "retry-after": value }), seconds && seconds * second)
  })
})

describe("a wait of zero", () => {
  it.each<[string, Record<string, string>, unknown, number]>([
    ["Retry-After", { "retry-after-ms": "0", "retry-after": "30" }, limited, 30],
    ["the body", { "retry-after": "0" }, { error: { message: "busy", retry_after: 30 } }, 30],
    ["a later member", {}, { error: { message: "busy", retry_after: 0 }, retry_after: 20 }, 20],
    [
      "the reset of a budget",
      { "retry-after": "0", "x-ratelimit-remaining-requests": "0", "x-ratelimit-reset-requests": "15" },
      limited,
      15
    ],
    ["a lockout without a number", { "retry-after": "0" }, lockout("Try again later."), 30],
    ["a lockout of zero", {}, lockout("Please wait 0s."), 30],
    ["nothing", { "retry-after": "0" }, limited, 0]
  ])("leaves it to %s", (_, headers, body, seconds) => {
    assert.strictEqual(hint(body, headers), seconds * second)
  })
})

describe("the wait that a lockout names", () => {
  it.each([["0", 30], ["1", 30], ["90", 90]])("is a lower bound of Retry-After: %s", (value, seconds) => {
    assert.strictEqual(hint(lockout("Please wait 30s"), { "retry-after": value }), seconds * second)
  })

  it.each([
    ["wait at least 45 seconds", 45],
    ["wait another 45 seconds", 45],
    ["wait for at least another 45 seconds", 45],
    ["wait 1m30s and try again", 90],
    ["wait 1 minute", 60],
    ["try again in 1h 5m", 3900],
    ["wait 1,800 seconds", 1800],
    ["wait 1,000,000 seconds", 1_000_000],
    ["wait 500ms", 0.5],
    ["wait 250 milliseconds", 0.25],
    ["wait 2 minutes and 5 seconds", 125],
    ["wait 1 hour, 2 minutes, and 5 seconds", 3725],
    ["wait 60s, 30 minutes is the window", 60],
    ["retry 5 times at most, wait 45s", 45],
    ["wait for too long", 30]
  ])("is read in words: %s", (words, seconds) => {
    assert.strictEqual(hint(lockout(`Please ${words}.`)), seconds * second)
  })
})

describe("a moment before the Date of its response", () => {
  it.each([["ahead by two hours", time + 2 * hour], ["of 2050", Date.UTC(2050, 0, 1)]])(
    "is read by the client's clock, if the Date is %s",
    (_, ahead) => {
      const wrong = new Date(ahead).toUTCString()
      const reset = String(time + 20 * second)

      assert.strictEqual(
        hint(limited, { date: wrong, "retry-after": new Date(time + 30 * second).toUTCString() }),
        30 * second
      )
      assert.strictEqual(
        hint(limited, {
          date: wrong,
          "x-ratelimit-remaining-requests": "0",
          "x-ratelimit-reset-requests": reset
        }),
        20 * second
      )
    }
  )

  it("is over at the Date itself, by any clock", () => {
    for (const now of [time - hour, time - 1, time, time + 1, time + hour]) {
      assert.strictEqual(hint(limited, { date, "retry-after": date }, { now }), 0)
    }
  })

  it("is over, if the client's clock agrees", () => {
    assert.strictEqual(hint(limited, { date, "retry-after": new Date(time - second).toUTCString() }), 0)
  })
})

it("a date in Retry-After is never shorter than from the Date of its response", () => {
  const retryAfter = new Date(time + 30 * second).toUTCString()

  assert.strictEqual(hint(limited, { date, "retry-after": retryAfter }, { now: time + 900 }), 30 * second)
})

describe("the hint of another provider", () => {
  it.each<[string, unknown, number]>([
    ["the first delay that is not zero", {
      error: { message: "quota", details: [{ retryDelay: "0s" }, { retryDelay: "34s" }] }
    }, 34],
    ["a number as text", { error: { message: "busy", retry_after: "30" } }, 30],
    ["a number as text, at top level", { error: "busy", retry_after: "30" }, 30],
    ["a header as a list", { error: { message: "busy", metadata: { headers: { "Retry-After": ["30"] } } } }, 30],
    [
      "a header as a list of several",
      { error: { message: "busy", metadata: { headers: { "Retry-After": ["30", 60, null] } } } },
      60
    ]
  ])("is %s", (_, body, seconds) => {
    assert.strictEqual(hint(body), seconds * second)
  })

  it("is read in a list of one error", () => {
    const body = [{ error: { code: 429, message: "quota", details: [{ retryDelay: "34s" }] } }]

    assert.strictEqual(hint(body), 34 * second)
    assert.strictEqual(Decode.response({ status: 429, body: JSON.stringify(body), now: 0 }).message, "quota")
  })
})
