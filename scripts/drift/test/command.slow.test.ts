/** The command as CI runs it: a process, its output and its exit status. */
import { assert, describe, it } from "@effect/vitest"
import { spawnSync } from "node:child_process"
import { readFileSync } from "node:fs"
import { join } from "node:path"

const script = join(import.meta.dirname, "../../drift.ts")
const fixture = (name: string): string => join(import.meta.dirname, "fixtures", name)

const drift = (args: ReadonlyArray<string>, input = "") => {
  const { status, stderr, stdout } = spawnSync(process.execPath, [script, ...args], { encoding: "utf8", input })
  return { status, stderr, stdout }
}

const page = readFileSync(fixture("error-codes.mdx"), "utf8")
const newer = `${page}| \`MODEL_WARMING_UP\` | 503 | Loading\u001b[2J | - |\n`

describe("pnpm drift", () => {
  it("succeeds without drift", () => {
    assert.deepStrictEqual(drift(["--errors", fixture("error-codes.html")]), {
      status: 0,
      stderr: "",
      stdout: "no drift (40 codes)\n"
    })
  })

  it("fails with 1 on drift, and prints no control character of a copy", () => {
    const { status, stdout } = drift(["--errors", "-", "--changelog", fixture("changelog.rss")], newer)

    assert.strictEqual(status, 1)
    assert.match(stdout, /^drift: 2 changes \(41 codes, 3 entries of the changelog\)\n/)
    assert.include(stdout, "export class ModelWarmingUp")
    assert.notInclude(stdout, "\u001b")
  })

  it("writes JSON with the edit of each change", () => {
    const { status, stdout } = drift(["--json", "--errors", "-"], newer)
    const { changes, ...rest } = JSON.parse(stdout)

    assert.strictEqual(status, 1)
    assert.deepStrictEqual(rest, { status: "drift", compared: { codes: 41 } })
    assert.strictEqual(changes[0].kind, "code added")
    assert.strictEqual(changes[0].edit.file, "packages/core/src/Errors.ts")
  })

  it.each([
    [["--errors", "/does/not/exist"], "", "/does/not/exist does not exist"],
    [["--openapi", "a.yaml", "--openapi", "b.yaml"], "", "--openapi is given twice"],
    [["--errors", "-"], "", "standard input is empty"],
    [["--openapi", "-"], "not: [a", "standard input is neither YAML nor JSON"],
    [["--openapi", fixture("description.yaml")], "", "it may be cut off"],
    [[], "", "give a copy to compare"],
    [["--errors", "-", "--openapi", "-"], page, "only one copy can come from standard input"],
    [["--error", "x"], "", "Unknown option"]
  ])("fails with 2 on %s", (args, input, problem) => {
    const { status, stderr, stdout } = drift(args, input)

    assert.strictEqual(status, 2)
    assert.include(stderr, problem)
    assert.strictEqual(stdout, "")
  })

  it("reports an unusable copy as JSON too", () => {
    const { status, stdout } = drift(["--json", "--openapi", "-"], "<html>")

    assert.strictEqual(status, 2)
    assert.deepStrictEqual(JSON.parse(stdout), {
      status: "unusable",
      problem: "standard input is HTML or XML, and no OpenAPI description"
    })
  })
})
