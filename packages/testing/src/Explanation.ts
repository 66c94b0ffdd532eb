/**
 * Explanations of errors for people: what happened, what to do, and whether a retry helps, in English and Arabic.
 *
 * The texts are data of this package, so that an application that only decodes does not carry them. The command
 * `effect-venice explain` prints them, and the pages of the documentation are generated from them.
 *
 * **When to use**
 *
 * To show an error to a person who has to act on it: in a console of your own, a bot, or a page for support.
 *
 * **Details**
 *
 * Parts of a text between backticks are code. Write them from left to right in every language. Venice's message stays
 * as it was sent, in `message`; `title` is its translation.
 *
 * **Example** (Explaining an error in Arabic)
 *
 * ```ts
 * import { Errors } from "@effect-venice/core"
 * import { Explanation } from "@effect-venice/testing"
 *
 * const { message, retries, title } = Explanation.of(new Errors.ModelOffline(), "ar")
 *
 * title // => "النموذج غير متصل مؤقتًا"
 * message // => "The model is temporarily offline. Please try again later."
 * retries.count // => 4
 * ```
 *
 * @since 0.1.0
 */
import type { Attempts, Category } from "@effect-venice/core"
import { Errors, Operation, OperationFailure, Retry, VeniceError } from "@effect-venice/core"
import type * as Duration from "effect/Duration"
import type { Locale } from "./internal/explanations/locales.ts"
import { texts } from "./internal/explanations/locales.ts"

export { type Locale, locales } from "./internal/explanations/locales.ts"

/**
 * What `Retry.standard` does if the error comes at every attempt, for a person who asks whether waiting helps.
 *
 * @category models
 * @since 0.1.0
 */
export interface Retries {
  /** How often the request is sent again; zero if it is not. */
  readonly count: number
  /** The shortest delay before the first retry, if there is one. */
  readonly first: Duration.Duration | undefined
  /** Why the policy gives up in the end: `final` if it never retries the error. */
  readonly reason: Attempts.Reason
}

/**
 * An explanation of an error: show `happened` and `remedy` to the person who has to act, the rest to a developer.
 *
 * @category models
 * @since 0.1.0
 */
export interface Explanation {
  readonly code: VeniceError.Code
  /** The name of the class in `Errors`. */
  readonly className: string
  /** The documented status. */
  readonly status: number
  readonly category: Category.Category
  /** Venice's message, as it was sent. */
  readonly message: string
  /** The error in a few words of the language. */
  readonly title: string
  readonly happened: string
  readonly remedy: string
  readonly retries: Retries
  /** The operations that can respond with the error. */
  readonly operations: ReadonlyArray<Operation.Operation>
  /**
   * The operations after which the error is not retried, although it is after others, by what a second request costs;
   * without those that Venice retired.
   */
  readonly unsafe: ReadonlyMap<Operation.OnReplay, ReadonlyArray<Operation.Operation>>
  /** The URL of the page about the error. */
  readonly docs: string
}

const names: ReadonlyMap<string, string> = new Map(Object.entries(Errors).map(([name, { code }]) => [code, name]))

const retriesOf = (error: VeniceError.VeniceError): Retries => {
  if (Retry.kindOf(error) !== undefined && !Retry.isRepeatable(error)) {
    return { count: 0, first: undefined, reason: "replay" }
  }
  const { outcome, retries } = Retry.simulate(Retry.standard, Array.from({ length: 100 }, () => error))
  return { count: retries.length, first: retries[0]?.floor, reason: outcome as Attempts.Reason }
}

const isUnsafe = (error: VeniceError.VeniceError, operation: Operation.Operation): boolean => {
  const Class = VeniceError.byCode.get(error._tag)!
  const response = { ...error.response, operation }
  return !Retry.isRepeatable(Reflect.construct(Class, [{ ...error, response }]))
}

const unsafeOf = (error: VeniceError.VeniceError, operations: ReadonlyArray<Operation.Operation>) => {
  const out = new Map<Operation.OnReplay, ReadonlyArray<Operation.Operation>>()
  if (Retry.kindOf(error) === undefined) return out
  for (const operation of operations.filter((operation) => isUnsafe(error, operation))) {
    const { onReplay } = Operation.operations[operation]
    if (onReplay !== "retired") out.set(onReplay, [...out.get(onReplay) ?? [], operation])
  }
  return out
}

/**
 * Explains an error. Pass what a call failed with, or `VeniceError.fromCode(code)` for a code without a response.
 *
 * @category constructors
 * @since 0.1.0
 */
export const of = (error: VeniceError.VeniceError, locale: Locale = "en"): Explanation => {
  const { _tag: code, category, docs, message } = error
  const operations = Operation.all.filter((operation) => OperationFailure.codes(operation).has(code))
  return {
    code,
    className: names.get(code)!,
    status: VeniceError.byCode.get(code)!.status,
    category,
    message,
    ...texts[locale].errors[code],
    retries: retriesOf(error),
    operations,
    unsafe: unsafeOf(error, operations),
    docs
  }
}

/**
 * An explanation of a category: show it where errors are grouped by what their caller can do.
 *
 * @category models
 * @since 0.1.0
 */
export interface CategoryExplanation {
  readonly category: Category.Category
  /** The name of the category in words of the language. */
  readonly title: string
  readonly remedy: string
  /** What the errors of the category have in common. */
  readonly meaning: string
  readonly members: ReadonlyArray<VeniceError.Code>
}

/**
 * Explains a category, for a page or a message about all of its errors.
 *
 * **Example** (Explaining a category)
 *
 * ```ts
 * import { Explanation } from "@effect-venice/testing"
 *
 * Explanation.ofCategory("ContextLength").members // => ["TOO_MANY_TOKENS"]
 * ```
 *
 * @category constructors
 * @since 0.1.0
 */
export const ofCategory = (category: Category.Category, locale: Locale = "en"): CategoryExplanation => ({
  category,
  ...texts[locale].categories[category],
  members: [...VeniceError.byCode.values()]
    .filter((Class) => Class.category === category && Class !== Errors.UnrecognizedResponse)
    .map(({ code }) => code)
})
