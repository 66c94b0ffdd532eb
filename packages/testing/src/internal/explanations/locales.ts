/**
 * The texts about errors and categories by language.
 *
 * @internal
 */
import { ar } from "./ar.ts"
import { en } from "./en.ts"
import type { Texts } from "./texts.ts"

/**
 * The languages of the explanations, for a switch or a flag of your own.
 *
 * @category constants
 * @since 0.1.0
 */
export const locales = ["en", "ar"] as const

/**
 * A language of the explanations, as the functions of the module take it.
 *
 * @category models
 * @since 0.1.0
 */
export type Locale = (typeof locales)[number]

export const texts: Readonly<Record<Locale, Texts>> = { en, ar }

/** A sentence with its gaps filled. */
export const filled = (sentence: string, values: Readonly<Record<string, string | number>>): string =>
  sentence.replace(/\{(\w+)\}/g, (gap, name: string) => name in values ? String(values[name]) : gap)
