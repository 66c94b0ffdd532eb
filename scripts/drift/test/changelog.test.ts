import { assert, describe, it } from "@effect/vitest"
import { readFileSync } from "node:fs"
import { readChangelog, topicsOf } from "../changelog.ts"
import { compareChangelog } from "../compare.ts"
import { read as readFacts, recorded } from "../facts.ts"

const fixture = (name: string): string => readFileSync(new URL(`fixtures/${name}`, import.meta.url), "utf8")

const facts = readFacts()

const found = (text: string) =>
  compareChangelog(readChangelog(text), facts).map((change) =>
    change.kind === "changelog entry" ? `${change.label}: ${change.title} (${change.topics.join(", ")})` : change.kind
  )

describe("the changelog", () => {
  it("in Markdown has the entries about errors, limits and retirements since it was read", () => {
    assert.deepStrictEqual(found(fixture("changelog.mdx")), [
      "November, 2026: Model retirements (errors, retirements)",
      "November, 2026: Rate limits of embeddings (limits)"
    ])
  })

  it("in RSS has them too", () => {
    assert.deepStrictEqual(found(fixture("changelog.rss")), [
      "2026-11-10: A new error code: MODEL_WARMING_UP (errors)"
    ])
  })

  it("may be Atom, or Markdown with dated headings", () => {
    const atom = "<?xml version=\"1.0\"?><feed xmlns=\"http://www.w3.org/2005/Atom\"><entry><title>Quotas</title>"
      + "<updated>2026-11-05T00:00:00Z</updated><content>The quota is higher.</content></entry></feed>"

    assert.deepStrictEqual(found(atom), ["2026-11-05: Quotas (limits)"])
    assert.deepStrictEqual(
      found("# Changelog\n\n## 2026-11-03\n\nThe status 409 is an error.\n\n## 2020-01-01\n\nErrors.\n"),
      [
        "2026-11-03: 2026-11-03 (errors)"
      ]
    )
    assert.deepStrictEqual(found("## November 4th, 2026\n\n### Fallback removed\n\nIt is gone.\n"), [
      "November 4th, 2026: Fallback removed (retirements)"
    ])
  })

  it("lists an entry that has no date that it can read", () => {
    assert.deepStrictEqual(
      found(
        "<rss version=\"2.0\"><channel><item><title>Errors</title><description>x</description></item></channel></rss>"
      ),
      ["undated: Errors (errors)"]
    )
  })

  it("lists no entry that was recorded, until its words change", () => {
    const text = fixture("changelog.mdx")
    const later = recorded(facts, { changelog: readChangelog(text) }, "2026-11-12")

    assert.deepStrictEqual(compareChangelog(readChangelog(text), later), [])
    assert.lengthOf(compareChangelog(readChangelog(text.replace("| XS | 400 |", "| XS | 300 |")), later), 1)
    assert.lengthOf(later.changelog.seen, 2)
  })

  it.each(
    [
      ["Retry-After is sent with every 503 response", ["errors"]],
      ["`CONSENT_REQUIRED` is answered for faces", ["errors"]],
      ["Requests now time out after 300 s: see timeouts", ["errors"]],
      ["The context limit of the model is larger", ["limits"]],
      ["The model was sunset", ["retirements"]],
      ["`foo` is replaced by `bar`", ["retirements"]],
      ["Twelve new voices, and 503 new styles", []],
      ["A limited edition", []]
    ] as const
  )("reads the topics of: %s", (title, topics) => {
    assert.deepStrictEqual(topicsOf({ until: undefined, label: "", title, text: "" }), topics)
  })

  it.each([
    ["a page", "<!doctype html><html><body>x</body></html>", /is a page in HTML/],
    ["XML that is cut off", fixture("changelog.rss").slice(0, 700), /is XML that is cut off/],
    ["XML that is no feed", "<?xml version=\"1.0\"?><rss></rss>", /without an entry/],
    ["prose without dates", "# Changelog\n\n## Soon\n\nErrors.", /has no dated entry/],
    ["JSON", "{\"error\":\"x\"}", /has no dated entry/]
  ])("refuses %s", (_, text, problem) => {
    assert.throws(() => readChangelog(text), problem)
  })
})
