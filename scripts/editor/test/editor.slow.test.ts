/**
 * What a user of each TypeScript sees in an editor: boxes over names, completions, and messages about mistakes. It takes
 * between half a minute and two: the declarations are written, and three language servers read them.
 *
 * `golden/` has a folder for each TypeScript. A change of a declaration is a changed line there. After a change that is
 * meant, `npx -y pnpm@12 test:slow scripts/editor --update` writes them again.
 */
import { assert, describe, expect, it } from "@effect/vitest"
import { afterAll, beforeAll } from "vitest"
import type { Diagnostic, Editor } from "../editor.ts"
import { start as startLanguageServer } from "../languageServer.ts"
import { completions, hovers, mistakes } from "../subjects.ts"
import { start as startTsserver } from "../tsserver.ts"
import type { Subject } from "../workspace.ts"
import { filesOf, project, subjectsOf, write } from "../workspace.ts"

const programs = Object.fromEntries(Object.entries(mistakes).map(([name, { program }]) => [name, program]))
const subjects = {
  hovers: subjectsOf(hovers),
  completions: subjectsOf(completions),
  mistakes: subjectsOf(programs)
}
const files = filesOf(Object.values(subjects).flatMap((group) => [...group.values()]))

const servers: ReadonlyArray<readonly [string, () => Promise<Editor>]> = [
  ["5", () => startTsserver("typescript-5", project, files)],
  ["6", () => startTsserver("typescript-6", project, files)],
  ["7", () => startLanguageServer(project, files)]
]

/** In milliseconds. The servers read all of Effect, which takes a busy machine a minute. */
const patience = 300_000

/** Of a type, in characters: what a user reads without scrolling. */
const maxLength = 700

/** The members of a union that are written out. */
const membersOf = (text: string): number => Math.max(...text.split("\n").map((line) => line.split(" | ").length))

/** The line of an error, with marks under what an editor underlines there. */
const underlined = (text: string, { end, start }: Diagnostic): string => {
  const line = text.split("\n")[start.line]!
  const last = end.line === start.line ? end.character : line.length
  return `${line}\n${" ".repeat(start.character)}${"~".repeat(last - start.character)}`
}

beforeAll(() => write(files), patience)

describe.each(servers)("in an editor with TypeScript %s", (version, start) => {
  let editor: Editor

  beforeAll(async () => {
    editor = await start()
  }, patience)

  afterAll(() => editor.close())

  const each = async <A>(
    group: ReadonlyMap<string, Subject>,
    ask: (subject: Subject) => Promise<A>
  ): Promise<ReadonlyArray<readonly [string, A]>> => {
    const out: Array<readonly [string, A]> = []
    for (const [name, subject] of group) out.push([name, await ask(subject)])
    return out
  }

  const assertGolden = (topic: string, sections: ReadonlyArray<readonly [string, string]>): Promise<void> =>
    expect(sections.map(([name, text]) => `# ${name}\n\n${text}\n`).join("\n")).toMatchFileSnapshot(
      `golden/${version}/${topic}.txt`
    )

  it("programs have no errors of their own", async () => {
    const errors = await each(subjects.hovers, ({ file }) => editor.errors(file))

    assert.deepStrictEqual(errors.filter(([, found]) => found.length > 0), [])
  }, patience)

  it("a hover has names and documentation, and no long list", async () => {
    const found = await each(subjects.hovers, ({ file, place }) => editor.hover(file, place))

    const texts = found.map(([name, hover]) =>
      [name, hover === undefined ? "nothing" : `${hover.type}\n\n${hover.documentation}`.trim()] as const
    )
    await assertGolden("hovers", texts)
    for (const [name, hover] of found) {
      const { type = "" } = hover ?? {}
      assert.isNotEmpty(type, name)
      assert.isAtMost(type.length, maxLength, name)
      assert.isAtMost(membersOf(type), 20, name)
      assert.notMatch(type, /import\("|_base\b|ApiErrorClass|"~/, name)
    }
  }, patience)

  it("completions are the names that fit", async () => {
    const found = await each(subjects.completions, ({ file, place }) => editor.completions(file, place))

    for (const [name, names] of found) assert.isNotEmpty(names, name)
    await assertGolden("completions", found.map(([name, names]) => [name, names.join("\n")]))
  }, patience)

  it("a message names a mistake in its first line, or by what is underlined", async () => {
    const found = await each(subjects.mistakes, ({ file }) => editor.errors(file))

    const shown = found.map(([name, errors]) =>
      [
        name,
        errors.map((error) =>
          `${underlined(subjects.mistakes.get(name)!.text, error)}\n\nTS${error.code}: ${error.message}`
        ).join("\n\n")
      ] as const
    )
    await assertGolden("mistakes", shown)
    for (const [name, text] of shown) {
      const [, marks, message] = /^.*\n([ ~]*)\n\n(.*)/.exec(text) ?? []
      assert.isDefined(marks, name)
      const line = text.split("\n")[0]!
      const marked = line.slice(marks!.indexOf("~"), marks!.length)
      // Effect says of an unknown member of `catchTags` only that it must be left out: the mark names it.
      const { details, names } = mistakes[name]!
      assert.match(`${marked}: ${message}`, names, name)
      if (details !== undefined) assert.match(text, details, name)
    }
  }, patience)
})
