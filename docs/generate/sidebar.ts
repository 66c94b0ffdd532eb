/** The navigation: sections in the order of reading, and every page in one of them. */
import { Category, VeniceError } from "@effect-venice/core"
import { globSync } from "node:fs"
import { join } from "node:path"
import { exampleNames } from "./examples.ts"
import { root } from "./page.ts"

interface Item {
  readonly slug: string
  readonly translations?: { readonly ar: string }
}

interface Group {
  readonly label: string
  readonly translations: { readonly ar: string }
  readonly collapsed?: boolean
  readonly items: ReadonlyArray<Item | Group>
}

/** The pages of a folder in the order of reading, with their Arabic titles, as long as only these are translated. */
const orders = {
  guides: {
    calling: "استدعاء Venice",
    catching: "التقاط الأخطاء",
    retrying: "إعادة المحاولة",
    streams: "البث",
    jobs: "المهام",
    gateways: "البوابات",
    resilience: "الصمود",
    "workflow-engines": "محركات سير العمل",
    testing: "الاختبار",
    observing: "المراقبة",
    "from-openai": "الانتقال من openai",
    "from-ai-sdk": "الانتقال من AI SDK",
    "from-ai-error": "الانتقال من AiError",
    "from-effect-3": "الانتقال من Effect 3"
  },
  reference: {
    operations: "العمليات",
    policies: "السياسات",
    headers: "الترويسات",
    configuration: "الإعدادات",
    telemetry: "القياس عن بُعد",
    commands: "الأوامر",
    versions: "الإصدارات"
  },
  explanation: {
    tags: "لماذا الوسوم رموز Venice",
    recognition: "كيف يتم التعرّف على استجابة",
    "replay-safety": "أمان الإعادة",
    "secrets-and-limits": "الأسرار والحدود",
    laws: "القوانين",
    "what-nobody-has-seen": "ما لم يره أحد",
    mutation: "اختبار الطفرات"
  }
} as const

const content = join(root, "docs/src/content/docs")

/** The pages of a folder, those of the order first. */
const inFolder = (folder: keyof typeof orders): ReadonlyArray<Item> => {
  const titles: Readonly<Record<string, string>> = orders[folder]
  const order = Object.keys(titles)
  const place = (name: string): number => order.includes(name) ? order.indexOf(name) : order.length
  return globSync("*.md", { cwd: join(content, folder) }).map((file) => file.slice(0, -3)).sort((a, b) =>
    place(a) - place(b) || (a < b ? -1 : 1)
  ).map((name) => ({
    slug: `${folder}/${name}`,
    ...(titles[name] !== undefined && { translations: { ar: titles[name] } })
  }))
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
    items: [
      { slug: "examples", translations: { ar: "كل الأمثلة" } },
      ...exampleNames().map((name) => ({ slug: `examples/${name}` }))
    ]
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
