/** The figures of simulated outages, as a table of Markdown. */
import type { Call, Simulation } from "./simulate.ts"

export interface Figures {
  readonly part: string
  /** Requests while the model is offline, and in the minute after. */
  readonly requests: number
  readonly after: number
  /** The most requests of ten seconds while the model is offline. */
  readonly peak: number
  /** Milliseconds from the end of the outage to the first success, and to the last failure that a caller saw. */
  readonly firstSuccess: number | undefined
  readonly lastFailure: number | undefined
  readonly calls: number
  readonly failures: number
  /** From the start of a call to its end, in milliseconds, of calls that began in the outage. */
  readonly p50: number
  readonly p99: number
}

const quantile = (sorted: ReadonlyArray<number>, q: number): number =>
  sorted[Math.min(sorted.length - 1, Math.max(0, Math.ceil(q * sorted.length) - 1))] ?? 0

/** The counts of moments in slots of ten seconds. */
export const slots = (moments: ReadonlyArray<number>, from: number, to: number): ReadonlyArray<number> => {
  const out = Array.from({ length: Math.ceil((to - from) / 10_000) }, () => 0)
  for (const moment of moments) {
    if (moment >= from && moment < to) out[Math.floor((moment - from) / 10_000)]!++
  }
  return out
}

export const figuresOf = ({ calls, from, part, requests, to }: Simulation): Figures => {
  const began = calls.filter(({ start }) => start >= from && start < to)
  const waits = began.map(({ end, start }) => end - start).toSorted((a, b) => a - b)
  const after = (isOk: boolean) =>
    calls.filter((call: Call) => call.isOk === isOk && call.end >= to).map(({ end }) => end - to)
  const [successes, failures] = [after(true), after(false)]
  return {
    part,
    requests: requests.filter((at) => at >= from && at < to).length,
    after: requests.filter((at) => at >= to && at < to + 60_000).length,
    peak: Math.max(...slots(requests, from, to)),
    firstSuccess: successes.length === 0 ? undefined : Math.min(...successes),
    lastFailure: failures.length === 0 ? undefined : Math.max(...failures),
    calls: began.length,
    failures: began.filter(({ isOk }) => !isOk).length,
    p50: quantile(waits, 0.5),
    p99: quantile(waits, 0.99)
  }
}

const seconds = (millis: number | undefined): string =>
  millis === undefined ? "none" : `${(millis / 1000).toFixed(1)} s`

export const tableOf = (all: ReadonlyArray<Figures>): string =>
  [
    [
      "parts",
      "requests in the outage",
      "most in 10 s",
      "in the minute after",
      "calls begun in the outage",
      "failed",
      "p50",
      "p99",
      "first success after",
      "last failure after"
    ],
    Array.from({ length: 10 }, () => "---"),
    ...all.map((of) => [
      of.part,
      String(of.requests),
      String(of.peak),
      String(of.after),
      String(of.calls),
      String(of.failures),
      seconds(of.p50),
      seconds(of.p99),
      seconds(of.firstSuccess),
      seconds(of.lastFailure)
    ])
  ].map((cells) => `| ${cells.join(" | ")} |`).join("\n")
