/**
 * How long failures last, as far as a log says it.
 *
 * @internal
 */

/** The upper ends of the intervals in which recoveries are counted, in milliseconds. */
export const edges: ReadonlyArray<number> = [
  100,
  200,
  500,
  1000,
  2000,
  5000,
  10_000,
  20_000,
  30_000,
  60_000,
  120_000,
  300_000,
  600_000,
  1_800_000,
  3_600_000
]

/** Failures of the same key, operation and kind that are not further apart are one episode. */
export const gap = 60_000

/** With fewer samples of an operation, those of all operations count. */
export const enough = 20

// What is known before a log is read: one failure that recovers after 30 s, and one that never does.
const prior = [30_000, Infinity]

const indexOf = (millis: number): number => {
  const index = edges.findIndex((edge) => millis <= edge)
  return index < 0 ? edges.length : index
}

class Counts {
  readonly counts: Array<number> = Array.from({ length: edges.length + 1 }, () => 0)
  samples = 0

  constructor() {
    for (const millis of prior) this.counts[indexOf(millis)]!++
  }

  add(millis: number): void {
    this.counts[indexOf(millis)]!++
    this.samples++
  }

  quantile(position: number): number {
    const total = this.samples + prior.length
    let sum = 0
    for (const [i, count] of this.counts.entries()) {
      sum += count
      if (position * total < sum) return edges[i] ?? Infinity
    }
    return Infinity
  }
}

interface Episode {
  last: number
  readonly starts: Array<number>
}

// An episode of a day of failures has millions; the first thousands say how long it was.
const maxStarts = 4096

const maxEpisodes = 10_000

const maxOperations = 500

/** The oldest tenth of the names. To find the first name of a map takes the longer, the more were deleted before it. */
export const oldestOf = (map: ReadonlyMap<string, unknown>): ReadonlyArray<string> =>
  [...map.keys()].slice(0, Math.ceil(map.size / 10))

/** The share of failures that had recovered, by kind. */
export interface Row {
  readonly kind: string
  readonly samples: number
  readonly within1s: number
  readonly within30s: number
  readonly within5min: number
}

/** Learns from a log how long failures of a kind last. Its memory is bounded. */
export class Recovery {
  readonly byOperation = new Map<string, Counts>()
  readonly byKind = new Map<string, Counts>()
  readonly episodes = new Map<string, Episode & { readonly kind: string; readonly operation: string }>()

  /** A failure that had recovered after so long. */
  recovered(kind: string, operation: string, after: number): void {
    this.counts(this.byKind, kind).add(after)
    const name = `${kind} ${operation}`
    if (this.byOperation.has(name) || this.byOperation.size < maxOperations) {
      this.counts(this.byOperation, name).add(after)
    }
  }

  /** A failure at a time. `isFirst` is whether it began a call whose end is unknown. */
  failed(key: string, kind: string, operation: string, at: number, isFirst: boolean): void {
    const name = `${kind} ${operation} ${key}`
    let episode = this.episodes.get(name)
    if (episode !== undefined && at - episode.last > gap) {
      this.close(name)
      episode = undefined
    }
    if (episode === undefined) {
      episode = { kind, operation, last: at, starts: [] }
      if (this.episodes.size >= maxEpisodes) { for (const oldest of oldestOf(this.episodes)) this.close(oldest) }
      this.episodes.set(name, episode)
    }
    episode.last = Math.max(episode.last, at)
    if (isFirst && episode.starts.length < maxStarts) episode.starts.push(at)
  }

  close(name: string): void {
    const episode = this.episodes.get(name)
    this.episodes.delete(name)
    for (const start of episode?.starts ?? []) {
      this.recovered(episode!.kind, episode!.operation, Math.max(0, episode!.last - start))
    }
  }

  closeAll(): void {
    for (const name of this.episodes.keys()) this.close(name)
  }

  /** The time after which a failure has recovered, at a position from 0 to 1. */
  draw(kind: string, operation: string, position: number): number {
    const own = this.byOperation.get(`${kind} ${operation}`)
    const counts = own !== undefined && own.samples >= enough ? own : this.byKind.get(kind) ?? new Counts()
    return counts.quantile(position)
  }

  rows(): ReadonlyArray<Row> {
    const share = (counts: Counts, millis: number) =>
      counts.counts.slice(0, indexOf(millis) + 1).reduce((sum, count) => sum + count, 0) /
      (counts.samples + prior.length)
    const row = (kind: string, counts: Counts): Row => ({
      kind,
      samples: counts.samples,
      within1s: share(counts, 1000),
      within30s: share(counts, 30_000),
      within5min: share(counts, 300_000)
    })
    return [...this.byKind].sort(([a], [b]) => a < b ? -1 : 1).map(([kind, counts]) => row(kind, counts))
  }

  private counts(map: Map<string, Counts>, name: string): Counts {
    const known = map.get(name)
    if (known !== undefined) return known
    const made = new Counts()
    map.set(name, made)
    return made
  }
}
