/**
 * Requests that run at the same time: of a model, of a wallet, of a caller of the crypto RPC.
 *
 * @internal
 */

/** A place among the requests that run. */
export interface Slot {
  /** The answer is on its way: the slot is free at `until`, in epoch milliseconds. */
  readonly release: (until: number) => void
}

interface Pool {
  running: number
  /** When the streams end that are being read. */
  readonly ends: Array<number>
}

const free: Slot = { release: () => {} }

export class Slots {
  readonly #pools = new Map<string, Pool>()

  /** Takes a slot, or nothing if all are taken. Without a limit there is always one. */
  take(name: string, limit: number | undefined, now: number): Slot | undefined {
    if (limit === undefined) return free
    const pool = this.#pools.get(name) ?? { running: 0, ends: [] }
    const reading = pool.ends.filter((end) => end > now)
    pool.ends.splice(0, pool.ends.length, ...reading)
    if (pool.running + reading.length >= limit) return undefined
    pool.running++
    this.#pools.set(name, pool)
    let isReleased = false
    return {
      release: (until) => {
        if (isReleased) return
        isReleased = true
        pool.running--
        if (until > now) pool.ends.push(until)
        // Nobody refers to a pool without requests, and there may be one for every caller.
        else if (pool.running === 0 && pool.ends.length === 0) this.#pools.delete(name)
      }
    }
  }
}
