/**
 * The runtimes and the package managers, as the registry has them, in `.runtimes`. Each is installed once for its version.
 * Their install scripts do not run: the binary is in a package for the platform.
 */
import { existsSync, globSync, mkdirSync, renameSync, rmSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { root } from "../pack.ts"
import { environment, run } from "./process.ts"

const store = join(root, ".runtimes")

export interface Tool {
  readonly package: string
  readonly version: string
  /** A pattern for the file to run, below `node_modules`. */
  readonly file: string
}

const platform = process.platform === "win32" ? "win" : process.platform

export const node = (version: string): Tool => ({
  package: `node-${platform}-${process.arch}`,
  version,
  file: "node-*/bin/node"
})

const install = async (tool: Tool): Promise<string> => {
  const directory = join(store, `${tool.package.replaceAll("/", "+")}-${tool.version}`)
  if (!existsSync(directory)) {
    // Renamed when it is complete, so that an interrupted installation is not taken for one.
    const temporary = `${directory}.${process.pid}`
    rmSync(temporary, { recursive: true, force: true })
    mkdirSync(temporary, { recursive: true })
    writeFileSync(join(temporary, "package.json"), "{\"private\":true}")
    const flags = ["--ignore-scripts", "--no-audit", "--no-fund", "--no-package-lock"]
    try {
      await run(["npm", "install", ...flags, `${tool.package}@${tool.version}`], { cwd: temporary, timeout: 300_000 })
      renameSync(temporary, directory)
    } finally {
      rmSync(temporary, { recursive: true, force: true })
    }
  }
  const modules = join(directory, "node_modules")
  const [file] = globSync(tool.file, { cwd: modules })
  if (file === undefined) throw new Error(`${tool.package}@${tool.version} has no ${tool.file} for this platform`)
  return join(modules, file)
}

const installed = new Map<string, Promise<string>>()

/** The path of the file to run. Rejects if the tool cannot be had. */
export const fileOf = (tool: Tool): Promise<string> => {
  const key = `${tool.package}@${tool.version}`
  const known = installed.get(key)
  if (known !== undefined) return known
  const installing = install(tool)
  installed.set(key, installing)
  return installing
}

/** The registry that this machine installs from. */
export const upstream = async (): Promise<string> =>
  (await run(["npm", "config", "get", "registry"], { cwd: root })).stdout.trim()

/** The file of additional certificates that this machine trusts, if it has one. */
export const certificates: string | undefined = environment.NODE_EXTRA_CA_CERTS
