/**
 * Which unstable modules of Effect a package may import. Effect may change an unstable module in a minor version, so
 * `core`, whose peer range is open to minors, imports only those that are named here with their reason. `http` and
 * `testing` are built on unstable modules, and their peer range names the minor that they were tested with.
 */
import { globSync, readFileSync } from "node:fs"
import { createRequire } from "node:module"
import { dirname, join } from "node:path"

const root = join(import.meta.dirname, "..")
const effect = dirname(createRequire(import.meta.url).resolve("effect/package.json"))

/** The unstable modules that core may import, and why. */
const allowed: ReadonlyMap<string, string> = new Map([
  ["effect/ErrorReporter", "the severity and attributes of an error are read by it"],
  ["effect/encoding/Sse", "events are split as Effect's own clients split them"],
  ["effect/http/Headers", "its dates are parsed, and its headers are the input of the decoder"],
  ["effect/http/HttpClientError", "policies retry a request without a response"],
  ["effect/http/HttpMethod", "the name of an operation begins with a method"]
])

const tested = /^4\.1\./

const isUnstable = (module: string): boolean => {
  const text = readFileSync(join(effect, "src", `${module.slice("effect/".length)}.ts`), "utf8")
  return text.includes("@stability unstable") && !text.includes("@stability stable")
}

const importsOf = (file: string): ReadonlyArray<string> =>
  [...readFileSync(join(root, file), "utf8").matchAll(/^(?:import|export) .*from "(effect\/[\w/-]+)"$/gm)]
    .map(([, module]) => module!)

const problems: Array<string> = []

const imported = new Map<string, string>()
for (const file of globSync("packages/core/src/**/*.ts", { cwd: root }).sort()) {
  for (const module of importsOf(file)) imported.set(module, file)
}
const unstable = [...imported.keys()].filter(isUnstable)
for (const module of unstable) {
  if (!allowed.has(module)) problems.push(`${imported.get(module)} imports ${module}, which is unstable`)
}
for (const module of allowed.keys()) {
  if (!unstable.includes(module)) problems.push(`core does not import ${module} any more, or it is stable`)
}

const { version } = JSON.parse(readFileSync(join(effect, "package.json"), "utf8")) as { readonly version: string }
if (!tested.test(version)) problems.push(`effect ${version} is installed, and the peer ranges name 4.1`)
for (const [name, range] of [["core", "^4.1.0"], ["http", "~4.1.0"], ["testing", "~4.1.0"]] as const) {
  const { peerDependencies } = JSON.parse(readFileSync(join(root, `packages/${name}/package.json`), "utf8"))
  if (peerDependencies.effect !== range) problems.push(`packages/${name}: the peer range of effect is not ${range}`)
}

for (const problem of problems) process.stderr.write(`${problem}\n`)
process.stdout.write(`stability: core imports ${unstable.length} unstable modules of ${imported.size}\n`)
if (problems.length > 0) process.exit(1)
