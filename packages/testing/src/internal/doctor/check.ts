/**
 * A check of the doctor: what it found about one subject, how bad that is, and what to do about it.
 *
 * @internal
 */
import type * as Schema from "effect/Schema"

/** The subjects, in the order of the report. */
export const subjects = [
  "configuration",
  "reachability",
  "key",
  "balance",
  "limits",
  "models",
  "clock",
  "versions"
] as const

export type Subject = typeof subjects[number]

/** A `failure` breaks calls now, a `warning` will or may. What could not be looked at is `skipped`. */
export type Status = "ok" | "warning" | "failure" | "skipped"

export interface Check {
  readonly check: Subject
  readonly status: Status
  /** What was found, one sentence a line. */
  readonly found: ReadonlyArray<string>
  /** What to do about a warning or a failure. */
  readonly remedies: ReadonlyArray<string>
  /** The same for programs, with units in the names. */
  readonly details: Readonly<Record<string, Schema.Json>>
}

/** One thing that was found. */
export interface Finding {
  readonly status: Status
  readonly found: string
  readonly remedy?: string | undefined
}

const severity: ReadonlyArray<Status> = ["skipped", "ok", "warning", "failure"]

/** The worst of some statuses; `skipped` without any. */
export const worst = (statuses: ReadonlyArray<Status>): Status =>
  statuses.reduce((most, status) => severity.indexOf(status) > severity.indexOf(most) ? status : most, "skipped")

/** A check from what was found: it is as bad as the worst of it. */
export const check = (
  subject: Subject,
  findings: ReadonlyArray<Finding>,
  details: Readonly<Record<string, Schema.Json>> = {}
): Check => ({
  check: subject,
  status: worst(findings.map(({ status }) => status)),
  found: findings.map(({ found }) => found),
  remedies: [...new Set(findings.map(({ remedy }) => remedy).filter((remedy) => remedy !== undefined))],
  details
})

export const ok = (found: string): Finding => ({ status: "ok", found })

export const warning = (found: string, remedy?: string): Finding => ({ status: "warning", found, remedy })

export const failure = (found: string, remedy?: string): Finding => ({ status: "failure", found, remedy })

export const skipped = (found: string): Finding => ({ status: "skipped", found })
