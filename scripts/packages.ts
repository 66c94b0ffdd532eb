/**
 * Packs every package and checks the tarball as its users see it: its fields, its files, publint, and the resolution of
 * its types. With `--release` it also says which versions the changesets lead to.
 */
import { spawnSync } from "node:child_process"
import { mkdtempSync, readFileSync, rmSync, statSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { pack, packages, readManifest, root } from "./pack.ts"

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

type Exported = string | null | Readonly<Record<string, string>>

interface Manifest {
  readonly publishConfig: { readonly exports: Readonly<Record<string, Exported>> }
}

interface Packed {
  readonly version: string
  readonly dependencies?: Readonly<Record<string, string>>
  readonly peerDependencies?: Readonly<Record<string, string>>
  readonly exports: Readonly<Record<string, Exported>>
  readonly bin?: Readonly<Record<string, string>>
}

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

/**
 * The modules behind the pattern in `exports`, as in `@effect-venice/core/Retry`. Attw leaves patterns out, so each is
 * named to it.
 */
const modulesOf = (manifest: Manifest, files: ReadonlyArray<string>): ReadonlyArray<string> => {
  if (manifest.publishConfig.exports["./*"] === undefined) return ["."]
  const hidden = Object.entries(manifest.publishConfig.exports)
    .filter(([, target]) => target === null)
    .map(([pattern]) => pattern.slice("./".length, -"*".length))
  return files.flatMap((file) => /^dist\/(.*)\.d\.ts$/.exec(file)?.[1] ?? [])
    .filter((module) => module !== "index" && !hidden.some((folder) => module.startsWith(folder)))
}

const targetsOf = (exported: Exported): ReadonlyArray<string> =>
  typeof exported === "string" ? [exported] : Object.values(exported ?? {})

/** What the tarball says of itself: the package manager has rewritten the manifest of the workspace. */
const checkPacked = (tarball: string, name: string, files: ReadonlyArray<string>): void => {
  const text = run("tar", ["-xzOf", tarball, "package/package.json"])
  if (text === undefined) return
  const manifest = JSON.parse(text) as Packed
  for (const field of ["dependencies", "peerDependencies"] as const) {
    for (const [dependency, range] of Object.entries(manifest[field] ?? {})) {
      if (!/^[~^]?\d/.test(range)) complain(`the tarball of ${name} needs ${dependency}@${range}, which is no range`)
      if (dependency.startsWith("@effect-venice/") && range !== `^${manifest.version}`) {
        complain(`the tarball of ${name} needs ${dependency}@${range}, and its version is ${manifest.version}`)
      }
    }
  }
  const targets = [...Object.values(manifest.exports).flatMap(targetsOf), ...Object.values(manifest.bin ?? {})]
  for (const target of targets.map((target) => target.slice("./".length))) {
    if (!target.startsWith("dist/") && target !== "package.json") complain(`${name} exports ${target}, a source`)
    if (!target.includes("*") && !files.includes(target)) complain(`${name} exports ${target}, which it does not have`)
  }
  for (const file of files) {
    if (/(^|\/)(test|typetest|build|node_modules|\.)[/.]|\.tsbuildinfo$/.test(file)) {
      complain(`the tarball of ${name} has ${file}`)
    }
  }
}

const checkPackage = (name: string, next: ReadonlyMap<string, string>): void => {
  const manifest = readManifest(name)
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
  const { file: tarball, files } = pack(name, packed)
  // The first changeset makes the changelog.
  const changelog = manifest.version === "0.0.0" ? [] : ["CHANGELOG.md"]
  for (const file of [...requiredFiles, ...changelog, ...ownFiles[name] ?? []]) {
    if (!files.includes(file)) complain(`the tarball of ${manifest.name} has no ${file}`)
  }
  checkPacked(tarball, manifest.name, files)
  run("publint", ["run", tarball, "--strict"])
  run("attw", [tarball, "--profile", "esm-only", "--include-entrypoints", ...modulesOf(manifest, files)])
  const kilobytes = (statSync(tarball).size / 1000).toFixed(0)
  const version = next.get(manifest.name) ?? manifest.version
  process.stdout.write(`${manifest.name} ${version}: ${files.length} files, ${kilobytes} KB\n`)
}

const releasing = process.argv.includes("--release")
const next = releasing ? nextVersions() : new Map<string, string>()
for (const name of packages) checkPackage(name, next)
rmSync(packed, { recursive: true })
process.stdout.write(ok ? "packages: good\n" : "packages: see above\n")
if (!ok) process.exit(1)
