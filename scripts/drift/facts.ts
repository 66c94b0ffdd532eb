/** What was known when the copies were compared last, and is in no row: `facts/*.json`. */
import { readFileSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import type { Entry } from "./changelog.ts"
import { fingerprint, topicsOf } from "./changelog.ts"
import type { Description, Fields } from "./description.ts"
import type { Documented } from "./errorPage.ts"
import { Unusable } from "./input.ts"

export interface Facts {
  /** The codes that are on Venice's page. The rows have more: errors that Venice documents elsewhere. */
  readonly errorPage: { readonly source: string; readonly seen: string; readonly codes: ReadonlyArray<string> }
  /** The operations that are not in the description. */
  readonly operations: { readonly source: string; readonly note: string; readonly elsewhere: ReadonlyArray<string> }
  /** The names of fields by operation. */
  readonly fields: {
    readonly source: string
    readonly note: string
    readonly operations: Readonly<Record<string, Fields>>
  }
  readonly changelog: { readonly note: string; readonly seenUntil: string; readonly seen: ReadonlyArray<string> }
}

const folder = join(import.meta.dirname, "facts")
const parts = ["errorPage", "operations", "fields", "changelog"] as const

export const read = (from = folder): Facts => {
  const [errorPage, operations, fields, changelog] = parts.map((part) =>
    JSON.parse(readFileSync(join(from, `${part}.json`), "utf8"))
  )
  return { errorPage, operations, fields, changelog }
}

export interface Copies {
  readonly errors?: ReadonlyArray<Documented>
  readonly openapi?: Description
  readonly changelog?: ReadonlyArray<Entry>
}

/** The version on record of the description, if a copy is older than it: what differs may be what Venice has changed. */
export const newerThan = ({ version }: Description, { operations }: Facts): string | undefined => {
  const known = /\bversion (\d{8}[.\d]*)/.exec(operations.source)?.[1]
  return known !== undefined && /^\d{8}/.test(version) && version < known ? known : undefined
}

const assertNotOlder = (openapi: Description | undefined, facts: Facts): void => {
  const known = openapi && newerThan(openapi, facts)
  if (known !== undefined) {
    throw new Unusable(`is version ${openapi!.version}, older than ${known}, which is on record: it is not recorded`)
  }
}

/** The facts after the copies have been dealt with. An older copy is refused. */
export const recorded = (facts: Facts, { changelog, errors, openapi }: Copies, today: string): Facts => {
  assertNotOlder(openapi, facts)
  return {
    errorPage: errors === undefined
      ? facts.errorPage
      : { ...facts.errorPage, seen: today, codes: errors.map(({ code }) => code) },
    operations: openapi === undefined ? facts.operations : {
      ...facts.operations,
      source: `https://api.venice.ai/doc/api/swagger.yaml, version ${openapi.version}`,
      elsewhere: facts.operations.elsewhere.filter((operation) => !openapi.operations.has(operation))
    },
    fields: openapi === undefined ? facts.fields : {
      source: `https://api.venice.ai/doc/api/swagger.yaml, version ${openapi.version}`,
      note: "Names of query parameters and of fields of bodies, down to members of members.",
      operations: Object.fromEntries(
        [...openapi.operations].sort(([a], [b]) => a < b ? -1 : 1).map(([name, { fields }]) => [name, fields])
      )
    },
    changelog: changelog === undefined ? facts.changelog : {
      ...facts.changelog,
      seen: changelog.filter((entry) => topicsOf(entry).length > 0 && !isBefore(entry, facts)).map(fingerprint)
    }
  }
}

/** Whether an entry is older than the last one that was read. */
export const isBefore = ({ until }: Entry, { changelog }: Facts): boolean =>
  until !== undefined && until < new Date(changelog.seenUntil)

export const write = (facts: Facts, to = folder): void => {
  for (const part of parts) writeFileSync(join(to, `${part}.json`), `${JSON.stringify(facts[part], null, 2)}\n`)
}
