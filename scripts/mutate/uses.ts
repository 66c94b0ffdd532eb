/**
 * What uses a declaration of a module. A mutant of what is computed as a module loads is reached by every test that
 * loads it; those worth running are the ones that reach a use of it.
 *
 * Names stand for what they name, wherever it is declared: rather a test too many than one too few.
 */
import { basename } from "node:path"
import ts from "typescript-6"
import { parse } from "./mutants.ts"
import { isErased } from "./operators.ts"
import type { Region } from "./regions.ts"
import { regionAt } from "./regions.ts"

export interface Users {
  /** Of the pieces that use it. */
  readonly counters: ReadonlySet<number>
  /** The names a test may know it by. */
  readonly names: ReadonlySet<string>
}

interface Declaration {
  readonly start: number
  readonly end: number
  readonly names: ReadonlyArray<string>
}

const namesOf = (node: ts.Node): ReadonlyArray<string> => {
  if (ts.isVariableStatement(node)) return node.declarationList.declarations.flatMap(namesOf)
  if (ts.isVariableDeclaration(node) || ts.isBindingElement(node)) {
    return ts.isIdentifier(node.name) ? [node.name.text] : node.name.elements.flatMap(namesOf)
  }
  if (ts.isFunctionDeclaration(node) || ts.isClassDeclaration(node)) {
    return node.name === undefined
      ? []
      : [node.name.text]
  }
  return []
}

const add = <K, V>(map: Map<K, Set<V>>, key: K, value: V): void => {
  const set = map.get(key)
  if (set === undefined) map.set(key, new Set([value]))
  else set.add(value)
}

export class Uses {
  readonly #declarations = new Map<string, ReadonlyArray<Declaration>>()
  /** The pieces that mention a name. */
  readonly #counters = new Map<string, Set<number>>()
  /** The declarations that mention a name as their module loads. */
  readonly #dependents = new Map<string, Set<string>>()
  readonly #users = new Map<string, Users>()

  constructor(
    texts: ReadonlyMap<string, string>,
    regions: ReadonlyMap<string, ReadonlyArray<Region>>,
    bases: Readonly<Record<string, number>>
  ) {
    for (const [file, text] of texts) {
      const declarations = parse(file, text).statements.map((node) => {
        const names = [...namesOf(node), basename(file, ".ts")]
        const visit = (child: ts.Node): void => {
          if (isErased(child)) return
          if (ts.isIdentifier(child)) {
            const region = regionAt(regions.get(file)!, child.getStart(), child.end)
            if (region === 0) { for (const name of names.slice(0, -1)) add(this.#dependents, child.text, name) }
            else add(this.#counters, child.text, bases[file]! + region)
          }
          ts.forEachChild(child, visit)
        }
        visit(node)
        return { start: node.getStart(), end: node.end, names }
      })
      this.#declarations.set(file, declarations)
    }
  }

  of(file: string, at: number): Users {
    const declaration = this.#declarations.get(file)!.find(({ end, start }) => start <= at && at < end)
    const key = `${file} ${declaration?.start}`
    const known = this.#users.get(key)
    if (known !== undefined) return known
    const names = new Set(declaration?.names ?? [basename(file, ".ts")])
    for (const name of names) for (const dependent of this.#dependents.get(name) ?? []) names.add(dependent)
    const counters = new Set([...names].flatMap((name) => [...this.#counters.get(name) ?? []]))
    const users = { counters, names }
    this.#users.set(key, users)
    return users
  }
}
