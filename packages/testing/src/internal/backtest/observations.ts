/**
 * What a log says: how its calls ended, and classes of failures to try policies on. The memory does not grow with the
 * log: failures that policies cannot tell apart are counted.
 *
 * @internal
 */
import { Attempts, FailureBudget, Retry, VeniceError } from "@effect-venice/core"
import * as Duration from "effect/Duration"
import * as Result from "effect/Result"
import { type Entry, type Failed, parseLine } from "./failure.ts"
import { oldestOf, Recovery } from "./recovery.ts"

/** Failures that policies cannot tell apart. */
export interface Class {
  readonly name: string
  readonly failure: unknown
  readonly kind: Retry.Kind | undefined
  readonly operation: string
  readonly isRepeatable: boolean
  /** In milliseconds. */
  readonly hint: number
  /** For how long the key is locked out, in milliseconds. */
  readonly lockedFor: number
  count: number
}

/** Waits by their length. Two digits are kept. */
export class Waits {
  readonly counts = new Map<number, number>()
  sum = 0
  total = 0

  add(millis: number): void {
    this.sum += millis
    this.total++
    const rounded = round(millis)
    this.counts.set(rounded, (this.counts.get(rounded) ?? 0) + 1)
  }

  quantile(position: number): number {
    let sum = 0
    for (const [millis, count] of [...this.counts].sort(([a], [b]) => a - b)) {
      sum += count
      if (sum >= position * this.total) return millis
    }
    return 0
  }
}

/** Two digits, rounded up. */
export const round = (millis: number): number => {
  if (millis < 100) return Math.ceil(millis)
  const unit = 10 ** (Math.floor(Math.log10(millis)) - 1)
  return Math.ceil(millis / unit) * unit
}

export interface Was {
  requests: number
  successes: number
  /** Calls of which the log does not say how they ended. */
  unknown: number
  charges: number
  lockedOut: number
  readonly waits: Waits
  readonly gaveUp: Map<string, number>
}

export interface Refused {
  readonly line: number
  readonly problem: string
}

// The lockout is as long as the window.
const span = Duration.toMillis(FailureBudget.window)

interface Window {
  readonly times: Array<number>
  lockedUntil: number
}

const maxKeys = 10_000

const maxOpen = 10_000

const maxClasses = 5000

const maxRefused = 20

/** Attempts of the same request that are further apart are different calls. */
const maxPause = 600_000

interface OpenCall extends Entry {
  readonly last: number | undefined
}

const tagOf = (error: unknown): string =>
  typeof error === "object" && error !== null && "_tag" in error ? String(error._tag) : "Error"

const hintOf = (error: unknown): number =>
  VeniceError.isVeniceError(error) && error.response.retryAfter !== undefined
    ? Duration.toMillis(error.response.retryAfter)
    : 0

const isLockout = (error: unknown): boolean => VeniceError.isVeniceError(error) && FailureBudget.isLockout(error)

const waitedBy = ({ failures, hasSucceeded, succeededAt }: Entry): number => {
  const first = failures[0]?.at
  const end = hasSucceeded ? succeededAt : failures.at(-1)?.at
  const known = failures.reduce((sum, { delay = 0 }) => sum + delay, 0)
  return known > 0 || first === undefined || end === undefined ? known : Math.max(0, end - first)
}

export class Observations {
  readonly recovery = new Recovery()
  readonly classes = new Map<string, Class>()
  readonly refused: Array<Refused> = []
  readonly was: Was = {
    requests: 0,
    successes: 0,
    unknown: 0,
    charges: 0,
    lockedOut: 0,
    waits: new Waits(),
    gaveUp: new Map()
  }
  refusedCount = 0
  lines = 0
  calls = 0
  lockouts = 0
  withoutTime = 0
  private readonly open = new Map<string, OpenCall>()
  private readonly windows = new Map<string, Window>()

  /** Reads a line. A line that is none is counted. */
  add(text: string): void {
    this.lines++
    const entries = safely(text)
    if (Result.isFailure(entries)) this.refuse(entries.failure)
    else for (const entry of entries.success) this.addEntry(entry)
  }

  refuse(problem: string): void {
    this.refusedCount++
    if (this.refused.length < maxRefused) this.refused.push({ line: this.lines, problem })
  }

  /** Ends the calls that are open. */
  end(): void {
    for (const call of this.open.values()) this.finish(call)
    this.open.clear()
    this.recovery.closeAll()
  }

