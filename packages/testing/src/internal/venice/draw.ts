/**
 * Random values of one request: ids, nonces, seeds. One number from Effect's `Random` determines all of them.
 *
 * @internal
 */

/** The hash of a text, 32 bits (FNV-1a). */
export const hash = (text: string): number => {
  let h = 0x811c9dc5
  for (let i = 0; i < text.length; i++) h = Math.imul(h ^ text.charCodeAt(i), 0x01000193)
  return h >>> 0
}

/** A sequence of numbers between 0 and 1 (mulberry32), the same for the same seed. */
export const sequence = (seed: number): () => number => {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let t = Math.imul(state ^ (state >>> 15), 1 | state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296
  }
}

export class Draw {
  readonly #next: () => number
  constructor(seed: number) {
    this.#next = sequence(seed)
  }
  /** Between 0 and 1, without 1. */
  next(): number {
    return this.#next()
  }
  hex(length: number): string {
    let out = ""
    while (out.length < length) out += Math.floor(this.#next() * 0x100000000).toString(16).padStart(8, "0")
    return out.slice(0, length)
  }
  uuid(): string {
    const h = this.hex(32)
    const variant = "89ab"[Number.parseInt(h[16]!, 16) & 3]
    return `${h.slice(0, 8)}-${h.slice(8, 12)}-4${h.slice(13, 16)}-${variant}${h.slice(17, 20)}-${h.slice(20)}`
  }
}
