/**
 * Bounded, redacted copies of JSON values from a response.
 *
 * @internal
 */
import type * as Schema from "effect/Schema"
import { excerpt } from "./excerpt.ts"
import { isSecretValue, placeholder } from "./redact.ts"

const maxText = 2048
const maxName = 200

/** How many entries a copy may still have. */
export interface Remaining {
  entries: number
}

/** Counts one entry, and returns whether the copy may have it. */
export const takeEntry = (remaining: Remaining): boolean => remaining.entries-- > 0

/** A copy of a JSON value, redacted and bounded in depth, in entries and in the length of its texts. */
export const prune = (value: unknown, depth: number, remaining: Remaining): Schema.Json => {
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
      if (!takeEntry(remaining)) break
      out.push(prune(item, depth - 1, remaining))
    }
    return out
  }
  const out: Array<[string, Schema.Json]> = []
  for (const [name, inner] of Object.entries(value)) {
    if (!takeEntry(remaining)) break
    out.push([excerpt(name, maxName), isSecretValue(name, inner) ? placeholder : prune(inner, depth - 1, remaining)])
  }
  return Object.fromEntries(out)
}

/** The copy that errors keep. */
export const excerptJson = (value: unknown): Schema.Json => prune(value, 16, { entries: 200 })
