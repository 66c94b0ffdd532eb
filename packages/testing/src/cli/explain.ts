/**
 * The command `explain`: what an error means and what to do about it.
 *
 * @internal
 */
import { Operation, VeniceError } from "@effect-venice/core"
import * as CliError from "effect/cli/CliError"
import { TerminalCapabilities } from "effect/cli/TerminalCapabilities"
import * as Clock from "effect/Clock"
import * as Console from "effect/Console"
import * as Data from "effect/Data"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Result from "effect/Result"
import * as Stdio from "effect/Stdio"
import * as Stream from "effect/Stream"
import * as Explanation from "../Explanation.ts"
import { filled, texts } from "../internal/explanations/locales.ts"
import { code, codeList, retriesText, unsafeTexts } from "../internal/explanations/retries.ts"
import { escapeControls, oneLine } from "../internal/pasted/printable.ts"
import { type Subject, subjectOf, subjectsOf } from "../internal/pasted/subject.ts"
import { encodeError, maxLineLength, UnreadableInput } from "./classify.ts"
import { columns, wrap } from "./output.ts"

interface Style {
  readonly locale: Explanation.Locale
  readonly strong: (text: string) => string
}

// Code and messages are isolated, so that a terminal sets them from left to right inside of Arabic.
const isolated = (text: string): string => `\u2066${text}\u2069`

