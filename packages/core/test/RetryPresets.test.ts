/** What the presets do, and how a policy is drawn. The files in `golden/` are to be read in review. */
import { Category, Errors, Retry } from "@effect-venice/core"
import { assert, describe, expect, it } from "@effect/vitest"
import { Duration, Schedule } from "effect"

const presets = { standard: Retry.standard, patient: Retry.patient, eager: Retry.eager, never: Retry.never }

const failed = (kind: Retry.Kind, hint?: Duration.Input): Retry.ScriptedFailure =>
  kind === "Transport" ? kind : new Errors.UnrecognizedResponse({
    category: kind,
    response: { status: 599, ...(hint !== undefined && { retryAfter: Duration.fromInputUnsafe(hint) }) }
  })

const again = <A>(value: A, times = 60): ReadonlyArray<A> => Array.from({ length: times }, () => value)

/** The intervals of the delays in milliseconds, and how it ends. */
const summary = (policy: Retry.Policy, script: ReadonlyArray<Retry.ScriptedFailure>): string => {
  const { outcome, retries } = Retry.simulate(policy, script)
  const waits: Array<{ readonly text: string; times: number }> = []
  for (const { ceiling, floor } of retries) {
    const [from, to] = [Duration.toMillis(floor), Duration.toMillis(ceiling)]
    const text = from === to ? `${from}` : `${from} to ${to}`
    const last = waits.at(-1)
    if (last?.text === text) last.times++
    else waits.push({ text, times: 1 })
  }
  return [...waits.map(({ text, times }) => times === 1 ? text : `${text} (${times} times)`), outcome].join(", ")
}

const golden = (name: string, lines: ReadonlyArray<string>) =>
  expect(`${lines.join("\n")}\n`).toMatchFileSnapshot(`golden/${name}`)

const steady = Retry.jittered(Retry.make(Retry.standardRules), "none")

describe("the presets", () => {
  it("are written down: the delays of each kind, in milliseconds", async () => {
    const lines = Object.entries(presets).flatMap(([name, policy]) => [
      ...Retry.kinds.map((kind) => `${name}, ${kind} → ${summary(policy, again(failed(kind)))}`),
      ...[Retry.kinds, Retry.kinds.slice(0, 2)].map((kinds) =>
        `${name}, ${kinds.join(" and ")} in turn → ${
          summary(policy, Array.from({ length: 60 }, (_, i) => failed(kinds[i % kinds.length]!)))
        }`
      )
    ])

    await golden("presets.txt", lines)
  })

  it.each(
    [
      ["standard", "1 minute"],
      ["patient", "1 hour"],
      ["eager", "5 seconds"]
    ] as const
  )("%s accepts a hint of %s, and none that is longer", (preset, longest) => {
    const millis = Duration.toMillis(Duration.fromInputUnsafe(longest))

    assert.strictEqual(Retry.simulate(presets[preset], [failed("RateLimit", millis)]).outcome, "succeeded")
    assert.strictEqual(Retry.simulate(presets[preset], [failed("RateLimit", millis + 1)]).outcome, "hint")
  })

  it.each(
    [
      ["standard", [20_000, 50_000, 50_000]],
      ["patient", [1_800_000, ...again(3_600_000, 5), 1_800_000]],
      ["eager", [1000, 4500, 4500]]
    ] as const
  )("%s uses its time to the last millisecond", (preset, [first, ...rest]) => {
    const policy = Retry.jittered(presets[preset], "none")
    const outcome = (...hints: ReadonlyArray<number>) =>
      Retry.simulate(policy, hints.map((hint) => failed("RateLimit", hint))).outcome

    assert.strictEqual(outcome(first, ...rest), "succeeded")
    assert.strictEqual(outcome(first + 1, ...rest), "elapsed")
  })

  it("have all kinds: the retryable categories and the transport", () => {
    assert.deepStrictEqual(Retry.kinds, [...Category.retryable, "Transport"])
  })
})

