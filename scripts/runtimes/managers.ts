/** How each package manager installs a project, and how it runs a command of it. */
import { writeFileSync } from "node:fs"
import { dirname, join } from "node:path"
import * as Supported from "./supported.ts"
import { certificates, fileOf, node, type Tool } from "./tools.ts"

export interface Places {
  readonly directory: string
  /** For whatever the package manager keeps between projects. */
  readonly cache: string
  /** The registry of this machine, and the one of the packed packages. */
  readonly upstream: string
  readonly own: string
}

export interface Manager {
  readonly name: string
  /** Writes the settings of a project. */
  readonly configure: (places: Places) => void
  readonly add: (places: Places, packages: ReadonlyArray<string>) => ReadonlyArray<string>
  /** Runs a command of an installed package. */
  readonly execute: (name: string) => ReadonlyArray<string>
  readonly env: (places: Places) => Readonly<Record<string, string>>
  readonly tool: Tool
  /** The file is a program by itself, and not one for Node. */
  readonly isNative?: true
  /** The oldest Node that runs it. */
  readonly node: string
  /** There is no `node_modules`: Node is started by the package manager. */
  readonly hasPlugAndPlay?: true
}

const npmrc = ({ directory, own, upstream }: Places): void =>
  writeFileSync(
    join(directory, ".npmrc"),
    `registry=${upstream}\n@effect-venice:registry=${own}/\nengine-strict=true\naudit=false\nfund=false\n`
  )

const none = () => ({})

const npm = (name: "npm 11" | "npm 12"): Manager => ({
  name,
  ...base(name, { package: "npm", file: "npm/bin/npm-cli.js" }),
  configure: npmrc,
  add: (_, packages) => ["install", ...packages],
  execute: (command) => ["exec", "--", command],
  env: ({ cache }) => ({ npm_config_cache: cache })
})

const pnpm = (name: "pnpm 10" | "pnpm 12", file: string): Manager => ({
  name,
  ...base(name, { package: "pnpm", file }),
  configure: npmrc,
  add: ({ cache }, packages) => ["add", "--store-dir", cache, ...packages],
  execute: (command) => ["exec", command],
  env: none
})

const base = (name: Supported.ManagerName, tool: Omit<Tool, "version">) => ({
  tool: { ...tool, version: Supported.managers[name].version },
  node: Supported.managers[name].node
})

const yarnrc = ({ cache, directory, own, upstream }: Places): void =>
  writeFileSync(
    join(directory, ".yarnrc.yml"),
    [
      `npmRegistryServer: ${upstream}`,
      "npmScopes:",
      `  effect-venice: { npmRegistryServer: "${own}" }`,
      "unsafeHttpWhitelist: [127.0.0.1]",
      `globalFolder: ${cache}`,
      "enableGlobalCache: false",
      "enableTelemetry: false",
      // It refuses to write a lockfile where `CI` is set.
      "enableImmutableInstalls: false",
      ...(certificates === undefined ? [] : [`httpsCaFilePath: ${certificates}`]),
      ""
    ].join("\n")
  )

export const managers: ReadonlyArray<Manager> = [
  npm("npm 11"),
  npm("npm 12"),
  pnpm("pnpm 10", "pnpm/bin/pnpm.cjs"),
  { ...pnpm("pnpm 12", "@pnpm/exe.*/pnpm"), isNative: true },
  {
    name: "yarn 1",
    ...base("yarn 1", { package: "yarn", file: "yarn/bin/yarn.js" }),
    configure: npmrc,
    add: ({ cache }, packages) => ["add", "--cache-folder", cache, ...packages],
    execute: (command) => ["--silent", "run", command],
    env: none
  },
  {
    name: "yarn 4",
    ...base("yarn 4", { package: "@yarnpkg/cli-dist", file: "@yarnpkg/cli-dist/bin/yarn.js" }),
    configure: (places) => {
      yarnrc(places)
      // Without a lockfile, a folder above could be taken for the project.
      writeFileSync(join(places.directory, "yarn.lock"), "")
    },
    add: (_, packages) => ["add", ...packages],
    execute: (command) => ["run", command],
    env: none,
    hasPlugAndPlay: true
  }
]

export const bun: Tool = { package: "bun", version: Supported.bun, file: "@oven/bun-*/bin/bun" }

export const deno: Tool = { package: "deno", version: Supported.deno, file: "@deno/*/deno" }

/** The runtimes that install by themselves. */
export const ownManagers: ReadonlyArray<Manager> = [
  {
    name: "bun",
    tool: bun,
    node: "24.22.3",
    isNative: true,
    configure: npmrc,
    add: (_, packages) => ["add", ...packages],
    execute: (command) => ["--bun", "run", "--silent", command],
    env: ({ cache }) => ({ BUN_INSTALL_CACHE_DIR: cache })
  },
  {
    name: "deno",
    tool: deno,
    node: "24.22.3",
    isNative: true,
    configure: npmrc,
    add: (_, packages) => ["add", ...packages.map((name) => `npm:${name}`)],
    execute: () => ["run", "--allow-all", "npm:@effect-venice/testing/effect-venice"],
    env: ({ cache }) => ({ DENO_DIR: cache })
  }
]

export interface Command {
  readonly command: ReadonlyArray<string>
  readonly env: Readonly<Record<string, string>>
}

/** A command of the package manager, run by a version of Node, which is also the `node` of everything that it starts. */
export const commandOf = async (
  manager: Manager,
  places: Places,
  version: string,
  args: ReadonlyArray<string>
): Promise<Command> => {
  const [file, nodeFile] = await Promise.all([fileOf(manager.tool), fileOf(node(version))])
  return {
    command: [...(manager.isNative ? [file] : [nodeFile, file]), ...args],
    env: { ...manager.env(places), PATH: `${dirname(nodeFile)}:${process.env.PATH}` }
  }
}
