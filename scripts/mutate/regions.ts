/**
 * The pieces of a source file that run or do not run as one: function bodies, branches, right sides of `&&`, `||` and
 * `??`. A file with counters tells which tests reach which piece.
 */
import ts from "typescript-6"
import { parse } from "./mutants.ts"
import { isErased } from "./operators.ts"

export interface Region {
  readonly start: number
  readonly end: number
}

export interface Instrumented {
  readonly regions: ReadonlyArray<Region>
  readonly text: string
}

/** The array of the counters, a global of the tests' process. */
export const counters = "__mutationHits"

const isFunction = (node: ts.Node): boolean =>
  ts.isArrowFunction(node) || ts.isFunctionExpression(node) || ts.isClassExpression(node)

/** The children of a node that are regions of their own. */
const parts = (node: ts.Node): ReadonlyArray<ts.Node> => {
  if (ts.isArrowFunction(node)) return [node.body]
  if (ts.isConditionalExpression(node)) return [node.whenTrue, node.whenFalse]
  if (ts.isBinaryExpression(node)) {
    const { kind } = node.operatorToken
    return kind === ts.SyntaxKind.AmpersandAmpersandToken || kind === ts.SyntaxKind.BarBarToken ||
        kind === ts.SyntaxKind.QuestionQuestionToken
      ? [node.right]
      : []
  }
  if (ts.isIfStatement(node)) {
    return node.elseStatement === undefined ? [node.thenStatement] : [node.thenStatement, node.elseStatement]
  }
  if (ts.isIterationStatement(node, false)) return [node.statement]
  const initializer = ts.isParameter(node) || ts.isPropertyDeclaration(node) ? node.initializer : undefined
  return initializer === undefined || isFunction(initializer) ? [] : [initializer]
}

/** The file with counters, the first of which is `base`. */
export const instrument = (file: string, text: string, base: number): Instrumented => {
  const tree = parse(file, text)
  const regions: Array<Region> = [{ start: 0, end: text.length }]
  const opened = new Map<number, Array<string>>()
  const closed = new Map<number, Array<string>>()
  const wrap = (node: ts.Node, before: (count: string) => string, after: string, from: number, to: number): void => {
    const count = `${counters}[${base + regions.length}]=1`
    regions.push({ start: node.getStart(), end: node.end })
    opened.set(from, [...opened.get(from) ?? [], before(count)])
    if (after !== "") closed.set(to, [after, ...closed.get(to) ?? []])
  }
  const visit = (node: ts.Node): void => {
    if (isErased(node)) return
    if (ts.isBlock(node)) wrap(node, (count) => `${count};`, "", node.getStart() + 1, node.end)
    if (ts.isCaseOrDefaultClause(node) && node.statements.length > 0) {
      const first = node.statements[0]!
      // A block counts for itself.
      if (!ts.isBlock(first)) wrap(node, (count) => `${count};`, "", first.getStart(), node.end)
    }
    for (const part of parts(node)) {
      if (ts.isBlock(part)) continue
      if (ts.isStatement(part)) wrap(part, (count) => `{${count};`, "}", part.getStart(), part.end)
      else wrap(part, (count) => `(${count},`, ")", part.getStart(), part.end)
    }
    ts.forEachChild(node, visit)
  }
  visit(tree)
  const places = [...new Set([...opened.keys(), ...closed.keys()])].sort((a, b) => a - b)
  let out = ""
  let at = 0
  for (const place of places) {
    out += text.slice(at, place) + (closed.get(place) ?? []).join("") + (opened.get(place) ?? []).join("")
    at = place
  }
  return { regions, text: `${out}${text.slice(at)}\n;${counters}[${base}]=1;\n` }
}

/** The innermost region around a piece of the text. */
export const regionAt = (regions: ReadonlyArray<Region>, start: number, end: number): number => {
  let found = 0
  for (const [i, region] of regions.entries()) {
    const outer = regions[found]!
    const fits = region.start <= start && end <= region.end
    if (fits && region.end - region.start <= outer.end - outer.start) found = i
  }
  return found
}
