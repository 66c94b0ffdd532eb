/**
 * What is said about the retries of an error.
 *
 * @internal
 */
import { Category } from "@effect-venice/core"
import * as Duration from "effect/Duration"
import type { Explanation } from "../../Explanation.ts"
import { filled, type Locale, texts } from "./locales.ts"

/** Code in a text. */
export const code = (text: string): string => `\`${text}\``

/** A list of code in the language. */
export const codeList = (items: ReadonlyArray<string>, locale: Locale): string =>
  items.map(code).join(texts[locale].separator)

/** What `Retry.standard` does about the error. Without a `hint` in the response, the policy has its own delays. */
export const retriesText = (
  { category, retries: { count, first, reason } }: Explanation,
  locale: Locale,
  hint?: Duration.Duration
): string => {
  const { categories, sentences } = texts[locale]
  if (count > 0) {
    return filled(count === 1 ? sentences.retriedOnce : sentences.retried, {
      count,
      first: code(Duration.format(first!))
    })
  }
  if (reason === "hint" && hint !== undefined) return filled(sentences.longHint, { hint: code(Duration.format(hint)) })
  if (reason === "replay") return sentences.replay
  return reason === "final" && Category.isRetryable(category)
    ? sentences.asksNot
    : filled(sentences.notRetried, { remedy: categories[category].remedy })
}

/** The operations after which the error is not retried, with the reason. */
export const unsafeTexts = ({ unsafe }: Explanation, locale: Locale): ReadonlyArray<string> => {
  const { replay, sentences } = texts[locale]
  return [...unsafe].map(([onReplay, operations]) =>
    filled(sentences.unsafe, { operations: codeList(operations, locale), reason: replay[onReplay] })
  )
}
