import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { execFile } from "node:child_process"
import { readFileSync } from "node:fs"
import { delimiter, join } from "node:path"

const root = join(import.meta.dirname, "../../..")

const page = readFileSync(join(root, "README.md"), "utf8")

/** The commands in the shell fences of a section. */
const commandsOf = (section: string): ReadonlyArray<string> => {
  const [, text = ""] = page.split(`\n## ${section}\n`)
  const [body = ""] = text.split("\n## ")
  return [...body.matchAll(/^```sh\n(.*?)^```$/gms)].flatMap(([, fence]) => fence!.trim().split("\n")).map((line) =>
    line.replace(/\s+#.*$/, "")
  )
}

// As on a machine that has nothing of this repository: the test runner puts the Node and the tools of it first.
const PATH = process.env.PATH!.split(delimiter).filter((folder) => !folder.includes("node_modules")).join(delimiter)

const shell = (command: string) =>
  Effect.promise(() =>
    new Promise<{ readonly failure: unknown; readonly stdout: string; readonly stderr: string }>((resolve) => {
      const child = execFile(
        "sh",
        ["-c", command],
        { cwd: root, env: { PATH, HOME: process.env.HOME } },
        (failure, stdout, stderr) => resolve({ failure, stdout, stderr })
      )
      child.stdin!.end()
    })
  )

const commands = [...commandsOf("Try it"), ...commandsOf("The command")]

describe("README", () => {
  it("has commands that need only Node and npm", () => {
    assert.isAtLeast(commands.length, 6)
    for (const command of commands) assert.match(command, /^npx -y pnpm@12 /)
  })

  // A run of the tests would run this one again, without an end.
  for (const command of commands.filter((command) => command !== "npx -y pnpm@12 test")) {
    it.live(`runs \`${command}\` as typed`, () =>
      Effect.gen(function*() {
        const { failure, stderr, stdout } = yield* shell(command)

        assert.isNull(failure, stderr)
        assert.isNotEmpty(stdout)
        if (command.includes(" classify ")) {
          assert.deepStrictEqual(stdout.trimEnd().split("\n").map((line) => JSON.parse(line).tag), [
            "MODEL_OVERLOADED",
            "MODEL_NOT_FOUND",
            null
          ])
        }
      }), 120_000)
  }
})
