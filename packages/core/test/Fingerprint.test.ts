import { Decode, Fingerprint } from "@effect-venice/core"
import { Arbitraries } from "@effect-venice/testing"
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"

const fingerprint = (body: unknown, status = 418) =>
  Fingerprint.make(
    Decode.response({ status, body: typeof body === "string" ? body : JSON.stringify(body), now: 0 }).response
  )

describe("a fingerprint", () => {
  it.each<[string, unknown, unknown]>([
    ["the order of keys", { error: "x", a: 1 }, { a: 1, error: "x" }],
    ["numbers", { error: "Teapot 17 is short" }, { error: "Teapot 4711 is short" }],
    ["ids", { error: "No pot c0ffee1" }, { error: "No pot 7ea2" }],
    ["names in quotes", { error: "No \"green\" tea" }, { error: "No \"black\" tea" }],
    ["the length of a list", { pots: [{ id: 1 }] }, { pots: [{ id: 1 }, { id: 2 }] }],
    ["keys that are ids", { pots: { pot1: "a" } }, { pots: { pot2: "b", pot3: "c" } }],
    ["what is nested deeper than four lists", { pots: [[[[{ a: 1 }]]]] }, { pots: [[[[{ b: 1 }]]]] }],
    ["what is nested deeper than four objects", { a: { a: { a: { a: { a: 1 } } } } }, {
      a: { a: { a: { a: { b: 1 } } } }
    }],
    ["the rest of a page", "<title>Blocked</title>Ray 1", "<title>Blocked</title>Ray 2"],
    ["a number in a text", "upstream 7 is gone", "upstream 8 is gone"]
  ])("does not change with %s", (_, one, other) => {
    assert.strictEqual(fingerprint(one), fingerprint(other))
  })

  it.each<[string, unknown, unknown]>([
    ["the keys", { error: "x" }, { error: "x", hint: "y" }],
    ["the words", { error: "No tea" }, { error: "No coffee" }],
    ["what is nested in two lists", { pots: [[{ a: 1 }]] }, { pots: [[{ b: 1 }]] }],
    ["the title of a page", "<title>Blocked</title>", "<title>Maintenance</title>"],
    ["the words of a text", "no tea", "no coffee"]
  ])("changes with %s", (_, one, other) => {
    assert.notStrictEqual(fingerprint(one), fingerprint(other))
  })

  it("names the status and the shape of the body", () => {
    assert.match(fingerprint({ error: "x" }, 418), /^418-venice-[0-9a-f]{8}$/)
    assert.match(fingerprint({ teapot: true }, 418), /^418-json-[0-9a-f]{8}$/)
    assert.match(fingerprint("<html></html>", 403), /^403-html-[0-9a-f]{8}$/)
    assert.match(fingerprint("no", 500), /^500-text-[0-9a-f]{8}$/)
    assert.match(fingerprint("", 502), /^502-empty-[0-9a-f]{8}$/)
  })

  it("is the same in every process", () => {
    assert.strictEqual(fingerprint({ error: "No tea" }), "418-venice-fca82a30")
  })

  it.effect.prop(
    "is short, whatever the answer",
    [Arbitraries.anyResponse],
    ([received]) =>
      Effect.sync(() => {
        assert.match(
          Fingerprint.make(Decode.response({ ...received, now: 0 }).response),
          /^\d{3}-(?:venice|json|html|text|empty)-[0-9a-f]{8}$/
        )
      }),
    { arbitrary: { runs: 1000 } }
  )
})
