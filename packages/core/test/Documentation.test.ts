import { Category, Decode, Errors, Retry, VeniceError } from "@effect-venice/core"
import { assert, describe, it } from "@effect/vitest"
import { readFileSync } from "node:fs"
import { inspect } from "node:util"

const readme = readFileSync(new URL("../../../README.md", import.meta.url), "utf8")

/** The cells of a row of a table. */
const cells = (line: string): ReadonlyArray<string> => line.split("|").slice(1, -1).map((cell) => cell.trim())

describe("the README", () => {
  it("lists every category with its remedy, and which are retried", () => {
    const rows = readme.split("\n").filter((line) => /^\| `[A-Z][A-Za-z]+` +\|/.test(line)).map(cells)

    assert.deepStrictEqual(
      rows,
      Category.all.map((category) => {
        const remedy = Category.remedies[category]
        return [`\`${category}\``, Category.isRetryable(category) ? `${remedy} (retried)` : remedy]
      })
    )
  })

  it("compares clients by the figures of the last run", () => {
    const results = readFileSync(new URL("../../../bench/CLIENTS.md", import.meta.url), "utf8")
    const measured = results.split("\n").filter((line) => line.startsWith("|")).map(cells)
    const columns = measured[0]!
    const compared = readme.split("## Compared with others")[1]!.split("\n").filter((line) => line.startsWith("|"))
    const [head, , ...rows] = compared.map(cells)
    const figures = (title: string): ReadonlyArray<string> => {
      const row = measured.find(([first]) => first === title)!
      return head!.slice(1).map((client) => /^\d+/.exec(row[columns.indexOf(client)]!)![0])
    }

    assert.deepStrictEqual(
      rows.map(([, ...values]) => values),
      [
        "documented codes with a class, status and fields of their own, of 40",
        "of those: retried before the hint",
        "retried although a retry cannot help, of 170",
        "retried although the lost response may be billed, of 2",
        "key or wallet signature in the error, of 5 responses that echo it"
      ].map(figures)
    )
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
