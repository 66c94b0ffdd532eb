import { Attempts } from "@effect-venice/core"
import { assert, describe, expect, it } from "@effect/vitest"
import { Duration, Schema } from "effect"

const made = (length: number): ReadonlyArray<Attempts.Attempt> =>
  Array.from({ length }, (_, i) => ({ code: `CODE_${i + 1}`, delay: Duration.seconds(1) }))

const codes = (attempts: Attempts.Attempts) => attempts.made.map(({ code }) => code)

describe("a history", () => {
  it.each([0, 1, 31, 32])("of %i attempts keeps all of them", (length) => {
    const attempts = Attempts.make(made(length), "final")

    assert.deepStrictEqual(codes(attempts), made(length).map(({ code }) => code))
    assert.strictEqual(attempts.omitted, 0)
  })

  it.each([[33, 1, "CODE_3"], [34, 2, "CODE_4"], [100, 68, "CODE_70"]] as const)(
    "of %i attempts leaves out %i after the first",
    (length, omitted, second) => {
      const attempts = Attempts.make(made(length), "final")

      assert.strictEqual(attempts.omitted, omitted)
      assert.strictEqual(attempts.made.length, 32)
      assert.deepStrictEqual(codes(attempts).slice(0, 2), ["CODE_1", second])
      assert.strictEqual(codes(attempts).at(-1), `CODE_${length}`)
    }
  )

  it("is not changed with the list that it was made of", () => {
    const list = [...made(2)]
    const attempts = Attempts.make(list, "final")
    list.pop()

    assert.strictEqual(attempts.made.length, 2)
  })

  it("can be stored apart from its error", () => {
    const attempts = Attempts.make([
      { code: "A", status: 429, requestId: "r", hint: Duration.seconds(2), delay: Duration.millis(2500) },
      { code: "B" }
    ], "budget")
    const json = {
      made: [{ code: "A", status: 429, requestId: "r", hint: 2000, delay: 2500 }, { code: "B" }],
      omitted: 0,
      reason: "budget"
    }

    assert.deepStrictEqual<unknown>(Schema.encodeSync(Attempts.Attempts)(attempts), json)
    assert.deepStrictEqual(Schema.decodeUnknownSync(Attempts.Attempts)(json), attempts)
    assert.throws(() => Schema.decodeUnknownSync(Attempts.Attempts)({ ...json, reason: "mood" }))
  })

  it("is written as a line for each attempt, with the reason in words", async () => {
    const full = { code: "MODEL_OVERLOADED", status: 429, requestId: "r-1", hint: Duration.seconds(30) }
    const shapes: ReadonlyArray<Attempts.Attempt> = [
      { code: "TimeoutError" },
      { code: "UNKNOWN_ERROR", status: 500 },
      { code: "Foreign", requestId: "r-1" },
      { code: "Foreign", hint: Duration.millis(1500) },
      full,
      { ...full, delay: Duration.seconds(31) }
    ]
    const title = (text: string) => ["", `# ${text}`]
    const lines = [
      "# The reasons",
      ...Attempts.Reason.literals.map((reason) => `${reason}: ${Attempts.render(Attempts.make([full], reason))}`),
      ...title("What is known of an attempt"),
      ...shapes.map((shape) => Attempts.render(Attempts.make([shape], "retries"))),
      ...[0, 1, 2, 32, 33, 40].flatMap((length) => [
        ...title(`The first lines of ${length} attempts`),
        ...Attempts.render(Attempts.make(made(length), "retries")).split("\n").slice(0, 4)
      ])
    ]

    await expect(`${lines.join("\n")}\n`).toMatchFileSnapshot("golden/attempts.txt")
  })
})
