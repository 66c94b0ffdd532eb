/** A project that uses the packages as they are published: by their declarations. */
import { spawnSync } from "node:child_process"
import { mkdirSync, rmSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import type { Files, Place } from "./editor.ts"
import { prelude } from "./subjects.ts"

const root = join(import.meta.dirname, "../..")
const folder = join(root, "node_modules/.editor")

/** Where the program is. */
export const project = join(folder, "program")

const cursor = "▸"

export interface Subject {
  readonly file: string
  /** The program without the cursor. */
  readonly text: string
  readonly place: Place
}

const placeOf = (text: string): Place => {
  const before = text.slice(0, text.indexOf(cursor)).split("\n")
  return { line: before.length - 1, character: before.at(-1)!.length }
}

const subjectOf = (program: string, name: string): Subject => {
  const text = `${prelude}${program}\n`
  return {
    file: join(project, `${name.replace(/\W+/g, "-")}.ts`),
    text: text.replace(cursor, ""),
    place: placeOf(text)
  }
}

export const subjectsOf = (programs: Readonly<Record<string, string>>): ReadonlyMap<string, Subject> =>
  new Map(Object.entries(programs).map(([name, program]) => [name, subjectOf(program, name)]))

export const filesOf = (subjects: Iterable<Subject>): Files =>
  new Map([...subjects].map(({ file, text }) => [file, text]))

const sources = ["core", "http"]

const emit = (): void => {
  const configuration = {
    extends: join(root, "tsconfig.base.json"),
    compilerOptions: {
      emitDeclarationOnly: true,
      declarationMap: false,
      sourceMap: false,
      rootDir: join(root, "packages"),
      outDir: join(folder, "packages")
    },
    include: sources.map((name) => join(root, `packages/${name}/src`))
  }
  writeFileSync(join(folder, "tsconfig.json"), JSON.stringify(configuration))
  const { status, stdout } = spawnSync(join(root, "node_modules/.bin/tsc"), ["-p", folder], { encoding: "utf8" })
  if (status !== 0) throw new Error(`the declarations could not be written\n${stdout}`)
}

const declarationsOf = (name: string) => {
  const from = join(folder, "packages", name, "src")
  return {
    [`@effect-venice/${name}`]: [join(from, "index.d.ts")],
    [`@effect-venice/${name}/resilience`]: [join(from, "resilience/index.d.ts")],
    [`@effect-venice/${name}/*`]: [join(from, "*.d.ts")]
  }
}

/** Writes the declarations of the packages, and the files of the program. */
export const write = (files: Files): void => {
  rmSync(folder, { recursive: true, force: true })
  mkdirSync(project, { recursive: true })
  emit()
  const configuration = {
    extends: join(root, "tsconfig.base.json"),
    compilerOptions: {
      noEmit: true,
      declaration: false,
      declarationMap: false,
      noUnusedLocals: false,
      paths: Object.assign({}, ...sources.map(declarationsOf))
    },
    include: ["*.ts"]
  }
  writeFileSync(join(project, "tsconfig.json"), JSON.stringify(configuration))
  for (const [file, text] of files) writeFileSync(file, text)
}
