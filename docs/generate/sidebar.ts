/** The navigation: sections in the order of reading, and every page in one of them. */
import { Category, VeniceError } from "@effect-venice/core"
import { globSync } from "node:fs"
import { join } from "node:path"
import { exampleNames } from "./examples.ts"
import { root } from "./page.ts"

interface Item {
  readonly slug: string
}

interface Group {
  readonly label: string
  readonly translations: { readonly ar: string }
  readonly collapsed?: boolean
  readonly items: ReadonlyArray<Item | Group>
}

const orders = {
  guides: [
    "calling",
    "catching",
    "retrying",
    "streams",
    "jobs",
    "gateways",
    "resilience",
    "workflow-engines",
    "testing",
    "observing",
    "from-openai",
    "from-ai-sdk",
    "from-ai-error",
    "from-effect-3"
  ],
  reference: ["operations", "policies", "headers", "configuration", "telemetry", "commands", "versions"],
  explanation: [
    "tags",
    "recognition",
    "replay-safety",
    "secrets-and-limits",
    "laws",
    "what-nobody-has-seen",
    "mutation"
  ]
} as const

const content = join(root, "docs/src/content/docs")

/** The pages of a folder, those of the order first. */
const inFolder = (folder: keyof typeof orders): ReadonlyArray<Item> => {
  const order: ReadonlyArray<string> = orders[folder]
  const place = (name: string): number => order.includes(name) ? order.indexOf(name) : order.length
  return globSync("*.md", { cwd: join(content, folder) }).map((file) => file.slice(0, -3)).sort((a, b) =>
    place(a) - place(b) || (a < b ? -1 : 1)
  ).map((name) => ({ slug: `${folder}/${name}` }))
}

const modules = (): ReadonlyArray<Item> =>
  globSync("*.md", { cwd: join(content, "reference/api") }).sort().map((file) => ({
    slug: `reference/api/${file.slice(0, -3)}`
  }))

/** The navigation, from the pages that are written. */
export const sidebar = (): ReadonlyArray<Item | Group> => [
  { slug: "start" },
  { slug: "playground" },
  { label: "Guides", translations: { ar: "أدلة" }, items: inFolder("guides") },
  {
    label: "Examples",
    translations: { ar: "أمثلة" },
    collapsed: true,
    items: [{ slug: "examples" }, ...exampleNames().map((name) => ({ slug: `examples/${name}` }))]
  },
  {
    label: "Reference",
    translations: { ar: "مرجع" },
    items: [
      {
        label: "Errors",
        translations: { ar: "رموز الأخطاء" },
        collapsed: true,
        items: [{ slug: "errors" }, ...[...VeniceError.byCode.keys()].map((code) => ({ slug: `errors/${code}` }))]
      },
      {
        label: "Categories",
        translations: { ar: "الفئات" },
        collapsed: true,
        items: [{ slug: "categories" }, ...Category.all.map((category) => ({ slug: `categories/${category}` }))]
      },
      ...inFolder("reference"),
      { label: "API", translations: { ar: "API" }, collapsed: true, items: modules() }
    ]
  },
  { label: "Explanation", translations: { ar: "شرح" }, items: inFolder("explanation") }
]
