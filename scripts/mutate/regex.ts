/**
 * The mutations of a regular expression: anchors and alternatives that go, quantifiers whose bounds move, classes that
 * are negated, flags that go.
 */

interface Piece {
  readonly start: number
  readonly end: number
  readonly replacement: string
}

const quantifiers: Readonly<Record<string, ReadonlyArray<string>>> = { "*": ["+"], "+": ["*"], "?": [""] }

const bounds = (text: string): ReadonlyArray<string> => {
  const [, min, comma, max] = /^\{(\d+)(,?)(\d*)\}$/.exec(text)!
  const out = (low: number, high: string) => low < 0 ? [] : [`{${low}${comma}${high}}`]
  return max === ""
    ? [...out(Number(min) - 1, ""), ...out(Number(min) + 1, "")]
    : [
      ...out(Number(min) - 1, max!),
      ...out(Number(min) + 1, max!),
      ...out(Number(min), String(Number(max) - 1)),
      ...out(Number(min), String(Number(max) + 1))
    ]
}

/** Where a class begins at `at`, the place after it. */
const classEnd = (pattern: string, at: number): number => {
  let i = at + 1
  while (i < pattern.length && pattern[i] !== "]") i += pattern[i] === "\\" ? 2 : 1
  return i + 1
}

const piecesOf = (pattern: string): ReadonlyArray<Piece> => {
  const out: Array<Piece> = []
  // The alternatives of the groups that are open, the whole pattern as the outermost.
  const open: Array<Array<number>> = [[0]]
  const close = (end: number) => {
    const starts = open.pop()!
    if (starts.length === 1) return
    starts.forEach((start, i) => {
      const next = starts[i + 1]
      if (next === undefined) out.push({ start: start - 1, end, replacement: "" })
      else out.push({ start, end: next, replacement: "" })
    })
  }
  let i = 0
  while (i < pattern.length) {
    const char = pattern[i]!
    if (char === "\\") {
      const escaped = pattern[i + 1]
      if (escaped === "b" || escaped === "B") out.push({ start: i, end: i + 2, replacement: "" })
      else if (/[dDsSwW]/.test(escaped!)) {
        const flipped = escaped === escaped!.toLowerCase() ? escaped!.toUpperCase() : escaped!.toLowerCase()
        out.push({ start: i, end: i + 2, replacement: `\\${flipped}` })
      }
      i += 2
    } else if (char === "[") {
      const end = classEnd(pattern, i)
      const negated = pattern[i + 1] === "^"
      out.push({ start: i, end: i + (negated ? 2 : 1), replacement: negated ? "[" : "[^" })
      i = end
    } else if (char === "(") {
      const head = /^\((?:\?(?:[:=!]|<[=!]|<\w+>|[ims-]+:))?/.exec(pattern.slice(i))![0]
      if (/^\(\?<?[=!]$/.test(head)) {
        const flipped = head.endsWith("=") ? "!" : "="
        out.push({ start: i, end: i + head.length, replacement: head.slice(0, -1) + flipped })
      }
      open.push([i + head.length])
      i += head.length
    } else if (char === ")") {
      close(i)
      i++
    } else if (char === "|") {
      open.at(-1)!.push(i + 1)
      i++
    } else if (char === "^" || char === "$") {
      out.push({ start: i, end: i + 1, replacement: "" })
      i++
    } else {
      const counted = /^\{\d+,?\d*\}/.exec(pattern.slice(i))?.[0]
      const replacements = counted === undefined ? quantifiers[char] ?? [] : bounds(counted)
      const length = counted?.length ?? 1
      for (const replacement of replacements) out.push({ start: i, end: i + length, replacement })
      i += length
    }
  }
  close(pattern.length)
  return out
}

const compiles = (pattern: string, flags: string): boolean => {
  try {
    return new RegExp(pattern, flags).flags === flags
  } catch {
    return false
  }
}

/** Every mutated form of a literal such as `/a|b/i`. */
export const mutateRegex = (literal: string): ReadonlyArray<string> => {
  const end = literal.lastIndexOf("/")
  const [pattern, flags] = [literal.slice(1, end), literal.slice(end + 1)]
  const patterns = piecesOf(pattern)
    .map(({ end, replacement, start }) => pattern.slice(0, start) + replacement + pattern.slice(end))
    .filter((mutated) => mutated !== "" && compiles(mutated, flags))
  // Without `g` most uses throw, without `u` or `v` most patterns mean the same.
  const withoutFlag = [...flags].filter((flag) => /[ims]/.test(flag)).map((flag) => flags.replace(flag, ""))
  return [
    ...new Set([
      ...patterns.map((mutated) => `/${mutated}/${flags}`),
      ...withoutFlag.map((left) => `/${pattern}/${left}`)
    ])
  ]
}
