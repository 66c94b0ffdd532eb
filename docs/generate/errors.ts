/** A page for each error and for each category, in every language, from the rows of the table. */
import { Category, Operation, Retry, VeniceError } from "@effect-venice/core"
import { Explanation, type Fixtures } from "@effect-venice/testing"
import { ErrorReporter } from "effect"
import { texts } from "../../packages/testing/src/internal/explanations/locales.ts"
import { code, codeList, retriesText, unsafeTexts } from "../../packages/testing/src/internal/explanations/retries.ts"
import { evidenceOf, exampleOf } from "./evidence.ts"
import { handlerOf } from "./handlers.ts"
import type { Page } from "./page.ts"
import { words } from "./words.ts"

type Locale = Explanation.Locale

const codes = [...VeniceError.byCode.keys()] as ReadonlyArray<VeniceError.Code>

const inLocale = (path: string, locale: Locale): string => locale === "en" ? path : `${locale}/${path}`

/** Text in code, also if it has backticks. */
const literal = (text: string): string => text.includes("`") ? `\`\` ${text} \`\`` : `\`${text}\``

const fence = (language: string, text: string): string => `\`\`\`${language}\n${text}\n\`\`\``

const tableOf = (rows: ReadonlyArray<readonly [string, string]>): string => {
  const [[firstName, firstValue], ...rest] = rows as [readonly [string, string], ...Array<readonly [string, string]>]
  return [`| ${firstName} | ${firstValue} |`, "| --- | --- |", ...rest.map(([name, value]) => `| ${name} | ${value} |`)]
    .join("\n")
}

const pretty = (body: string): string => {
  try {
    return JSON.stringify(JSON.parse(body), undefined, 2)
  } catch {
    return body
  }
}

const responseText = ({ body, headers, status }: ReturnType<typeof exampleOf>): string =>
  [`HTTP/1.1 ${status}`, ...Object.entries(headers).map(([name, value]) => `${name}: ${value}`), "", pretty(body)].join(
    "\n"
  )

/** The response as a program that decodes it. The examples are run, so the comment is what came out. */
const decodingText = (
  name: VeniceError.Code,
  { body, headers, operation, status }: ReturnType<typeof exampleOf>
): string =>
  `import { Decode } from "@effect-venice/core"

const error = Decode.response({
  status: ${status},
  headers: ${JSON.stringify(headers)},
  body: ${JSON.stringify(body)},
  operation: ${JSON.stringify(operation)},
  now: Date.UTC(2026, 0, 1)
})

error._tag // => ${JSON.stringify(name)}`

const order: ReadonlyArray<Fixtures.Provenance> = ["captured", "documented", "client", "composed"]

/** Sources name repositories and files; a URL becomes a link. */
const sourceText = (source: string): string =>
  /^https?:\S+$/.test(source) ? `<${source}>` : literal(source.replace(/\s+/g, " "))

const certaintyText = (name: VeniceError.Code, locale: Locale): string => {
  const evidence = evidenceOf(name)
  const word = words[locale]
  const row = VeniceError.byCode.get(name)!["~row"]
  return [
    ...(evidence.some(({ provenance }) => provenance === "captured") || name === "UNRECOGNIZED_RESPONSE"
      ? []
      : [word.never]),
    ...(row.hasUndocumentedMessage === true ? [word.undocumentedMessage] : []),
    ...order.flatMap((provenance) => {
      const sources = evidence.filter((item) => item.provenance === provenance)
      return sources.length === 0
        ? []
        : [`${word[provenance]}\n\n${sources.map(({ source }) => `- ${sourceText(source)}`).join("\n")}`]
    })
  ].join("\n\n")
}

const timelineOf = (error: VeniceError.VeniceError): string =>
  Retry.render(Retry.simulate(Retry.standard, Array.from({ length: 100 }, () => error)))

const retriesSection = (
  error: VeniceError.VeniceError,
  explanation: Explanation.Explanation,
  locale: Locale
): string => {
  const isOpen = error._tag === "UNRECOGNIZED_RESPONSE"
  const parts = isOpen
    ? [texts[locale].sentences.byCategory]
    : [retriesText(explanation, locale), ...unsafeTexts(explanation, locale)]
  return explanation.retries.count === 0 || isOpen
    ? parts.join("\n\n")
    : [...parts, words[locale].timeline, fence("text", timelineOf(error))].join("\n\n")
}