describe("a combinator", () => {
  const rule: Retry.Rule = { base: "7 seconds", factor: 1, cap: "7 seconds", retries: 2, jitter: "none" }
  const slow = Retry.override(steady, "Server", rule)

  // A function that takes its policy first or last tells the two apart by the number of its arguments.
  const combined: ReadonlyArray<[string, Retry.Policy, Retry.Policy]> = [
    ["override", Retry.override(steady, "Server", rule), steady.pipe(Retry.override("Server", rule))],
    ["without", Retry.without(steady, "Server"), steady.pipe(Retry.without("Server"))],
    ["only", Retry.only(steady, "Server"), steady.pipe(Retry.only("Server"))],
    ["only of several", Retry.only(steady, ["Server", "Timeout"]), steady.pipe(Retry.only(["Server", "Timeout"]))],
    ["jittered", Retry.jittered(steady, "full"), steady.pipe(Retry.jittered("full"))],
    ["limit", Retry.limit(steady, { attempts: 2 }), steady.pipe(Retry.limit({ attempts: 2 }))],
    ["andThen", Retry.andThen(steady, slow), steady.pipe(Retry.andThen(slow))],
    ["stricter", Retry.stricter(steady, slow), steady.pipe(Retry.stricter(slow))],
    ["lenient", Retry.lenient(steady, slow), steady.pipe(Retry.lenient(slow))]
  ]

  const linesOf = (name: string, policy: Retry.Policy) =>
    Retry.kinds.map((kind) => `${name}, ${kind} → ${summary(policy, again(failed(kind), 12))}`)

  it.each(combined)("%s takes its policy first or last, and returns a policy", (name, first, last) => {
    assert.isTrue(Retry.isPolicy(first))
    assert.isTrue(Retry.isPolicy(last))
    assert.deepStrictEqual(linesOf(name, last), linesOf(name, first))
  })

  it("is written down: the delays of each kind, in milliseconds", async () => {
    await golden("combinators.txt", combined.flatMap(([name, policy]) => linesOf(name, policy)))
  })

  it("leaves a kind without retries its other settings", () => {
    const none = Retry.jittered(Retry.without(steady, "Server"), "decorrelated")

    assert.strictEqual(summary(Retry.lenient(none, steady), again(failed("Server"), 3)), "500, 1000, 2000, succeeded")
  })

  it("alone makes no policy of a schedule", () => {
    assert.isFalse(Retry.isPolicy(Schedule.forever))
    assert.isFalse(Retry.isPolicy({ ...steady }))
    assert.isFalse(Retry.isPolicy(undefined))
  })
})

describe("a timeline", () => {
  it("is written as a line for each retry, and one for the end", async () => {
    const policy = Retry.limit(Retry.make(Retry.standardRules), { attempts: 30, longestHint: "2 hours" })
    const hints = [1, 40, 999, 1000, 1234, 12_345, 99_940, 99_950, 100_000, 100_499, 100_500, 7_200_000]
    const scripts: ReadonlyArray<readonly [string, Retry.Policy, ReadonlyArray<Retry.ScriptedFailure>]> = [
      ["No failure", policy, []],
      ["Each kind", policy, Retry.kinds.map((kind) => failed(kind))],
      ["Each kind without jitter", Retry.jittered(policy, "none"), Retry.kinds.map((kind) => failed(kind))],
      ["A failure that is never retried", policy, ["MODEL_OFFLINE", "INVALID_REQUEST", "MODEL_OFFLINE"]],
      ["A text that is no code", policy, ["MODEL_OFFLINE", "SOMETHING"]],
      ["An error of the caller", policy, ["Transport", new Error("mine")]],
      ["A hint that is too long", policy, [failed("RateLimit", "121 minutes")]],
      ...hints.map((hint) => [`A hint of ${hint} ms`, policy, [failed("RateLimit", hint)]] as const)
    ]
    const lines = scripts.flatMap(([title, policy, script], i) => [
      ...(i === 0 ? [] : [""]),
      `# ${title}`,
      Retry.render(Retry.simulate(policy, script))
    ])

    await golden("timelines.txt", lines)
  })

  it("that names no failure ends with the reason", () => {
    const timeline = { retries: [], outcome: "elapsed", last: undefined, elapsed: Duration.seconds(90) } as const

    assert.match(Retry.render(timeline), /^ *\S+ \w+ {26}gives up \(elapsed\)$/)
  })

  it("has what each retry was decided by", () => {
    const hinted = failed("Capacity", "10 seconds")
    const { elapsed, last, outcome, retries } = Retry.simulate(
      Retry.standard,
      ["MODEL_OFFLINE", hinted, "INVALID_REQUEST"],
      { random: 0.5 }
    )

    assert.deepStrictEqual(
      retries.map(({ at, ceiling, code, delay, floor, hint, kind }) => [
        code,
        kind,
        hint && Duration.toMillis(hint),
        ...[at, floor, ceiling, delay].map(Duration.toMillis)
      ]),
      [
        ["MODEL_OFFLINE", "Capacity", undefined, 0, 1000, 1250, 1125],
        ["UNRECOGNIZED_RESPONSE", "Capacity", 10_000, 1125, 10_000, 12_500, 11_250]
      ]
    )
    assert.deepStrictEqual([outcome, last, Duration.toMillis(elapsed)], ["final", "INVALID_REQUEST", 12_375])
  })

  it.each([[0, 1000], [0.0001, 1001], [0.004, 1001], [0.0041, 1002], [1, 1250]])(
    "drawn at %d has a delay of %d ms, rounded up",
    (random, expected) => {
      const { retries } = Retry.simulate(Retry.standard, ["MODEL_OFFLINE"], { random })

      assert.strictEqual(Duration.toMillis(retries[0]!.delay), expected)
    }
  )
})

