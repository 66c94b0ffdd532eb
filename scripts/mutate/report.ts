/**
 * The score, and the page that says it.
 */
import type { Equivalent } from "./equivalents.ts"
import { isFor } from "./equivalents.ts"
import { groupBy } from "./groups.ts"
import type { Mutant } from "./mutants.ts"
import type { Result, Status } from "./results.ts"

export interface Judged {
  readonly mutant: Mutant
  readonly result: Result | undefined
}

type Outcome = Status | "equivalent" | "pending"

export interface Summary {
  readonly counts: Readonly<Record<Outcome, number>>
  /** In percent, equivalents and what has not run left out. */
  readonly score: number
}

const outcome = ({ mutant, result }: Judged, equivalents: ReadonlyArray<Equivalent>): Outcome => {
  if (result === undefined) return "pending"
  const isAlive = result.status === "survived" || result.status === "uncovered"
  return isAlive && equivalents.some((equivalent) => isFor(equivalent, mutant)) ? "equivalent" : result.status
}

export const summarize = (judged: ReadonlyArray<Judged>, equivalents: ReadonlyArray<Equivalent>): Summary => {
  const counts = { killed: 0, timeout: 0, survived: 0, uncovered: 0, equivalent: 0, pending: 0 }
  for (const one of judged) counts[outcome(one, equivalents)]++
  const dead = counts.killed + counts.timeout
  const all = dead + counts.survived + counts.uncovered
  return { counts, score: all === 0 ? 100 : 100 * dead / all }
}

const percent = (score: number): string => `${(Math.floor(score * 10) / 10).toFixed(1)} %`

export const sentence = ({ counts, score }: Summary): string =>
  `score ${percent(score)}: ${counts.killed} killed, ${counts.timeout} out of time, ${counts.survived} survived, ` +
  `${counts.uncovered} not reached, ${counts.equivalent} equivalent, ${counts.pending} not run`

const code = (text: string): string => {
  const fence = text.includes("`") ? "``" : "`"
  const space = fence === "``" ? " " : ""
  return `${fence}${space}${text.replaceAll("|", "\\|")}${space}${fence}`
}

const table = (head: ReadonlyArray<string>, rows: ReadonlyArray<ReadonlyArray<string>>): string =>
  [head, head.map(() => "---"), ...rows].map((row) => `| ${row.join(" | ")} |`).join("\n")

export const report = (
  judged: ReadonlyArray<Judged>,
  equivalents: ReadonlyArray<Equivalent>
): string => {
  const files = groupBy(judged, ({ mutant }) => mutant.file)
  const summary = summarize(judged, equivalents)
  const rows = [...files].map(([file, group]) => {
    const { counts, score } = summarize(group, equivalents)
    const ran = group.length - counts.pending
    return [
      code(file),
      ran === 0 ? "" : percent(score),
      `${counts.killed + counts.timeout}`,
      `${counts.survived + counts.uncovered}`,
      `${counts.equivalent}`,
      `${counts.pending}`
    ]
  })
  const alive = [...files].flatMap(([file, group]) => {
    const lines = group.flatMap((one) => {
      const found = outcome(one, equivalents)
      if (found !== "survived" && found !== "uncovered") return []
      const reached = found === "uncovered" ? ", which no test reaches" : ""
      return [`- line ${one.mutant.line}: ${code(one.mutant.mutation)}${reached}`]
    })
    return lines.length === 0 ? [] : [`### ${code(file)}\n\n${lines.join("\n")}`]
  })
  const same = equivalents.map(({ file, line, mutation, reason }) =>
    `- ${code(file)}, ${mutation === undefined ? "all" : [mutation].flat().map(code).join(", ")} in ${
      code(line)
    }: ${reason}`
  )
  return [
    "# Mutation testing",
    "`pnpm mutate` changes the sources of `core` and `http` in one small place at a time and runs the tests that " +
    "reach it. A mutant is killed when a test fails or does not end; one that survives is a behaviour that no " +
    "test states. This page is written by it.",
    "A mutant is tried on the tests that killed others of its file, then on those that notice most in the least time, for " +
    "a few seconds; `pnpm mutate --again --budget 60` tries the survivors on more of them.",
    `${sentence(summary)}.`.replace("score", "Score"),
    "## By file",
    table(["File", "Score", "Killed", "Survived", "Equivalent", "Not run"], rows),
    "## Survivors",
    alive.length === 0 ? "None." : alive.join("\n\n"),
    "## Equivalents",
    "Mutants that do the same as the program, which the score leaves out.",
    same.length === 0 ? "None." : same.join("\n")
  ].join("\n\n") + "\n"
}
