import { Category, Decode, Errors, Retry, VeniceError } from "@effect-venice/core"
import { assert, describe, it } from "@effect/vitest"
import { readFileSync } from "node:fs"
import { inspect } from "node:util"

const readme = readFileSync(new URL("../../../README.md", import.meta.url), "utf8")

describe("the README", () => {
  it("lists every category with its remedy and its members", () => {
    for (const category of Category.all) {
      const row = readme.split("\n").find((line) => new RegExp(`^\\| \`${category}\` +\\|`).test(line))
      const members = Object.values(Errors).filter((Class) =>
        Class.category === category && Class !== Errors.UnrecognizedResponse
      )

      assert.include(row, Category.remedies[category])
      assert.deepStrictEqual(
        row?.match(/`[A-Z][A-Z0-9_]+`/g)?.toSorted(),
        members.map((Class) => `\`${Class.code}\``).toSorted()
      )
    }
  })
})

describe("the pictures of the policies", () => {
  // Written by `pnpm pictures`.
  it.each(["standard", "patient", "eager"] as const)("%s is up to date", (preset) => {
    const picture = readFileSync(new URL(`../../../docs/${preset}.svg`, import.meta.url), "utf8")

    assert.strictEqual(picture, `${Retry.renderSvg(Retry[preset], { title: `Retry.${preset}` })}\n`)
  })
})

describe("the page about an error", () => {
  it("is on the site of the repository, under the error's code", () => {
    const manifest = JSON.parse(readFileSync(new URL("../../../package.json", import.meta.url), "utf8"))

    for (const Class of Object.values(Errors)) {
      assert.strictEqual(Class.docs, `${manifest.homepage}/errors/${Class.code}`)
      assert.strictEqual(VeniceError.fromCode(Class.code).docs, Class.docs)
    }
  })

  it("is where an error is printed over several lines, and is not encoded", () => {
    const error = Decode.response({
      status: 503,
      headers: {},
      body: "{\"error\":\"The model is at capacity\"}",
      now: 0
    })

    assert.strictEqual(error.stack?.split("\n").at(-1), `    see ${error.docs}`)
    assert.strictEqual(inspect(error), `${String(error)}\n    see ${error.docs}`)
    assert.notInclude(JSON.stringify(error), error.docs)
  })
})
