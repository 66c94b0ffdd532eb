import { assert, describe, it } from "@effect/vitest"
import * as Headers from "effect/http/Headers"
import { checkClock } from "../src/internal/doctor/clock.ts"
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
