/**
 * Compiles and runs the examples of the documentation.
 *
 * Every `ts` fence in a doc comment of `packages/*\/src`, in a Markdown page and in a generated page of the site becomes a
 * module. A line that ends with `// => value` asserts the value of the expression before it. Fences marked `ts no-run`
 * need a network, so they are only compiled. Those of the generated pages share a process, because they are many.
 */
import { spawnSync } from "node:child_process"
import { globSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { written } from "../docs/generate/page.ts"
import { generatedPages } from "../docs/generate/pages.ts"

const root = join(import.meta.dirname, "..")
const out = join(root, ".examples")

interface Example {
  readonly source: string
  readonly code: string
  readonly runs: boolean
  /** It runs in a process with others. */
  readonly isShared?: boolean
}

const fences = (source: string, text: string): ReadonlyArray<Example> =>
  [...text.matchAll(/^```ts( no-run)?(?: plain)?\n(.*?)^```$/gms)].map(([, noRun, code]) => ({
    source,
    code: code!,
    runs: noRun === undefined
  }))

const pages = (): ReadonlyArray<Example> =>
  generatedPages().filter(({ path }) => !path.startsWith("ar/")).flatMap(({ path, text }) =>
    fences(path, text).map((example) => ({ ...example, isShared: true }))
  )

const docComments = (text: string): string =>
  [...text.matchAll(/^ *\/\*\*\n(.*?)^ *\*\/$/gms)].map(([, body]) => body!.replace(/^ *\* ?/gm, "")).join("\n")

/**
 * Turns `expression // => value` into an assertion. The expression begins at the last line of the same indentation that
 * does not close a bracket.
 */
const withAssertions = (code: string): string => {
  const lines = code.split("\n")
  for (let end = 0; end < lines.length; end++) {
    const assertion = /^(.*?)\s*\/\/ => (.*)$/.exec(lines[end]!)
    if (assertion === null) continue
    const indent = /^ */.exec(lines[end]!)![0]
    let start = end
    while (new RegExp(`^${indent}[ })\\]]|^$`).test(lines[start]!)) start--
    lines[end] = `${assertion[1]}, ${assertion[2]})`
    lines[start] = `${indent}assert.deepStrictEqual(${lines[start]!.trimStart()}`
  }
  return lines.join("\n")
}

const examples = [
  ...globSync("packages/*/src/**/*.ts", { cwd: root }).sort().flatMap((path) =>
    fences(path, docComments(readFileSync(join(root, path), "utf8")))
  ),
  ...globSync(["README.md", "packages/*/README.md"], { cwd: root }).sort().flatMap((path) =>
    fences(path, readFileSync(join(root, path), "utf8"))
  ),
  ...written().flatMap(({ source, text }) => fences(source!, text)),
  ...pages()
]

// A test in an example imports it for itself.
const assertImport = "import assert from \"node:assert/strict\""

rmSync(out, { recursive: true, force: true })
mkdirSync(out)

const files = examples.map(({ code, isShared = false, runs, source }, i) => {
  const file = `${String(i).padStart(3, "0")}-${source.replace(/[^\w]+/g, "-")}.ts`
  writeFileSync(
    join(out, file),
    `// ${source}\n${code.includes(assertImport) ? "" : `${assertImport}\n`}${
      withAssertions(code)
    }\nexport { assert }\n`
  )
  return { file, source, runs, isShared }
})

const shared = files.filter(({ isShared, runs }) => isShared && runs)
writeFileSync(
  join(out, "shared.mjs"),
  `for (const file of ${JSON.stringify(shared.map(({ file }) => file))}) {
  await import("./" + file).catch((error) => {
    process.exitCode = 1
    console.error(file, error)
  })
}
`
)
writeFileSync(
  join(out, "tsconfig.json"),
  JSON.stringify({
    extends: "../tsconfig.base.json",
    compilerOptions: { noEmit: true, declaration: false, declarationMap: false, noUnusedLocals: false },
    include: ["*.ts"]
  })
)

const run = (command: string, args: ReadonlyArray<string>) =>
  spawnSync(command, args, { cwd: root, encoding: "utf8", timeout: 120_000 })

const compiled = run("tsc", ["-p", ".examples"])
if (compiled.status !== 0) {
  process.stderr.write(`${compiled.stdout}${compiled.stderr}`)
  process.exit(1)
}

let failed = 0
for (
  const { file, source } of [
    ...files.filter(({ isShared, runs }) => runs && !isShared),
    { file: "shared.mjs", source: "the generated pages" }
  ]
) {
  const result = run(process.execPath, [join(out, file)])
  if (result.status === 0) continue
  failed++
  process.stderr.write(`${source} (${file})\n${result.stderr}\n`)
}
const ran = files.filter(({ runs }) => runs).length
process.stdout.write(`examples: ${files.length} compiled, ${ran - failed} passed, ${failed} failed\n`)
if (failed > 0) process.exit(1)
rmSync(out, { recursive: true })
