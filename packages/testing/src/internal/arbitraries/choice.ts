/**
 * Choices that shrink to their first alternative.
 *
 * @internal
 */
import * as Arbitrary from "effect/Arbitrary"
import * as Schema from "effect/Schema"

/** A whole number between two others, which shrinks to the one that is nearer to zero. */
export const int = (minimum: number, maximum: number): Arbitrary.Arbitrary<number> =>
  Arbitrary.schema(Schema.Int.check(Schema.isBetween({ minimum, maximum })))

/** One of several values. */
export const pick = <A>(first: A, ...rest: ReadonlyArray<A>): Arbitrary.Arbitrary<A> =>
  Arbitrary.map(int(0, rest.length), (i) => i === 0 ? first : rest[i - 1]!)

/** A value of one of several arbitraries. */
export const oneOf = <A>(
  first: Arbitrary.Arbitrary<A>,
  ...rest: ReadonlyArray<Arbitrary.Arbitrary<A>>
): Arbitrary.Arbitrary<A> => Arbitrary.flatMap(int(0, rest.length), (i) => i === 0 ? first : rest[i - 1]!)

/** An object of some of the entries; of two with the same key the later one holds. */
export const record = <A>(
  entry: Arbitrary.Arbitrary<readonly [string, A]>,
  maxLength: number
): Arbitrary.Arbitrary<Readonly<Record<string, A>>> =>
  Arbitrary.map(Arbitrary.array(entry, { maxLength }), (entries) => Object.fromEntries(entries))
