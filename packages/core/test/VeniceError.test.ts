import { Category, Errors, VeniceError } from "@effect-venice/core"
import { Arbitraries, Fixtures } from "@effect-venice/testing"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Schema } from "effect"

const text = Schema.fromJsonString(VeniceError.VeniceError)

const roundTrip = (error: VeniceError.VeniceError) => Schema.decodeSync(text)(Schema.encodeSync(text)(error))

const assertSame = (actual: VeniceError.VeniceError, expected: VeniceError.VeniceError) => {
  assert.strictEqual(actual.constructor, expected.constructor)
  // Compared as JSON: it has no negative zero, and hints in whole milliseconds.
  assert.strictEqual(Schema.encodeSync(text)(actual), Schema.encodeSync(text)(expected))
  assert.strictEqual(actual.category, expected.category)
}

describe("a function", () => {
  it("is no error, whatever it inherits", () => {
    const inheriting = Object.setPrototypeOf(() => {}, new Errors.ModelOffline())

    assert.isFalse(VeniceError.isVeniceError(inheriting))
  })
})

describe("the classes by code", () => {
  it("are in the order of the table, from the credentials to what nobody recognizes", () => {
    const places = [...VeniceError.byCode.values()].map((Class) => Class["~place"])

    assert.deepStrictEqual(places, places.toSorted((a, b) => a - b))
    assert.strictEqual([...VeniceError.byCode.keys()].at(-1), "UNRECOGNIZED_RESPONSE")
  })
})

describe("the schema", () => {
  it.effect.prop(
    "carries any error through JSON as itself",
    [Arbitraries.error],
    ([error]) => Effect.sync(() => assertSame(roundTrip(error), error)),
    { arbitrary: { runs: 500 } }
  )

  it.each(Fixtures.all)("encodes and decodes the error of $id", (fixture) => {
    const error = Fixtures.decode(fixture)

    assertSame(roundTrip(error), error)
  })

  it("rejects other values", () => {
    assert.isFalse(Schema.is(VeniceError.VeniceError)(new Error("other")))
    assert.throws(() => Schema.decodeUnknownSync(VeniceError.VeniceError)({ _tag: "NO_SUCH_CODE" }))
  })
})

describe("guards", () => {
  it("tell an error of Venice from others", () => {
    assert.isTrue(VeniceError.isVeniceError(new Errors.Gone()))
    assert.isFalse(VeniceError.isVeniceError(new Error("other")))
    assert.isFalse(VeniceError.isVeniceError({ _tag: "GONE" }))
    assert.isFalse(VeniceError.isVeniceError(undefined))
    assert.isFalse(VeniceError.isVeniceError(null))
    assert.isFalse(VeniceError.isVeniceError("GONE"))
  })

  it("take no part of an error for one", () => {
    const like = (response: object) =>
      VeniceError.isVeniceError({ "~@effect-venice/core/VeniceError": "~@effect-venice/core/VeniceError", ...response })

    assert.isTrue(like({ response: {} }))
    assert.isFalse(like({}))
    assert.isFalse(like({ response: null }))
    assert.isFalse(like({ response: "x" }))
  })

  it("tell the category", () => {
    assert.isTrue(VeniceError.inCategory("Capacity")(new Errors.ModelOffline()))
    assert.isFalse(VeniceError.inCategory("Server")(new Errors.ModelOffline()))
    assert.isFalse(VeniceError.inCategory("Server")("Server"))
    assert.isFalse(VeniceError.inCategory("Server")({ category: "Server" }))
  })
})

describe("catchCategory", () => {
  const recover = (error: VeniceError.VeniceError) =>
    Effect.fail(error).pipe(
      VeniceError.catchCategory(["Capacity", "Server"], (error) => Effect.succeed(`${error._tag} handled`))
    )

  it.effect("catches the members of its categories", () =>
    Effect.gen(function*() {
      assert.strictEqual(yield* recover(new Errors.ModelOffline()), "MODEL_OFFLINE handled")
      assert.strictEqual(yield* recover(new Errors.UnknownError()), "UNKNOWN_ERROR handled")
    }))

  it.effect("catches the members of one category", () =>
    Effect.gen(function*() {
      const call = Effect.fail(new Errors.ModelOffline() as Errors.Gone | Errors.ModelOffline)

      assert.strictEqual(
        yield* VeniceError.catchCategory(call, "Capacity", ({ _tag }) => Effect.succeed(_tag)),
        "MODEL_OFFLINE"
      )
      assert.strictEqual(
        yield* call.pipe(VeniceError.catchCategory("Capacity", ({ _tag }) => Effect.succeed(_tag))),
        "MODEL_OFFLINE"
      )
    }))

  it("tells a code from other texts", () => {
    assert.isTrue(VeniceError.isCode("GONE"))
    assert.isFalse(VeniceError.isCode("gone"))
    assert.isFalse(VeniceError.isCode(""))
  })

  it.effect("leaves the others in the channel", () =>
    Effect.gen(function*() {
      const call = Effect.fail(new Errors.Gone() as Errors.Gone | Errors.ModelOffline)
      const error = yield* Effect.flip(
        VeniceError.catchCategory(call, "Capacity", () => Effect.die("not this one"))
      )

      assert.strictEqual(error._tag, "GONE")
    }))

  it.effect("catches an unrecognized response by its category", () =>
    Effect.gen(function*() {
      const busy = new Errors.UnrecognizedResponse({ category: "Capacity", response: { status: 503 } })
      const odd = new Errors.UnrecognizedResponse({ category: "NotFound", response: { status: 404 } })

      assert.strictEqual(yield* recover(busy), "UNRECOGNIZED_RESPONSE handled")
      assert.strictEqual(yield* Effect.flip(recover(odd)), odd)
    }))

  it.effect("does not catch other failures", () =>
    Effect.gen(function*() {
      const mine = { _tag: "Mine", category: "Capacity" } as const
      const call = Effect.fail(mine as typeof mine | Errors.ModelOffline)
      const error = yield* Effect.flip(
        VeniceError.catchCategory(call, "Capacity", () => Effect.die("not this one"))
      )

      assert.strictEqual(error, mine)
    }))
})

describe("matching", () => {
  it.effect.prop("finds the function of every category", [Arbitraries.error], ([error]) =>
    Effect.sync(() => {
      const handlers = Object.fromEntries(
        Category.all.map((category) => [category, () => category])
      ) as { readonly [C in Category.Category]: () => Category.Category }

      assert.strictEqual(VeniceError.matchCategory(error, handlers), error.category)
    }))

  it("finds the function of the code", () => {
    const error = new Errors.ModelNotFound({ model: "nope" }) as Errors.ModelNotFound | Errors.ModelOffline

    const answer = VeniceError.match(error, {
      MODEL_NOT_FOUND: ({ model }) => `no ${model}`,
      MODEL_OFFLINE: () => "later"
    })

    assert.strictEqual(answer, "no nope")
  })

  it.effect("empties the channel with catchTags over every code", () =>
    Effect.gen(function*() {
      const call: Effect.Effect<string, Errors.ModelNotFound | Errors.ModelOffline> = Effect.fail(
        new Errors.ModelOffline()
      )
      const handled: Effect.Effect<string> = call.pipe(
        Effect.catchTags({
          MODEL_NOT_FOUND: ({ message }) => Effect.succeed(message),
          MODEL_OFFLINE: ({ category }) => Effect.succeed(category)
        })
      )

      assert.strictEqual(yield* handled, "Capacity")
    }))
})
