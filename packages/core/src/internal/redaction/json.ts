/**
 * Bounded reading of JSON values that came over the wire.
 *
 * @internal
 */
import type * as Schema from "effect/Schema"
import { excerpt } from "./excerpt.ts"
import { isSecretValue, mark } from "./redact.ts"

const maxText = 2048
const maxName = 200

/** How many entries a copy may still hold. */
export interface Budget {
  entries: number
}

/** Takes one entry from the budget, and says whether there was one. */
export const spend = (budget: Budget): boolean => budget.entries-- > 0

/** A copy of a JSON value that is bounded in depth, in entries and in the length of its texts, and holds no secret. */
export const prune = (value: unknown, depth: number, budget: Budget): Schema.Json => {
  switch (typeof value) {
    case "string":
      return excerpt(value, maxText)
    case "number":
      return Number.isFinite(value) ? value : null
    case "boolean":
      return value
  }
  if (value === null || typeof value !== "object") return null
  if (depth === 0) return "[too deep]"
  if (Array.isArray(value)) {
    const out: Array<Schema.Json> = []
    for (const item of value) {
      if (!spend(budget)) break
      out.push(prune(item, depth - 1, budget))
    }
    return out
  }
  const out: Array<[string, Schema.Json]> = []
  for (const [name, inner] of Object.entries(value)) {
    if (!spend(budget)) break
    out.push([excerpt(name, maxName), isSecretValue(name, inner) ? mark : prune(inner, depth - 1, budget)])
  }
  return Object.fromEntries(out)
}

/** A copy that may be kept: 16 deep, of 200 entries. */
export const excerptJson = (value: unknown): Schema.Json => prune(value, 16, { entries: 200 })
