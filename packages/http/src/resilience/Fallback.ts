/**
 * Another way to an answer when a call fails: a route for each cause.
 *
 * A model at capacity has a sibling, a context that is too long needs a larger model, an empty account needs another key,
 * provider or payer. Each {@link on} adds one route to a call, for the categories or tags that it names, and the failures
 * for which it is taken in any case leave the channel.
 *
 * **When to use**
 *
 * Around the retries of a call, so that a route is taken when a policy gave up: at once for what no retry can fix. A call
 * that a part of `resilience` did not send (`LOCKOUT_AHEAD`, `CIRCUIT_OPEN`, `PACE_EXCEEDED`) takes part by its category:
 * a route for `Capacity` is taken at once when the circuit of the model is open, if the policy does not wait for it.
 *
 * **Details**
 *
 * - A call takes each of its routes once at most, in the order of the `on`s: a route that fails goes on to the next one that
 *   is for its failure.
 * - A route is a second request. After a failure that may hide an executed request (`Server`, `Upstream`, `Timeout`, a lost
 *   connection) it is sent only if a policy could repeat the request, or under `Operation.allowReplay`; so those failures
 *   stay in the channel. Nothing is sent after an event of a stream was delivered.
 * - A route to another provider takes part by the `Classification` of its errors.
 * - {@link collect} returns the routes that a call took, {@link historyOf} those behind a failure. The span of the call
 *   has an event `venice.fallback` and the attribute `venice.route`; `venice.client.fallbacks` counts them.
 *
 * Effect's `ExecutionPlan` chooses its next step by order and not by cause, and its steps do not change the channel, which
 * is why this is not one.
 *
 * **Gotchas**
 *
 * - Put `on` into the `pipe` of a call, where its channel is known.
 * - Around an effect that runs a stream, an error after the first event passes, although its type does not say so: use
 *   {@link onStream} on the stream.
 *
 * **Example** (A sibling for a busy model, and another payer for an empty account)
 *
 * ```ts
 * import { Errors } from "@effect-venice/core"
 * import { Fallback } from "@effect-venice/http/resilience"
 * import { Effect } from "effect"
 *
 * // Stands for `venice.execute("POST /chat/completions", { body: { model, messages }, success })`.
 * const ask = (model: string): Effect.Effect<string, Errors.ModelOverloaded | Errors.InsufficientBalance> =>
 *   model === "busy" ? Effect.fail(new Errors.ModelOverloaded()) : Effect.fail(new Errors.InsufficientBalance())
 *
 * const program = ask("busy").pipe(
 *   Fallback.on("sibling", "Capacity", () => ask("sibling")),
 *   Fallback.on("other payer", "Billing", () => Effect.succeed("an answer")),
 *   Fallback.collect
 * )
 *
 * const [answer, routes] = await Effect.runPromise(program)
 * answer // => "an answer"
 * routes.map(({ route, code }) => `${code}: ${route}`) // => ["MODEL_OVERLOADED: sibling", "INSUFFICIENT_BALANCE: other payer"]
 * ```
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import { allowsAnother, type CauseIn, isNamed, type Matching, type Remaining } from "../internal/resilience/causes.ts"
import { Collector, keep, record, type Taken } from "../internal/resilience/routes.ts"

export type { CauseIn, Matching, Remaining } from "../internal/resilience/causes.ts"
export { fallbacks, historyOf, type Taken } from "../internal/resilience/routes.ts"

type Flat<C> = C extends ReadonlyArray<infer One> ? One : C

/** A route that may decline leaves the channel as it is. */
type Left<E, C, Ran> = undefined extends Ran ? E : Remaining<E, Flat<C>>

type AnyEffect = Effect.Effect<unknown, unknown, unknown>

type AnyStream = Stream.Stream<unknown, unknown, unknown>

const listOf = (causes: string | ReadonlyArray<string>): ReadonlyArray<string> =>
  typeof causes === "string" ? [causes] : causes

