/* oxlint-disable unicorn/no-useless-spread -- a spread groups the inputs that belong together */
import { Decode, Errors, Fingerprint } from "@effect-venice/core"
import { assert, describe, it } from "@effect/vitest"
import { assertGolden, show } from "./golden.ts"

const reject = (body: unknown) => {
  const text = typeof body === "string" ? body : JSON.stringify(body)
  const error = Decode.response({ status: 400, body: text, now: 0 })
  return error instanceof Errors.InvalidRequest ? error : undefined
}

const lines = (
  bodies: ReadonlyArray<unknown>,
  answer: (error: Errors.InvalidRequest) => unknown
): ReadonlyArray<string> =>
  bodies.map((body) => {
    const error = reject(body)
    return `${show(body)} → ${error === undefined ? "another error" : show(answer(error))}`
  })

const nested = (depth: number, inner: unknown): unknown => depth === 0 ? inner : { a: nested(depth - 1, inner) }

describe("the validation of a rejected request", () => {
  it("has a tree of messages", () =>
    assertGolden(
      "trees",
      lines(
        [
          ...["x", "", 1, null, [], {}, ["x"], ["x", 1, "y"], [1], { a: "x" }, { a: "" }, { a: ["x"] }, { a: [] }, {
            a: 1
          }, { a: null }],
          ...[{ _errors: ["x"] }, { _errors: [] }, { _errors: "x" }, { a: { _errors: ["x"] } }, {
            _errors: ["x"],
            a: { _errors: ["y"] }
          }],
          ...[{ password: "x" }, { password: ["x"] }, { password: { _errors: ["x"] } }, { password: { a: "x" } }, {
            a: { token: 1 }
          }],
          { ["n".repeat(200)]: "x" },
          { ["n".repeat(201)]: "x" },
          { a: "m".repeat(2048) },
          { a: "m".repeat(2049) },
          { a: ["m".repeat(2049)] }
        ].map((details) => ({ error: "e", details })),
        ({ details }) => details
      )
    ))

  it("has a list of issues", () =>
    assertGolden(
      "issues",
      lines(
        [
          ...["x", null, {}, [], [1], ["x"], [null], [{}], [[]]].map((issues) => ({ error: "e", issues })),
          ...[
            ...[{ message: "m" }, { message: "" }, { message: 1 }, { code: "c" }, { code: 1 }, {
              code: "c",
              message: "m"
            }],
            ...["a", null, [], ["a"], ["a", 0], ["a", 1.5, null, {}, "b"], [""], ["n".repeat(200)], ["n".repeat(201)]]
              .map((path) => ({
                path,
                message: "m"
              })),
            ...[32, 33].map((length) => ({ path: Array.from({ length }, (_, i) => i), message: "m" })),
            ...["expected", "received", "minimum", "maximum", "keys", "options", "other"].map((name) => ({
              code: "c",
              [name]: 1
            })),
            { expected: "a", received: "b", minimum: 1, maximum: 2, keys: ["c"], options: ["d"] },
            { expected: null },
            { expected: "x".repeat(198) },
            { expected: "x".repeat(199) },
            { expected: nested(5, 1) },
            { expected: nested(4, 1) },
            { expected: nested(3, 1) },
            { options: Array.from({ length: 20 }, (_, i) => i) },
            { options: Array.from({ length: 21 }, (_, i) => i) },
            { path: ["password"], expected: "string", received: "x", keys: ["x"] },
            { path: ["password", "a"], expected: "string", received: "x" },
            { path: ["password", 0], expected: "string", received: "x" },
            { path: [{ toString: 1 }], expected: "string" },
            { code: "m".repeat(200) },
            { code: "m".repeat(201) },
            { code: "m".repeat(201), message: "m" },
            { message: "m".repeat(2048) },
            { message: "m".repeat(2049) }
          ].map((issue) => ({ error: "e", issues: [issue] })),
          {
            error: "e",
            issues: [{ message: "a", path: ["x"] }, { message: "a", path: ["x"] }, { message: "b", path: ["x"] }]
          },
          { error: "e", issues: [{ message: "a", path: [0] }], details: { 0: { _errors: ["a"] } } },
          {
            error: "e",
            issues: [{ message: "a", path: ["x"], code: "c" }],
            details: { x: { _errors: ["a", "b"] }, y: ["c"] }
          },
          { error: "e", issues: [{ code: "c", path: ["x"] }], details: { x: ["a"] } },
          { error: "e", issues: [{ code: "c", path: ["x"] }], details: { y: ["a"] } },
          { error: "e", issues: [{ code: "c", path: ["x"] }, { code: "d", path: ["x"] }], details: { x: ["a"] } },
          { error: "e", details: { a: { _errors: ["1"], b: { _errors: ["2"], c: ["3"] } }, d: "4" } }
        ],
        ({ issues }) => issues
      )
    ))

  it("is found in each of its members", () =>
    assertGolden(
      "places of issues",
      lines(
        [
          { issues: [{ message: "a" }], error: [{ message: "b" }], context: { issues: [{ message: "c" }] } },
          { issues: [], error: [{ message: "b" }], context: { issues: [{ message: "c" }] } },
          { issues: [], error: [], context: { issues: [{ message: "c" }] } },
          { issues: "x", error: [], context: { issues: [{ message: "c" }] } },
          { issues: [{ message: "a" }], error: [], context: { issues: [{ message: "c" }] } },
          { error: "x", context: { issues: [{ message: "c" }] } },
          { error: [{ message: "b" }] },
          { error: [] },
          { error: "x", context: null },
          { error: "x", context: { issues: "x" } },
          { error: "x", details: null },
          { error: "x", issues: null },
          { issues: [{ message: " " }, { message: "a" }] },
          { issues: [{ message: " " }] },
          { details: { a: [" ", "x"] } },
          { details: { a: "x" }, issues: [{ message: "y" }] }
        ],
        (error) => ({ message: error.message, issues: error.issues, json: error.validation })
      )
    ))

  it("is parsed once", () => {
    const validation = reject({ error: "x", details: { a: ["x"] } })?.validation

    assert.strictEqual(validation?.details, validation?.details)
    assert.strictEqual(validation?.issues, validation?.issues)
    assert.isNotEmpty(validation?.issues)
  })

  it("is bounded", () => {
    const many = (n: number) => Array.from({ length: n }, (_, i) => `m${i}`)
    const depths = [31, 32, 33, 34]
    return assertGolden("bounds of a validation", [
      ...depths.map((depth) => `${depth} deep → ${reject({ details: nested(depth, ["x"]) })?.issues.length} issues`),
      ...depths.map((depth) =>
        `${depth} deep → ${
          JSON.stringify(reject({ error: "x", details: nested(depth, ["x"]) })?.validation).length
        } characters of JSON`
      ),
      ...[999, 1000, 1001].flatMap((n) => [
        `${n} messages → ${reject({ details: many(n) })?.issues.length} issues`,
        `${n} fields → ${
          Object.keys(
            reject({ details: Object.fromEntries(many(n).map((name) => [name, { _errors: 1, a: "x" }])) })?.details
              ?.fields ?? {}
          ).length
        } fields`,
        `${n} issues → ${reject({ issues: many(n).map((message) => ({ message })) })?.issues.length} issues`,
        `${n} issues → ${JSON.stringify(reject({ error: "x", issues: many(n) })?.validation).length} characters of JSON`
      ]),
      ...[1024 * 1024, 1024 * 1024 + 1].map((length) => {
        const body = JSON.stringify({ error: "x", details: ["y"] })
        return `${length} characters → ${reject(body.padEnd(length))?.issues.length} issues`
      })
    ])
  })
})

