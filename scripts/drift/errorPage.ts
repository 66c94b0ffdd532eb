/** The codes of Venice's page of errors. */
import { Unusable } from "./input.ts"
import type { Table } from "./tables.ts"
import { tablesOf } from "./tables.ts"

export interface Documented {
  readonly code: string
  readonly status: number
  readonly message: string
  /** `-` if the page has no level for the code, `undefined` if it has no column of levels. */
  readonly logLevel: string | undefined
}

const code = /^[A-Z][A-Z0-9_]{3,}$/
const status = /^[1-5]\d\d$/
const level = /^(?:[-–—]|trace|debug|info|warn|error|fatal)$/i

const cell = (row: ReadonlyArray<string>, column: number): string => row[column] ?? ""

/**
 * The columns of a table of codes. They are told by what is in them, because the headers are translated: the columns of
 * codes, statuses and log levels, and the longest of the others, which is the message.
 */
const columnsOf = ({ header, rows }: Table) => {
  const share = (column: number, pattern: RegExp): number =>
    rows.filter((row) => pattern.test(cell(row, column))).length / rows.length
  const length = (column: number): number => rows.reduce((sum, row) => sum + cell(row, column).length, 0)
  const columns = header.map((_, column) => column)
  const codes = columns.find((column) => share(column, code) > 0.5)
  const statuses = columns.find((column) => share(column, status) > 0.5)
  const levels = columns.find((column) => column !== statuses && share(column, level) > 0.5)
  const messages =
    columns.filter((column) => ![codes, statuses, levels].includes(column)).sort((a, b) => length(b) - length(a))[0]
  return codes === undefined || statuses === undefined || messages === undefined
    ? undefined
    : { codes, statuses, messages, levels }
}

const documentedIn = (table: Table): ReadonlyArray<Documented> => {
  const columns = table.rows.length === 0 ? undefined : columnsOf(table)
  if (columns === undefined) return []
  return table.rows.map((row, i) => {
    const found = {
      code: cell(row, columns.codes),
      status: cell(row, columns.statuses),
      message: cell(row, columns.messages),
      level: columns.levels === undefined ? undefined : cell(row, columns.levels)
    }
    if (
      !code.test(found.code) || !status.test(found.status) || found.message === ""
      || (found.level !== undefined && !level.test(found.level))
    ) {
      throw new Unusable(`has a table of codes whose row ${i + 1} cannot be read: ${row.join(" | ").slice(0, 200)}`)
    }
    return {
      code: found.code,
      status: Number(found.status),
      message: found.message,
      logLevel: found.level?.toLowerCase()
    }
  })
}

/** Reads a page in Markdown or HTML, in any language of Venice's documentation. */
export const readErrorPage = (text: string): ReadonlyArray<Documented> => {
  const documented = tablesOf(text).flatMap(documentedIn)
  if (documented.length === 0) throw new Unusable("has no table of codes, statuses and messages")
  const codes = documented.map((row) => row.code)
  const twice = codes.find((name, i) => codes.indexOf(name) !== i)
  if (twice !== undefined) throw new Unusable(`has ${twice} twice`)
  return documented
}
