/**
 * Tables of what the functions answer, kept as text in `golden/`: a change of behaviour is a changed line in a review.
 */
import { expect } from "@effect/vitest"
import { BigDecimal, DateTime, Duration, Predicate } from "effect"

const invisible = /[\u007f-\u009f\u00a0\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]/g

const quote = (text: string): string =>
  JSON.stringify(
    text.replace(/(.{1,32}?)\1{19,}/gsu, (run, part: string) => `${part}\u00d7${run.length / part.length}`)
  )
    .replace(invisible, (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, "0")}`)

/** A value on one line, with units, and with repetitions in a text as `x×500`. */
export const show = (value: unknown): string => {
  if (value === undefined) return "nothing"
  if (typeof value === "string") return quote(value)
  if (Duration.isDuration(value)) return `${Duration.toMillis(value)} ms`
  if (DateTime.isDateTime(value)) return DateTime.formatIso(value)
  if (BigDecimal.isBigDecimal(value)) return BigDecimal.format(value)
  if (Array.isArray(value)) return `[${value.map(show).join(", ")}]`
  if (!Predicate.isObject(value)) return String(value)
  return `{${Object.entries(value).map(([name, inner]) => `${name}: ${show(inner)}`).join(", ")}}`
}

/** Numbers in ascending order, with those that follow each other `among` the numbers that were tried as a range. */
export const ranges = (numbers: ReadonlyArray<number>, among: ReadonlyArray<number>): string => {
  if (numbers.length === among.length) return "any"
  const out: Array<[number, number]> = []
  for (const n of numbers) {
    const last = out.at(-1)
    if (last !== undefined && among.indexOf(last[1]) + 1 === among.indexOf(n)) last[1] = n
    else out.push([n, n])
  }
  return out.map(([from, to]) => from === to ? String(from) : `${from}-${to}`).join(" ")
}

/** The keys of each answer, in the order of the first. */
export const grouped = <K, A>(keys: Iterable<K>, answer: (key: K) => A): ReadonlyArray<[A, ReadonlyArray<K>]> => {
  const out = new Map<A, Array<K>>()
  for (const key of keys) {
    const value = answer(key)
    const group = out.get(value)
    if (group === undefined) out.set(value, [key])
    else group.push(key)
  }
  return [...out]
}

/** Compares lines with the file of the topic. */
export const assertGolden = (topic: string, lines: Iterable<string>): Promise<void> =>
  expect(`${[...lines].join("\n")}\n`).toMatchFileSnapshot(`golden/${topic}.txt`)
