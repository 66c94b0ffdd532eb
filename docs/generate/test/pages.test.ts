import { Category, VeniceError } from "@effect-venice/core"
import { assert, describe, it } from "@effect/vitest"
import { homepage, urlOf } from "../page.ts"
import { allPages } from "../pages.ts"

const pages = new Map(allPages().map((page) => [urlOf(page.path), page] as const))

describe("the generated site", () => {
  it("has the page of every error at the address that the error is printed with", () => {
    assert.strictEqual(VeniceError.byCode.size, 44)
    for (const { code, docs } of VeniceError.byCode.values()) {
      assert.isTrue(docs.startsWith(`${homepage}/`), docs)
      const path = docs.slice(homepage.length)

      for (const url of [`${path}/`, `/ar${path}/`]) {
        assert.match(pages.get(url)?.text ?? "", new RegExp(`^# ${code}\n`), url)
      }
    }
  })

  it("has a page of every category in both languages", () => {
    for (const category of Category.all) {
      assert.isTrue(pages.has(`/categories/${category}/`), category)
      assert.isTrue(pages.has(`/ar/categories/${category}/`), category)
    }
  })
})
