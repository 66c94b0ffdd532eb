/** The differences between copies of Venice's pages and what this repository knows. */
import { Operation, VeniceError } from "@effect-venice/core"
import type { Entry, Topic } from "./changelog.ts"
import { fingerprint, topicsOf } from "./changelog.ts"
import type { Described, Description, Fields } from "./description.ts"
import type { Documented } from "./errorPage.ts"
import type { Copies, Facts } from "./facts.ts"
import { isBefore, newerThan } from "./facts.ts"
import { Unusable } from "./input.ts"

export type Part = keyof Fields

export type Change =
  | { readonly kind: "code added"; readonly found: Documented; readonly after: string | undefined }
  | { readonly kind: "code removed"; readonly code: string }
  | { readonly kind: "status changed"; readonly code: string; readonly from: number; readonly to: number }
  | { readonly kind: "message changed"; readonly code: string; readonly from: string; readonly to: string }
  | { readonly kind: "log level changed"; readonly code: string; readonly from: string; readonly to: string }
  | { readonly kind: "operation added"; readonly operation: string; readonly statuses: ReadonlyArray<number> }
  | { readonly kind: "operation removed"; readonly operation: string }
  | {
    readonly kind: "statuses changed"
    readonly operation: Operation.Operation
    readonly added: ReadonlyArray<number>
    readonly removed: ReadonlyArray<number>
    readonly documented: ReadonlyArray<number>
  }
  | {
    readonly kind: "fields changed"
    readonly operation: string
    readonly part: Part
    readonly added: ReadonlyArray<string>
    readonly removed: ReadonlyArray<string>
  }
  | {
    readonly kind: "changelog entry"
    readonly label: string
    readonly title: string
    readonly topics: ReadonlyArray<Topic>
    readonly text: string
  }

const without = <A>(these: ReadonlyArray<A>, those: ReadonlyArray<A>): ReadonlyArray<A> =>
  these.filter((item) => !those.includes(item))

/** A copy that lacks more than half of what is known is cut off, or the copy of something else. */
const assertComplete = (what: string, known: ReadonlyArray<string>, found: ReadonlyArray<string>): void => {
  const common = known.filter((name) => found.includes(name)).length
  if (common * 2 < known.length) {
    throw new Unusable(`has ${common} of ${known.length} known ${what}: it may be cut off`)
  }
}

const severities: Readonly<Record<string, string>> = { warn: "Warn", error: "Error", fatal: "Fatal", debug: "Debug" }

/** The severity of a row for a log level of Venice's page. */
export const severityOf = (logLevel: string | undefined): string => severities[logLevel ?? ""] ?? "Info"

// In HTML a code span has no backticks, and the messages of the rows have those of Venice's Markdown.
const isSameText = (a: string, b: string): boolean => a.replaceAll("`", "") === b.replaceAll("`", "")

const compareCode = (found: Documented): ReadonlyArray<Change> => {
  const Class = VeniceError.byCode.get(found.code)
  if (Class === undefined) return []
  const { code, defaultMessage, status } = Class
  const severity = Class["~row"].severity ?? "Info"
  const expected = severityOf(found.logLevel)
  const changes: Array<Change> = []
  if (status !== found.status) changes.push({ kind: "status changed", code, from: status, to: found.status })
  if (!isSameText(defaultMessage, found.message)) {
    changes.push({ kind: "message changed", code, from: defaultMessage, to: found.message })
  }
  if (found.logLevel !== undefined && severity !== expected) {
    changes.push({ kind: "log level changed", code, from: severity, to: expected })
  }
  return changes
}

export const compareCodes = (page: ReadonlyArray<Documented>, facts: Facts): ReadonlyArray<Change> => {
  const codes = page.map(({ code }) => code)
  assertComplete("codes", facts.errorPage.codes, codes)
  const added = page.flatMap((found, i): ReadonlyArray<Change> =>
    VeniceError.isCode(found.code) ? [] : [{ kind: "code added", found, after: codes[i - 1] }]
  )
  const removed = without(facts.errorPage.codes, codes).map((code): Change => ({ kind: "code removed", code }))
  return [...added, ...page.flatMap(compareCode), ...removed]
}

const compareStatuses = (operation: Operation.Operation, { statuses }: Described): ReadonlyArray<Change> => {
  const known: ReadonlyArray<number> = Operation.operations[operation].documented
  const added = without(statuses, known)
  const removed = without(known, statuses)
  return added.length + removed.length === 0
    ? []
    : [{ kind: "statuses changed", operation, added, removed, documented: statuses }]
}

const compareFields = (operation: string, found: Fields, known: Fields): ReadonlyArray<Change> =>
  (["query", "request", "response", "failure"] as const).flatMap((part): ReadonlyArray<Change> => {
    const added = without(found[part], known[part])
    const removed = without(known[part], found[part])
    return added.length + removed.length === 0 ? [] : [{ kind: "fields changed", operation, part, added, removed }]
  })

export const compareOperations = ({ operations }: Description, facts: Facts): ReadonlyArray<Change> => {
  const names = [...operations.keys()]
  const expected = without<string>(Operation.all, facts.operations.elsewhere)
  assertComplete("operations", expected, names)
  return [
    ...without(names, Operation.all).map((operation): Change => ({
      kind: "operation added",
      operation,
      statuses: operations.get(operation)!.statuses
    })),
    ...[...operations].flatMap(([name, described]) => {
      const known = facts.fields.operations[name]
      return [
        ...(Operation.isOperation(name) ? compareStatuses(name, described) : []),
        ...(known === undefined ? [] : compareFields(name, described.fields, known))
      ]
    }),
    ...without(expected, names).map((operation): Change => ({ kind: "operation removed", operation }))
  ]
}

export const compareChangelog = (entries: ReadonlyArray<Entry>, facts: Facts): ReadonlyArray<Change> =>
  entries.filter((entry) => !isBefore(entry, facts) && !facts.changelog.seen.includes(fingerprint(entry))).flatMap(
    (entry): ReadonlyArray<Change> => {
      const { label, text, title } = entry
      const topics = topicsOf(entry)
      return topics.length === 0 ? [] : [{ kind: "changelog entry", label, title, topics, text }]
    }
  )

/** What was compared, for a reader who wonders whether "no drift" means anything. */
export interface Compared {
  readonly codes?: number
  readonly operations?: number
  /** The operations whose fields are on record. */
  readonly fieldSets?: number
  readonly entries?: number
  /** The version of the description on record, if the copy is older. */
  readonly newerOnRecord?: string
}

export const comparedWith = ({ changelog, errors, openapi }: Copies, facts: Facts): Compared => ({
  ...(errors === undefined ? undefined : { codes: errors.length }),
  ...(openapi === undefined ? undefined : {
    operations: openapi.operations.size,
    fieldSets: [...openapi.operations.keys()].filter((name) => Object.hasOwn(facts.fields.operations, name)).length,
    ...(newerThan(openapi, facts) !== undefined && { newerOnRecord: newerThan(openapi, facts)! })
  }),
  ...(changelog === undefined ? undefined : { entries: changelog.length })
})
