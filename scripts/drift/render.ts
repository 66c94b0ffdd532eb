/** The report: for a terminal, or as JSON. */
import { Array } from "effect"
import type { Change, Compared } from "./compare.ts"
import { editFor } from "./edits.ts"

const counted = (n: number, one: string, many: string): string => `${n} ${n === 1 ? one : many}`

const comparedText = ({ codes, entries, fieldSets, newerOnRecord, operations }: Compared): string =>
  [
    codes === undefined ? "" : counted(codes, "code", "codes"),
    operations === undefined ? "" : counted(operations, "operation", "operations"),
    fieldSets === undefined ? "" : `fields of ${fieldSets}`,
    newerOnRecord === undefined ? "" : `a copy older than ${newerOnRecord}, which is on record`,
    entries === undefined ? "" : counted(entries, "entry of the changelog", "entries of the changelog")
  ].filter((text) => text !== "").join(", ")

// What a copy says goes to a terminal: no control character of it may reach one.
const printable = (text: string): string => text.replace(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/g, "\ufffd")

export const renderText = (changes: ReadonlyArray<Change>, compared: Compared): string => {
  const head = changes.length === 0 ? "no drift" : `drift: ${counted(changes.length, "change", "changes")}`
  const groups = Object.entries(Array.groupBy(changes.map(editFor), ({ file }) => file ?? "to read"))
  const lines = groups.flatMap(([file, edits]) => [
    "",
    file,
    ...edits.flatMap(({ proposal, summary }) => [
      "",
      `  ${summary}`,
      ...proposal.map((line) => line === "" ? "" : `      ${line}`)
    ])
  ])
  return printable(`${[`${head} (${comparedText(compared)})`, ...lines].join("\n")}\n`)
}

export const renderJson = (changes: ReadonlyArray<Change>, compared: Compared): string =>
  `${
    JSON.stringify({
      status: changes.length === 0 ? "no drift" : "drift",
      compared,
      changes: changes.map((change) => ({ ...change, edit: editFor(change) }))
    })
  }\n`
