/**
 * Packs every package and checks the tarball as its users see it: its fields, its files, publint, and the resolution of
 * its types. With `--release` it also says which versions the changesets lead to.
 */
import { spawnSync } from "node:child_process"
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"

const root = join(import.meta.dirname, "..")
const packed = mkdtempSync(join(tmpdir(), "effect-venice-"))

/** What a registry shows of a package, and what a package manager decides by. */
const requiredFields = [
  "author",
  "bugs",
  "description",
  "engines",
  "homepage",
  "keywords",
  "license",
  "repository",
  "sideEffects"
]

const requiredFiles = ["LICENSE", "README.md", "dist/index.d.ts", "dist/index.js", "package.json"]

/** What a package has besides. The bundle of `fetch` is made of the sources of others. */
const ownFiles: Readonly<Record<string, ReadonlyArray<string>>> = {
  core: ["src/index.ts"],
  fetch: ["dist/PlainError.d.ts", "dist/plain.d.ts", "dist/plain.js", "dist/shared.js"],
  http: ["src/index.ts"],
  testing: ["src/index.ts"]
}

let ok = true
const complain = (text: string): void => {
  ok = false
  process.stderr.write(`${text}\n`)
}

/** The output of a command, or nothing if it fails, which is a problem. */
const run = (command: string, args: ReadonlyArray<string>, cwd = root): string | undefined => {
  const { error, status, stderr, stdout } = spawnSync(command, args, { cwd, encoding: "utf8", timeout: 300_000 })
  if (status === 0) return stdout
  complain(`${command} ${args.join(" ")}\n${error?.message ?? ""}${stdout}${stderr}`)
  return undefined
}

const readJson = (file: string) => JSON.parse(readFileSync(file, "utf8"))

/** The versions after `changeset version`, by package. It compares with the branch `main`, which must be there. */
const nextVersions = (): ReadonlyMap<string, string> => {
  if (spawnSync("git", ["rev-parse", "--verify", "--quiet", "main"], { cwd: root }).status !== 0) {
    complain("there is no branch main to compare with: git fetch origin main:main")
    return new Map()
  }
  const file = join(packed, "status.json")
  if (run("changeset", ["status", "--output", file]) === undefined) return new Map()
  const { releases } = readJson(file) as {
    readonly releases: ReadonlyArray<{ readonly name: string; readonly newVersion: string }>
  }
  return new Map(releases.map(({ name, newVersion }) => [name, newVersion]))
}

const checkPackage = (name: string, next: ReadonlyMap<string, string>): void => {
  const directory = join(root, "packages", name)
  const manifest = readJson(join(directory, "package.json"))
  for (const field of requiredFields) {
    if (manifest[field] === undefined || manifest[field].length === 0 && field !== "sideEffects") {
      complain(`packages/${name}/package.json has no ${field}`)
    }
  }
  if (manifest.repository?.directory !== `packages/${name}`) {
    complain(`packages/${name}/package.json: repository.directory is not packages/${name}`)
  }
  if (String(Object.keys(manifest.exports)) !== String(Object.keys(manifest.publishConfig.exports))) {
    complain(`packages/${name}/package.json: exports and publishConfig.exports differ in their paths`)
  }
  const tarball = join(packed, `effect-venice-${name}-${manifest.version}.tgz`)
  // The package manager that runs this script.
  const [manager, ...first] = process.env.npm_execpath?.endsWith("js")
    ? [process.execPath, process.env.npm_execpath]
    : [process.env.npm_execpath ?? "pnpm"]
  const listing = run(manager!, [...first, "pack", "--json", "--pack-destination", packed], directory)
  if (listing === undefined) return
  const files = (JSON.parse(listing).files as ReadonlyArray<{ readonly path: string }>).map(({ path }) => path)
  for (const file of [...requiredFiles, ...ownFiles[name] ?? []]) {
    if (!files.includes(file)) complain(`the tarball of ${manifest.name} has no ${file}`)
  }
  run("publint", ["run", tarball, "--strict"])
  run("attw", [tarball, "--profile", "esm-only"])
  const kilobytes = (statSync(tarball).size / 1000).toFixed(0)
  const version = next.get(manifest.name) ?? manifest.version
  process.stdout.write(`${manifest.name} ${version}: ${files.length} files, ${kilobytes} KB\n`)
}

const releasing = process.argv.includes("--release")
const next = releasing ? nextVersions() : new Map<string, string>()
for (const name of readdirSync(join(root, "packages"))) checkPackage(name, next)
rmSync(packed, { recursive: true })
process.stdout.write(ok ? "packages: good\n" : "packages: see above\n")
if (!ok) process.exit(1)
