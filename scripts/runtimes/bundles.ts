/** The programs, as each kind of runtime takes them. */
import { build, type BuildOptions } from "esbuild"
import { writeFileSync } from "node:fs"
import { join } from "node:path"
import type { Program } from "./supported.ts"

const programs = join(import.meta.dirname, "programs")

/** Writes `<program>.js` into a project, which imports what the project has installed. */
export const writeProgram = async (directory: string, program: Exclude<Program, "web">): Promise<void> => {
  await build({
    entryPoints: [join(programs, `${program}.main.ts`)],
    outfile: join(directory, `${program}.js`),
    bundle: true,
    packages: "external",
    format: "esm",
    // A syntax that every runtime has, but for nothing that the packages bring themselves.
    target: "es2022",
    logLevel: "error"
  })
}

/**
 * The program for a browser or a worker in one file, with everything that the project has installed. It has no module of
 * Node: a bundle with one does not build.
 */
export const bundleFor = async (directory: string, kind: "browser" | "worker"): Promise<string> => {
  const entry = `${kind}.js`
  await build({
    entryPoints: [join(programs, `${kind}.main.ts`)],
    outfile: join(directory, entry),
    bundle: true,
    packages: "external",
    format: "esm",
    target: "es2022",
    logLevel: "error"
  })
  const options: BuildOptions = {
    absWorkingDir: directory,
    entryPoints: [join(directory, entry)],
    bundle: true,
    write: false,
    platform: "browser",
    format: kind === "browser" ? "iife" : "esm",
    target: "es2023",
    logLevel: "silent"
  }
  const { outputFiles } = await build(options)
  const text = outputFiles![0]!.text
  writeFileSync(join(directory, `${kind}.bundle.js`), text)
  return text
}
