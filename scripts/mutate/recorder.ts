/**
 * A setup file of the tests: notes on every test, and on every test file, which counters moved while it ran.
 */
import { afterEach, beforeEach } from "vitest"
import { counters } from "./regions.ts"

declare module "vitest" {
  interface TaskMeta {
    hits?: ReadonlyArray<number>
  }
}

const hits = new Uint8Array(100_000)
Object.assign(globalThis, { [counters]: hits })

const take = (): ReadonlyArray<number> => {
  const out: Array<number> = []
  hits.forEach((hit, i) => {
    if (hit !== 0) out.push(i)
  })
  hits.fill(0)
  return out
}

beforeEach(({ task }) => {
  // What moved between tests did so while modules were loaded, or in a hook.
  task.file.meta.hits = [...new Set([...task.file.meta.hits ?? [], ...take()])]
})

afterEach(({ task }) => {
  task.meta.hits = take()
})
