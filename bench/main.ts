/**
 * Runs the measurements, each in several processes, and compares the medians with the targets.
 *
 * `--only <text>` runs the rows whose figure contains the text. `--quick` measures less. `--processes <n>` sets the number
 * of processes for each median. Only a complete run without `--quick` writes `RESULTS.md`.
 */
import { spawnSync } from "node:child_process"
import { readFileSync, writeFileSync } from "node:fs"
import { createRequire } from "node:module"
import { cpus, totalmem } from "node:os"
import { join } from "node:path"
import { parseArgs } from "node:util"
import { median } from "./measure.ts"
import { type Group, groups, type Row } from "./rows.ts"

const { values: options } = parseArgs({
  options: { only: { type: "string" }, quick: { type: "boolean" }, processes: { type: "string" } }
})

const processes = Number(options.processes ?? (options.quick === true ? 2 : 5))

const isAsked = ({ figure }: Row): boolean => options.only === undefined || figure.includes(options.only)

/** The figures of one process, or none if it failed, so that one broken measurement does not hide the others. */
const measure = (script: string): Readonly<Record<string, number>> => {
  const { status, stderr, stdout } = spawnSync(process.execPath, ["--expose-gc", join(import.meta.dirname, script)], {
    encoding: "utf8",
    env: { ...process.env, BENCH_QUICK: options.quick === true ? "1" : "0" },
    timeout: 600_000
  })
  if (status === 0) return JSON.parse(stdout.trim().split("\n").at(-1)!)
  process.stderr.write(`${script} failed\n${stderr}\n`)
  return {}
}

interface Outcome extends Row {
  readonly values: ReadonlyArray<number>
}

const outcomesOf = ({ rows, script }: Group): ReadonlyArray<Outcome> => {
  const asked = rows.filter(isAsked)
  if (asked.length === 0) return []
  process.stderr.write(`${script} …\n`)
  const reports = Array.from({ length: processes }, () => measure(script))
  return asked.map((row) => ({
    ...row,
    values: reports.flatMap((report) => report[row.figure] ?? []).sort((a, b) => a - b)
  }))
}

const shown = (value: number, unit: string | undefined): string => {
  const digits = value >= 100 ? 0 : value >= 10 ? 1 : 2
  return unit === undefined ? `${value.toFixed(digits)} ×` : `${value.toFixed(digits)} ${unit}`
}

const cells = ({ against, target, unit, values, what }: Outcome): ReadonlyArray<string> => {
  const value = values.length === 0 ? NaN : median(values)
  const holds = target === undefined
    ? ""
    : value <= target
    ? "yes"
    : `no, ${((value / target - 1) * 100).toFixed(0)} % over`
  return [
    what,
    against,
    target === undefined ? "" : shown(target, unit),
    values.length === 0 ? "not measured" : shown(value, unit),
    values.length === 0 ? "" : `${shown(values[0]!, unit)} to ${shown(values.at(-1)!, unit)}`,
    holds
  ]
}

const heading = ["what", "against", "target", "median", "spread", "holds"]

const table = (rows: ReadonlyArray<ReadonlyArray<string>>): string => {
  const all = [heading, ...rows]
  const widths = heading.map((_, column) => Math.max(...all.map((row) => row[column]!.length)))
  const line = (row: ReadonlyArray<string>) => `| ${row.map((cell, i) => cell.padEnd(widths[i]!)).join(" | ")} |`
  return [line(heading), `| ${widths.map((width) => "-".repeat(width)).join(" | ")} |`, ...rows.map(line)].join("\n")
}

const require = createRequire(import.meta.url)

const versionOf = (name: string): string => {
  // Not every package exports its own `package.json`.
  for (const directory of require.resolve.paths(name) ?? []) {
    try {
      return JSON.parse(readFileSync(join(directory, name, "package.json"), "utf8")).version
    } catch {
      // Not in this directory.
    }
  }
  return "unknown"
}

const peers = ["effect", "openai", "@anthropic-ai/sdk", "ai", "@ai-sdk/openai-compatible", "cockatiel", "p-retry"]

const machine = (): string =>
  [
    `${cpus().length} × ${cpus()[0]?.model.trim() ?? "unknown"}, ${
      Math.round(totalmem() / 1024 ** 3)
    } GB, ${process.platform}`,
    `Node ${process.versions.node}, V8 ${process.versions.v8}`,
    peers.map((name) => `${name} ${versionOf(name)}`).join(", ")
  ].join("; ")

const written = (text: string): string =>
  `# Results

Written by \`pnpm bench\` on ${new Date().toISOString().slice(0, 10)}. ${machine()}.

Each figure is the median of ${processes} processes, the spread is from their least to their greatest figure.
[README.md](README.md) describes the method and FLOOR0. Bundle sizes and the cost of types are budgets of \`pnpm check\`.

${text}
`

const text = table(groups.flatMap(outcomesOf).map(cells))
process.stdout.write(`${text}\n`)
if (options.only === undefined && options.quick !== true) {
  writeFileSync(join(import.meta.dirname, "RESULTS.md"), written(text))
}
