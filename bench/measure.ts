/**
 * Ratios of interleaved, shuffled rounds.
 *
 * A busy machine slows down everything that runs at the same moment by about the same factor. So the compared functions
 * run within the same few milliseconds, in an order that changes from round to round, and only the median of the ratios
 * is reported.
 */
import { do_not_optimize } from "mitata"

/** A function to measure. Its result is consumed, so that the engine cannot remove the call. */
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

/** How often a batch repeats the work to be long enough for the clock. Finding the number also warms up the work. */
const timesOf = (work: Work): number => {
  let times = 1
  while (nanosOf(work, times) * times < batchMillis * 1e6) times *= 2
  return times
}

/** The median time of each work in nanoseconds, and the median ratio of two works. */
export const compare = <Name extends string>(works: Readonly<Record<Name, Work>>) => {
  const names = Object.keys(works) as Array<Name>
  // Several times, because the first passes run code that is not compiled yet, and find numbers that are too low. A
  // pattern is compiled at its first use, and again at its second.
  let times = new Map<Name, number>()
  for (let i = 0; i < 4; i++) times = new Map(names.map((name) => [name, timesOf(works[name])]))
  const nanos = Object.fromEntries(names.map((name) => [name, [] as Array<number>])) as Record<Name, Array<number>>
  for (let i = 0; i < rounds; i++) {
    for (const name of shuffled(names)) nanos[name].push(nanosOf(works[name], times.get(name)!))
  }
  return {
    nanos: (name: Name): number => median(nanos[name]),
    ratio: (a: Name, b: Name): number => median(nanos[a].map((value, i) => value / nanos[b][i]!))
  }
}

/** An asynchronous run of several units: calls, decisions or events. A figure is about one unit. */
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

/** Like {@link compare}, in microseconds of this process's CPU time per unit. */
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

/** Reports the figures to the process that started this one. */
export const report = (figures: Readonly<Record<string, number>>): void => {
  process.stdout.write(`${JSON.stringify(figures)}\n`)
}
