/**
 * The mutants of a source file.
 */
import ts from "typescript-6"
import type { Edit } from "./operators.ts"
import { editsOf, isErased } from "./operators.ts"

export interface Mutant extends Edit {
  readonly file: string
  /** The statement of the module that it is in, without the comments before it. */
  readonly statement: ts.Statement
  /** The node that the mutation is of. */
  readonly node: ts.Node
  /** From 1. */
  readonly line: number
  /** The text of the line, which says where a mutant is also after other lines have changed. */
  readonly source: string
  /** For the reader: `before → after`, with `#2` for the second of the same kind on a line. */
  readonly mutation: string
}

export const parse = (file: string, text: string): ts.SourceFile =>
  ts.createSourceFile(file, text, ts.ScriptTarget.ESNext, true)

/** Whether a text is a program; a mutant that is none would be killed by any test. */
const isProgram = (file: string, text: string): boolean =>
  (parse(file, text) as unknown as { readonly parseDiagnostics: ReadonlyArray<unknown> }).parseDiagnostics.length === 0

export const apply = (text: string, { end, replacement, start }: Edit): string =>
  text.slice(0, start) + replacement + text.slice(end)

const short = (text: string): string => {
  const line = text.replace(/\s+/g, " ").trim()
  return line.length > 90 ? `${line.slice(0, 60)} … ${line.slice(-25)}` : line
}

const describe = (text: string, { end, replacement, start }: Edit): string => {
  const before = short(text.slice(start, end))
  return replacement === "" || replacement === ";" || replacement === "{}"
    ? `without ${before}`
    : `${before} → ${short(replacement)}`
}

export const mutantsOf = (file: string, text: string): ReadonlyArray<Mutant> => {
  const tree = parse(file, text)
  const lines = text.split("\n")
  const seen = new Map<string, number>()
  return tree.statements.flatMap((statement) => {
    const edits: Array<Edit & { readonly node: ts.Node }> = []
    const visit = (node: ts.Node): void => {
      if (isErased(node)) return
      edits.push(...editsOf(node).map((edit) => ({ ...edit, node })))
      ts.forEachChild(node, visit)
    }
    visit(statement)
    const begin = statement.getStart()
    const texts = new Set<string>()
    return edits.toSorted((a, b) => a.start - b.start || a.end - b.end).flatMap((edit) => {
      const mutated = apply(text.slice(0, statement.end), edit).slice(begin)
      if (texts.has(mutated) || !isProgram(file, mutated)) return []
      texts.add(mutated)
      const { line } = tree.getLineAndCharacterOfPosition(edit.start)
      const described = describe(text, edit)
      const key = `${line} ${described}`
      const nth = (seen.get(key) ?? 0) + 1
      seen.set(key, nth)
      return [{
        ...edit,
        file,
        statement,
        line: line + 1,
        source: lines[line]!.trim(),
        mutation: nth === 1 ? described : `${described} #${nth}`
      }]
    })
  })
}
