/** The packages of the workspace, and their tarballs as they are published. They must have been built. */
import { spawnSync } from "node:child_process"
import { mkdirSync, readdirSync, readFileSync } from "node:fs"
import { join } from "node:path"

export const root = join(import.meta.dirname, "..")

/** The names of the folders of the packages that are published. */
export const packages: ReadonlyArray<string> = readdirSync(join(root, "packages"))

export const readManifest = (name: string) =>
  JSON.parse(readFileSync(join(root, "packages", name, "package.json"), "utf8"))

/** The package manager that runs this script: a program, or a file for Node. */
const manager: ReadonlyArray<string> = process.env.npm_execpath?.endsWith("js")
  ? [process.execPath, process.env.npm_execpath]
  : [process.env.npm_execpath ?? "pnpm"]

export interface Tarball {
  readonly file: string
  /** The paths in it. */
  readonly files: ReadonlyArray<string>
}

/** Packs a package into a folder. */
export const pack = (name: string, destination: string): Tarball => {
  mkdirSync(destination, { recursive: true })
  const [command, ...first] = manager
  const { error, status, stderr, stdout } = spawnSync(
    command!,
    [...first, "pack", "--json", "--pack-destination", destination],
    { cwd: join(root, "packages", name), encoding: "utf8", timeout: 300_000 }
  )
  if (status !== 0) throw new Error(`cannot pack packages/${name}\n${error?.message ?? ""}${stdout}${stderr}`)
  const { version } = readManifest(name)
  return {
    file: join(destination, `effect-venice-${name}-${version}.tgz`),
    files: (JSON.parse(stdout).files as ReadonlyArray<{ readonly path: string }>).map(({ path }) => path)
  }
}