  private addEntry(entry: Entry): void {
    if (entry.call === undefined) {
      if (entry.failures.length > 0) this.finish(entry)
      return
    }
    const name = `${entry.key} ${entry.call}`
    const known = this.open.get(name)
    const at = entry.failures[0]?.at ?? entry.succeededAt
    const isOld = known?.last !== undefined && at !== undefined && at - known.last > maxPause
    if (known !== undefined && isOld) this.finish(known)
    this.open.delete(name)
    const before = known === undefined || isOld ? [] : known.failures
    const failures = [...before, ...entry.failures].slice(0, Attempts.maxKept * 4)
    // A call that succeeds at once is none to try policies on.
    if (failures.length === 0) return
    const joined: OpenCall = { ...entry, failures, last: failures.at(-1)?.at }
    if (entry.hasSucceeded || entry.reason !== undefined) return this.finish(joined)
    if (this.open.size >= maxOpen) {
      for (const oldest of oldestOf(this.open)) {
        this.finish(this.open.get(oldest)!)
        this.open.delete(oldest)
      }
    }
    this.open.set(name, joined)
  }

  private finish(entry: Entry): void {
    const { failures, hasSucceeded, key, reason } = entry
    const [first] = failures
    if (first === undefined) return
    this.calls++
    const waited = waitedBy(entry)
    const lockedFor = failures.map((failed) => this.count(key, failed))[0]!
    this.was.requests += failures.length + (hasSucceeded ? 1 : 0)
    if (hasSucceeded) this.was.successes++
    else if (reason === undefined) this.was.unknown++
    else this.was.gaveUp.set(reason, (this.was.gaveUp.get(reason) ?? 0) + 1)
    this.was.waits.add(waited)
    this.was.lockedOut += Math.min(waited, lockedFor)
    const repeated = hasSucceeded ? failures : failures.slice(0, -1)
    this.was.charges +=
      repeated.filter(({ error }) => Retry.kindOf(error) !== undefined && !Retry.isRepeatable(error)).length
    this.learn(entry, waited)
    this.classify(first, lockedFor)
  }

  private learn({ failures, hasSucceeded, key }: Entry, waited: number): void {
    for (const [i, { at, error, operation }] of failures.entries()) {
      const kind = Retry.kindOf(error)
      if (kind === undefined) continue
      if (i === 0 && hasSucceeded) this.recovery.recovered(kind, operation, waited)
      if (at === undefined) this.withoutTime++
      else this.recovery.failed(key, kind, operation, at, i === 0 && !hasSucceeded)
    }
  }

  private classify({ error, operation }: Failed, lockedFor: number): void {
    const hint = hintOf(error)
    const kind = Retry.kindOf(error)
    const isRepeatable = Retry.isRepeatable(error)
    const facts = [tagOf(error), kind, operation, isRepeatable]
    const exact = [...facts, round(hint), round(lockedFor)].join("|")
    const name = this.classes.has(exact) || this.classes.size < maxClasses ? exact : facts.slice(0, 2).join("|")
    const known = this.classes.get(name)
    if (known !== undefined) known.count++
    else this.classes.set(name, { name, failure: error, kind, operation, isRepeatable, hint, lockedFor, count: 1 })
  }

  /** Counts a failure against its key, and returns for how long the key is locked out. */
  private count(key: string, { at, error }: Failed): number {
    if (isLockout(error)) return hintOf(error) || span
    if (at === undefined) return 0
    let window = this.windows.get(key)
    if (window === undefined) {
      window = { times: [], lockedUntil: 0 }
      if (this.windows.size >= maxKeys) { for (const oldest of oldestOf(this.windows)) this.windows.delete(oldest) }
      this.windows.set(key, window)
    }
    if (at < window.lockedUntil) return window.lockedUntil - at
    if (!VeniceError.isVeniceError(error) || !FailureBudget.isCounted(error)) return 0
    window.times.push(at)
    while (window.times[0]! <= at - span) window.times.shift()
    if (window.times.length < FailureBudget.limit) return 0
    window.times.length = 0
    window.lockedUntil = at + span
    this.lockouts++
    return 0
  }
}

/** The calls of a line. Of errors that are only counted, capturing the stacks costs a third of the time. */
const safely = (text: string): ReturnType<typeof parseLine> => {
  const limit = Error.stackTraceLimit
  Error.stackTraceLimit = 0
  try {
    return parseLine(text)
  } catch {
    // JSON that is nested deeper than the stack is: V8 parses it, but nothing else can walk it.
    return Result.fail("cannot be read")
  } finally {
    Error.stackTraceLimit = limit
  }
}
