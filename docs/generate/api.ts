/** A page for each public module, from its doc comments by TypeDoc. */
import { globSync, mkdtempSync, readFileSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { Application } from "typedoc"
import { type Page, root } from "./page.ts"

/** A module with a page: its file in the package, and how the page and its import are written. */
interface Module {
  readonly package: string
  readonly file: string
  readonly page: string
  readonly title: string
  readonly specimen: string
}

/** The modules that the barrels of the packages on Effect export as namespaces. */
const namespaces: ReadonlyArray<Module> = ["core", "http", "testing"].flatMap((name) =>
  globSync("*.ts", { cwd: join(root, "packages", name, "src") }).sort().map((file) => file.slice(0, -3))
    .filter((module) => module !== "index")
    .map((module) => ({
      package: name,
      file: module,
      page: module,
      title: module,
      specimen: `import { ${module} } from "@effect-venice/${name}"`
    }))
)

const modules: ReadonlyArray<Module> = [
  ...namespaces,
  {
    package: "fetch",
    file: "index",
    page: "fetch",
    title: "@effect-venice/fetch",
    specimen: "import { errorOf, fetch, make } from \"@effect-venice/fetch\""
  }
]

/** The comment at the top of a module, which TypeDoc does not print with this router. */
const headerOf = (module: Module): string => {
  const text = readFileSync(join(root, "packages", module.package, "src", `${module.file}.ts`), "utf8")
  const [, body = ""] = /^\/\*\*\n(.*?)^ \*\/$/ms.exec(text) ?? []
  return body.replace(/^ \* ?/gm, "").replace(/^@\w.*$/gm, "").replace(/\{@link\s+(\S+?)\s*\}/g, "`$1`").replace(
    /^```ts\b/gm,
    "```ts plain"
  ).trim()
}

/** TypeDoc repeats facts of which there is one answer, and separates members with rules. */
const tidy = (markdown: string): string =>
  withLevels(
    markdown
      .replace(/^#{2,6} (?:Since|Inherited from)\n\n.*\n/gm, "")
      // A schema that is a class is no class of a user: it has no constructor, and extends nothing.
      .replace(/^#### Constructors\n\n##### Constructor\n\n> \*\*new \w+\*\*\(`_`\).*?^#### (?=Properties)/gms, "#### ")
      .replace(/^#### Extends\n\n- `object`\n/gm, "")
      .replace(/^\*\*\*$/gm, "")
      .replace(/^```ts\b/gm, "```ts plain")
      .replace(/\]\((?:\.\.\/)*(?:\w+\/src\/)?(\w+)\.md(#[^)]*)?\)/g, "]($1.md$2)")
      .replace(/\n{3,}/g, "\n\n")
  )

/** TypeDoc leaves out a level above the members of a namespace. */
const withLevels = (markdown: string): string => {
  const open: Array<number> = []
  let isCode = false
  return markdown.split("\n").map((line) => {
    if (line.startsWith("```")) isCode = !isCode
    const [, marks] = /^(#{2,6}) /.exec(line) ?? []
    if (isCode || marks === undefined) return line
    while (open.length > 0 && open.at(-1)! >= marks.length) open.pop()
    open.push(marks.length)
    return "#".repeat(open.length + 1) + line.slice(marks.length)
  }).join("\n")
}

/** The anchors of a page, which are numbered in another way than TypeDoc does. */
const anchorsOf = (text: string): ReadonlySet<string> => {
  const out = new Set<string>()
  for (const [, heading] of text.matchAll(/^#{2,6} (.+)$/gm)) {
    const slug = heading!.toLowerCase().replace(/[^\p{L}\p{N}\p{M} _-]/gu, "").replace(/ /g, "-")
    let anchor = slug
    for (let i = 1; out.has(anchor); i++) anchor = `${slug}-${i}`
    out.add(anchor)
  }
  return out
}

/** Links to anchors that exist. */
const withAnchors = (pages: ReadonlyArray<Page>): ReadonlyArray<Page> => {
  const anchors = new Map(pages.map(({ path, text }) => [path.replace(/^.*\//, ""), anchorsOf(text)]))
  return pages.map((page) => ({
    ...page,
    text: page.text.replace(/\]\((\w+\.md)?#([^)\s]+)\)/g, (whole, file: string | undefined, anchor: string) => {
      const known = anchors.get(file ?? page.path.replace(/^.*\//, ""))
      if (known === undefined || known.has(anchor)) return whole
      const other = anchor.replace(/-\d+$/, "")
      return `](${file ?? ""}${known.has(other) || file === undefined ? `#${known.has(other) ? other : "_top"}` : ""})`
    })
  }))
}

/** The pages of the API. */
export const apiPages = async (): Promise<ReadonlyArray<Page>> => {
  const out = mkdtempSync(join(tmpdir(), "typedoc-"))
  try {
    const app = await Application.bootstrapWithPlugins({
      entryPoints: [...new Set(modules.map((module) => join(root, `packages/${module.package}/src/*.ts`)))],
      tsconfig: join(root, "docs/typedoc.tsconfig.json"),
      plugin: ["typedoc-plugin-markdown"],
      router: "module",
      readme: "none",
      skipErrorChecking: true,
      disableSources: true,
      disableGit: true,
      excludeInternal: true,
      excludeExternals: true,
      logLevel: "Error",
      validation: false,
      ...({ hideBreadcrumbs: true, hidePageHeader: true, hidePageTitle: true } as object)
    })
    const project = await app.convert()
    if (project === undefined) throw new Error("TypeDoc read no module")
    await app.outputs.writeOutput({ name: "markdown", path: out }, project)
    return withAnchors(modules.map((module): Page => ({
      path: `reference/api/${module.page}.md`,
      text: `# ${module.title}\n\n${headerOf(module)}\n\n\`\`\`ts plain\n${module.specimen}\n\`\`\`\n\n${
        tidy(
          readFileSync(join(out, module.package, module.file === "index" ? "src.md" : `src/${module.file}.md`), "utf8")
        )
      }\n`
    })))
  } finally {
    rmSync(out, { recursive: true })
  }
}
