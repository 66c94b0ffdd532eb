import { Operation, OperationFailure, VeniceError } from "@effect-venice/core"
import { Fixtures } from "@effect-venice/testing"
import data from "@effect-venice/testing/fixtures.json" with { type: "json" }
import { assert, describe, it } from "@effect/vitest"
import { Duration, Equal, Schema } from "effect"

const codes = Array.from(VeniceError.byCode.keys()) as ReadonlyArray<VeniceError.Code>

describe("every fixture", () => {
  it.each(Fixtures.all)("$id means $code", (fixture) => {
    const error = Fixtures.decode(fixture)

    assert.strictEqual(error._tag, fixture.code)
    assert.strictEqual(error.category, fixture.category)
    assert.strictEqual(error.response.status, fixture.status)
    assert.strictEqual(
      error.response.retryAfter && Duration.toMillis(error.response.retryAfter),
      fixture.retryAfterMillis
    )
  })

  it("has a source, and matches its schema with no member more", () => {
    const again = Schema.decodeUnknownSync(Schema.Array(Fixtures.Fixture), { onExcessProperty: "error" })(data.fixtures)

    assert.isTrue(Equal.equals(again, Fixtures.all))
    assert.isEmpty(Fixtures.all.filter(({ source }) => source.trim() === "").map(({ id }) => id))
  })

  it("has an id of its own, and says something that no other says", () => {
    const contents = Fixtures.all.map(({ body, headers, operation, status }) =>
      JSON.stringify([status, headers, body, operation])
    )

    assert.strictEqual(new Set(Fixtures.all.map(({ id }) => id)).size, Fixtures.all.length)
    assert.strictEqual(new Set(contents).size, Fixtures.all.length)
  })

  it("names a real operation, which can fail so", () => {
    for (const { code, id, operation } of Fixtures.all) {
      if (operation === undefined || !Operation.isOperation(operation)) continue
      assert.isTrue(OperationFailure.codes(operation).has(code), id)
    }
  })

  it("holds nothing that looks like a credential", () => {
    for (const fixture of Fixtures.all) {
      assert.strictEqual(Fixtures.decode(fixture).response.body ?? "", fixture.body, fixture.id)
    }
  })
})

describe("every error", () => {
  it.each(codes)("%s has one canonical answer, which comes first", (code) => {
    const [first, ...others] = Fixtures.of(code)

    assert.strictEqual(first, Fixtures.canonical(code))
    assert.isTrue(first?.isCanonical)
    assert.isFalse(others.some(({ isCanonical }) => isCanonical))
    // What nobody recognizes has no status of its own.
    if (code !== "UNRECOGNIZED_RESPONSE") assert.strictEqual(first?.status, VeniceError.byCode.get(code)!.status)
  })

  it.each(codes)("%s has an example", (code) => {
    assert.strictEqual(Fixtures.error(code)._tag, code)
    assert.isTrue(OperationFailure.codes(Fixtures.operation(code)).has(code))
  })

  it("is in the order of the table", () => {
    const order = Fixtures.all.map(({ code }) => codes.indexOf(code))

    assert.deepStrictEqual(order, order.toSorted((a, b) => a - b))
  })
})
