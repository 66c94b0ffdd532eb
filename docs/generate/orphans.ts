/** Pages that a reader of the site cannot find. */
import type { Page } from "./page.ts"
import { rendered, urlOf } from "./page.ts"

/** An entry of the navigation, or a group of them. */
export type Entry = { readonly slug: string } | { readonly items: ReadonlyArray<Entry> }

const slugsOf = (entries: ReadonlyArray<Entry>): ReadonlyArray<string> =>
  entries.flatMap((entry) => "slug" in entry ? [entry.slug] : slugsOf(entry.items))

/** The navigation of a translation has the same entries, and its title leads to the first page. */
const withoutLocale = (url: string): string => url.replace(/^\/ar(?=\/)/, "")

const linksOf = (page: Page, pages: ReadonlyMap<string, Page>): ReadonlyArray<string> =>
  [...rendered(page, pages).matchAll(/\]\((\/[^)\s#]*)|^\[[^\]]+\]: (\/[^\s#]*)/gm)].map(([, inline, reference]) =>
    (inline ?? reference)!
  )

/** The paths of the pages that are in no entry of the navigation, and to which no other page has a link. */
export const orphans = (
  pages: ReadonlyMap<string, Page>,
  navigation: ReadonlyArray<Entry>
): ReadonlyArray<string> => {
  const reached = new Set(["/", ...slugsOf(navigation).map((slug) => `/${slug}/`)])
  const linked = new Map<string, Set<string>>()
  for (const page of pages.values()) {
    for (const url of linksOf(page, pages)) linked.set(url, (linked.get(url) ?? new Set()).add(page.path))
  }
  return [...pages.keys()].filter((path) => {
    const url = urlOf(path)
    return !reached.has(withoutLocale(url)) && [...linked.get(url) ?? []].every((from) => from === path)
  })
}
