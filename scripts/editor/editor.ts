/** What an editor asks about a program. */
export interface Editor {
  /** What the box over a name says; `undefined` if there is none. */
  readonly hover: (file: string, place: Place) => Promise<Hover | undefined>
  /** The names that are offered, in the order in which an editor shows them. */
  readonly completions: (file: string, place: Place) => Promise<ReadonlyArray<string>>
  /** The errors in a file. */
  readonly errors: (file: string) => Promise<ReadonlyArray<Diagnostic>>
  readonly close: () => Promise<void>
}

/** Both count from zero. */
export interface Place {
  readonly line: number
  readonly character: number
}

export interface Hover {
  readonly type: string
  /** Without the tags of the comment, which editors show apart. */
  readonly documentation: string
}

export interface Diagnostic {
  /** An editor underlines the text between `start` and `end`. */
  readonly start: Place
  readonly end: Place
  readonly code: number
  readonly message: string
}

/** The files of a program by path, which the server gets as open buffers. */
export type Files = ReadonlyMap<string, string>

interface Entry {
  readonly name: string
  /** Editors sort by it, and then by name. Servers give `11` to what fits the place, and `15` and more to globals. */
  readonly sortText: string
}

const compare = (a: string, b: string): number => a < b ? -1 : a > b ? 1 : 0

/** The names that fit the place, in the order of an editor. */
export const offered = (entries: ReadonlyArray<Entry>): ReadonlyArray<string> =>
  entries.filter(({ sortText }) => sortText < "15")
    .sort((a, b) => compare(a.sortText, b.sortText) || compare(a.name, b.name)).map(({ name }) => name)
