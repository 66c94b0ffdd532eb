/**
 * The check of versions: Node, Effect and the packages, as this command and as the program of the current folder
 * resolve them. Two versions of one package in a process do not recognize each other's services.
 *
 * @internal
 */
import * as Result from "effect/Result"
import * as SemVer from "effect/SemVer"
import * as SemVerRange from "effect/SemVerRange"
import { readFileSync, realpathSync } from "node:fs"
import { createRequire } from "node:module"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import manifest from "../../../package.json" with { type: "json" }
import { type Check, check, failure, type Finding, ok, warning } from "./check.ts"

export interface Installed {
  readonly version: string
  /** The real path of its `package.json`. */
  readonly path: string
}

/** The packages as two places resolve them. Absent is what a place does not find. */
export interface Versions {
  readonly node: string
  readonly command: Readonly<Record<string, Installed>>
  readonly project: Readonly<Record<string, Installed>>
}

const names = ["effect", "@effect-venice/core", "@effect-venice/http", "@effect-venice/fetch", "@effect-venice/testing"]

const installed = (from: string, name: string): Installed | undefined => {
  try {
    const path = realpathSync(createRequire(from).resolve(`${name}/package.json`))
    const { version } = JSON.parse(readFileSync(path, "utf8")) as { readonly version?: unknown }
    return typeof version === "string" ? { version, path } : undefined
  } catch {
    return undefined
  }
}

const resolved = (from: string): Readonly<Record<string, Installed>> =>
  Object.fromEntries(names.flatMap((name) => {
    const found = installed(from, name)
    return found === undefined ? [] : [[name, found]]
  }))

/** Reads what is installed for this command, and for a program in a folder. */
export const versionsIn = (folder: string): Versions => {
  const command = resolved(fileURLToPath(import.meta.url))
  return {
    node: process.versions.node,
    // A package can always name itself, but not in every layout of folders.
    command: { ...command, "@effect-venice/testing": { version: manifest.version, path: "" } },
    project: resolved(join(folder, "package.json"))
  }
}

const isIn = (version: string, range: string): boolean => {
  const parsedVersion = SemVer.parse(version)
  const parsedRange = SemVerRange.parse(range)
  return Result.isSuccess(parsedVersion) && Result.isSuccess(parsedRange)
    && SemVerRange.matches(parsedRange.success, parsedVersion.success)
}

const projectFindings = ({ command, project }: Versions): ReadonlyArray<Finding> =>
  Object.entries(project).flatMap(([name, { path, version }]) => {
    const own = command[name]
    if (own === undefined) return []
    if (own.version !== version) {
      return [warning(
        `${name} is ${version} in this folder, and ${own.version} for this command.`,
        "Install one version of each package (`npm ls effect`), and run the command of the same folder."
      )]
    }
    return own.path === "" || own.path === path
      ? []
      : [warning(`${name} ${version} is installed twice.`, "Let your package manager remove the copy (`npm dedupe`).")]
  })

/** Our own packages share one version. */
const ownFindings = (versions: Readonly<Record<string, Installed>>): ReadonlyArray<Finding> => {
  const own = Object.entries(versions).filter(([name]) => name.startsWith("@effect-venice/"))
  return new Set(own.map(([, { version }]) => version)).size <= 1 ? [] : [failure(
    `The packages differ: ${own.map(([name, { version }]) => `${name} ${version}`).join(", ")}.`,
    "Install the same version of every @effect-venice package."
  )]
}

export const checkVersions = (versions: Versions): Check => {
  const { command, node, project } = versions
  const ranges = { node: manifest.engines.node, effect: manifest.peerDependencies.effect }
  const effects = new Set([command, project].flatMap(({ effect }) => effect === undefined ? [] : [effect.version]))
  const findings: ReadonlyArray<Finding> = [
    isIn(node, ranges.node)
      ? ok(`Node ${node}.`)
      : failure(`Node is ${node}; this command needs ${ranges.node}.`, "Install a newer Node."),
    ...[...effects].map((version) =>
      isIn(version, ranges.effect)
        ? ok(`effect ${version}.`)
        : failure(
          `effect is ${version}; the packages need ${ranges.effect}.`,
          `Install effect@"${ranges.effect}".`
        )
    ),
    ok(`@effect-venice/testing ${manifest.version}.`),
    ...ownFindings(command),
    ...ownFindings(project),
    ...projectFindings(versions)
  ]
  const plain = (packages: Versions["command"]) =>
    Object.fromEntries(Object.entries(packages).map(([name, { version }]) => [name, version]))
  return check("versions", findings, { node, command: plain(command), project: plain(project) })
}
