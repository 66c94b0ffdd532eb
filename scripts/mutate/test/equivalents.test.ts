import { assert, describe, it } from "@effect/vitest"
import { readFileSync } from "node:fs"
import { join } from "node:path"
import { equivalents, nameOf } from "../equivalents.ts"

const root = join(import.meta.dirname, "../../..")

describe("the list of equivalent mutants", () => {
  it("has lines that the sources have", () => {
    const gone = equivalents.filter(({ file, line }) =>
      !readFileSync(join(root, file), "utf8").split("\n").some((one) => one.trim() === line)
    )

    assert.deepStrictEqual(gone.map(nameOf), [])
  })

  it("has each line once for a reason", () => {
    const names = equivalents.map(({ file, line, reason }) => `${file}: ${line} (${reason})`)

    assert.deepStrictEqual(names.filter((name, i) => names.indexOf(name) !== i), [])
  })
})
