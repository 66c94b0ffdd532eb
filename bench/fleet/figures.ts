/** The figures of a run, and the bounds that the library states. */
import type { Journal } from "@effect-venice/testing"
import type { Run } from "./cell.ts"
import { redisBound } from "./guarded.ts"
import type { Kind } from "./plan.ts"
import { idIn } from "./plan.ts"

export interface Figures {
  readonly scenario: string
  readonly subject: string
  /** Calls that should succeed. */
  readonly calls: number
  readonly failed: number
  /** How they failed, the most frequent first. */
  readonly failures: ReadonlyArray<readonly [name: string, times: number]>
  readonly requests: number
  /** Requests of wrong calls, and of calls of a broken model. */
  readonly hopeless: number
  /** How often Venice locked the key out. */
  readonly lockouts: number
  /** Requests that were refused because of a lockout. */
  readonly lockedOut: number
  readonly chargedTwice: number
  /** From the start of a call to its end, in milliseconds, of calls that should succeed. */
  readonly p50: number
  readonly p99: number
  /** Milliseconds until each process had a success that ended after the trouble. */
  readonly recovery: number | undefined
  /** By how much the call that was held longest missed its deadline, in milliseconds; negative if it did not. */
  readonly overDeadline: number
  /** The stated bounds that are broken. */
  readonly broken: ReadonlyArray<string>
}

const quantile = (sorted: ReadonlyArray<number>, q: number): number =>
  sorted[Math.min(sorted.length - 1, Math.max(0, Math.ceil(q * sorted.length) - 1))] ?? 0

const headerOf = (entry: Journal.Entry, name: string): string | undefined => entry.response?.headers[name]

const isLockedOut = ({ response }: Journal.Entry): boolean =>
  response?.status === 429 && response.body.text?.includes("Too many failed attempts") === true

/** Venice counts the answer after its headers are read: a counted failure that says 1 was the last one. */
const locksOut = (entry: Journal.Entry): boolean => {
  const status = entry.response?.status ?? 0
  return status >= 400 && status < 500 && status !== 429 && headerOf(entry, "x-ratelimit-remaining") === "1"
}

/** Venice bills a request that it ran, whether its response arrived or not. It does not run a wrong one. */
const isCharged = ({ outcome, response }: Journal.Entry, kind: Kind | undefined): boolean =>
  response === undefined
    ? kind !== "wrong" && (outcome === "disconnected" || outcome === "aborted")
    : response.status === 200

/** How many calls were charged more than once. */
const twice = (
  entries: ReadonlyArray<Journal.Entry>,
  kindOf: (id: string | undefined) => Kind | undefined
): { readonly charged: number; readonly twice: number } => {
  const times = new Map<string, number>()
  let charged = 0
  for (const entry of entries) {
    const id = idIn(entry.request.body.text ?? "")
    if (entry.request.operation !== "POST /chat/completions" || !isCharged(entry, kindOf(id))) continue
    charged++
    const call = id ?? `request ${entry.id}`
    times.set(call, (times.get(call) ?? 0) + 1)
  }
  return { charged, twice: [...times.values()].filter((n) => n > 1).length }
}

const recoveryOf = ({ ended, planned, scenario, seconds, startAt }: Run): number | undefined => {
  const trouble = scenario.trouble?.(seconds)
  if (trouble === undefined) return undefined
  const over = startAt + trouble.over * 1000
  const firsts = new Map<number, number>()
  for (const { process } of ended) firsts.set(process, Infinity)
  for (const { end, id, outcome, process } of ended) {
    if (outcome !== "ok" || planned.get(id)?.kind !== "sound" || end < over) continue
    firsts.set(process, Math.min(firsts.get(process)!, end - over))
  }
  return Math.max(...firsts.values())
}

export const figuresOf = (run: Run): Figures => {
  const { ended, entries, pauses, planned, scenario, subject } = run
  const kindOf = (id: string | undefined): Kind | undefined => planned.get(id ?? "")?.kind
  const chats = entries.filter(({ request }) => request.operation === "POST /chat/completions")
  const sound = ended.filter(({ id }) => kindOf(id) === "sound")
  const waits = sound.map(({ end, start }) => end - start).toSorted((a, b) => a - b)
  const failed = sound.filter(({ outcome }) => outcome !== "ok")
  const failures = new Map<string, number>()
  for (const { outcome } of failed) failures.set(outcome, (failures.get(outcome) ?? 0) + 1)
  const lockouts = chats.filter(locksOut).length
  const charges = twice(chats, kindOf)
  const overDeadline = Math.max(...ended.map(({ end, start }) => end - start - scenario.deadline))
  /** A process whose event loop pauses is late, whatever the library does. */
  const late = ended.filter(({ end, process, start }) =>
    end - start > scenario.deadline + redisBound + pauses[process]!
  )
  return {
    scenario: scenario.name,
    subject,
    calls: sound.length,
    failed: failed.length,
    failures: [...failures].toSorted(([, a], [, b]) => b - a),
    requests: chats.length,
    hopeless: chats.filter(({ request }) => {
      const kind = kindOf(idIn(request.body.text ?? ""))
      return kind === "wrong" || kind === "broken"
    }).length,
    lockouts,
    lockedOut: chats.filter(isLockedOut).length,
    chargedTwice: charges.twice,
    p50: quantile(waits, 0.5),
    p99: quantile(waits, 0.99),
    recovery: recoveryOf(run),
    overDeadline,
    broken: [
      ...run.problems,
      ...(ended.length === planned.size ? [] : [`${planned.size - ended.length} calls did not end`]),
      ...(charges.charged === run.charges
        ? []
        : [`the account's statement has ${run.charges} charges, the journal ${charges.charged}`]),
      ...(subject !== "all parts" ? [] : [
        ...(lockouts === 0 ? [] : [`${lockouts} lockouts`]),
        ...(charges.twice === 0 ? [] : [`${charges.twice} calls charged twice`]),
        ...(late.length === 0
          ? []
          : [`${late.length} calls held longer than their deadline and the bound of Redis, by ${overDeadline} ms`])
      ])
    ]
  }
}
