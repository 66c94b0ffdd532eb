/**
 * How far the end of a text is the beginning of another one, in time linear in both.
 *
 * @internal
 */

/** What is used of a string. */
export type Characters = Pick<string, "charCodeAt" | "length">

/**
 * The length of the longest end of a text that is a beginning of `word`, but not the whole of it.
 *
 * Knuth, Morris and Pratt: after a mismatch, the search goes on with the longest beginning that is still possible. Trying
 * each length would be quadratic for a word that repeats itself.
 */
export const overlap = (text: Characters, word: Characters): number => {
  const longest = Math.min(word.length - 1, text.length)
  /** For each length of a beginning, the longest shorter one that it ends with. */
  const shorter = new Int32Array(longest + 1)
  // Of the text, only so many characters are read: `length` is less than `longest`.
  const next = (length: number, code: number): number => {
    let matched = length
    while (matched > 0 && word.charCodeAt(matched) !== code) matched = shorter[matched]!
    return word.charCodeAt(matched) === code ? matched + 1 : 0
  }
  for (let i = 1, matched = 0; i < longest; i++) {
    matched = next(matched, word.charCodeAt(i))
    shorter[i + 1] = matched
  }
  let matched = 0
  for (let i = text.length - longest; i < text.length; i++) matched = next(matched, text.charCodeAt(i))
  return matched
}
