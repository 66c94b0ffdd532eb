/** Packs every package and checks the tarball as its users see it: with publint, and the resolution of its types. */
import { spawnSync } from "node:child_process"
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"

const root = join(import.meta.dirname, "..")
const packed = mkdtempSync(join(tmpdir(), "effect-venice-"))

const run = (command: string, args: ReadonlyArray<string>, cwd = root): boolean => {
  const { error, status, stderr, stdout } = spawnSync(command, args, { cwd, encoding: "utf8", timeout: 300_000 })
  if (status === 0) return true
  process.stderr.write(`${command} ${args.join(" ")}\n${error?.message ?? ""}${stdout}${stderr}\n`)
  return false
}

let ok = true
for (const name of readdirSync(join(root, "packages"))) {
  const directory = join(root, "packages", name)
  const { version } = JSON.parse(readFileSync(join(directory, "package.json"), "utf8"))
  const tarball = join(packed, `effect-venice-${name}-${version}.tgz`)
  // The package manager that runs this script.
  const [manager, ...first] = process.env.npm_execpath?.endsWith("js")
    ? [process.execPath, process.env.npm_execpath]
    : [process.env.npm_execpath ?? "pnpm"]
  ok = run(manager!, [...first, "pack", "--pack-destination", packed], directory) && ok
  ok = run("publint", ["run", tarball, "--strict"]) && ok
  ok = run("attw", [tarball, "--profile", "esm-only"]) && ok
}
rmSync(packed, { recursive: true })
process.stdout.write(ok ? "packages: good\n" : "packages: see above\n")
if (!ok) process.exit(1)
