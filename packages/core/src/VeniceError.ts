/**
 * The union of all errors of the Venice API, and functions to handle them by category or code.
 *
 * `VeniceError` is the union of the classes in `Errors`, as a type and as a schema. The schema encodes to JSON and
 * back, so an error keeps its class across RPC, workers and workflows.
 *
 * **Example** (Handling a whole category)
 *
 * ```ts
 * import { Errors, VeniceError } from "@effect-venice/core"
 * import { Effect } from "effect"
 *
 * const call: Effect.Effect<string, Errors.InsufficientBalance | Errors.ModelOffline> = Effect.fail(
 *   new Errors.InsufficientBalance()
 * )
 *
 * // The Billing errors leave the failure channel: the result is an `Effect<string, ModelOffline>`.
 * const handled = call.pipe(
 *   VeniceError.catchCategory("Billing", (error) => Effect.succeed(`${error._tag}: top up`))
 * )
 *
 * await Effect.runPromise(handled) // => "INSUFFICIENT_BALANCE: top up"
 * ```
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import { dual } from "effect/Function"
import * as Schema from "effect/Schema"
import type { Category } from "./Category.ts"
import * as Errors from "./Errors.ts"
import { TypeId } from "./internal/ApiError.ts"
import { lazySchema } from "./internal/lazySchema.ts"
import { attempt } from "./internal/redaction/foreignError.ts"

/**
 * The class of any error. For code that reads the constants of a class (`code`, `status`, `defaultMessage`), such as
 * generated documentation.
 *
 * @category models
 * @since 0.1.0
 */
export type VeniceErrorClass = typeof Errors[keyof typeof Errors]

/**
 * Any error of the Venice API. Name it in functions that log, report or encode errors.
 *
 * @category models
 * @since 0.1.0
 */
export type VeniceError = InstanceType<VeniceErrorClass>

/**
 * The tag of any error, which is Venice's code. Use it to key a table by error.
 *
 * @category models
 * @since 0.1.0
 */
export type Code = VeniceError["_tag"]

const classes: ReadonlyArray<VeniceErrorClass> = Object.values(Errors).sort((a, b) => a["~place"] - b["~place"])

/**
 * The classes by code, in the order of the table. For code that gets a code as data, or iterates over all errors.
 *
 * @category constants
 * @since 0.1.0
 */
export const byCode: ReadonlyMap<string, VeniceErrorClass> = new Map(classes.map((Class) => [Class.code, Class]))

/**
 * The schema of the union. Use it to send errors through JSON, or as the error schema of an RPC or a workflow.
 *
 * **Example** (Sending an error through JSON)
 *
 * ```ts
 * import { Errors, VeniceError } from "@effect-venice/core"
 * import { Schema } from "effect"
 *
 * const codec = Schema.fromJsonString(VeniceError.VeniceError)
 *
 * const text = Schema.encodeSync(codec)(new Errors.ModelNotFound({ model: "nope" }))
 * const error = Schema.decodeSync(codec)(text)
 *
 * error instanceof Errors.ModelNotFound // => true
 * ```
 *
 * @category schemas
 * @since 0.1.0
 */
export const VeniceError: Schema.Union<ReadonlyArray<VeniceErrorClass>> = lazySchema(
  Schema.Union<ReadonlyArray<VeniceErrorClass>>([]),
  () => Schema.Union(classes)
)

/**
 * Returns an error of this code with its documented message and status. For tests and simulations that get the code as
 * data; otherwise construct the class in `Errors`.
 *
 * @category constructors
 * @since 0.1.0
 */
export const fromCode = (code: Code): VeniceError => {
  const { category, defaultMessage, status } = byCode.get(code)!
  return Schema.decodeUnknownSync(VeniceError)({
    _tag: code,
    category,
    message: defaultMessage,
    matchedBy: "code",
    response: { status }
  })
}

/**
 * Returns whether a text is one of the codes. Use it on input such as a command-line argument.
 *
 * @category guards
 * @since 0.1.0
 */
export const isCode = (text: string): text is Code => byCode.has(text)

/**
 * Returns whether a value is any error of the Venice API. Use it on the failure of a call, which can be something else,
 * such as an `HttpClientError`. Total, also for values that throw when they are read.
 *
 * @category guards
 * @since 0.1.0
 */
export const isVeniceError = (u: unknown): u is VeniceError =>
  typeof u === "object" && u !== null && attempt(() => TypeId in u && hasResponse(u), false)

const hasResponse = (u: object): boolean => "response" in u && typeof u.response === "object" && u.response !== null

interface Member<C> {
  readonly [TypeId]: typeof TypeId
  readonly category: C
}

/**
 * The categories of the Venice errors in `E`. Use it in functions that are generic in the failure channel.
 *
 * @category models
 * @since 0.1.0
 */
export type CategoryOf<E> = E extends Member<Category> ? E["category"] : never

/**
 * The members of `E` in category `C`, as {@link catchCategory} passes them to its handler. An `UnrecognizedResponse`
 * may be in any category.
 *
 * @category models
 * @since 0.1.0
 */
export type InCategory<E, C> = E extends Member<infer T> ? C extends T ? E
  : never
  : never

/**
 * `E` without its members in category `C`: the failure channel after {@link catchCategory}. An `UnrecognizedResponse`
 * stays, because its type does not tell its category.
 *
 * @category models
 * @since 0.1.0
 */
