import { assert, describe, it } from "@effect/vitest"
import * as Headers from "effect/http/Headers"
import * as Result from "effect/Result"
import { checkBalance, checkLimits } from "../src/internal/doctor/account.ts"
import { checkClock } from "../src/internal/doctor/clock.ts"
import type { RateLimits, Reading } from "../src/internal/doctor/reading.ts"
import { checkVersions, type Versions } from "../src/internal/doctor/versions.ts"

const date = Date.UTC(2026, 0, 1)

/** The status of the check for a response that took 100 ms, sent `ahead` milliseconds after its date. */
const clock = (ahead: number) =>
  checkClock([{
    status: 200,
    headers: Headers.fromInput({ date: new Date(date).toUTCString() }),
    sentAt: date + ahead,
    receivedAt: date + ahead + 100
  }]).status

describe("the check of the clock", () => {
  it("allows for the second of the date, and five seconds more", () => {
    assert.strictEqual(clock(999), "ok")
    assert.strictEqual(clock(6000), "ok")
    assert.strictEqual(clock(7000), "warning")
    assert.strictEqual(clock(-5100), "ok")
    assert.strictEqual(clock(-6100), "warning")
  })

  it("fails at the time after which a sign-in has expired", () => {
    assert.strictEqual(clock(300_000), "warning")
    assert.strictEqual(clock(301_000), "failure")
  })

  it("is skipped without a date", () => {
    const head = { status: 200, headers: Headers.empty, sentAt: date, receivedAt: date }
    assert.strictEqual(checkClock([head]).status, "skipped")
  })
})

const headsOf = (...all: ReadonlyArray<Readonly<Record<string, string>>>) =>
  all.map((headers) => ({ status: 200, headers: Headers.fromInput(headers), sentAt: date, receivedAt: date }))

/** What `GET /api_keys/rate_limits` says. */
const readingOf = (data: RateLimits["data"]): Reading<RateLimits> => ({
  operation: "GET /api_keys/rate_limits",
  result: Result.succeed({ data }),
  head: undefined
})

describe("the check of the balance", () => {
  const balance = (headers: Readonly<Record<string, string>>, data: RateLimits["data"] = {}) =>
    checkBalance(readingOf(data), headsOf({}, headers))

  it("warns of an empty account, and says what to do", () => {
    const { found, remedies, status } = balance({ "x-venice-balance-usd": "0", "x-venice-balance-diem": "0" })

    assert.strictEqual(status, "warning")
    assert.deepStrictEqual(found, ["0 USD, 0 DIEM, by the headers."])
    assert.deepStrictEqual(remedies, ["Add credit at https://venice.ai/settings/api."])
  })

  it("passes as soon as there is some of one currency", () => {
    assert.strictEqual(balance({ "x-venice-balance-usd": "0.01" }).status, "ok")
    assert.strictEqual(balance({ "x-venice-balance-usd": "-0.5", "x-venice-balance-diem": "0.001" }).status, "ok")
    assert.strictEqual(balance({ "x-venice-balance-usd": "-0.5" }).status, "warning")
  })

  it("takes the balance of the body where no header has one, and is skipped without either", () => {
    const { details, status } = balance({}, { balances: { USD: 0, DIEM: null } })

    assert.strictEqual(status, "warning")
    assert.deepStrictEqual(details, { balances: { USD: 0 }, source: "body" })
    assert.strictEqual(balance({ "x-venice-balance-usd": "1" }, { balances: { USD: 0 } }).status, "ok")
    assert.strictEqual(balance({}).status, "skipped")
  })
})

describe("the check of the limits", () => {
  const limits = (headers: Readonly<Record<string, string>>) => checkLimits(readingOf({}), headsOf(headers), [], date)

  const requests = (remaining: number) =>
    limits({ "x-ratelimit-limit-requests": "500", "x-ratelimit-remaining-requests": `${remaining}` })

  it("warns when a tenth of a budget is left, and says what to do", () => {
    assert.strictEqual(requests(51).status, "ok")
    assert.strictEqual(requests(50).status, "warning")
    assert.deepStrictEqual(requests(50).found, ["50 of 500 requests remain."])
    assert.include(requests(50).remedies[0], "`Pacing`")
  })

  it("warns of a budget without a limit when it is empty", () => {
    assert.strictEqual(limits({ "x-ratelimit-remaining-tokens": "1" }).status, "ok")
    assert.strictEqual(limits({ "x-ratelimit-remaining-tokens": "0" }).status, "warning")
  })

  it("warns when five failures are left until the lockout", () => {
    assert.strictEqual(limits({ "x-ratelimit-remaining": "6" }).status, "ok")
    assert.strictEqual(limits({ "x-ratelimit-remaining": "5" }).status, "warning")
    assert.deepStrictEqual(limits({ "x-ratelimit-remaining": "5" }).found, ["5 failures remain."])
  })

  it("is as bad as its worst budget, and is skipped without any", () => {
    const { found, status } = limits({
      "x-ratelimit-limit-requests": "500",
      "x-ratelimit-remaining-requests": "499",
      "x-ratelimit-limit-tokens": "1000",
      "x-ratelimit-remaining-tokens": "3"
    })

    assert.strictEqual(status, "warning")
    assert.lengthOf(found, 2)
    assert.strictEqual(limits({}).status, "skipped")
  })
})

describe("the check of versions", () => {
  const effect = { version: "4.1.0", path: "/a/effect" }
  const versions: Versions = { node: "24.0.0", command: { effect }, project: { effect } }

  it("passes with one version of each package", () => {
    assert.strictEqual(checkVersions(versions).status, "ok")
  })

  it("fails with an older Node, or another minor of Effect", () => {
    assert.strictEqual(checkVersions({ ...versions, node: "22.18.0" }).status, "failure")
    assert.strictEqual(checkVersions({ ...versions, node: "22.19.0" }).status, "ok")
    assert.strictEqual(
      checkVersions({ ...versions, command: { effect: { ...effect, version: "4.2.0" } } }).status,
      "failure"
    )
  })

  it("warns of a second copy, and of another version in the folder of the program", () => {
    const copied = checkVersions({ ...versions, project: { effect: { ...effect, path: "/b/effect" } } })
    const other = checkVersions({ ...versions, project: { effect: { ...effect, version: "4.1.1" } } })

    assert.include(copied.found, "effect 4.1.0 is installed twice.")
    assert.include(other.found, "effect is 4.1.1 in this folder, and 4.1.0 for this command.")
    assert.strictEqual(other.status, "warning")
  })

  it("fails if our packages have different versions", () => {
    const own = (core: string, http: string) => ({
      "@effect-venice/core": { version: core, path: "" },
      "@effect-venice/http": { version: http, path: "" }
    })
    assert.strictEqual(checkVersions({ ...versions, project: own("0.1.0", "0.2.0") }).status, "failure")
    assert.strictEqual(checkVersions({ ...versions, project: own("0.1.0", "0.1.0") }).status, "ok")
  })
})
