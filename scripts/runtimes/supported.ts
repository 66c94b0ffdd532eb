/**
 * The versions that `pnpm check:runtimes` runs, which are the versions that the packages claim to support: a test holds
 * them against `engines` and against the page about versions.
 */

/** The programs by what they need: `small` has `core` and `fetch`, `web` has `http` too, and `full` has a process. */
export type Program = "small" | "web" | "full"

/** The packages that a project installs for a program. */
export const packagesOf = (program: Program): ReadonlyArray<string> =>
  program === "small" ? ["core", "fetch"] : ["core", "fetch", "http", "testing"]

export interface NodeVersion {
  readonly version: string
  readonly program: Program
}

/** The oldest that `engines` allow, and the newest of each line. */
export const nodes: ReadonlyArray<NodeVersion> = [
  { version: "20.0.0", program: "small" },
  { version: "20.20.2", program: "small" },
  { version: "22.19.0", program: "full" },
  { version: "22.23.5", program: "full" },
  { version: "24.22.3", program: "full" },
  { version: "26.12.1", program: "full" }
]

export const bun = "1.4.5"
export const deno = "2.9.6"
export const workerd = "1.20261117.1"

/** The package managers, and the oldest Node that runs each. */
export const managers = {
  "npm 11": { version: "11.21.2", node: "20.20.2" },
  "npm 12": { version: "12.2.2", node: "22.23.5" },
  "pnpm 10": { version: "10.34.9", node: "20.0.0" },
  "pnpm 12": { version: "12.21.0", node: "20.0.0" },
  "yarn 1": { version: "1.22.22", node: "20.0.0" },
  "yarn 4": { version: "4.18.1", node: "20.0.0" }
} as const

export type ManagerName = keyof typeof managers

/** By the name of the package of the workspace that has it. */
export const compilers = { "typescript-5": "5.9", "typescript-6": "6.0", typescript: "7.0" } as const
