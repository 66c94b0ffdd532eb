import { assert, describe, it } from "@effect/vitest"
import { type Characters, overlap } from "../src/internal/redaction/overlap.ts"

const naive = (text: string, word: string): number => {
  for (let length = Math.min(word.length - 1, text.length); length > 0; length--) {
    if (text.endsWith(word.slice(0, length))) return length
  }
  return 0
}

/** A text that counts how often a character of it is read. */
const counted = (text: string): { readonly text: Characters; reads: number } => {
  const counter = {
    reads: 0,
    text: {
      length: text.length,
      charCodeAt: (index: number) => {
        counter.reads++
        return text.charCodeAt(index)
      }
    }
  }
  return counter
}

describe("the end of a text that begins a word", () => {
  it.each<readonly [string, string, number]>([
    ["refused k10-", "k10-k11", 4],
    ["refused k10-k11", "k10-k11", 0],
    ["aaaa", "aaa", 2],
    ["aaaa", "aaaaaaaa", 4],
    ["abab", "ababc", 4],
    ["abaab", "abab", 2],
    ["", "ab", 0],
    ["ab", "", 0],
    ["a", "a", 0]
  ])("%j, %j", (text, word, length) => {
    assert.strictEqual(overlap(text, word), length)
    assert.strictEqual(naive(text, word), length)
  })

  it("is what trying each length finds, for all texts of two letters", () => {
    const texts = Array.from({ length: 2 ** 8 }, (_, i) => (i + 1).toString(2).slice(1).replaceAll("0", "a"))
    for (const text of texts) {
      for (const word of texts) {
        if (overlap(text, word) !== naive(text, word)) assert.fail(`${text}, ${word}`)
      }
    }
  })

  it.each([1000, 10_000, 100_000])("is found in linear time, also in texts that repeat themselves: %i", (length) => {
    for (const [end, beginning] of [["b", ""], ["", "b"], ["ab", "a"]] as const) {
      const text = counted(`${"a".repeat(length)}${end}`)
      const word = counted(`${beginning}${"a".repeat(length)}b`)
      overlap(text.text, word.text)

      assert.isAtMost(text.reads + word.reads, 8 * length)
    }
  })
})