export type NotInCategory<E, C> = Exclude<E, Member<C>>

/**
 * Returns a guard for the errors of one category. Use it to filter or count failures, or with `Effect.catchIf`.
 *
 * **Example** (Counting failures of one category)
 *
 * ```ts
 * import { Errors, VeniceError } from "@effect-venice/core"
 *
 * const failures = [new Errors.ModelOffline(), new Errors.PaymentRequired(), new Error("of another kind")]
 *
 * failures.filter(VeniceError.inCategory("Capacity")).length // => 1
 * ```
 *
 * @category guards
 * @since 0.1.0
 */
export const inCategory =
  <C extends Category>(category: C) => <E>(error: E): error is E & InCategory<E | VeniceError, C> =>
    isVeniceError(error) && error.category === category

/**
 * Recovers from every error of one or several categories. The caught members leave the failure channel.
 *
 * **Gotchas**
 *
 * An `UnrecognizedResponse` of the category is caught too, but stays in the type of the channel, because its type does
 * not tell its category.
 *
 * @category error handling
 * @since 0.1.0
 */
export const catchCategory: {
  <const C extends CategoryOf<E> | ReadonlyArray<CategoryOf<E>>, E, A2, E2, R2>(
    category: C,
    f: (error: InCategory<E, C extends ReadonlyArray<Category> ? C[number] : C>) => Effect.Effect<A2, E2, R2>
  ): <A, R>(
    self: Effect.Effect<A, E, R>
  ) => Effect.Effect<A | A2, NotInCategory<E, C extends ReadonlyArray<Category> ? C[number] : C> | E2, R | R2>
  <A, E, R, const C extends CategoryOf<E> | ReadonlyArray<CategoryOf<E>>, A2, E2, R2>(
    self: Effect.Effect<A, E, R>,
    category: C,
    f: (error: InCategory<E, C extends ReadonlyArray<Category> ? C[number] : C>) => Effect.Effect<A2, E2, R2>
  ): Effect.Effect<A | A2, NotInCategory<E, C extends ReadonlyArray<Category> ? C[number] : C> | E2, R | R2>
} = dual(
  3,
  <A, E, R, A2, E2, R2>(
    self: Effect.Effect<A, E, R>,
    category: Category | ReadonlyArray<Category>,
    f: (error: any) => Effect.Effect<A2, E2, R2>
  ): Effect.Effect<A | A2, E | E2, R | R2> => {
    const categories = Array.isArray(category) ? category : [category]
    return Effect.catchIf(self, (error) => isVeniceError(error) && categories.includes(error.category), f)
  }
)

// A table that the compiler makes in one pass. To extract each code from `E` takes as many passes as it has codes.
type ByCode<E extends VeniceError> = { readonly [F in E as F["_tag"]]: F }

/**
 * One function for each code of `E`: the second argument of {@link match}, to declare it apart from the call.
 *
 * @category models
 * @since 0.1.0
 */
export type CodeHandlers<E extends VeniceError> = {
  readonly [Tag in keyof ByCode<E>]: (error: ByCode<E>[Tag]) => unknown
}

/**
 * One function for each category: the second argument of {@link matchCategory}, to declare it apart from the call.
 *
 * @category models
 * @since 0.1.0
 */
export type CategoryHandlers = {
  readonly [C in Category]: (error: InCategory<VeniceError, C>) => unknown
}

type Returned<H> = H[keyof H] extends (error: never) => infer A ? A : never

type OnlyErrors<E extends { readonly _tag: string }> = [E] extends [VeniceError] ? E
  : `${Exclude<
    E,
    VeniceError
  >["_tag"]} is not an error of Venice: match the whole channel with Failure.match of @effect-venice/http`

/**
 * Calls the function of the error's code. A missing function is a compile error that names the code. Use it where every
 * error of a call must be handled.
 *
 * **When to use**
 *
 * For errors of Venice alone. A call of `VeniceClient` has other failures too: `Failure.match` of `@effect-venice/http`
 * takes them all.
 *
 * **Example** (Handling every code of a small channel)
 *
 * ```ts
 * import { Errors, VeniceError } from "@effect-venice/core"
 *
 * const error = new Errors.ModelOffline() as Errors.ModelOffline | Errors.ModelNotFound
 *
 * VeniceError.match(error, {
 *   MODEL_OFFLINE: () => "later",
 *   MODEL_NOT_FOUND: (error) => `not ${error.model}`
 * }) // => "later"
 * ```
 *
 * @category matching
 * @since 0.1.0
 */
export const match = <E extends { readonly _tag: string }, const H extends CodeHandlers<Extract<E, VeniceError>>>(
  error: OnlyErrors<E>,
  handlers: H
): Returned<H> => {
  const known = error as unknown as VeniceError
  const handle = handlers[known._tag as keyof H] as (error: VeniceError) => Returned<H>
  return handle(known)
}

/**
 * Calls the function of the error's category. A missing function is a compile error that names the category. Use it
 * where every error must be handled, for example to choose a text for the user.
 *
 * @category matching
 * @since 0.1.0
 */
export const matchCategory = <const H extends CategoryHandlers>(error: VeniceError, handlers: H): Returned<H> => {
  const handle = handlers[error.category] as (error: VeniceError) => Returned<H>
  return handle(error)
}
