import { Category, Errors, VeniceError } from "@effect-venice/core"
import { Explanation } from "@effect-venice/testing"
import { assert, describe, it } from "@effect/vitest"
import { Duration } from "effect"
import { texts } from "../src/internal/explanations/locales.ts"

const codes = [...VeniceError.byCode.keys()] as ReadonlyArray<VeniceError.Code>

/** Every text of a language, by where it stands. */
const textsOf = (value: object, path = ""): ReadonlyArray<readonly [string, string]> =>
  Object.entries(value).flatMap(([name, item]) =>
    typeof item === "string" ? [[`${path}${name}`, item] as const] : textsOf(item as object, `${path}${name}.`)
  )

const code = (text: string): ReadonlyArray<string> => (text.match(/`[^`]*`/g) ?? []).toSorted()

const gaps = (text: string): ReadonlyArray<string> => (text.match(/\{\w+\}/g) ?? []).toSorted()

describe("the texts", () => {
  const arabic = new Map(textsOf(texts.ar))

  it("name the same code and have the same gaps in both languages", () => {
    for (const [path, english] of textsOf(texts.en)) {
      assert.deepStrictEqual(
        code(arabic.get(path)!),
        code(english).filter((item) => item !== "`support@venice.ai`").concat(
          path === "errors.API_ACCESS_DISABLED.remedy" ? ["`support@venice.ai`"] : []
        ),
        path
      )
      assert.deepStrictEqual(gaps(arabic.get(path)!), gaps(english), path)
    }
  })

  it("are in their own language", () => {
    for (const [path, text] of textsOf(texts.en)) assert.notMatch(text, /\p{Script=Arabic}/u, path)
    for (const [path, text] of arabic) assert.match(text, /\p{Script=Arabic}|،/u, path)
  })

  it("are sentences", () => {
    for (const locale of Explanation.locales) {
      for (const name of codes) {
        const { happened, remedy } = texts[locale].errors[name]
        assert.match(happened, /\.$/, `${locale} ${name}`)
        assert.match(remedy, /\.$/, `${locale} ${name}`)
      }
    }
  })

  it("repeat the remedies of the categories", () => {
    for (const category of Category.all) {
      assert.strictEqual(texts.en.categories[category].remedy, Category.remedies[category])
    }
  })
})

describe("an explanation", () => {
  it("has the facts of the error in every language", () => {
    for (const name of codes) {
      const error = VeniceError.fromCode(name)
      const [english, arabic] = Explanation.locales.map((locale) => Explanation.of(error, locale))

      assert.strictEqual(english!.className in Errors, true)
      assert.strictEqual(Errors[english!.className as keyof typeof Errors].code, name)
      assert.strictEqual(english!.message, error.message)
      assert.strictEqual(english!.docs, error.docs)
      assert.isNotEmpty(english!.operations)
      const { happened, remedy, title, ...facts } = english!
      assert.deepStrictEqual({ ...arabic!, happened, remedy, title }, { ...facts, happened, remedy, title })
    }
  })

  it("says what the standard policy does", () => {
    const of = (error: VeniceError.VeniceError) => Explanation.of(error).retries

    assert.deepStrictEqual(of(new Errors.ModelOffline()), {
      count: 4,
      first: Duration.seconds(1),
      reason: "attempts"
    })
    assert.deepStrictEqual(of(new Errors.InvalidModel()), { count: 0, first: undefined, reason: "final" })
    const asked = (hint: Duration.Duration) =>
      of(new Errors.ModelOffline({ response: { status: 503, retryAfter: hint } }))
    assert.strictEqual(asked(Duration.minutes(1)).count, 1)
    assert.deepStrictEqual(asked(Duration.millis(60_001)), { count: 0, first: undefined, reason: "hint" })
  })

  it("says that a request which may be charged twice is not sent again", () => {
    const failed = (operation: string) =>
      Explanation.of(new Errors.InferenceFailed({ response: { status: 500, operation } })).retries

    assert.strictEqual(failed("POST /video/queue").reason, "replay")
    assert.strictEqual(failed("POST /chat/completions").count, 3)
    const { unsafe } = Explanation.of(new Errors.InferenceFailed())
    assert.include(unsafe.get("charged-before-answer") ?? [], "POST /video/queue")
    assert.isUndefined(unsafe.get("billed-after-run"))
    assert.strictEqual(Explanation.of(new Errors.InvalidModel()).unsafe.size, 0)
  })

  it("of a category lists its members", () => {
    const members = Category.all.flatMap((category) => Explanation.ofCategory(category).members)

    assert.deepStrictEqual(members.toSorted(), codes.filter((name) => name !== "UNRECOGNIZED_RESPONSE").toSorted())
  })
})
