/**
 * Bundles `packages/fetch` with Effect and our own packages inside, into `packages/fetch/dist`, and writes declarations
 * that mention neither. The packages must have been built: the bundle is made of what they publish, whose calls without
 * effects are marked, so that the rest is left out.
 */
import { build, type Plugin } from "esbuild"
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { gzipSync } from "node:zlib"

const root = join(import.meta.dirname, "..")
const directory = join(root, "packages/fetch")
const dist = join(directory, "dist")

const entries = ["index", "plain"]

const published: Plugin = {
  name: "published",
  setup: ({ onResolve }) => {
    onResolve({ filter: /^@effect-venice\// }, ({ path }) => {
      const [, name, ...module] = path.split("/")
      return { path: join(root, `packages/${name}/dist/${module.join("/") || "index"}.js`), sideEffects: false }
    })
  }
}

rmSync(dist, { recursive: true, force: true })
mkdirSync(dist)

// The classes for which Effect declares a schema: `instanceOf(globalThis.URL, …)`. esbuild takes a property of `globalThis`
// for a getter that may do something, and keeps the schema; it knows that the name alone does nothing.
const globals = ["File", "RegExp", "URL", "URLSearchParams", "Uint8Array"]

const { metafile } = await build({
  absWorkingDir: root,
  entryPoints: entries.map((name) => join(directory, "src", `${name}.ts`)),
  outdir: dist,
  bundle: true,
  // A program with both entries has the decoder once.
  splitting: true,
  chunkNames: "shared",
  minify: true,
  format: "esm",
  platform: "neutral",
  mainFields: ["module", "main"],
  target: "es2022",
  define: Object.fromEntries(globals.map((name) => [`globalThis.${name}`, name])),
  sourcemap: true,
  // With the sources, the maps have 6 MB. Names and positions are enough for a trace.
  sourcesContent: false,
  legalComments: "none",
  plugins: [published],
  metafile: true,
  logLevel: "error"
})

const outside = Object.values(metafile.outputs).flatMap(({ imports }) => imports.filter(({ external }) => external))
if (outside.length > 0) throw new Error(`the bundle imports ${outside.map(({ path }) => path).join(", ")}`)

const withoutComments = (text: string): string => text.replace(/\/\*.*?\*\//gs, "")

const write = (name: string, text: string): void => {
  if (/effect|from "(?!\.\/)|import\("(?!\.\/)/i.test(withoutComments(text))) {
    throw new Error(`the declarations of ${name} mention Effect, or import what is not in the package`)
  }
  writeFileSync(join(dist, `${name}.d.ts`), text)
}

const declarations = (path: string): string =>
  readFileSync(join(root, path), "utf8")
    .replaceAll("\"@effect-venice/core/Plain\"", "\"./PlainError.js\"")
    .replace(/\n\/\/# sourceMappingURL=.*/, "")

for (const name of entries) write(name, declarations(`packages/fetch/build/${name}.d.ts`))
write("PlainError", declarations("packages/core/dist/internal/plainError.d.ts"))

const size = (file: string): string =>
  `${file} ${(gzipSync(readFileSync(join(dist, file)), { level: 9 }).length / 1024).toFixed(1)} KB`
const files = Object.keys(metafile.outputs).filter((file) => file.endsWith(".js")).map((file) =>
  file.split("/").at(-1)!
)
process.stdout.write(`bundle: ${files.sort().map(size).join(", ")} compressed\n`)
