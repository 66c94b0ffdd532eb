/**
 * Writes what each package exports to `packages/<name>/api-report.md`, so that a review shows every change of the public
 * surface. With `--check` it writes nothing, and fails with the difference where a report is out of date.
 *
 * The signatures are those of the declaration files, which the compiler writes into a temporary directory. Types that
 * are not exported but part of a signature are listed too. An export that is marked `@internal` is an error.
 */
import { spawnSync } from "node:child_process"
import { existsSync, globSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { dirname, join, matchesGlob } from "node:path"
import ts from "typescript-6"

const root = join(import.meta.dirname, "..")
const temporary = mkdtempSync(join(tmpdir(), "effect-venice-api-"))

const run = (command: string, args: ReadonlyArray<string>, input?: string): string => {
  const { error, status, stderr, stdout } = spawnSync(command, args, { cwd: root, encoding: "utf8", input })
  if (status === 0) return stdout
  throw new Error(`${command} ${args.join(" ")}\n${error?.message ?? ""}${stdout}${stderr}`)
}

const writeDeclarations = (): void => {
  const project = join(temporary, "tsconfig.json")
  writeFileSync(
    project,
    JSON.stringify({
      extends: join(root, "tsconfig.base.json"),
      compilerOptions: {
        rootDir: join(root, "packages"),
        outDir: temporary,
        typeRoots: [join(root, "node_modules/@types")],
        declarationMap: false,
        emitDeclarationOnly: true,
        // `check:types` has done it.
        noCheck: true
      },
      include: [join(root, "packages/*/src")]
    })
  )
  run("tsc", ["-p", project])
}

// === Packages and their modules

/** A module is named by its package and its path without an extension: `core`, `internal/ApiError`. */
interface Module {
  readonly package: string
  readonly path: string
}

const manifests = new Map(
  readdirSync(join(root, "packages")).sort().map((name) => {
    const { exports, name: published } = JSON.parse(readFileSync(join(root, "packages", name, "package.json"), "utf8"))
    return [name, { published: published as string, exports: exports as Readonly<Record<string, string | null>> }]
  })
)

/** The path that a package exports as `subpath`: of the patterns that match, the longest one decides, as in Node. */
const exportedPath = (name: string, subpath: string): string | undefined => {
  const { exports } = manifests.get(name)!
  const key = Object.keys(exports)
    .filter((pattern) => pattern === subpath || matchesGlob(subpath, pattern.replace("*", "**")))
    .sort((a, b) => b.length - a.length)[0]
  const target = key === undefined ? undefined : exports[key]
  if (key === undefined || !target?.endsWith(".ts")) return undefined
  return target.replace("*", subpath.slice(key.indexOf("*"))).replace(/^\.\/src\/(.*)\.ts$/, "$1")
}

const entryPoints = (name: string): ReadonlyArray<{ readonly specifier: string; readonly module: Module }> => {
  const { published } = manifests.get(name)!
  const paths = globSync("**/*.ts", { cwd: join(root, "packages", name, "src") })
  return [".", ...paths.sort().map((path) => `./${path.replace(/\.ts$/, "")}`)].flatMap((subpath) => {
    const path = exportedPath(name, subpath)
    // The index is named by the package alone.
    if (path === undefined || subpath === "./index") return []
    return [{ specifier: published + subpath.slice(1), module: { package: name, path } }]
  })
}

const trees = new Map<string, ts.SourceFile>()

const fileOf = (module: Module): string => join(temporary, module.package, "src", `${module.path}.d.ts`)

const treeOf = (module: Module): ts.SourceFile => {
  const file = fileOf(module)
  if (!trees.has(file)) {
    trees.set(file, ts.createSourceFile(file, readFileSync(file, "utf8"), ts.ScriptTarget.ESNext, true))
  }
  return trees.get(file)!
}

/** The module of this workspace that a specifier means, or nothing. */
const resolve = (from: Module, specifier: ts.Expression | ts.TypeNode | undefined): Module | undefined => {
  const literal = specifier !== undefined && ts.isLiteralTypeNode(specifier) ? specifier.literal : specifier
  if (literal === undefined || !ts.isStringLiteral(literal)) return undefined
  const { text } = literal
  if (text.startsWith(".")) {
    return { package: from.package, path: join(dirname(from.path), text).replace(/\.(d\.ts|ts|js)$/, "") }
  }
  for (const [name, { published }] of manifests) {
    if (text !== published && !text.startsWith(`${published}/`)) continue
    const path = exportedPath(name, `.${text.slice(published.length)}`)
    if (path !== undefined) return { package: name, path }
  }
  return undefined
}

// === What a name means

type Meaning =
  | { readonly _tag: "Declared"; readonly module: Module; readonly name: string }
  | { readonly _tag: "Namespace"; readonly module: Module }
  | { readonly _tag: "External"; readonly specifier: string; readonly name: string }

const declarationsOf = (module: Module, name: string): ReadonlyArray<ts.Statement> =>
  treeOf(module).statements.filter((statement) =>
    ts.isVariableStatement(statement)
      ? statement.declarationList.declarations.some((declaration) => declaration.name.getText() === name)
      : "name" in statement && (statement as ts.DeclarationStatement).name?.text === name
  )

const external = (specifier: ts.Expression, name: string): Meaning => ({
  _tag: "External",
  specifier: (specifier as ts.StringLiteral).text,
  name
})

/** What a name means inside a module; nothing for type parameters and globals. */
const lookUp = (module: Module, name: string): Meaning | undefined => {
  if (declarationsOf(module, name).length > 0) return { _tag: "Declared", module, name }
  for (const statement of treeOf(module).statements) {
    if (!ts.isImportDeclaration(statement)) continue
    const bindings = statement.importClause?.namedBindings
    const target = resolve(module, statement.moduleSpecifier)
    if (bindings === undefined) continue
    if (ts.isNamespaceImport(bindings)) {
      if (bindings.name.text !== name) continue
      return target === undefined ? external(statement.moduleSpecifier, "*") : { _tag: "Namespace", module: target }
    }
    const found = bindings.elements.find((element) => element.name.text === name)
    if (found === undefined) continue
    const imported = (found.propertyName ?? found.name).text
    return target === undefined ? external(statement.moduleSpecifier, imported) : exportsOf(target).get(imported)
  }
  return undefined
}

const isExported = (statement: ts.Statement): boolean =>
  ts.canHaveModifiers(statement)
  && ts.getModifiers(statement)?.some(({ kind }) => kind === ts.SyntaxKind.ExportKeyword) === true

const exportsOf = (module: Module): ReadonlyMap<string, Meaning> => {
  const out = new Map<string, Meaning>()
  for (const statement of treeOf(module).statements) {
    if (ts.isExportAssignment(statement)) throw new Error(`${module.path} has a default export: it is not listed yet`)
    if (!ts.isExportDeclaration(statement)) {
      if (!isExported(statement)) continue
      const names = ts.isVariableStatement(statement)
        ? statement.declarationList.declarations.map((declaration) => declaration.name.getText())
        : [(statement as ts.DeclarationStatement).name!.text]
      for (const name of names) out.set(name, { _tag: "Declared", module, name })
      continue
    }
    const { exportClause, moduleSpecifier } = statement
    const target = resolve(module, moduleSpecifier)
    if (exportClause === undefined) {
      if (target === undefined) out.set(`* from ${moduleSpecifier!.getText()}`, external(moduleSpecifier!, "*"))
      else for (const [name, meaning] of exportsOf(target)) if (!out.has(name)) out.set(name, meaning)
    } else if (ts.isNamespaceExport(exportClause)) {
      const meaning: Meaning = target === undefined
        ? external(moduleSpecifier!, "*")
        : { _tag: "Namespace", module: target }
      out.set(exportClause.name.text, meaning)
    } else {
      for (const { name, propertyName } of exportClause.elements) {
        const original = (propertyName ?? name).text
        const meaning = moduleSpecifier === undefined
          ? lookUp(module, original)
          : target === undefined
          ? external(moduleSpecifier, original)
          : exportsOf(target).get(original)
        if (meaning === undefined) throw new Error(`${module.path} exports ${original}, which is not found`)
        out.set(name.text, meaning)
      }
    }
  }
  return out
}

// === Signatures

const printer = ts.createPrinter({ removeComments: true })

/** A declaration on one line, without comments. */
const printed = (module: Module, node: ts.Node): string =>
  printer.printNode(ts.EmitHint.Unspecified, node, treeOf(module))
    .replace(/import\("[^"]*"\)\./g, "")
    .replace(/\s+/g, " ")

const marker = "// section\n"

/** Breaks the declarations of every section into lines as a person would. */
const laidOut = (sections: ReadonlyArray<ReadonlyArray<string>>): ReadonlyArray<string> => {
  const texts = sections.map((declarations) => {
    // The formatter takes declarations without a body only where they are declared.
    const ambient = declarations.map((text) =>
      text.replace(/^(export )?((abstract )?class|const|enum|function|namespace)\b/, "$1declare $2")
    )
    const tree = ts.createSourceFile("report.ts", ambient.join("\n"), ts.ScriptTarget.ESNext, true)
    const visit = (node: ts.Node): void => {
      // The formatter breaks what is too long for a line, and leaves what is broken.
      if (ts.isTupleTypeNode(node) || (ts.isTypeLiteralNode(node) && node.getWidth() <= 90)) {
        ts.setEmitFlags(node, ts.EmitFlags.SingleLine)
      }
      ts.forEachChild(node, visit)
    }
    visit(tree)
    return `${marker}${printer.printFile(tree)}`
  })
  return run("dprint", ["fmt", "--stdin", "report.ts"], texts.join(""))
    .replace(/^(export )?declare /gm, "$1")
    .replace(/\{\n\}/g, "{}")
    .split(marker).slice(1)
}

/** The type of the constant that the compiler extracts from an `extends`, if it can stand there. */
const typeOfBase = (module: Module, name: string): ts.TypeNode | undefined => {
  const [declaration] = declarationsOf(module, name)
  if (declaration === undefined || !ts.isVariableStatement(declaration) || !name.endsWith("_base")) return undefined
  const { type } = declaration.declarationList.declarations[0]!
  return type !== undefined && (ts.isTypeReferenceNode(type) || ts.isImportTypeNode(type)) ? type : undefined
}

/** The declarations of a name, one a line, with the class that the compiler extracts from an `extends` put back. */
const signatures = (module: Module, name: string, exportedAs: string | undefined): ReadonlyArray<string> =>
  declarationsOf(module, name).map((statement) => {
    const text = printed(module, statement).replace(/^(export )?(declare )?/, exportedAs === undefined ? "" : "export ")
      .replace(/ extends (\w+_base)\b/, (whole, base: string) => {
        const type = typeOfBase(module, base)
        return type === undefined ? whole : ` extends ${printed(module, type)}`
      })
    return exportedAs === undefined || exportedAs === name
      ? text
      : text.replace(new RegExp(`\\b${name}\\b`), () => exportedAs)
  })

/** The names that the types of a declaration refer to, as they are written: `Effect.Effect`, `Member`. */
const references = (module: Module, node: ts.Node, found: Array<Meaning> = []): ReadonlyArray<Meaning> => {
  const add = (start: Module, path: ReadonlyArray<string>): void => {
    const [first, second] = path
    const meaning = lookUp(start, first!)
    if (meaning?._tag === "Declared") found.push(meaning)
    if (meaning?._tag !== "Namespace" || second === undefined) return
    const member = exportsOf(meaning.module).get(second)
    if (member !== undefined) found.push(member)
  }
  const visit = (node: ts.Node): void => {
    if (ts.isImportTypeNode(node)) {
      const target = resolve(module, node.argument)
      const name = node.qualifier?.getText().split(".")[0]
      const meaning = target === undefined || name === undefined ? undefined : exportsOf(target).get(name)
      if (meaning !== undefined) found.push(meaning)
    } else if (ts.isTypeReferenceNode(node)) add(module, node.typeName.getText().split("."))
    else if (ts.isTypeQueryNode(node)) add(module, node.exprName.getText().split("."))
    else if (ts.isExpressionWithTypeArguments(node)) add(module, node.expression.getText().split("."))
    else if (ts.isComputedPropertyName(node)) add(module, node.expression.getText().split("."))
    ts.forEachChild(node, visit)
  }
  visit(node)
  return found
}

const keyOf = ({ module, name }: { readonly module: Module; readonly name: string }): string =>
  `${module.package}/${module.path}#${name}`

/** Whether the last comment before a node is marked; the comment at the top of a module is about the module. */
const isInternal = (node: ts.Node): boolean => {
  const comments = ts.getJSDocCommentsAndTags(node).filter(ts.isJSDoc)
  return comments.at(-1)?.tags?.some(({ tagName }) => tagName.text === "internal") === true
}

/** Whether the comment at the top of a module is marked. It is in the source only. */
const isInternalModule = (module: Module): boolean => {
  const text = readFileSync(join(root, "packages", module.package, "src", `${module.path}.ts`), "utf8")
  const [comment] = ts.getLeadingCommentRanges(text, 0) ?? []
  return comment !== undefined && /@internal\b/.test(text.slice(comment.pos, comment.end))
}

// === Reports

const problems: Array<string> = []

const byName = <A>(entries: Iterable<readonly [string, A]>): ReadonlyArray<readonly [string, A]> =>
  [...entries].sort(([a], [b]) => a < b ? -1 : a > b ? 1 : 0)

/** The exported constants with a long schema for a type, by that type; the longest first. */
const namedSchemas = (): ReadonlyArray<readonly [type: string, name: string]> => {
  const out = new Map<string, string>()
  for (const name of manifests.keys()) {
    for (const { module } of entryPoints(name)) {
      for (const [exported, meaning] of byName(exportsOf(module))) {
        if (meaning._tag !== "Declared") continue
        const text = signatures(meaning.module, meaning.name, exported)
        const [, type] = text.map((line) => /^export const \w+: (Schema\..*);$/.exec(line)).find(Boolean) ?? []
        if (type !== undefined && type.length > 80 && !out.has(type)) out.set(type, exported)
      }
    }
  }
  return [...out].sort(([a], [b]) => b.length - a.length)
}

/** How far the types are followed that are not exported. */
const maxDepth = 2

const withShortLists = (text: string): string =>
  text.replace(
    /\[("[^"]*"), "[^"]*"(?:, "[^"]*"){3,}\]/g,
    (list, first: string) => `[${first}, ...More<${JSON.parse(list).length - 1}>]`
  )

const report = (name: string, schemas: ReadonlyArray<readonly [type: string, name: string]>): string => {
  const entries = entryPoints(name)
  const entryOf = (module: Module) => entries.find((entry) => fileOf(entry.module) === fileOf(module))
  const listed = new Set<string>()
  const sections: Array<readonly [title: string, lines: ReadonlyArray<string>]> = []
  let pending: Array<Meaning> = []

  const list = (module: Module, name: string, exportedAs: string | undefined): ReadonlyArray<string> => {
    listed.add(keyOf({ module, name }))
    for (const statement of declarationsOf(module, name)) {
      for (const meaning of references(module, statement)) {
        // The base of a class is shown in the class.
        const base = meaning._tag === "Declared" ? typeOfBase(meaning.module, meaning.name) : undefined
        pending.push(...(base === undefined ? [meaning] : references(module, base)))
      }
    }
    return signatures(module, name, exportedAs).map((line) => {
      const [, head = ""] = /^(export const \w+: )/.exec(line) ?? []
      let out = line.slice(head.length)
      // The schema itself is shown in full.
      for (const [type, named] of schemas) if (out !== `${type};`) out = out.replaceAll(type, () => `typeof ${named}`)
      return head + out
    })
  }

  const addSection = (title: string, module: Module): void => {
    const lines: Array<string> = []
    sections.push([title, lines])
    for (const [name, meaning] of byName(exportsOf(module))) {
      if (meaning._tag === "Namespace") {
        const entry = entryOf(meaning.module)
        lines.push(`export * as ${name} from "${entry?.specifier ?? meaning.module.path}"`)
        if (entry !== undefined || meaning.module.package !== module.package) continue
        if (isInternalModule(meaning.module)) {
          problems.push(`${title} exports ${name}, which is ${meaning.module.path}: its comment says @internal`)
        }
        addSection(`\`${name}\` of ${title}`, meaning.module)
        continue
      }
      const origin = meaning._tag === "External" ? meaning.specifier : entryOf(meaning.module)?.specifier
      if (origin !== undefined && (meaning._tag === "External" || fileOf(meaning.module) !== fileOf(module))) {
        const original = meaning.name === name ? name : `${meaning.name} as ${name}`
        lines.push(`export ${meaning.name === "*" ? original : `{ ${original} }`} from "${origin}"`)
      } else if (meaning._tag === "Declared") {
        if (declarationsOf(meaning.module, meaning.name).some(isInternal)) {
          problems.push(`${title} exports ${name}, whose comment in ${meaning.module.path} says @internal`)
        }
        lines.push(...list(meaning.module, meaning.name, name))
      }
    }
  }
  for (const { module, specifier } of entries) addSection(`\`${specifier}\``, module)

  const hidden = new Map<string, ReadonlyArray<string>>()
  for (let depth = 0; depth < maxDepth; depth++) {
    const current = pending
    pending = []
    for (const meaning of current) {
      // What another package exports is in the report of that package.
      if (meaning._tag !== "Declared" || meaning.module.package !== name || listed.has(keyOf(meaning))) continue
      hidden.set(keyOf(meaning), list(meaning.module, meaning.name, undefined).map(withShortLists))
    }
  }
  if (hidden.size > 0) {
    sections.push([
      "Not exported, but part of the types above",
      byName(hidden).flatMap(([, l]) => l)
    ])
  }

  const texts = laidOut(sections.map(([, lines]) => lines))
  return `# API of \`${manifests.get(name)!.published}\`

Written by \`pnpm api\`. A type that is part of another one is shown by its name if it has one, and \`...More<9>\` stands for
nine more elements of a list.
${sections.map(([title], i) => `\n## ${title}\n\n\`\`\`ts\n${texts[i]!.trim()}\n\`\`\`\n`).join("")}`
}

const difference = (name: string, file: string, text: string): string => {
  const fresh = join(temporary, `${name}.md`)
  writeFileSync(fresh, text)
  const old = existsSync(file) ? file : "/dev/null"
  const { error, stdout } = spawnSync("git", ["diff", "--no-index", "--unified=2", old, fresh], { encoding: "utf8" })
  if (error !== undefined) throw error
  // Without the names of temporary files.
  return stdout.slice(Math.max(0, stdout.indexOf("@@")))
}

try {
  writeDeclarations()
  const schemas = namedSchemas()
  const reports = [...manifests.keys()].map((name) => [name, report(name, schemas)] as const)
  let ok = problems.length === 0
  for (const problem of problems) process.stderr.write(`${problem}\n`)
  for (const [name, text] of reports) {
    const path = `packages/${name}/api-report.md`
    const file = join(root, path)
    if (!process.argv.includes("--check")) {
      if (ok) writeFileSync(file, text)
      continue
    }
    const changes = difference(name, file, text)
    if (changes === "") continue
    process.stderr.write(`${path} is out of date. If the change is meant, run \`pnpm api\`.\n${changes}\n`)
    ok = false
  }
  process.stdout.write(ok ? "api: good\n" : "api: see above\n")
  if (!ok) process.exitCode = 1
} finally {
  rmSync(temporary, { recursive: true })
}
