/**
 * Schemas that are made when they are first used.
 *
 * @internal
 */
import type * as Schema from "effect/Schema"

/**
 * Turns an empty schema into the one that `make` returns, which is called when one of its members is first read. `empty`
 * must be of the same kind, such as a union without members, because it tells which members a schema of that kind has.
 */
export const lazySchema = <S extends Schema.Constraint>(empty: S, make: () => S): S => {
  let made: S | undefined
  for (const name of Reflect.ownKeys(empty)) {
    if (!Object.prototype.propertyIsEnumerable.call(empty, name)) continue
    Object.defineProperty(empty, name, { get: () => Reflect.get(made ??= make(), name) })
  }
  return empty
}
