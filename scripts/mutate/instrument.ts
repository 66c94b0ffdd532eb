/**
 * A source file with all its mutants in it, each behind a number: with `active` set to the number the mutant runs, with
 * any other the program as it is. What is evaluated also notes that it was.
 */
import ts from "typescript-6"
import type { Mutant } from "./mutants.ts"

/** The smallest expression, statement or block around a mutation that can be switched as a whole. */
export interface Anchor {
  readonly start: number
  readonly end: number
}

/** A global of the tests' process. */
export interface Switch {
  /** The number of the mutant that runs, 0 for none. */
  active: number
  /** By the number of a mutant, whether its anchor was evaluated. */
  readonly hits: Uint8Array
  /** Called where the body of a module begins and ends. */
  readonly enter: () => void
  readonly leave: () => void
}

export const switchName = "__mutation"

const isLink = (node: ts.Node): node is ts.PropertyAccessExpression | ts.ElementAccessExpression | ts.CallExpression =>
  ts.isPropertyAccessExpression(node) || ts.isElementAccessExpression(node) || ts.isCallExpression(node) ||
  ts.isNonNullExpression(node)

const isAssigned = (node: ts.Node): boolean => {
  const { parent } = node
  if (ts.isBinaryExpression(parent)) {
    const { kind } = parent.operatorToken
    return parent.left === node && kind >= ts.SyntaxKind.FirstAssignment && kind <= ts.SyntaxKind.LastAssignment
  }
  if (ts.isPostfixUnaryExpression(parent) || ts.isDeleteExpression(parent)) return true
  if (ts.isPrefixUnaryExpression(parent)) {
    return parent.operator === ts.SyntaxKind.PlusPlusToken || parent.operator === ts.SyntaxKind.MinusMinusToken
  }
  return ts.isForInStatement(parent) || ts.isForOfStatement(parent) ? parent.initializer === node : false
}

// TypeScript does not count the body of a function.
const isStatement = (node: ts.Node): boolean => ts.isStatement(node) || ts.isBlock(node)

const isSwitchable = (node: ts.Node): boolean => {
  if (isStatement(node)) return true
  if (!ts.isExpression(node) || ts.isSpreadElement(node) || ts.isOmittedExpression(node)) return false
  if (ts.isExpressionWithTypeArguments(node) || node.kind === ts.SyntaxKind.SuperKeyword) return false
  const { parent } = node
  if ("name" in parent && parent.name === node) return false
  if (isLink(parent) && parent.expression === node) {
    // A part of an optional chain ends the whole of it, and a method is called on what stands before it.
    if ((parent.flags & ts.NodeFlags.OptionalChain) !== 0) return false
    if (ts.isNonNullExpression(parent)) return isSwitchable(parent)
    if (ts.isCallExpression(parent) && isLink(node) && !ts.isCallExpression(node)) return false
  }
  if (ts.isTaggedTemplateExpression(parent)) return false
  return !isAssigned(node)
}

/** Outside of its braces a block cannot be switched: a function has to have one. */
const range = (node: ts.Node): Anchor =>
  ts.isBlock(node) ? { start: node.getStart() + 1, end: node.end - 1 } : { start: node.getStart(), end: node.end }

/** The first node below that has the place of an edit, or the node itself. */
const placeOf = (node: ts.Node, { end, replacement, start }: Mutant): ts.Node => {
  if (replacement === "") return node
  let found: ts.Node | undefined
  const visit = (child: ts.Node): void => {
    if (found !== undefined || child.getStart() > start || child.end < end) return
    if (child.getStart() === start && child.end === end) found = child
    else ts.forEachChild(child, visit)
  }
  if (node.getStart() !== start || node.end !== end) ts.forEachChild(node, visit)
  return found ?? node
}

const anchorOf = (mutant: Mutant): ts.Node => {
  let node = placeOf(mutant.node, mutant)
  while (!isSwitchable(node)) node = node.parent
  // What is not a mutation of a statement must not switch one.
  if (isStatement(node) && node !== mutant.node) {
    throw new Error(`${mutant.file}:${mutant.line} ${mutant.mutation} cannot be switched`)
  }
  return node
}

export class Instrumented {
  readonly text: string
  /** By the place of a mutant in the file, the place of its anchor. */
  readonly #anchorOf: ReadonlyArray<number>
  /** The number of the first mutant of each anchor, which counts for all of them. */
  readonly #first: ReadonlyArray<number>

  /** `first` is the number of the first of the mutants. */
  constructor(text: string, mutants: ReadonlyArray<Mutant>, first: number) {
    const groups = new Map<ts.Node, Array<number>>()
    mutants.forEach((mutant, i) => {
      const node = anchorOf(mutant)
      const group = groups.get(node)
      if (group === undefined) groups.set(node, [i])
      else group.push(i)
    })
    const sorted = [...groups].toSorted(([a], [b]) => range(a).start - range(b).start || range(b).end - range(a).end)
    const ofMutant: Array<number> = mutants.map(() => 0)
    const opened = new Map<number, string>()
    const closed = new Map<number, string>()
    const wrap = ({ end, start }: Anchor, before: string, after: string) => {
      opened.set(start, (opened.get(start) ?? "") + before)
      closed.set(end, after + (closed.get(end) ?? ""))
    }
    sorted.forEach(([node, group], nth) => {
      const place = range(node)
      for (const i of group) ofMutant[i] = nth
      const hit = `__s.hits[${first + group[0]!}]=1`
      const mutated = (i: number) => {
        const { end, replacement, start } = mutants[i]!
        return text.slice(node.getStart(), start) + replacement + text.slice(end, node.end)
      }
      if (isStatement(node)) {
        const active = group.map((i) => `__s.active===${first + i}`).join("||")
        // A statement goes as a whole, whatever stands for it.
        wrap(place, `{${hit};if(${active}){}else{`, "}}")
      } else {
        const choices = group.map((i) => `__s.active===${first + i}?(${mutated(i)}):`).join("")
        wrap(place, `(${hit},${choices}(`, "))")
      }
    })
    let out = `const __s=globalThis.${switchName};__s.enter();`
    let at = 0
    for (const place of [...new Set([...opened.keys(), ...closed.keys()])].sort((a, b) => a - b)) {
      out += text.slice(at, place) + (closed.get(place) ?? "") + (opened.get(place) ?? "")
      at = place
    }
    this.text = `${out}${text.slice(at)}\n;__s.leave();\n`
    this.#anchorOf = ofMutant
    this.#first = sorted.map(([, group]) => first + group[0]!)
  }

  /** The number that notes the evaluation of a mutant's anchor; `i` counts the mutants of the file. */
  counterOf(i: number): number {
    return this.#first[this.#anchorOf[i]!]!
  }
}
