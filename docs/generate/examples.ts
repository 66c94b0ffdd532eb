/**
 * A page for each example: its section in `examples/README.md`, then its programs as they are in their files.
 *
 * The programs are compiled and tested where they are, so their fences have a title, and `check:examples` leaves them.
 */
import { globSync, readFileSync } from "node:fs"
import { extname, join } from "node:path"
import type { Page } from "./page.ts"
import { root } from "./page.ts"

const folder = join(root, "examples")

const source = "examples/README.md"

const read = (file: string): string => readFileSync(join(folder, file), "utf8")

interface Section {
  readonly title: string
  /** Without the line that names the programs, because they follow. */
  readonly text: string
  readonly programs: ReadonlyArray<string>
  /** The tests, and what only they use. */
  readonly tests: ReadonlyArray<string>
  readonly name: string
}

const linksOf = (text: string): ReadonlyArray<string> => [...text.matchAll(/\]\(([^)]+)\)/g)].map(([, file]) => file!)

/** The name of the page, and of what runs it: `agent` for `agent.ts`, `chat` for `chat/main.ts`. */
const nameOf = (file: string): string =>
  file.split("/")[0]!.slice(0, file.includes("/") ? undefined : -extname(file).length)

const sectionOf = (part: string): Section => {
  const [title = "", ...lines] = part.split("\n")
  const [, programs = "", test = ""] = /^Programs:\s(.*?)\s(Test:\s.*)$/ms.exec(part) ?? []
  const files = linksOf(programs)
  if (files.length === 0 || test === "") {
    throw new Error(`${source}: "${title}" does not name its programs and its test`)
  }
  return {
    title,
    text: lines.join("\n").replace(/^Programs:\s.*?\sTest:\s/ms, "Test: ").trim(),
    programs: files,
    tests: linksOf(test),
    name: nameOf(files[0]!)
  }
}

const sections = (): { readonly introduction: string; readonly examples: ReadonlyArray<Section> } => {
  const [introduction = "", ...parts] = read("README.md").split(/^## /m)
  return { introduction, examples: parts.map(sectionOf) }
}

const firstSentence = (text: string): string => (/^.*?\.(?=\s)/s.exec(text)?.[0] ?? text).replace(/\s+/g, " ")

const program = (file: string): string => {
  const text = read(file).trim()
  if (/^`{3}/m.test(text)) throw new Error(`examples/${file} has a fence, which would end the one around it`)
  return `## ${file}\n\n\`\`\`${extname(file).slice(1)} plain title="examples/${file}"\n${text}\n\`\`\``
}

const isProgram = (file: string): boolean => /\.(?:ts|js|html)$/.test(file) && !file.endsWith(".test.ts")

/** The names of the examples, in the order of reading. */
export const exampleNames = (): ReadonlyArray<string> => sections().examples.map(({ name }) => name)

/** A list of all examples, and a page for each. A program that no section names is an error. */
export const examplePages = (): ReadonlyArray<Page> => {
  const { examples, introduction } = sections()
  const shown = new Set(examples.flatMap(({ programs, tests }) => [...programs, ...tests]))
  const missing = globSync("**/*", { cwd: folder }).filter((file) => isProgram(file) && !shown.has(file))
  if (missing.length > 0) throw new Error(`${source} does not name ${missing.sort().join(", ")}`)
  const list = examples.map(({ name, text, title }) => `- [${title}](${name}.md): ${firstSentence(text)}`)
  return [
    { path: "examples/index.md", text: `${introduction.trim()}\n\n## All examples\n\n${list.join("\n")}\n`, source },
    ...examples.map(({ name, programs, text, title }) => ({
      path: `examples/${name}.md`,
      text: `# ${title}\n\n${text}\n\n${programs.map(program).join("\n\n")}\n`,
      source,
      shows: programs.map((file) => `examples/${file}`)
    }))
  ]
}
