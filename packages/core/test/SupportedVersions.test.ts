import { assert, describe, it } from "@effect/vitest"
import { readdirSync, readFileSync } from "node:fs"
import * as Supported from "../../../scripts/runtimes/supported.ts"

const read = (path: string): string => readFileSync(new URL(`../../../${path}`, import.meta.url), "utf8")

const manifestOf = (name: string) => JSON.parse(read(`packages/${name}/package.json`))

const packages = readdirSync(new URL("../../", import.meta.url))

const major = (version: string): number => Number.parseInt(version, 10)

/** The versions of Node that `check:runtimes` runs with a package, the oldest first. */
const nodesOf = (name: string): ReadonlyArray<string> =>
  Supported.nodes.filter(({ program }) => Supported.packagesOf(program).includes(name)).map(({ version }) => version)

/** `>=22.19.0` and `>=20` as the oldest version that they allow. */
const oldest = (range: string): string => {
  const [, version] = /^>=(\d+(?:\.\d+\.\d+)?)$/.exec(range)!
  return version!.includes(".") ? version! : `${version}.0.0`
}

const page = read("docs/reference/versions.md")

/** The cells of the row of the page that begins with a name. */
const row = (name: string): ReadonlyArray<string> => {
  const line = page.split("\n").find((line) => line.startsWith(`| ${name} `))
  return line === undefined ? [] : line.split("|").slice(2, -1).map((cell) => cell.trim())
}

describe("the versions that check:runtimes runs", () => {
  it.each(packages)("begin with the oldest Node that the engines of %s allow", (name) => {
    assert.strictEqual(nodesOf(name)[0], oldest(manifestOf(name).engines.node))
  })

  it.each(packages)("have every long-lived Node since then for %s", (name) => {
    const majors = [...new Set(nodesOf(name).map(major))]
    const expected = Array.from({ length: (majors.at(-1)! - majors[0]!) / 2 + 1 }, (_, index) => majors[0]! + 2 * index)

    assert.deepStrictEqual(majors, expected)
  })

  it("include the line of Node that the repository is developed on", () => {
    assert.include(Supported.nodes.map(({ version }) => major(version)), major(process.versions.node))
  })

  it("are those of the page, for each line of Node", () => {
    for (const line of new Set(Supported.nodes.map(({ version }) => major(version)))) {
      const versions = Supported.nodes.filter(({ version }) => major(version) === line)

      assert.strictEqual(row(`Node ${line}`)[0], versions.map(({ version }) => version).join(", "))
      assert.strictEqual(row(`Node ${line}`)[1], versions[0]!.program === "small" ? "core, fetch" : "all")
    }
  })

  it("are those of the page, for other runtimes and package managers", () => {
    assert.strictEqual(row("Bun")[0], Supported.bun)
    assert.strictEqual(row("Deno")[0], Supported.deno)
    assert.include(row("worker")[0], Supported.workerd)
    const { "npm 11": npm11, "npm 12": npm12, "pnpm 10": pnpm10, "pnpm 12": pnpm12, "yarn 1": yarn1, "yarn 4": yarn4 } =
      Supported.managers
    assert.strictEqual(row("npm")[0], `${npm11.version}, ${npm12.version}`)
    assert.strictEqual(row("pnpm")[0], `${pnpm10.version}, ${pnpm12.version}`)
    assert.strictEqual(row("yarn 1")[0], yarn1.version)
    assert.strictEqual(row("yarn 4")[0], yarn4.version)
  })

  it("are those of the page and of the repository, for TypeScript", () => {
    for (const [module, version] of Object.entries(Supported.compilers)) {
      const installed = JSON.parse(read(`node_modules/${module}/package.json`)).version as string

      assert.isTrue(installed.startsWith(`${version}.`), `${module} is ${installed}`)
      assert.lengthOf(row(version), 1)
    }
  })
})

describe("the page about versions", () => {
  it("has the range of Effect of every package", () => {
    for (const name of packages) {
      const range = manifestOf(name).peerDependencies?.effect
      const names = page.split("\n").filter((line) =>
        line.includes(`| ${range === undefined ? "none" : `\`${range}\``} `)
      )

      assert.lengthOf(names, 1)
      assert.include(names[0]!.split("|")[1], name)
    }
  })
})

describe("the workflow of a release", () => {
  it("publishes with provenance, after everything that a change must pass", () => {
    const release = read(".github/workflows/release.yml")

    assert.include(release, "id-token: write")
    assert.include(release, "PNPM_CONFIG_PROVENANCE: true")
    assert.include(release, "needs: check")
    assert.include(read(".github/workflows/ci.yml"), "check:runtimes --complete")
  })
})
