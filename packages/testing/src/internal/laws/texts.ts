/**
 * All texts in a value, wherever they are: what a log, a debugger or a serializer could show of it.
 *
 * @internal
 */
import * as Duration from "effect/Duration"
import * as Predicate from "effect/Predicate"

const maxDepth = 50

const isCompact = (value: unknown): boolean => Duration.isDuration(value)

/** The texts of properties, own or not enumerable, and of getters, each object once. */
export const texts = (value: unknown): ReadonlyArray<string> => {
  const out: Array<string> = []
  const seen = new Set<unknown>()
  const visit = (value: unknown, depth: number): void => {
    if (typeof value === "string") {
      out.push(value)
      return
    }
    if (!Predicate.isObjectKeyword(value)) {
      out.push(String(value))
      return
    }
    if (typeof value === "function" || seen.has(value) || depth > maxDepth) return
    seen.add(value)
    // A duration holds nothing but a number, in one of several forms.
    if (isCompact(value)) {
      out.push(String(value))
      return
    }
    for (const key of Reflect.ownKeys(value)) {
      out.push(String(key))
      visit((value as Record<PropertyKey, unknown>)[key], depth + 1)
    }
  }
  visit(value, 0)
  if (Predicate.isObjectKeyword(value)) out.push(String(value))
  return out
}
