/**
 * The metadata of the successes inside of a call, without taking it from a collector outside.
 *
 * @internal
 */
import type * as Fiber from "effect/Fiber"
import { Collector, type Metadata } from "../responseMetadata.ts"

/** The metadata of the latest success, which a collector outside receives too. */
export interface Collected {
  latest: Metadata
  readonly withoutBalance?: boolean | undefined
}

/** Makes a value for `Collector`, which reads the balance if someone asks for it. */
export const makeCollected = (fiber: Fiber.Fiber<unknown, unknown>, withBalance = false): Collected => {
  const outer = fiber.getRef(Collector)
  if (outer === undefined) return { latest: {}, withoutBalance: !withBalance }
  let latest: Metadata = {}
  return {
    withoutBalance: !withBalance && outer.withoutBalance,
    get latest() {
      return latest
    },
    set latest(metadata) {
      latest = metadata
      outer.latest = metadata
    }
  }
}
