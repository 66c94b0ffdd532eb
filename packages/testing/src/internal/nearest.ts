/**
 * The name that somebody meant who mistyped it.
 *
 * @internal
 */

/** The number of characters to insert, delete or replace (Levenshtein), from one row of the matrix at a time. */
const distance = (a: string, b: string): number => {
  let row = Array.from({ length: b.length + 1 }, (_, j) => j)
  for (let i = 1; i <= a.length; i++) {
    const next = [i]
    for (let j = 1; j <= b.length; j++) {
      next.push(Math.min(row[j]! + 1, next[j - 1]! + 1, row[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1)))
    }
    row = next
  }
  return row[b.length]!
}

/**
 * The names that differ least from `text`, in at most a third of its characters, in any case. If there are none: those
 * that contain it.
 */
export const nearest = (text: string, names: ReadonlyArray<string>): ReadonlyArray<string> => {
  const wanted = text.toLowerCase().slice(0, 100)
  const limit = Math.max(1, Math.floor(wanted.length / 3))
  const distances = names.map((name) => [distance(wanted, name.toLowerCase()), name] as const)
  const least = Math.min(...distances.map(([steps]) => steps))
  if (least <= limit) return distances.filter(([steps]) => steps === least).map(([, name]) => name)
  return wanted.length < 3 ? [] : names.filter((name) => name.toLowerCase().includes(wanted))
}

/** The question that proposes names, to put behind a problem. Empty without a proposal. */
export const didYouMean = (names: ReadonlyArray<string>): string =>
  names.length === 0 ? "" : `; did you mean ${names.slice(0, 3).join(" or ")}?`
