/**
 * What a test file depends on within the tests: the modules it imports by a relative path, and the data beside those.
 */
import { createHash } from "node:crypto"
import { existsSync, readdirSync, readFileSync } from "node:fs"
import { basename, dirname, join } from "node:path"

const root = join(import.meta.dirname, "../..")

export const read = (file: string): string => readFileSync(join(root, file), "utf8")

export const hash = (...texts: ReadonlyArray<string>): string => {
  const out = createHash("sha256")
  for (const text of texts) out.update(`${text.length}:${text}`)
  return out.digest("hex").slice(0, 16)
}

const dataBeside = (file: string): ReadonlyArray<string> =>
  readdirSync(join(root, dirname(file)), { withFileTypes: true })
    .filter((entry) => entry.isFile() && !entry.name.endsWith(".ts"))
    .map(({ name }) => join(dirname(file), name))

const closure = (file: string, seen = new Set<string>()): ReadonlySet<string> => {
  if (seen.has(file) || !existsSync(join(root, file))) return seen
  seen.add(file)
  for (const data of dataBeside(file)) seen.add(data)
  for (const [, path] of read(file).matchAll(/ from "(\.[^"]+\.ts)"/g)) closure(join(dirname(file), path!), seen)
  return seen
}

/** Of the contents of a test file and all that it depends on. Its folder may move. */
export const hashOfTest = (file: string): string =>
  hash(...[...closure(file)].sort().flatMap((each) => [basename(each), read(each)]))
