import { Errors } from "@effect-venice/core"
import { Emulator } from "@effect-venice/testing"
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { spawn } from "node:child_process"
import { readFileSync } from "node:fs"
import { join } from "node:path"

const root = join(import.meta.dirname, "../../..")

const readme = readFileSync(join(root, "README.md"), "utf8")

const example = [...readme.matchAll(/^```ts no-run\n(.*?)^```$/gms)].map(([, code]) => code!)
  .find((code) => code.includes("VeniceClient.layer"))!

/** What the example of `VeniceClient` prints, as a program of its own. */
const printed = (baseUrl: string) =>
  Effect.promise(() =>
    new Promise<string>((resolve) => {
      const child = spawn(process.execPath, ["--input-type=module-typescript"], {
        cwd: root,
        env: { PATH: process.env.PATH, VENICE_API_KEY: "a-key", VENICE_BASE_URL: baseUrl }
      })
      let output = ""
      child.stdout.setEncoding("utf8").on("data", (text) => output += text)
      child.stderr.setEncoding("utf8").on("data", (text) => output += text)
      child.on("close", () => resolve(output))
      child.stdin.end(example)
    })
  )

describe("the example of `VeniceClient` in the README", () => {
  it.live.each<readonly [string, Emulator.Reply | undefined, string]>([
    ["the answer", undefined, "This is an emulated answer to: "],
    [
      "the limit of the model",
      new Errors.TooManyTokens({ message: "This model's maximum context length is 10 tokens." }),
      "at most 10 tokens, please\n"
    ],
    ["what to do where the limit is unknown", new Errors.TooManyTokens(), "fewer tokens, please\n"],
    ["what is missing", new Errors.InsufficientBalance(), "top up: Insufficient USD or Diem balance"]
  ])("prints %s", ([, error, expected]) =>
    Effect.gen(function*() {
      const emulator = yield* Emulator.Emulator
      if (error !== undefined) yield* emulator.reply(error)

      assert.include(yield* printed(emulator.baseUrl), expected)
    }).pipe(Effect.provide(Emulator.layer)))
})
