/** What the parts of `resilience` forget: the state of a key or a model of which nothing would be lost. */
import { assert, describe, it } from "@effect/vitest"
import { FailureBudgets } from "../../src/internal/resilience/failureBudgets.ts"
import { FailureLog } from "../../src/internal/resilience/failureLog.ts"
import { Lane } from "../../src/internal/resilience/lanes.ts"
import { Meter } from "../../src/internal/resilience/meter.ts"
import { States } from "../../src/internal/resilience/states.ts"

class State {
  static asked = 0
  readonly until: number
  constructor(until: number) {
    this.until = until
  }
  isIdle(now: number): boolean {
    State.asked++
    return this.until <= now
  }
}

const fill = (states: States<State>, count: number, until: number): ReadonlyArray<State> =>
  Array.from({ length: count }, (_, i) => states.get(`until ${until}, ${i}`, 0, () => new State(until)))

describe("States", () => {
  it("forget the idle ones of 256, and only those", () => {
    const states = new States<State>()
    const [busy] = fill(states, 1, 20)
    const [idle] = fill(states, 255, 10)
    const isKnown = (state: State, i = 0): boolean =>
      states.get(`until ${state.until}, ${i}`, 10, () => new State(state.until)) === state

    assert.isTrue(isKnown(idle!))
    states.get("one more", 10, () => new State(30))

    assert.isTrue(isKnown(busy!))
    assert.isFalse(isKnown(idle!))
  })

  it("are not searched for a name that is known, nor for each new one while none is idle", () => {
    const states = new States<State>()
    State.asked = 0
    fill(states, 256, 10)
    fill(states, 256, 10)
    assert.strictEqual(State.asked, 0)
    fill(states, 512, 10)

    assert.strictEqual(State.asked, 256)
  })

  it("are searched again at twice of what is left", () => {
    const states = new States<State>()
    fill(states, 300, 10)
    State.asked = 0
    fill(states, 513, 20)

    assert.strictEqual(State.asked, 512)
  })
})

describe("a log of failures", () => {
  const rules = { limit: 20, window: 30_000 }

  it("is idle when it is new", () => {
    assert.isTrue(new FailureLog(rules).isIdle(0))
  })

  it("is kept while a call is in flight", () => {
    const log = new FailureLog(rules)
    log.inFlight = 1
    assert.isFalse(log.isIdle(0))
    log.inFlight = 0
    assert.isTrue(log.isIdle(0))
  })

  it("is kept for a window after a failure", () => {
    const log = new FailureLog(rules)
    log.count(1000)
    assert.deepStrictEqual([30_999, 31_000].map((now) => log.isIdle(now)), [false, true])
  })

  it("is kept while what Venice says holds", () => {
    const log = new FailureLog(rules)
    log.report(19, 6000, 1000)
    assert.deepStrictEqual([5999, 6000].map((now) => log.isIdle(now)), [false, true])
  })

  it("is kept while Venice refuses everything", () => {
    const log = new FailureLog(rules)
    log.close(1000, 9000)
    assert.deepStrictEqual([8999, 9000].map((now) => log.isIdle(now)), [false, true])
  })

  it("is kept as long when the clock is set back", () => {
    const log = new FailureLog(rules)
    log.close(10_000, 19_000)
    log.report(19, 15_000, 10_000)
    assert.deepStrictEqual([5000, 9999, 10_000, 13_999, 14_000].map((now) => [log.left(now), log.isIdle(now)]), [
      [0, false],
      [0, false],
      [0, false],
      [0, false],
      [20, true]
    ])
  })
})

describe("a failure budget", () => {
  const settings = { limit: 20, window: 30_000, spare: 2, spareOfRetries: 4, longestWait: 0 }

  it("is forgotten when its log is idle, and only then", () => {
    const budgets = new FailureBudgets(settings)
    const get = (model: string, now: number) => budgets.get("key", { model }, now)
    const [busy, idle] = [get("busy", 0), get("idle", 0)]
    busy.log.inFlight = 1
    for (let i = 0; i < 300; i++) get(`m${i}`, 0)

    assert.strictEqual(get("busy", 0), busy)
    assert.notStrictEqual(get("idle", 0), idle)
  })
})

describe("a lane", () => {
  const settings = {
    window: 60_000,
    budgetsOf: () => ({ requests: 10, tokens: 1000 }),
    longestWait: 60_000,
    longestQueue: 10
  }

  it.each<readonly [string, number, (lane: Lane) => unknown]>([
    ["nothing happened", 0, () => undefined],
    ["a call was sent", 60_000, (lane) => lane.take(0, 1)],
    ["its requests are paused", 5000, (lane) => lane.requests.pause(0, 5000)],
    [
      "Venice said what remains of its tokens",
      90_000,
      (lane) => lane.tokens.report({ remaining: 9, resetAt: 90_000 }, lane.take(0, 1).tokens, 50_000)
    ],
    ["a call waits in it", Infinity, (lane) => lane.join()]
  ])("is kept as long as it tells something after %s", (_, end, act) => {
    const lane = new Lane("m", settings, "m")
    act(lane)

    for (const now of [end - 1, end].filter((time) => time > 0 && time < Infinity)) {
      assert.strictEqual(lane.isIdle(now), now >= end)
    }
    assert.strictEqual(lane.isIdle(1e9), end < Infinity)
  })
})

describe("a meter", () => {
  const meter = () => new Meter(10, 60_000)

  it("is idle when it is new", () => {
    assert.isTrue(meter().isIdle(0))
  })

  it("is kept for a window after a request", () => {
    const used = meter()
    used.take(1000, 1)
    assert.deepStrictEqual([60_999, 61_000].map((now) => used.isIdle(now)), [false, true])
  })

  it("is kept while what Venice says holds", () => {
    const used = meter()
    used.report({ remaining: 9, resetAt: 90_000 }, used.take(1000, 1), 50_000)
    assert.deepStrictEqual([61_000, 89_999, 90_000].map((now) => used.isIdle(now)), [false, false, true])
  })

  it("is kept while it is paused", () => {
    const paused = meter()
    paused.pause(0, 5000)
    assert.deepStrictEqual([4999, 5000].map((now) => paused.isIdle(now)), [false, true])
  })

  it("is kept as long when the clock is set back", () => {
    const used = meter()
    used.pause(100_000, 105_000)
    used.report({ remaining: 1, resetAt: 110_000 }, used.take(100_000, 1), 100_000)
    assert.deepStrictEqual([40_000, 44_999, 45_000].map((now) => [used.opensAt(now, 1), used.isIdle(now)]), [
      [45_000, false],
      [45_000, false],
      [45_000, false]
    ])
    assert.deepStrictEqual([used.opensAt(45_000, 5), used.opensAt(50_000, 5)], [50_000, 45_000])
    assert.deepStrictEqual([99_999, 100_000].map((now) => used.isIdle(now)), [false, true])
  })

  it.each([1, 2, 60_000])("is paused for as long when the clock is set back by %d milliseconds", (back) => {
    const paused = meter()
    paused.pause(100_000, 105_000)
    assert.strictEqual(paused.opensAt(100_000 - back, 1), 105_000 - back)
  })

  it("corrects what Venice says remains by what a request used", () => {
    const used = meter()
    const first = used.take(0, 2)
    used.report({ remaining: 5, resetAt: 50_000 }, first, 0)
    const second = used.take(0, 1)
    used.correct(second, 4)

    assert.deepStrictEqual([1, 2].map((amount) => used.opensAt(0, amount)), [-Infinity, 50_000])
  })
})
