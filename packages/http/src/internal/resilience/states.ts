/**
 * What is known of each key and model, by name. What is idle is forgotten, because callers may name models that do not
 * exist.
 *
 * @internal
 */
import * as Clock from "effect/Clock"
import type * as Fiber from "effect/Fiber"

/** The time of a fiber, in epoch milliseconds. */
export const nowOf = (fiber: Fiber.Fiber<unknown, unknown>): number =>
  fiber.getRef(Clock.Clock).currentTimeMillisUnsafe()

interface State {
  /** Whether nothing would be lost with it. */
  readonly isIdle: (now: number) => boolean
}

// Below it nothing is searched for idle states.
const firstSweep = 256

export class States<S extends State> {
  private readonly states = new Map<string, S>()
  private sweepAt = firstSweep

  get(name: string, now: number, make: () => S): S {
    const known = this.states.get(name)
    if (known !== undefined) return known
    if (this.states.size >= this.sweepAt) this.sweep(now)
    const made = make()
    this.states.set(name, made)
    return made
  }

  private sweep(now: number): void {
    for (const [name, state] of this.states) if (state.isIdle(now)) this.states.delete(name)
    this.sweepAt = Math.max(firstSweep, this.states.size * 2)
  }
}
