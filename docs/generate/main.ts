/** Writes the pages of the site, for Astro to read. */
import { copyFileSync, globSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { dirname, join } from "node:path"
import { checkTranslations } from "../playground/words.ts"
import { apiPages } from "./api.ts"
import { englishIn } from "./arabic.ts"
import { orphans } from "./orphans.ts"
import { fileOf, isPicture, type Page, rendered, root } from "./page.ts"
import { allPages } from "./pages.ts"
import { sidebar } from "./sidebar.ts"

const docs = join(root, "docs")
const content = join(docs, "src/content/docs")
const pictures = join(docs, "public")

/** A file that did not change keeps its time, so that a server does not read it again. */
const write = (file: string, text: string): void => {
  mkdirSync(dirname(file), { recursive: true })
  try {
    if (readFileSync(file, "utf8") === text) return
  } catch {
    // It is new.
  }
  writeFileSync(file, text)
}

/** An Arabic page in English, and a page that nothing leads to, are errors. */
const check = (pages: ReadonlyMap<string, Page>): void => {
  for (const { path, source, text } of pages.values()) {
    const english = path.startsWith("ar/") ? englishIn(text) : []
    if (english.length > 0) {
      throw new Error(`${source ?? path} has English words outside of code: ${english.join(", ")}`)
    }
  }
  const lost = orphans(pages, sidebar())
  if (lost.length > 0) throw new Error(`No navigation and no page leads to ${lost.join(", ")}`)
}

export const generate = async (): Promise<number> => {
  checkTranslations()
  const pages = new Map([...allPages(), ...await apiPages()].map((page) => [page.path, page] as const))
  const files = new Set([...pages.values()].map(fileOf))
  for (const old of globSync("**/*.{md,mdx}", { cwd: content })) if (!files.has(old)) rmSync(join(content, old))
  for (const page of pages.values()) write(join(content, fileOf(page)), rendered(page, pages))
  check(pages)
  for (const file of globSync(["*", "observing/*"], { cwd: docs }).filter(isPicture)) {
    mkdirSync(dirname(join(pictures, file)), { recursive: true })
    copyFileSync(join(docs, file), join(pictures, file))
  }
  return pages.size
}

if (process.argv[1] === import.meta.filename) process.stdout.write(`docs: ${await generate()} pages written\n`)
