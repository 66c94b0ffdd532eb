/**
 * Ratios of interleaved, shuffled rounds.
 *
 * A machine that is busy with something else slows down everything that runs at the same moment by about the same, so
 * what is compared runs within the same few milliseconds, in an order that changes from round to round, and only the
 * ratio is reported: the median over the rounds.
 */
import { do_not_optimize } from "mitata"

/** Work that is measured. What it returns is consumed, so that it cannot be left out. */
export type Work = () => unknown

export const isQuick = process.env.BENCH_QUICK === "1"

const batchMillis = isQuick ? 1 : 2
const rounds = isQuick ? 60 : 200

export const median = (values: ReadonlyArray<number>): number => {
  const sorted = [...values].sort((a, b) => a - b)
  const middle = sorted.length >> 1
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2
}

export const shuffled = <A>(items: ReadonlyArray<A>): Array<A> => {
  const out = [...items]
  for (let i = out.length - 1; i > 0; i--) {
    const j = Math.floor(Math.random() * (i + 1))
    ;[out[i], out[j]] = [out[j]!, out[i]!]
  }
  return out
}

const nanosOf = (work: Work, times: number): number => {
  const start = process.hrtime.bigint()
  for (let i = 0; i < times; i++) do_not_optimize(work())
  return Number(process.hrtime.bigint() - start) / times
}

/** How often a work is repeated so that a batch is long enough for the clock; what it takes to find out warms it up. */
const timesOf = (work: Work): number => {
  let times = 1
  while (nanosOf(work, times) * times < batchMillis * 1e6) times *= 2
  return times
}

/** The median time of each work in nanoseconds, and a function for the median ratio of two of them. */
export const compare = <Name extends string>(works: Readonly<Record<Name, Work>>) => {
  const names = Object.keys(works) as Array<Name>
  // Twice: the first pass sees code that is not compiled yet, and the counts of the slow code would be too low.
  let times = new Map<Name, number>()
  for (let i = 0; i < 2; i++) times = new Map(names.map((name) => [name, timesOf(works[name])]))
  const nanos = Object.fromEntries(names.map((name) => [name, [] as Array<number>])) as Record<Name, Array<number>>
  for (let i = 0; i < rounds; i++) {
    for (const name of shuffled(names)) nanos[name].push(nanosOf(works[name], times.get(name)!))
  }
  return {
    nanos: (name: Name): number => median(nanos[name]),
    ratio: (a: Name, b: Name): number => median(nanos[a].map((value, i) => value / nanos[b][i]!))
  }
}

/** A run of something asynchronous, of which one unit is what a figure is about: a call, a decision, an event. */
export interface Runs {
  readonly run: () => Promise<unknown>
  readonly units: number
}

const cpuRounds = isQuick ? 15 : 40
const warmUps = 10

const microsOf = async ({ run, units }: Runs): Promise<number> => {
  const before = process.cpuUsage()
  await run()
  const { system, user } = process.cpuUsage(before)
  return (user + system) / units
}

/** As {@link compare}, in microseconds of this process's CPU time for each unit. */
export const compareCpu = async <Name extends string>(works: Readonly<Record<Name, Runs>>) => {
  const names = Object.keys(works) as Array<Name>
  for (const name of names) for (let i = 0; i < warmUps; i++) await works[name].run()
  const micros = Object.fromEntries(names.map((name) => [name, [] as Array<number>])) as Record<Name, Array<number>>
  for (let i = 0; i < cpuRounds; i++) {
    for (const name of shuffled(names)) micros[name].push(await microsOf(works[name]))
  }
  return {
    micros: (name: Name): number => median(micros[name]),
    ratio: (a: Name, b: Name): number => median(micros[a].map((value, i) => value / micros[b][i]!))
  }
}

/** Hands the figures of this process to the one that asked for them. */
export const report = (figures: Readonly<Record<string, number>>): void => {
  process.stdout.write(`${JSON.stringify(figures)}\n`)
}
