/** A small fleet, so that what `pnpm fleet` needs is seen to work with every change. Its figures are not those of a report. */
import { assert, describe, it } from "@effect/vitest"
import { bundle } from "./bundle.ts"
import { run } from "./cell.ts"
import { figuresOf } from "./figures.ts"
import { isInstalled } from "./redis.ts"
import { scenarios } from "./scenarios.ts"
import type { Subject } from "./subjects.ts"

const installed = isInstalled()

if (!installed) {
  process.stderr.write("\nSKIPPED: a small fleet: redis-server is not installed (apt-get install redis-server)\n\n")
}

const fleet = async (scenario: string, subject: Subject, processes: number, seconds: number) =>
  figuresOf(
    await run(scenarios.find(({ name }) => name === scenario)!, subject, {
      processes,
      seconds,
      seed: 1,
      worker: await bundle()
    })
  )

describe.skipIf(!installed)("a small fleet", () => {
  it("keeps its bounds when Redis is killed among wrong requests", async () => {
    const { broken, calls, hopeless, requests } = await fleet("Redis killed", "all parts", 3, 12)

    assert.deepStrictEqual(broken, [])
    assert.isAbove(calls, 0)
    assert.isAbove(hopeless, 10)
    assert.isAtMost(requests, 2 * 45 + calls)
  }, 120_000)

  it("is locked out without the guard", async () => {
    const { hopeless, lockouts } = await fleet("Redis killed", "Retry.standard", 6, 10)

    assert.isAbove(hopeless, 50)
    assert.strictEqual(lockouts, 1)
  }, 120_000)
})
