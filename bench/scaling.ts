/**
 * How the hot paths scale: the exponent of growth of their time, which is the slope of its logarithm over that of the
 * size, fitted to the three largest sizes. 1 is linear, 2 is quadratic, and a path with a bound is flat beyond it. What
 * `JSON.parse` alone grows beyond linear is subtracted: it does for nested lists, and objects of many members. The
 * figure of a group is that of its worst path. `--show` prints the times of each path.
 */
import { parseArgs } from "node:util"
import { isQuick, report } from "./measure.ts"
import { calling, parts, redaction } from "./scaling/calls.ts"
import { decoding } from "./scaling/decoding.ts"
import type { Path } from "./scaling/path.ts"
import { streams } from "./scaling/streams.ts"

const timeOf = async (work: () => unknown): Promise<number> => {
  const start = process.hrtime.bigint()
  await work()
  return Number(process.hrtime.bigint() - start)
}

/** The least of several times, which other processes disturb the least. */
const leastOf = async (work: () => unknown): Promise<number> => {
  let least = Infinity
  const budget = isQuick ? 60e6 : 200e6
  for (let spent = 0, runs = 0; runs < 3 || (spent < budget && runs < 2000); runs++) {
    const time = await timeOf(work)
    least = Math.min(least, time)
    spent += time
    if (spent > 5e9) break
  }
  return least
}

/** The slope of a line through the points, by least squares. */
const slopeOf = (points: ReadonlyArray<readonly [number, number]>): number => {
  const mean = (of: (point: readonly [number, number]) => number) =>
    points.reduce((sum, point) => sum + of(point), 0) / points.length
  const x = mean(([x]) => x)
  const y = mean(([, y]) => y)
  const over = points.reduce((sum, point) => sum + (point[0] - x) * (point[1] - y), 0)
  return over / points.reduce((sum, point) => sum + (point[0] - x) ** 2, 0)
}

const { values: { show: isAlone, only } } = parseArgs({
  options: { show: { type: "boolean" }, only: { type: "string" } }
})

const shownTime = (nanos: number): string =>
  nanos < 1e6 ? `${(nanos / 1e3).toFixed(1)} µs` : `${(nanos / 1e6).toFixed(1)} ms`

const groups: Readonly<Record<string, Readonly<Record<string, Path>>>> = {
  decoding,
  streams,
  redaction,
  calling,
  parts
}

const growthIn = (sizes: ReadonlyArray<number>, times: ReadonlyArray<number>): number =>
  slopeOf(sizes.map((size, i) => [Math.log(size), Math.log(times[i]!)] as const).slice(-3))

const timesOf = async (sizes: ReadonlyArray<number>, of: Path["of"]): Promise<ReadonlyArray<number>> => {
  const times: Array<number> = []
  for (const size of sizes) times.push(await leastOf(of(size)))
  return times
}

const growthOf = async (name: string, { engine, of, sizes }: Path): Promise<number> => {
  const times = await timesOf(sizes, of)
  const beyondLinear = engine === undefined ? 0 : Math.max(0, growthIn(sizes, await timesOf(sizes, engine)) - 1)
  const growth = growthIn(sizes, times) - beyondLinear
  if (isAlone) process.stdout.write(`${growth.toFixed(2)}  ${name.padEnd(50)} ${times.map(shownTime).join("  ")}\n`)
  return growth
}

const figures: Record<string, number> = {}
for (const [group, paths] of Object.entries(groups)) {
  const growths: Array<number> = []
  for (const [name, path] of Object.entries(paths)) {
    if (only === undefined || name.includes(only)) growths.push(await growthOf(name, path))
  }
  if (growths.length > 0) figures[`scaling/${group}`] = Math.max(...growths)
}
report(figures)
process.exit()