const errorPage = (name: VeniceError.Code, locale: Locale): Page => {
  const error = VeniceError.fromCode(name)
  const explanation = Explanation.of(error, locale)
  const { categories, labels } = texts[locale]
  const word = words[locale]
  const example = exampleOf(name)
  const { category, className, happened, message, operations, remedy, status, title } = explanation
  const sections: ReadonlyArray<readonly [string, string]> = [
    [labels.happened, happened],
    [labels.remedy, remedy],
    [
      word.example,
      `${word.exampleIntro}\n\n${fence("http", responseText(example))}\n\n${
        fence("ts plain", decodingText(name, example))
      }`
    ],
    [
      word.handler,
      `${word.handlerIntro}\n\n${fence("ts no-run plain", handlerOf(name, category, example.operation))}`
    ],
    [labels.retried, retriesSection(error, explanation, locale)],
    [
      labels.operations,
      operations.length === Operation.all.length
        ? `[${labels.every}](../reference/operations.md)`
        : codeList(operations, locale)
    ],
    [word.certainty, certaintyText(name, locale)],
    [
      labels.docs,
      [
        `- [${categories[category].title}](../categories/${category}.md)`,
        `- [${word.table}](https://docs.venice.ai/api-reference/error-codes)`,
        `- ${word.terminal} ${code(`effect-venice explain ${name}${locale === "en" ? "" : ` --locale ${locale}`}`)}`
      ].join("\n")
    ]
  ]
  const table = tableOf([
    [labels.code, code(name)],
    [labels.status, name === "UNRECOGNIZED_RESPONSE" ? "—" : code(String(status))],
    [labels.category, `[${categories[category].title}](../categories/${category}.md): ${categories[category].remedy}`],
    [labels.message, literal(message.replace(/`/g, "'"))],
    [labels.class, code(`Errors.${className}`)],
    [labels.severity, code(error[ErrorReporter.severity as keyof typeof error] as unknown as string)]
  ])
  return {
    path: inLocale(`errors/${name}.md`, locale),
    text: `# ${name}\n\n${title}${/[.!?]$/.test(title) ? "" : "."}\n\n${table}\n\n${
      sections.map(([heading, body]) => `## ${heading}\n\n${body}`).join("\n\n")
    }\n`
  }
}

const errorsPage = (locale: Locale): Page => {
  const { categories, labels } = texts[locale]
  const rows = codes.map((name) => {
    const { category, status } = VeniceError.byCode.get(name)!
    return `| [${name}](${name}.md) | ${name === "UNRECOGNIZED_RESPONSE" ? "—" : status} | [${
      categories[category].title
    }](../categories/${category}.md) | ${texts[locale].errors[name].title} |`
  })
  return {
    path: inLocale("errors/index.md", locale),
    text: `# ${words[locale].errors}\n\n${
      words[locale].errorsIntro
    }\n\n| ${labels.code} | ${labels.status} | ${labels.category} | ${labels.happened} |\n| --- | --- | --- | --- |\n${
      rows.join("\n")
    }\n`
  }
}

const categoryPage = (category: Category.Category, locale: Locale): Page => {
  const { labels } = texts[locale]
  const { meaning, members, remedy, title } = Explanation.ofCategory(category, locale)
  const list = members.map((name) => {
    const { happened } = texts[locale].errors[name]
    return `- [${name}](../errors/${name}.md): ${happened}`
  })
  const retries = Category.isRetryable(category)
    ? fence("text", timelineOf(VeniceError.fromCode(members[0]!)))
    : retriesText(Explanation.of(VeniceError.fromCode(members[0]!), locale), locale)
  const handling = `import { Errors, VeniceError } from "@effect-venice/core"
import { Effect } from "effect"

const handled = Effect.fail(new Errors.${Explanation.of(VeniceError.fromCode(members[0]!)).className}()).pipe(
  VeniceError.catchCategory(${JSON.stringify(category)}, (error) => Effect.succeed(error._tag))
)

await Effect.runPromise(handled) // => ${JSON.stringify(members[0])}`
  return {
    path: inLocale(`categories/${category}.md`, locale),
    text: `# ${
      locale === "en" ? category : `${title} (${category})`
    }\n\n${meaning}\n\n${labels.remedy}: **${remedy}**.\n\n## ${labels.members}\n\n${list.join("\n")}\n\n## ${
      words[locale].handler
    }\n\n${fence("ts plain", handling)}\n\n## ${labels.retried}\n\n${
      Category.isRetryable(category) ? `${words[locale].timeline}\n\n` : ""
    }${retries}\n`
  }
}

const categoriesPage = (locale: Locale): Page => {
  const { labels } = texts[locale]
  const rows = Category.all.map((category) => {
    const { members, remedy, title } = Explanation.ofCategory(category, locale)
    const name = locale === "en" ? category : `${title} (${category})`
    return `| [${name}](${category}.md) | ${remedy} | ${
      Category.isRetryable(category) ? words[locale].yes : words[locale].no
    } | ${members.map((code) => `[${code}](../errors/${code}.md)`).join(", ")} |`
  })
  return {
    path: inLocale("categories/index.md", locale),
    text: `# ${words[locale].categories}\n\n${
      words[locale].categoriesIntro
    }\n\n| ${labels.category} | ${labels.remedy} | ${labels.retried} | ${labels.members} |\n| --- | --- | --- | --- |\n${
      rows.join("\n")
    }\n`
  }
}

/** The pages about errors and categories. */
export const errorPages = (): ReadonlyArray<Page> =>
  Explanation.locales.flatMap((locale) => [
    errorsPage(locale),
    ...codes.map((name) => errorPage(name, locale)),
    categoriesPage(locale),
    ...Category.all.map((category) => categoryPage(category, locale))
  ])