const localized = (line: string, { locale }: Style): string =>
  locale === "en" ? line : line.replace(/`([^`]*)`/g, (_, code: string) => isolated(code))

const paragraph = (text: string, style: Style): string =>
  wrap(oneLine(text), columns - 2).map((line) => `  ${localized(line, style)}`).join("\n")

const section = (title: string, body: string, style: Style): string => `${style.strong(title)}\n${body}`

const verbatim = (text: string, { locale }: Style): string =>
  wrap(oneLine(text), columns - 2).map((line) => `  ${locale === "en" ? line : isolated(line)}`).join("\n")

const operationsText = ({ operations }: Explanation.Explanation, locale: Explanation.Locale, total: number): string =>
  operations.length === total ? texts[locale].labels.every : codeList(operations, locale)

/** Whether the category of an unrecognized response is open, because there is no response. */
const isOfAnyCategory = ({ error, input }: Extract<Subject, { _tag: "Error" }>): boolean =>
  error._tag === "UNRECOGNIZED_RESPONSE" && error.matchedBy === "code" && input === undefined

const errorText = (subject: Extract<Subject, { _tag: "Error" }>, style: Style, total: number): string => {
  const { error } = subject
  const { locale } = style
  const { categories, labels } = texts[locale]
  const explanation = Explanation.of(error, locale)
  const { response } = error
  const heading = `${error._tag}  HTTP ${response.status}  ${error.category}`
  const category = categories[error.category]
  const retries = isOfAnyCategory(subject)
    ? [texts[locale].sentences.byCategory]
    : [
      retriesText(explanation, locale, response.retryAfter),
      ...(response.operation === undefined ? unsafeTexts(explanation, locale) : [])
    ]
  const sections = [
    section(heading, paragraph(explanation.title, style), style),
    section(labels.message, verbatim(error.message, style), style),
    section(labels.happened, paragraph(explanation.happened, style), style),
    section(labels.remedy, paragraph(explanation.remedy, style), style),
    section(labels.category, paragraph(`${code(error.category)}: ${category.remedy}`, style), style),
    section(labels.retried, retries.map((text) => paragraph(text, style)).join("\n"), style),
    ...(subject.input !== undefined
      ? [
        section(labels.recognized, verbatim(error.matchedBy, style), style),
        ...(response.requestId === undefined
          ? []
          : [section(labels.request, verbatim(response.requestId, style), style)])
      ]
      : [section(labels.operations, paragraph(operationsText(explanation, locale, total), style), style)]),
    section(labels.docs, `  ${explanation.docs}`, style)
  ]
  return sections.join("\n\n")
}

const listOf = (found: ReadonlyArray<VeniceError.Code>, { locale }: Style): string =>
  found.map((code) => {
    const { title } = texts[locale].errors[code]
    return `  ${code}\n    ${title}`
  }).join("\n")

const subjectText = (subject: Subject, style: Style, total: number): string => {
  const { labels, sentences } = texts[style.locale]
  switch (subject._tag) {
    case "Error":
      return errorText(subject, style, total)
    case "Errors":
      return `${paragraph(filled(sentences.several, { count: subject.codes.length }), style).trim()}\n\n${
        listOf(subject.codes, style)
      }`
    case "Category": {
      const { meaning, members, remedy, title } = Explanation.ofCategory(subject.category, style.locale)
      return [
        section(subject.category, `${paragraph(title, style)}\n\n${paragraph(meaning, style)}`, style),
        section(labels.remedy, paragraph(remedy, style), style),
        section(labels.members, listOf(members, style), style)
      ].join("\n\n")
    }
  }
}

const errorJson = (
  { error, input }: Extract<Subject, { _tag: "Error" }>,
  locale: Explanation.Locale
): Readonly<Record<string, unknown>> => {
  const { className, retries, unsafe, ...explanation } = Explanation.of(error, locale)
  return {
    locale,
    ...explanation,
    class: className,
    retries: {
      count: retries.count,
      firstMillis: retries.first === undefined ? null : Duration.toMillis(retries.first),
      reason: retries.reason,
      unsafe: Object.fromEntries(unsafe)
    },
    ...(input !== undefined && { matchedBy: error.matchedBy, error: encodeError(error) })
  }
}

const subjectJson = (subject: Subject, locale: Explanation.Locale): ReadonlyArray<unknown> => {
  switch (subject._tag) {
    case "Error":
      return [errorJson(subject, locale)]
    case "Errors":
      return subject.codes.map((code) =>
        errorJson({ _tag: "Error", error: VeniceError.fromCode(code), input: undefined }, locale)
      )
    case "Category":
      return [{ locale, ...Explanation.ofCategory(subject.category, locale) }]
  }
}

/** Prints an explanation, for a person or as JSON lines. */
export const print = (
  subject: Subject,
  options: { readonly locale: Explanation.Locale; readonly json: boolean }
): Effect.Effect<void> => {
  if (options.json) {
    return Console.log(
      subjectJson(subject, options.locale).map((line) => escapeControls(JSON.stringify(line))).join("\n")
    )
  }
  return Effect.flatMap(TerminalCapabilities, ({ canColor }) => {
    const strong = (text: string): string => canColor ? `\u001b[1m${text}\u001b[0m` : text
    return Console.log(subjectText(subject, { locale: options.locale, strong }, Operation.all.length))
  })
}

/** Reads the words of a query; none if the subject is on standard input. */
export const parseQuery = Effect.fnUntraced(function*(words: ReadonlyArray<string>) {
  const text = words.join(" ")
  if (words.length === 0 || text === "-") return Option.none<Subject>()
  const subject = subjectOf(text, yield* Clock.currentTimeMillis)
  return Result.isFailure(subject)
    ? yield* new CliError.ValidationError({ message: subject.failure })
    : Option.some(subject.success)
})

/** Nothing on standard input is known, in one line. */
export class Unexplained extends Data.TaggedError("Unexplained")<{ readonly message: string }> {}

/** Standard input up to a limit, beyond which it is no response that somebody pastes. */
const readInput = Effect.gen(function*() {
  const stdio = yield* Stdio.Stdio
  let length = 0
  const text = yield* stdio.stdin.pipe(
    Stream.mapError((cause) => new UnreadableInput({ source: "standard input", cause })),
    Stream.decodeText,
    Stream.takeUntil((chunk) => (length += chunk.length) > maxLineLength),
    Stream.mkString
  )
  return length > maxLineLength
    ? yield* new Unexplained({ message: `Standard input is longer than ${maxLineLength} characters` })
    : text
})

/** Explains what is on standard input. */
export const explainInput = Effect.fnUntraced(function*(
  options: { readonly locale: Explanation.Locale; readonly json: boolean }
) {
  if (process.stdin.isTTY) yield* Console.error("Paste a response, then press Ctrl+D.")
  const text = yield* readInput
  const now = yield* Clock.currentTimeMillis
  const subjects = subjectsOf(text, now)
  let isFirst = true
  const problems: Array<string> = []
  for (const [index, subject] of subjects.entries()) {
    if (Result.isFailure(subject)) {
      problems.push(subjects.length === 1 ? subject.failure : `line ${index + 1}: ${subject.failure}`)
      continue
    }
    if (!isFirst && !options.json) yield* Console.log("")
    isFirst = false
    yield* print(subject.success, options)
  }
  if (problems.length > 0) return yield* new Unexplained({ message: problems.join("; ") })
})
