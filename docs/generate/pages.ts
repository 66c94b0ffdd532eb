/** All pages but those of the API: what people wrote, and what is generated from the modules. */
import { errorPages } from "./errors.ts"
import { examplePages } from "./examples.ts"
import type { Page } from "./page.ts"
import { written } from "./page.ts"
import { tablePages } from "./tables.ts"

/** The pages that are generated from the modules, without their API, and from the examples. */
export const generatedPages = (): ReadonlyArray<Page> => [...errorPages(), ...tablePages(), ...examplePages()]

/** The pages that must exist in Arabic too. */
const isTranslated = (path: string): boolean => /^(?:index|start|playground)\.md$|^(?:errors|categories)\//.test(path)

/** The pages of people and the generated ones. A missing translation is an error. */
export const allPages = (): ReadonlyArray<Page> => {
  const pages = [...written(), ...generatedPages()]
  const paths = new Set(pages.map(({ path }) => path))
  const missing = [...paths].filter((path) => isTranslated(path) && !paths.has(`ar/${path}`))
  if (missing.length > 0) throw new Error(`There is no Arabic translation of ${missing.join(", ")}`)
  return pages
}
