import { Errors, VeniceError } from "@effect-venice/core"
import { assert, describe, it } from "@effect/vitest"
import { Schema } from "effect"
import { lazy } from "../src/internal/lazy.ts"

it("a table is made once, when it is first used", () => {
  let made = 0
  const table = lazy(() => ({ made: ++made }))
  assert.strictEqual(made, 0)

  assert.strictEqual(table(), table())
  assert.strictEqual(made, 1)
})

class Declared extends Schema.TaggedError<Declared>()("MODEL_OFFLINE", { message: Schema.String }) {}

/** The names of the members of a class and of all its parents, or of what its instances inherit. */
const membersOf = (start: object): Set<PropertyKey> => {
  const names = new Set<PropertyKey>()
  for (let at: object | null = start; at !== null; at = Object.getPrototypeOf(at)) {
    for (const name of Reflect.ownKeys(at)) names.add(name)
  }
  return names
}

const missing = (from: object, beside: object): ReadonlyArray<PropertyKey> => {
  const members = membersOf(beside)
  return [...membersOf(from)].filter((name) => !members.has(name))
}

describe("a class whose schema is made on first use", () => {
  it("has every static member of a class of Schema", () => {
    assert.deepStrictEqual(missing(Declared, Errors.ModelOffline), [])
  })

  it("gives its instances every member of those of a class of Schema", () => {
    assert.deepStrictEqual(missing(Declared.prototype, Errors.ModelOffline.prototype), [])
  })

  it("has a schema of its own instances", () => {
    const decoded = Schema.decodeUnknownSync(Errors.ModelOffline)({
      _tag: "MODEL_OFFLINE",
      message: "gone",
      matchedBy: "code",
      response: { status: 503 }
    })

    assert.strictEqual(decoded.constructor, Errors.ModelOffline)
    assert.strictEqual(Errors.ModelOffline.ast, Errors.ModelOffline.ast)
    assert.isTrue(Schema.isSchema(Errors.ModelOffline))
    assert.isTrue(Schema.is(Errors.ModelOffline)(new Errors.ModelOffline()))
    assert.isFalse(Schema.is(Errors.ModelOffline)(new Errors.ModelAtCapacity()))
  })

  it("is extended like a class of Schema", () => {
    class Cited extends Errors.ModelOffline.extend<Cited>("Cited")({ source: Schema.String }) {}
    const cited = new Cited({ source: "a log" })

    assert.instanceOf(cited, Errors.ModelOffline)
    assert.strictEqual(cited.category, "Capacity")
    assert.strictEqual(cited.source, "a log")
    assert.strictEqual(cited.message, Errors.ModelOffline.defaultMessage)
    assert.throws(() => new Cited({ source: 1 as never }))
  })

  it("checks what it is constructed with", () => {
    assert.throws(() => new Errors.ModelOffline({ message: 1 as never }))
  })
})

describe("the union whose schema is made on first use", () => {
  const eager = Schema.Union([...VeniceError.byCode.values()])

  it("has the members of a union of Schema", () => {
    assert.deepStrictEqual(missing(eager, VeniceError.VeniceError), [])
    assert.deepStrictEqual(VeniceError.VeniceError.members, eager.members)
  })

  it("gives schemas that derive from it the same members", () => {
    const annotated = VeniceError.VeniceError.annotate({ title: "an error" })

    assert.deepStrictEqual(annotated.members, eager.members)
    assert.strictEqual(VeniceError.VeniceError.ast, VeniceError.VeniceError.ast)
    assert.deepStrictEqual(annotated.mapMembers((members) => members.slice(0, 2)).members, eager.members.slice(0, 2))
  })
})
