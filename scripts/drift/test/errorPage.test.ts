import { assert, describe, it } from "@effect/vitest"
import { readFileSync } from "node:fs"
import type { Change } from "../compare.ts"
import { compareCodes } from "../compare.ts"
import { editFor } from "../edits.ts"
import { readErrorPage } from "../errorPage.ts"
import { read as readFacts } from "../facts.ts"

const fixture = (name: string): string => readFileSync(new URL(`fixtures/${name}`, import.meta.url), "utf8")

const markdown = fixture("error-codes.mdx")
const html = fixture("error-codes.html")
const facts = readFacts()

const changes = (page: string): ReadonlyArray<Change> => compareCodes(readErrorPage(page), facts)

/** The page with a row replaced; the row must be on it. */
const edited = (page: string, from: string | RegExp, to: string): string => {
  const out = page.replace(from, to)
  assert.notStrictEqual(out, page)
  return out
}

const rowOf = (code: string): RegExp => new RegExp(`^\\| \`${code}\`.*\\n`, "m")

describe.each([["Markdown", markdown], ["HTML", html]])("today's page of errors in %s", (_, page) => {
  it("has no drift", () => assert.deepStrictEqual(changes(page), []))

  it("has the forty codes, with their log levels", () => {
    const documented = readErrorPage(page)

    assert.lengthOf(documented, 40)
    assert.deepStrictEqual(documented.find(({ code }) => code === "ASR_UPSTREAM_FAILED"), {
      code: "ASR_UPSTREAM_FAILED",
      status: 502,
      message: "Audio transcription failed due to a temporary upstream error. Please retry.",
      logLevel: "warn"
    })
  })
})

describe("a newer page of errors", () => {
  const newCode = "| `MODEL_WARMING_UP` | 503 | The model is \"loading\". Retry in 10&nbsp;s. | error |\n"

  it("proposes a row for a new code", () => {
    const [change, ...others] = changes(edited(markdown, rowOf("REQUEST_TIMEOUT"), `${newCode}$&`))
    const edit = editFor(change!)

    assert.lengthOf(others, 0)
    assert.strictEqual(edit.file, "packages/core/src/Errors.ts")
    assert.deepStrictEqual(edit.proposal.slice(0, 12), [
      "after the row of ModelAtCapacity:",
      "",
      "/**",
      " * <the cause>; <the remedy>.",
      " *",
      " * @category errors",
      " * @since <the next version>",
      " */",
      "export class ModelWarmingUp extends ApiError<ModelWarmingUp>()(\"MODEL_WARMING_UP\", {",
      "  status: 503,",
      "  category: \"Capacity\", // implied by the status: check what the caller can do about it",
      "  message: \"The model is \\\"loading\\\". Retry in 10 s.\","
    ])
    assert.include(edit.proposal, "  severity: \"Error\"")
  })

  it("says where a new first code goes", () => {
    const [change] = changes(edited(markdown, rowOf("AUTHENTICATION_FAILED"), `${newCode}$&`))

    assert.strictEqual(editFor(change!).proposal[0], "before the first row:")
  })

  it("keeps the old status among the others", () => {
    const [change, ...others] = changes(
      edited(markdown, "`INSUFFICIENT_BALANCE` | 402", "`INSUFFICIENT_BALANCE` | 403")
    )

    assert.lengthOf(others, 0)
    assert.deepStrictEqual(change, { kind: "status changed", code: "INSUFFICIENT_BALANCE", from: 402, to: 403 })
    assert.deepStrictEqual(editFor(change!).proposal, [
      "in the row of InsufficientBalance:",
      "",
      "  status: 403,",
      "  otherStatuses: [429, 402],",
      "  category: \"Billing\", // 403 implies Permission"
    ])
  })

  it("keeps the old message as a wording", () => {
    const [change, ...others] = changes(edited(markdown, "Image upscaling failed", "The image could not be upscaled"))

    assert.lengthOf(others, 0)
    assert.deepStrictEqual(editFor(change!).proposal, [
      "in the row of UpscaleFailed:",
      "",
      "  message: \"The image could not be upscaled\",",
      "  wordings: [\"image upscaling failed\", …]"
    ])
  })

  it("reports another log level", () => {
    assert.deepStrictEqual(changes(edited(markdown, "Image edit failed | error", "Image edit failed | warn")), [
      { kind: "log level changed", code: "IMAGE_EDIT_ERROR", from: "Error", to: "Warn" }
    ])
  })

  it("deprecates a code that is gone, and never removes it", () => {
    const [change, ...others] = changes(edited(markdown, rowOf("X402_WALLET_MISMATCH"), ""))

    assert.lengthOf(others, 0)
    assert.match(editFor(change!).proposal[0]!, /^deprecate X402WalletMismatch, and keep it/)
  })

  it("takes no drift from other columns, another order of columns or a page without log levels", () => {
    const cells = markdown.split("\n").filter((line) => line.startsWith("| `") && /\| \d{3} \|/.test(line)).map((
      line
    ) => line.split("|").map((cell) => cell.trim()))
    const table = ["| Status | Since | Message | Code |", "| --- | --- | --- | --- |"].concat(
      cells.map(([, code, status, message]) => `| ${status} | v1 | ${message} | ${code} |`)
    ).join("\n")

    assert.deepStrictEqual(changes(table), [])
  })
})

describe("an unusable page of errors", () => {
  const cases: ReadonlyArray<readonly [string, string, RegExp]> = [
    ["without a table", "# Error codes\n\nNone.", /has no table of codes/],
    ["whose table is about something else", "| a | b |\n| - | - |\n| 1 | 2 |", /has no table of codes/],
    ["that is JSON", JSON.stringify({ error: "Not found" }), /has no table of codes/],
    [
      "that is an error page of a proxy",
      "<!doctype html><html><body><h1>502 Bad Gateway</h1></body></html>",
      /has no table/
    ],
    ["that is cut off within a row", markdown.slice(0, markdown.indexOf("| 402 |") + 8), /row \d+ cannot be read/],
    ["that is cut off after few rows", markdown.split("\n").slice(0, 30).join("\n"), /has \d+ of 40 known codes/],
    ["with a code twice", markdown + "| `MODEL_OFFLINE` | 503 | Again | - |\n", /has MODEL_OFFLINE twice/],
    ["with a status that is none", markdown.replace("| 429 |", "| many |"), /row \d+ cannot be read/]
  ]

  it.each(cases)("%s", (_, page, problem) => {
    assert.throws(() => changes(page), problem)
  })
})
