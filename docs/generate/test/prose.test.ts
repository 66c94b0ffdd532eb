/** What the pages say and where they lead, against the code and each other. */
import { Operation } from "@effect-venice/core"
import { assert, describe, it } from "@effect/vitest"
import { globSync, readFileSync } from "node:fs"
import { join } from "node:path"
import { words } from "../../playground/words.ts"
import { englishIn } from "../arabic.ts"
import { orphans } from "../orphans.ts"
import { type Page, root, written } from "../page.ts"
import { allPages } from "../pages.ts"

const read = (file: string): string => readFileSync(join(root, file), "utf8")

/** The texts that people wrote, by their file. */
const texts: ReadonlyArray<readonly [string, string]> = [
  ...written().map(({ source, text }) => [source!, text] as const),
  ...globSync(["*.md", "packages/*/README.md", "examples/README.md"], { cwd: root }).map((file) =>
    [file, read(file)] as const
  )
]

/** What a text has in code, outside of fences. */
const codeIn = (text: string): ReadonlyArray<string> =>
  [...text.replace(/^```.*?^```$/gms, "").matchAll(/`([^`\n]+)`/g)].map(([, code]) => code!)

const problemsOf = (isProblem: (code: string) => boolean): ReadonlyArray<string> =>
  texts.flatMap(([file, text]) => codeIn(text).filter(isProblem).map((code) => `${file}: ${code}`))

describe("a page", () => {
  it("names only what the packages export", () => {
    const modules = new Map<string, string>()
    for (const report of globSync("packages/*/api-report.md", { cwd: root })) {
      for (
        const [, name, text] of read(report).matchAll(/^## `@effect-venice\/[\w/]*?(\w+)`\n(.*?)(?=^## |$(?![^]))/gms)
      ) {
        modules.set(name!, `${modules.get(name!) ?? ""}${text!}`)
      }
    }
    assert.isAbove(modules.size, 40)

    const isUnknown = (code: string): boolean => {
      const [, module, member] = /^([A-Z]\w+)\.([a-zA-Z]\w*)/.exec(code) ?? []
      const text = module === undefined || /\.(?:ts|md|json)$/.test(code) ? undefined : modules.get(module)
      return text !== undefined && !new RegExp(`\\b${member}\\b`).test(text)
    }

    assert.deepStrictEqual(problemsOf(isUnknown), [])
    assert.isTrue(isUnknown("Retry.nothing"))
  })

  it("names only operations of Venice", () => {
    const isUnknown = (code: string): boolean =>
      /^(?:GET|POST|PUT|PATCH|DELETE) \/[a-z]/.test(code) && !Operation.isOperation(code)

    assert.deepStrictEqual(problemsOf(isUnknown), [])
    assert.isTrue(isUnknown("POST /something/else"))
  })

  it("of the commands describes each of them", () => {
    const page = read("docs/reference/commands.md")
    const commands = globSync("packages/testing/src/cli/*.ts", { cwd: root }).flatMap((file) =>
      [...read(file).matchAll(/Command\.make\(\s*"([a-z]+)"/g)].map(([, name]) => name!)
    )

    assert.isAtLeast(commands.length, 10)
    for (const command of commands) assert.include(page, `\n## ${command}\n`)
  })
})

describe("an Arabic page", () => {
  it("has no English outside of code", () => {
    const arabic = allPages().filter(({ path }) => path.startsWith("ar/"))

    assert.isAbove(arabic.length, 60)
    for (const { path, text } of arabic) assert.deepStrictEqual(englishIn(text), [], path)
  })

  it("of the playground has no English in its words", () => {
    const strings = (value: unknown): ReadonlyArray<string> =>
      typeof value === "string" ? [value] : Object.values(value as object).flatMap(strings)

    for (const text of strings(words.ar)) assert.deepStrictEqual(englishIn(text), [], text)
  })

  it.each<readonly [string, ReadonlyArray<string>]>([
    ["احفظ the file الآن", ["the", "file"]],
    ["| Remedy | ماذا تفعل |", ["Remedy"]],
    ["[البداية](start.md) في `code here`", []],
    ["عدد الرموز (tokens) في Venice API", []],
    ["```ts\nconst a = 1\n```\nنص", []],
    ["الخطأ [PAYMENT_REQUIRED](errors/PAYMENT_REQUIRED.md)", []]
  ])("%j", (text, expected) => {
    assert.deepStrictEqual(englishIn(text), expected)
  })
})

describe("orphans", () => {
  const page = (path: string, links: ReadonlyArray<string> = []): readonly [string, Page] => [
    path,
    { path, text: `# Title\n\n${links.map((link) => `[a](${link})`).join(" ")}\n` }
  ]

  it("are pages without an entry, and without a link from another page", () => {
    const pages = new Map([
      page("index.md"),
      page("ar/index.md"),
      page("start.md", ["linked.md"]),
      page("ar/start.md"),
      page("linked.md"),
      page("lost.md", ["lost.md#title"])
    ])

    assert.deepStrictEqual(orphans(pages, [{ items: [{ slug: "start" }] }]), ["lost.md"])
  })
})
