/**
 * The comparison of policies as text for a terminal.
 *
 * @internal
 */
import { Redact } from "@effect-venice/core"
import * as Duration from "effect/Duration"
import type { Report, Row } from "../../Backtest.ts"

const count = (value: number): string => String(Math.round(value))

/** A duration with two units at most. */
const time = (duration: Duration.Duration): string => {
  const millis = Math.round(Duration.toMillis(duration))
  if (millis < 1000) return `${millis} ms`
  if (millis < 60_000) return `${Number((millis / 1000).toPrecision(3))} s`
  if (millis < 3_600_000) return `${Number((millis / 60_000).toPrecision(3))} min`
  return `${Number((millis / 3_600_000).toPrecision(3))} h`
}

const width = 16

const bar = (value: number, most: number): string => {
  const length = most === 0 ? 0 : Math.round((value / most) * width)
  return `${"█".repeat(length)}${"·".repeat(width - length)}`
}

// A name of a file can be long, and can hold anything.
const nameOf = (name: string): string => {
  const plain = Redact.printable(name)
  return plain.length > 18 ? `${plain.slice(0, 17)}…` : plain
}

const table = (rows: ReadonlyArray<ReadonlyArray<string>>): ReadonlyArray<string> => {
  const widths = rows[0]!.map((_, i) => Math.max(...rows.map((row) => row[i]!.length)))
  return rows.map((row) =>
    row.map((cell, i) => i === 0 ? cell.padEnd(widths[i]!) : cell.padStart(widths[i]!)).join("  ").trimEnd()
  )
}

const reasons = ({ gaveUp, name }: Row): ReadonlyArray<string> => {
  const given = Object.entries(gaveUp).filter(([, calls]) => Math.round(calls) > 0).sort(([a], [b]) => a < b ? -1 : 1)
  return given.length === 0
    ? []
    : [`  ${nameOf(name)}: ${given.map(([reason, n]) => `${reason} ${count(n)}`).join(", ")}`]
}

const percent = (share: number): string => `${Math.round(share * 100)} %`

export const render = (report: Report): string => {
  const { assumptions, log, recovery, was } = report
  const rows = [was, ...report.policies]
  const most = Math.max(...rows.map(({ requests }) => requests))
  return [
    `${log.calls} calls that failed at first, in ${log.lines} lines${
      log.refused === 0 ? "" : `; ${log.refused} refused`
    }${log.lockouts === 0 ? "" : `; ${log.lockouts} lockouts`}`,
    "",
    ...table([
      ["", "requests", "successes", "waited", "p50", "p99", "charges risked", "locked out"],
      ...rows.map((row) => [
        nameOf(row.name),
        count(row.requests),
        count(row.successes),
        time(row.waited),
        time(row.p50),
        time(row.p99),
        count(row.chargesRisked),
        time(row.lockedOut)
      ])
    ]),
    "",
    "requests (█) and successes (▒)",
    ...rows.flatMap(({ name, requests, successes }) => [
      `  ${nameOf(name).padEnd(18)} ${bar(requests, most)} ${count(requests)}`,
      `  ${"".padEnd(18)} ${bar(successes, most).replaceAll("█", "▒")} ${count(successes)}`
    ]),
    "",
    "gave up",
    ...rows.flatMap((row) => reasons(row)),
    ...(was.unknown === 0 ? [] : [`  The log does not say how ${was.unknown} of its calls ended.`]),
    "",
    "recovered, as observed",
    ...table([
      ["  kind", "samples", "within 1 s", "30 s", "5 min"],
      ...recovery.map(({ kind, samples, within1s, within30s, within5min }) => [
        `  ${kind}`,
        String(samples),
        percent(within1s),
        percent(within30s),
        percent(within5min)
      ])
    ]),
    "",
    "assumed",
    ...assumptions.map((text) => `- ${text}`)
  ].join("\n")
}
