import { Category, Errors, Retry } from "@effect-venice/core"
import { assert, describe, it } from "@effect/vitest"
import { readFileSync } from "node:fs"

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
