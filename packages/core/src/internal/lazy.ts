/**
 * Tables that are made when they are first used, so that they cost nothing at import.
 *
 * @internal
 */
export const lazy = <A extends object>(make: () => A): () => A => {
  let made: A | undefined
  return () => made ??= make()
}
