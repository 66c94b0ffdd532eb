/**
 * The calls that a process of the fleet makes, decided before it starts: when, of which model, and whether their request
 * is wrong. The same seed gives the same calls, to every subject.
 */

/** `sound` calls should succeed; `wrong` ones have a mistake in the request; `broken` ones call a model that is down. */
export type Kind = "sound" | "wrong" | "broken"

export interface PlannedCall {
  readonly id: string
  /** Milliseconds after the start of the scenario. */
  readonly at: number
  readonly kind: Kind
  readonly model: string
}

/** A model with 500 requests a minute. */
export const model = "llama-3.2-3b"

/** A model with 100 requests a minute. */
export const smallModel = "openai-gpt-oss-120b"

/** A model that fails every request. */
export const brokenModel = "deepseek-v3.2"

/** Numbers between 0 and 1, the same for the same seed (mulberry32). */
export const randomOf = (seed: number): () => number => {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let t = Math.imul(state ^ (state >>> 15), 1 | state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296
  }
}

/** Moments between two seconds, at a mean rate a second: a Poisson process. */
export const arrivals = (random: () => number, from: number, to: number, rate: number): ReadonlyArray<number> => {
  const out: Array<number> = []
  let at = from
  while (true) {
    at -= Math.log(1 - random()) / rate
    if (at >= to) return out
    out.push(Math.round(at * 1000))
  }
}

/** The body of a call. The marker in it tells in the journal which call a request belongs to. */
export const bodyOf = ({ id, kind, model }: PlannedCall) => ({
  model,
  messages: [{ role: "user" as const, content: `call ${id} end` }],
  // Venice refuses a temperature above 2.
  ...(kind === "wrong" && { temperature: 9 })
})

export const idIn = (body: string): string | undefined => /call (\S+) end/.exec(body)?.[1]
