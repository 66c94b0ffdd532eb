/**
 * The tokens of a call: an estimate from its body, and what its response says.
 *
 * @internal
 */
import * as Predicate from "effect/Predicate"

/** Characters of English text in a token, about. */
const charactersInToken = 4

/** What an image in a body is taken for, instead of its base64. */
const tokensOfMedia = 1000

/** What a body without a limit is taken to produce. */
const tokensOfAnswer = 1000

// The longest bodies are media, whose size says nothing. A body can refer to itself.
const maxDepth = 12

const tokensIn = (value: unknown, depth: number): number => {
  if (typeof value === "string") {
    return value.startsWith("data:") ? tokensOfMedia : value.length / charactersInToken
  }
  if (typeof value !== "object" || value === null || depth > maxDepth) return 0
  let sum = 0
  if (Array.isArray(value)) {
    for (const item of value) sum += tokensIn(item, depth + 1)
  } else if (Object.getPrototypeOf(value) === Object.prototype) {
    for (const item of Object.values(value)) sum += tokensIn(item, depth + 1)
  }
  return sum
}

const numberOf = (object: unknown, ...names: ReadonlyArray<string>): number | undefined => {
  for (const name of names) {
    const value = Predicate.hasProperty(object, name) ? object[name] : undefined
    if (typeof value === "number" && Number.isFinite(value) && value >= 0) return Math.ceil(value)
  }
  return undefined
}

/** The tokens that a call with this body takes, about: those of its texts, and those it lets the model produce. */
export const estimate = (body: unknown): number => {
  if (!Predicate.hasProperty(body, "model")) return 0
  const produces = Predicate.hasProperty(body, "messages") || Predicate.hasProperty(body, "input") && "stream" in body
  const produced = numberOf(body, "max_completion_tokens", "max_output_tokens", "max_tokens")
  return Math.ceil(tokensIn(body, 0)) + (produced ?? (produces ? tokensOfAnswer : 0))
}

/** The tokens that a response, or an event of a stream, says were used. */
export const usageOf = (success: unknown): number | undefined => {
  const response = Predicate.hasProperty(success, "response") ? success.response : success
  const usage = Predicate.hasProperty(response, "usage") ? response.usage : undefined
  const total = numberOf(usage, "total_tokens")
  if (total !== undefined) return total
  const input = numberOf(usage, "prompt_tokens", "input_tokens")
  const output = numberOf(usage, "completion_tokens", "output_tokens")
  return input === undefined && output === undefined ? undefined : (input ?? 0) + (output ?? 0)
}
