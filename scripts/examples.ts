/**
 * Compiles and runs the examples of the documentation.
 *
 * Every `ts` fence in a doc comment of `packages/*\/src` and in a Markdown page becomes a module. A line that ends with
 * `// => value` asserts the value of the expression before it. Fences marked `ts no-run` need a network, so they are
 * only compiled.
 */
import { spawnSync } from "node:child_process"
import { globSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { join } from "node:path"

const root = join(import.meta.dirname, "..")
const out = join(root, ".examples")

interface Example {
  readonly source: string
  readonly code: string
  readonly runs: boolean
}

const fences = (source: string, text: string): ReadonlyArray<Example> =>
  [...text.matchAll(/^```ts( no-run)?\n(.*?)^```$/gms)].map(([, noRun, code]) => ({
    source,
    code: code!,
    runs: noRun === undefined
  }))

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
  ...globSync(["README.md", "docs/**/*.md", "packages/*/README.md"], { cwd: root }).sort().flatMap((path) =>
    fences(path, readFileSync(join(root, path), "utf8"))
  )
]

// A test in an example imports it for itself.
const assertImport = "import assert from \"node:assert/strict\""

rmSync(out, { recursive: true, force: true })
mkdirSync(out)

const files = examples.map(({ code, runs, source }, i) => {
  const file = `${String(i).padStart(3, "0")}-${source.replace(/[^\w]+/g, "-")}.ts`
  writeFileSync(
    join(out, file),
    `// ${source}\n${code.includes(assertImport) ? "" : `${assertImport}\n`}${
      withAssertions(code)
    }\nexport { assert }\n`
  )
  return { file, source, runs }
})
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
for (const { file, runs, source } of files) {
  if (!runs) continue
  const result = run(process.execPath, [join(out, file)])
  if (result.status === 0) continue
  failed++
  process.stderr.write(`${source} (${file})\n${result.stderr}\n`)
}
const ran = files.filter(({ runs }) => runs).length
process.stdout.write(`examples: ${files.length} compiled, ${ran - failed} passed, ${failed} failed\n`)
if (failed > 0) process.exit(1)
rmSync(out, { recursive: true })
