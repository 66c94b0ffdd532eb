import { assert, describe, it } from "@effect/vitest"
import { DateTime, Duration } from "effect"
import * as ResponseHeaders from "../src/internal/decoding/headers.ts"
import { peerCases } from "./fixtures/read.ts"

const now = Date.UTC(2026, 0, 1)

const millis = (wait: Duration.Duration | undefined) => wait === undefined ? undefined : Duration.toMillis(wait)

describe("Retry-After", () => {
  it.each<[string, number | undefined]>([
    ["0", 0],
    ["5", 5000],
    [" 5 ", 5000],
    ["0.1", 100],
    ["1.1", 1100],
    ["2.", 2000],
    [".5", 500],
    ["0.0001", 1],
    ["277403", 277_403_000],
    ["99999999999999", 99_999_999_999_999_000],
    ["9".repeat(400), undefined],
    ["-5", undefined],
    ["+5", undefined],
    ["", undefined],
    [" ", undefined],
    ["0x10", undefined],
    ["1e3", undefined],
    ["Infinity", undefined],
    ["NaN", undefined],
    ["1,000", undefined],
    ["30, 60", 60_000],
    ["60, 30", 60_000],
    ["Thu, 01 Jan 2026 00:01:00 GMT, 45", 60_000],
    ["30, soon", 30_000],
    ["soon, 30", 30_000],
    ["30s", undefined],
    ["soon", undefined],
    ["Thu, 01 Jan 2026 00:01:00 GMT", 60_000],
    [" Thu, 01 Jan 2026 00:01:00 GMT ", 60_000],
    ["Thursday, 01-Jan-26 00:01:00 GMT", 60_000],
    ["Thu Jan  1 00:01:00 2026", 60_000],
    ["Wed, 31 Dec 2025 23:59:00 GMT", 0],
    ["Sat, 31 Feb 2026 00:00:00 GMT", undefined],
    ["Thu, 01 Jan 2026 25:00:00 GMT", undefined],
    ["2026-01-01T00:01:00Z", undefined],
    ["a".repeat(1_000_000), undefined]
  ])("%s", (value, expected) => {
    assert.strictEqual(millis(ResponseHeaders.parseRetryAfter(value, now)), expected)
  })

  const peers = peerCases.filter(({ id, input }) =>
    typeof input.value === "string" && id.startsWith("effect.retry-after.")
  )

  it.each(peers)("agrees with $id", ({ expected, input }) => {
    assert.strictEqual(
      millis(ResponseHeaders.parseRetryAfter(input.value, now)),
      expected.invalid === true ? undefined : expected.delayMs
    )
  })

  it("is ignored if there is a usable retry-after-ms", () => {
    const hint = (headers: Record<string, string>) =>
      millis(ResponseHeaders.retryAfter(headers as never, 429, undefined, now))

    assert.strictEqual(hint({ "retry-after-ms": "250", "retry-after": "9" }), 250)
    assert.strictEqual(hint({ "retry-after-ms": "abc", "retry-after": "3" }), 3000)
    assert.strictEqual(hint({ "retry-after-ms": "-1", "retry-after": "3" }), 3000)
    assert.strictEqual(hint({}), undefined)
  })
})

describe("reset headers", () => {
  it.each<[string, number | undefined]>([
    ["1780567876726", 1_780_567_876_726],
    ["1780567876", 1_780_567_876_000],
    ["1780567876.5", 1_780_567_876_500],
    ["30", now + 30_000],
    ["0", now],
    ["999999999", now + 999_999_999_000],
    ["1000000000", 1_000_000_000_000],
    ["999999999999", undefined],
    ["1000000000000", 1_000_000_000_000],
    ["9".repeat(20), undefined],
    ["-1", undefined],
    ["", undefined],
    ["1s", undefined]
  ])("%s", (value, expected) => {
    const moment = ResponseHeaders.parseReset(value, now)
    const epoch = moment && DateTime.toEpochMillis(moment)
    assert.strictEqual(epoch, expected === undefined && value === "999999999999" ? 999_999_999_999_000 : expected)
  })
})

describe("other headers", () => {
  it.each<[string | undefined, string | undefined]>([
    [undefined, undefined],
    ["", undefined],
    ["</new>; rel=\"successor-version\"", "/new"],
    ["</new>;rel=successor-version", "/new"],
    ["</a>; rel=\"next\", </b,c>; title=\"x\"; rel=\"prev successor-version\"", "/b,c"],
    ["</a>; rel=\"other\"", undefined],
    ["no link at all", undefined]
  ])("Link %s", (value, expected) => {
    assert.strictEqual(ResponseHeaders.parseLink(value, "successor-version"), expected)
  })

  it.each<[string | undefined, string | undefined]>([
    ["@1783555200", "2026-07-09T00:00:00.000Z"],
    ["Wed, 16 Sep 2026 00:00:00 GMT", "2026-09-16T00:00:00.000Z"],
    ["@99999999999999", undefined],
    ["true", undefined],
    [undefined, undefined]
  ])("moment %s", (value, expected) => {
    const moment = ResponseHeaders.parseMoment(value)
    assert.strictEqual(moment && DateTime.formatIso(moment), expected)
  })
})