/**
 * Adds a route to a call: what to do instead when it fails for one of the causes, which are categories or tags of its
 * channel. The function gets the failure, and returns `undefined` where the route cannot help.
 *
 * **Example** (The model that Venice recommends)
 *
 * ```ts
 * import { Errors } from "@effect-venice/core"
 * import { Fallback } from "@effect-venice/http/resilience"
 * import { Effect } from "effect"
 *
 * // Stands for `venice.execute("POST /chat/completions", { body: { model, messages }, success })`.
 * const ask = (model: string): Effect.Effect<string, Errors.ContentPolicyViolation> =>
 *   model === "strict"
 *     ? Effect.fail(new Errors.ContentPolicyViolation({ recommendedModel: "open" }))
 *     : Effect.succeed(`an answer of ${model}`)
 *
 * const program = ask("strict").pipe(
 *   Fallback.on(
 *     "recommended",
 *     "ContentPolicy",
 *     ({ recommendedModel }) => recommendedModel === undefined ? undefined : ask(recommendedModel)
 *   )
 * )
 *
 * await Effect.runPromise(program) // => "an answer of open"
 * ```
 *
 * @category combinators
 * @since 0.1.0
 */
export const on = <E, const C extends CauseIn<E> | ReadonlyArray<CauseIn<E>>, Ran extends AnyEffect | undefined>(
  route: string,
  causes: C,
  run: (failure: Matching<E, Flat<C>>) => Ran
) =>
<A, R>(self: Effect.Effect<A, E, R>): Effect.Effect<
  A | Effect.Success<NonNullable<Ran>>,
  Left<E, C, Ran> | Effect.Error<NonNullable<Ran>>,
  R | Effect.Services<NonNullable<Ran>>
> => {
  const names = listOf(causes)
  return Effect.catch(
    self,
    (failure) =>
      Effect.withFiber((fiber): AnyEffect => {
        if (!isNamed(failure, names) || !allowsAnother(failure, fiber)) return Effect.fail(failure)
        const other = run(failure as Matching<E, Flat<C>>)
        if (other === undefined) return Effect.fail(failure)
        const { recorded, taken } = record(route, failure, fiber)
        return Effect.andThen(recorded, Effect.tapError(other, (last) => Effect.sync(() => keep(last, failure, taken))))
      })
  ) as Effect.Effect<never>
}

/**
 * {@link on} for a stream: a route that is taken as long as no element was delivered. Every failure stays in the channel,
 * because the stream may still fail with it later.
 *
 * @category combinators
 * @since 0.1.0
 */
export const onStream = <
  E,
  const C extends CauseIn<E> | ReadonlyArray<CauseIn<E>>,
  Ran extends AnyStream | undefined
>(
  route: string,
  causes: C,
  run: (failure: Matching<E, Flat<C>>) => Ran
) =>
<A, R>(self: Stream.Stream<A, E, R>): Stream.Stream<
  A | Stream.Success<NonNullable<Ran>>,
  E | Stream.Error<NonNullable<Ran>>,
  R | Stream.Services<NonNullable<Ran>>
> => {
  const names = listOf(causes)
  return Stream.suspend(() => {
    let hasDelivered = false
    return self.pipe(
      Stream.tap(() =>
        Effect.sync(() => {
          hasDelivered = true
        })
      ),
      Stream.catch((failure) =>
        Stream.unwrap(Effect.withFiber((fiber): Effect.Effect<AnyStream> => {
          const isOpen = !hasDelivered && isNamed(failure, names) && allowsAnother(failure, fiber)
          const other = isOpen ? run(failure as Matching<E, Flat<C>>) : undefined
          if (other === undefined) return Effect.succeed(Stream.fail(failure))
          const { recorded, taken } = record(route, failure, fiber)
          return Effect.as(recorded, Stream.tapError(other, (last) => Effect.sync(() => keep(last, failure, taken))))
        }))
      )
    ) as Stream.Stream<never>
  })
}

/**
 * Returns the result of a call with the routes that it took, the first one first; none if the call itself succeeded.
 *
 * @category combinators
 * @since 0.1.0
 */
export const collect = <A, E, R>(
  self: Effect.Effect<A, E, R>
): Effect.Effect<readonly [A, ReadonlyArray<Taken>], E, R> =>
  Effect.suspend(() => {
    const routes: Array<Taken> = []
    return Effect.map(Effect.provideService(self, Collector, routes), (result) => [result, routes] as const)
  })