describe("a fingerprint", () => {
  const print = (body: unknown, status = 418) =>
    Fingerprint.make({ status, body: typeof body === "string" ? body : JSON.stringify(body) })

  const words = (n: number) => Array.from({ length: n }, (_, i) => "abcdefghijklmnop"[i]).join(" ")

  it("does not change from version to version", () =>
    assertGolden("fingerprints", [
      `no body → ${Fingerprint.make({ status: 418 })}`,
      ...[
        ...["", " ", "x", "X", "<p>", "<title>t</title>", "<title>T u</title>", "{}", "[]", "[1]", "[[1]]", "null"],
        ...["a 1", "a  1", "a\n1", "a b1", "'a b' c", "`a` c", "\"a\" c", "\"a' c", "a'b c'd"],
        ...["a \"\" b", "a '' b", "a `` b"],
        ...[11, 12, 13, 14].map(words),
        ..."x y".padEnd(500, "z").split("|"),
        ..."x y".padEnd(501, "z").split("|"),
        ...[{ a: 1 }, { a: "1" }, { a: null }, { a: {} }, { a: [] }, { a: [{}] }, { a: [{ b: 1 }, { c: 1 }] }, {
          b: 1,
          a: 1
        }, { a1: 1, a2: 1 }],
        ...[2, 3, 4, 5].flatMap((depth) => [nested(depth, { b: 1 }), nested(depth, [1]), nested(depth, 1)]),
        ...[49, 50, 51].map((n) => Object.fromEntries(Array.from({ length: n }, (_, i) => ["x".repeat(i + 1), 1]))),
        ...[
          { error: "A b 1" },
          { error: "A_CODE" },
          { error: "x", code: "A_CODE" },
          {
            error: { code: "A_CODE", message: "x" }
          },
          { message: "x" },
          { error: { code: "A_CODE" }, code: "B_CODE" }
        ]
      ].flatMap((body) => [418, 500].map((status) => `${status} ${show(body)} → ${print(body, status)}`))
    ]))
})
