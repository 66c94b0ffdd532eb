/** Every page of the built site, at the widths of a phone and of a desk, as a screen reader and a keyboard meet it. */
import { globSync } from "node:fs"
import { availableParallelism } from "node:os"
import { join } from "node:path"
import type { Page } from "playwright-core"
import {
  type ColorScheme,
  colorSchemes,
  cutControls,
  isArabic,
  overflow,
  type Site,
  unreachable,
  violations,
  visitor,
  widths
} from "./site.ts"

interface Visit {
  readonly path: string
  readonly schemes: ReadonlyArray<ColorScheme>
  readonly isPictured: boolean
}

/** The pages of a kind come from one generator, or are those without a translation, and differ in their text alone. */
const kindOf = (path: string): string =>
  path.replace(/(?<=^(?:errors|categories|examples|reference\/api|ar\/[^/]+)\/).+/, "")

/** All pages. The first of a kind is seen in both colour schemes, the others in one of them by turns. */
const visits = (dist: string): ReadonlyArray<Visit> => {
  const kinds = new Map<string, number>()
  return globSync("**/index.html", { cwd: dist }).map((file) => file.slice(0, -"index.html".length)).sort().map(
    (path) => {
      const kind = kindOf(path)
      const place = kinds.get(kind) ?? 0
      kinds.set(kind, place + 1)
      // The overview of a folder is the first of its kind by name, and its first page the second.
      const isFirst = place < 2
      return { path, schemes: isFirst ? colorSchemes : [colorSchemes[place % 2]!], isPictured: isFirst }
    }
  )
}

/** Facts of a page that need no width, as problems. */
const problemsOf = (page: Page, language: string): Promise<ReadonlyArray<string>> =>
  page.evaluate((language) => {
    const problems: Array<string> = []
    const root = document.documentElement
    const direction = (of: string) => of === "ar" ? "rtl" : "ltr"
    if (root.lang !== language) problems.push(`is in ${root.lang}`)
    if (root.dir !== direction(language)) problems.push(`reads ${root.dir}`)

    const content = document.querySelector("main .sl-markdown-content")
    if (content !== null) {
      const prose = content.cloneNode(true) as Element
      for (const code of prose.querySelectorAll("pre, code, svg, script, style, select")) code.remove()
      const isArabic = (prose.textContent?.match(/[\u0600-\u06ff]/g)?.length ?? 0) > 20
      const written = isArabic ? "ar" : "en"
      const declared = content.closest<HTMLElement>("[lang]")!.lang
      if (declared !== written) problems.push(`declares ${declared} over a text in ${written}`)
      if (getComputedStyle(content).direction !== direction(written)) {
        problems.push(`shows a text in ${written} the wrong way`)
      }
    }
    const reversed = [...document.querySelectorAll("main :is(code, pre)")]
      .filter((code) => getComputedStyle(code).direction !== "ltr")
    if (reversed.length > 0) problems.push(`has ${reversed.length} pieces of code from right to left`)

    const headings = [...document.querySelectorAll<HTMLElement>("main :is(h1, h2, h3, h4, h5, h6)")]
      .filter((heading) => heading.checkVisibility())
    const titles = headings.filter(({ tagName }) => tagName === "H1").length
    if (titles !== 1) problems.push(`has ${titles} first headings`)
    headings.reduce((above, heading) => {
      const level = Number(heading.tagName[1])
      if (level > above + 1) problems.push(`skips a level at the heading "${heading.textContent}"`)
      return level
    }, 0)

    for (const image of document.querySelectorAll<HTMLImageElement>("main img")) {
      if (image.alt.trim() === "") problems.push(`has a picture without a text: ${image.src}`)
      if (image.complete && image.naturalWidth === 0) problems.push(`has a picture that does not load: ${image.src}`)
    }
    return problems
  }, language)

const open = async (
  page: Page,
  { isPictured, path, schemes }: Visit,
  { check, pictures, root }: Site
): Promise<void> => {
  const name = path || "index"
  for (const colorScheme of schemes) {
    await page.emulateMedia({ colorScheme })
    await page.setViewportSize({ width: widths.at(-1)!, height: 900 })
    await page.goto(`${root}${path}`)
    for (const violation of await violations(page)) check(false, `${name}, ${colorScheme}: ${violation}`)
    for (const width of widths) {
      await page.setViewportSize({ width, height: 900 })
      check(await overflow(page) === undefined, `${name} at ${width}: ${await overflow(page)}`)
      for (const control of await cutControls(page)) check(false, `${name} at ${width} cuts the text of ${control}`)
      for (const part of await unreachable(page)) check(false, `${name} at ${width} has no way to scroll ${part}`)
      if (pictures !== undefined && isPictured) {
        const file = `${name.replace(/\/$/, "").replaceAll("/", "_")}-${colorScheme}-${width}.png`
        await page.screenshot({ path: join(pictures, file), fullPage: true })
      }
    }
  }
  for (const problem of await problemsOf(page, isArabic(path) ? "ar" : "en")) check(false, `${name} ${problem}`)
}

/** Opens all pages below a path, and returns how many there are. */
export const visitPages = async (site: Site, below = ""): Promise<number> => {
  const all = visits(site.dist).filter(({ path }) => path.startsWith(below))
  const waiting = [...all]
  await Promise.all(Array.from({ length: availableParallelism() }, async () => {
    // Of the pages of one context only one is in front, and in the others scripts that wait for an idle moment are late.
    const context = await visitor(site)
    const page = await context.newPage()
    for (let visit = waiting.shift(); visit !== undefined; visit = waiting.shift()) await open(page, visit, site)
    await context.close()
  }))
  return all.length
}
