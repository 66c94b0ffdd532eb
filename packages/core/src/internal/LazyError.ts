/**
 * The base of error classes whose schema is made when it is first used.
 *
 * `Schema.TaggedError` makes the schema together with the class. For the whole table this takes most of the time to
 * import it, and a program that decodes, matches and retries errors never uses a schema.
 *
 * @internal
 */
import * as Data from "effect/Data"
import { memoize } from "effect/Function"
import type * as Schema from "effect/Schema"

type SchemaClass = Schema.Class<any, any, any>

/** The static members that `Schema` gives to a class. A test compares them with those of a class of `Schema`. */
const statics = [
  "~effect/Schema/Schema",
  Symbol.for("immer-draftable"),
  "identifier",
  "fields",
  "ast",
  "pipe",
  "rebuild",
  "make",
  "makeOption",
  "makeEffect",
  "annotate",
  "annotateKey",
  "check",
  "extend",
  "mapFields"
]

// A subclass inherits the function, and so has the same class of `Schema`.
const declaredBy = memoize((declare: () => SchemaClass) => declare())

export class LazyError {
  /** Returns the class of `Schema` whose members and instances this one has. It is called at most once. */
  declare static readonly "~declare": () => SchemaClass

  declare readonly message: string
  declare stack?: string

  constructor(...args: ReadonlyArray<unknown>) {
    return Reflect.construct(declaredBy(new.target["~declare"]), args, new.target)
  }
}

// With `extends`, the constructor would have to construct an error before it returns the one of `Schema`.
Object.setPrototypeOf(LazyError, Data.Error)
Object.setPrototypeOf(LazyError.prototype, Data.Error.prototype)

for (const name of statics) {
  Object.defineProperty(LazyError, name, {
    // The receiver is the class that was asked: its schema makes instances of it.
    get(this: typeof LazyError) {
      return Reflect.get(declaredBy(this["~declare"]), name, this)
    }
  })
}

/** The members that `Schema` gives to the prototype of a class. The second identifies instances of other copies. */
export const membersOf = (identifier: string): Readonly<Record<string, string>> => {
  const typeId = `~effect/Schema/Class/${identifier}`
  return { name: identifier, [typeId]: typeId }
}