describe("the text of a timeline", () => {
  const timeline = (elapsed: Duration.Input, more: Partial<Retry.Timeline> = {}): string =>
    Retry.render({
      retries: [],
      outcome: "succeeded",
      last: undefined,
      elapsed: Duration.fromInputUnsafe(elapsed),
      ...more
    })

  it.each<[Duration.Input, string]>([
    ["1234 millis", "1.23 s"],
    ["12340 millis", "12.3 s"],
    ["99940 millis", "99.9 s"],
    ["100400 millis", "100 s"],
    ["1234500 millis", "1235 s"]
  ])("has %s as %s", (elapsed, expected) => {
    assert.strictEqual(timeline(elapsed), `${expected.padStart(8)}  succeeded`)
  })

  it("has no code where none is known", () => {
    assert.strictEqual(timeline(0, { outcome: "deadline" }), `     0 s  ${" ".repeat(22)}  gives up (deadline)`)
  })
})

describe("the chart of a policy", () => {
  const rule: Retry.Rule = { base: 10, factor: 10, cap: "20 minutes", retries: 20, jitter: "equal" }

  const one = Retry.only(Retry.make({ ...Retry.standardRules, Server: rule }), "Server")

  it.each<[string, string]>([
    ["chart-one-kind", Retry.renderSvg(one, { title: "A <b> & \"c\"" })],
    ["chart-nothing", Retry.renderSvg(Retry.never)],
    ["chart-long-hint", Retry.renderSvg(Retry.limit(steady, { longestHint: "3 hours" }))],
    ["chart-short-hint", Retry.renderSvg(Retry.limit(steady, { longestHint: "500 millis" }))],
    ["chart-below-a-second", Retry.renderSvg(Retry.only(Retry.eager, ["Timeout", "Server"]))]
  ])("%s is as it was", async (name, svg) => {
    await golden(`${name}.svg`, [svg])
  })

  it("has no line for a hint without end", () => {
    assert.notInclude(Retry.renderSvg(Retry.limit(steady, { longestHint: Duration.infinity })), "longest hint")
    assert.notInclude(Retry.renderSvg(steady), "longest hint")
    assert.strictEqual(
      Retry.renderSvg(Retry.limit(steady, { longestHint: Duration.infinity })),
      Retry.renderSvg(steady)
    )
  })

  it("has a line for the longest hint of a policy with a single retry", () => {
    const once = Retry.override(one, "Server", { ...rule, retries: 1 })

    assert.include(Retry.renderSvg(Retry.limit(once, { longestHint: "3 hours" })), "longest hint: 10800 s")
  })

  it("shows twelve retries of a kind at most", () => {
    const count = (retries: number) =>
      Retry.renderSvg(Retry.override(one, "Server", { ...rule, retries })).match(/<circle/g)?.length

    assert.strictEqual(count(11), 11)
    assert.strictEqual(count(12), 12)
    assert.strictEqual(count(13), 12)
  })

  it("shows the longest hint of a combination", async () => {
    const none = steady
    const short = Retry.limit(steady, { longestHint: "10 seconds" })
    const long = Retry.limit(steady, { longestHint: "20 seconds" })
    const never = Retry.never
    const policies = { none, short, long, never }
    const combinators = { andThen: Retry.andThen, stricter: Retry.stricter, lenient: Retry.lenient }
    const hintOf = (policy: Retry.Policy) => /longest hint: [^<]*/.exec(Retry.renderSvg(policy))?.[0] ?? "none"
    const lines = [
      `limit long of short → ${hintOf(Retry.limit(short, { longestHint: "20 seconds" }))}`,
      `limit short of long → ${hintOf(Retry.limit(long, { longestHint: "10 seconds" }))}`,
      `limit attempts of short → ${hintOf(Retry.limit(short, { attempts: 3 }))}`,
      ...Object.entries(combinators).flatMap(([name, combine]) =>
        Object.entries(policies).flatMap(([one, left]) =>
          Object.entries(policies).map(([other, right]) => `${name} ${one} ${other} → ${hintOf(combine(left, right))}`)
        )
      )
    ]

    await golden("longest-hints.txt", lines)
  })
})
