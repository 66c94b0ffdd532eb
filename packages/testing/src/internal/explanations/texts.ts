/**
 * The shape of the texts about errors and categories in one language. A language that lacks a text does not compile.
 *
 * Parts between backticks are code: they are written from left to right in every language.
 *
 * @internal
 */
import type { Category, Operation, VeniceError } from "@effect-venice/core"

/** What is said about one error. */
export interface Text {
  /** The error in a few words. In a language other than English, the translation of Venice's message. */
  readonly title: string
  readonly happened: string
  readonly remedy: string
}

/** What is said about one category. */
export interface CategoryText {
  /** The name of the category in words. */
  readonly title: string
  /** The remedy of `Category.remedies`. */
  readonly remedy: string
  /** What the errors of the category have in common, and what follows from that. */
  readonly meaning: string
}

/** All texts of one language. */
export interface Texts {
  readonly errors: Readonly<Record<VeniceError.Code, Text>>
  readonly categories: Readonly<Record<Category.Category, CategoryText>>
  /** What stands between the items of a list. */
  readonly separator: string
  /** What it costs to send a request again, by operation. */
  readonly replay: Readonly<Record<Operation.OnReplay, string>>
  /** Headings and labels. */
  readonly labels: Readonly<Record<Label, string>>
  /** Sentences with gaps: `{name}` stands for a value. */
  readonly sentences: Readonly<Record<Sentence, string>>
}

/** A heading or a label. */
export type Label =
  | "code"
  | "class"
  | "status"
  | "category"
  | "message"
  | "severity"
  | "happened"
  | "remedy"
  | "retried"
  | "operations"
  | "every"
  | "docs"
  | "recognized"
  | "request"
  | "members"

/** A sentence with gaps. */
export type Sentence =
  | "retried"
  | "retriedOnce"
  | "notRetried"
  | "longHint"
  | "asksNot"
  | "replay"
  | "unsafe"
  | "byCategory"
  | "several"
