/**
 * Pages of the site as Markdown: where they stand, and how their links are resolved.
 *
 * A page is written as it reads on its own: a heading, a first paragraph, and relative links to other `.md` files.
 */
import { existsSync, globSync, readFileSync } from "node:fs"
import { join, posix } from "node:path"

export const root = join(import.meta.dirname, "../..")

const docs = join(root, "docs")

/** A page: its path on the site, with `.md`, and its text from the heading on. */
export interface Page {
  readonly path: string
  readonly text: string
  /** The file that it was read from, relative to the repository. Generated pages have none. */
  readonly source?: string
  /** The Astro component at the end of the page, relative to `docs/src`. */
  readonly component?: string
  /** The files whose text it shows, relative to the repository: links to them lead here. */
  readonly shows?: ReadonlyArray<string>
}

/** Where pages stand on the site that stand elsewhere in `docs`. */
const places: Readonly<Record<string, string>> = {
  "testing.md": "guides/testing.md",
  "resilience.md": "guides/resilience.md",
  "mutation.md": "explanation/mutation.md"
}

/** The components at the end of pages, by the name of the page. */
const components: Readonly<Record<string, string>> = { "playground.md": "Playground.astro" }

/** The pages that people wrote. */
export const written = (): ReadonlyArray<Page> =>
  globSync(["*.md", "{guides,reference,explanation,ar}/**/*.md"], { cwd: docs }).sort().map((file) => ({
    path: places[file] ?? file,
    text: readFileSync(join(docs, file), "utf8"),
    source: `docs/${file}`,
    ...(components[posix.basename(file)] !== undefined && { component: components[posix.basename(file)]! })
  }))

/** The file that Astro reads. A page with a component is MDX. */
export const fileOf = ({ component, path }: Page): string => component === undefined ? path : `${path}x`

const embedded = ({ component, path }: Page): string =>
  component === undefined
    ? ""
    : `\nimport Component from "${"../".repeat(path.split("/").length + 1)}${component}"\n\n<Component locale="${
      path.startsWith("ar/") ? "ar" : "en"
    }" />\n`

/** The path of a page on the site, which ends with a slash. */
export const urlOf = (path: string): string => {
  const slug = path.replace(/(?:^|\/)index\.md$|\.md$/, "")
  return slug === "" ? "/" : `/${slug}/`
}

const manifest = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as {
  readonly homepage: string
  readonly repository: { readonly url: string }
}

/** The address of the site. */
export const homepage = manifest.homepage

const repository = manifest.repository.url.replace(/^git\+|\.git$/g, "")

/** The address of a file of the repository. */
export const fileUrl = (path: string): string => `${repository}/blob/main/${path}`

/** Pictures are copied to the site. */
export const isPicture = (path: string): boolean => /\.(?:svg|png)$/.test(path)

export class BrokenLink extends Error {
  constructor(page: Page, href: string) {
    super(`${page.source ?? page.path}: the link ${href} leads nowhere`)
  }
}

/** What a relative link leads to: another page, a picture, or a file of the repository. */
const resolveLink = (page: Page, href: string, pages: ReadonlyMap<string, Page>): string => {
  const [, target = "", fragment = ""] = /^([^#]*)(#.*)?$/.exec(href)!
  if (/^(?:[a-z]+:|\/\/)/.test(target) || target === "") return href
  // Types in the text of TypeDoc can look like links.
  if (page.path.startsWith("reference/api/") && page.source === undefined && !/^\w+\.md$/.test(target)) return href
  const isArabic = page.path.startsWith("ar/")
  const path = posix.normalize(posix.join(posix.dirname(page.path), target))
  // A page without a translation is shown in English under the address of the translation.
  if (pages.has(path) || (isArabic && pages.has(path.replace(/^ar\//, "")))) return `${urlOf(path)}${fragment}`
  const file = posix.normalize(posix.join(posix.dirname(page.source ?? `docs/${page.path}`), target))
  const place = [...pages.values()].find(({ shows, source }) => source === file || shows?.includes(file))
  if (place !== undefined) return `${urlOf(place.path)}${fragment}`
  if (file.startsWith("docs/") && isPicture(file) && existsSync(join(root, file))) return `/${file.slice(5)}`
  if (!file.startsWith("..") && existsSync(join(root, file))) return `${fileUrl(file)}${fragment}`
  throw new BrokenLink(page, href)
}

/** The parts of a text that are not in a fence, changed by a function. */
const outsideFences = (text: string, f: (prose: string) => string): string =>
  text.split(/(^```.*?^```$)/ms).map((part, i) => i % 2 === 0 ? f(part) : part).join("")

const withLinks = (page: Page, text: string, pages: ReadonlyMap<string, Page>): string =>
  outsideFences(text, (prose) =>
    prose
      .replace(
        /(?<!`)(`+)(?!`).*?(?<!`)\1(?!`)|(?<=\])\(([^()\s]+)\)/g,
        (whole, code: string | undefined, href: string) =>
          code === undefined ? `(${resolveLink(page, href, pages)})` : whole
      )
      .replace(
        /^(\[[^\]]+\]: )(\S+)$/gm,
        (_, head: string, href: string) => `${head}${resolveLink(page, href, pages)}`
      ))

const plain = (markdown: string): string =>
  markdown.replace(/!?\[([^\]]*)\]\([^)]*\)/g, "$1").replace(/[`*]/g, "").replace(/\s+/g, " ").trim()

/** The page as Starlight reads it: title and description before the text, links from the root of the site. */
export const rendered = (page: Page, pages: ReadonlyMap<string, Page>): string => {
  const [, title, body] = /^(?:<!--.*?-->\s*)?# ([^\n]+)\n(.*)$/s.exec(page.text) ?? []
  if (title === undefined || body === undefined) {
    throw new Error(`${page.source ?? page.path} does not begin with a heading`)
  }
  const [paragraph = ""] = body.trim().split(/\n\n/)
  const description = /^[\p{L}`[]/u.test(paragraph) ? plain(paragraph) : ""
  const meta = {
    title: plain(title),
    ...(description !== "" && { description }),
    slug: urlOf(page.path).slice(1, -1) || undefined,
    // The component needs the width.
    ...(page.component !== undefined && { tableOfContents: false }),
    ...(page.source !== undefined && { editUrl: fileUrl(page.source) }),
    ...(page.source === undefined && { editUrl: false })
  }
  const frontmatter = Object.entries(meta).filter(([, value]) => value !== undefined)
    .map(([name, value]) => `${name}: ${JSON.stringify(value)}`)
  return `---\n${frontmatter.join("\n")}\n---\n\n${withLinks(page, body.trim(), pages)}\n${embedded(page)}`
}
