import { Decode } from "@effect-venice/core"
import { Laws } from "@effect-venice/testing"
import { assert, describe, it } from "@effect/vitest"
import { execFileSync } from "node:child_process"
import { isTotal } from "./totality.ts"

const now = Date.UTC(2026, 0, 1)

// Patterns that went back over the text would need hours for these, and the time limit would end the test.
const huge = 10 * 1024 * 1024

describe("totality", () => {
  it.effect.each(Laws.decoder(Decode.response))("$name", (law) => Laws.check(law, { runs: 1500 }), 120_000)

  it.each<[string, string]>([
    ["one letter", "a".repeat(huge)],
    ["HTML", `<html>${"<title>".repeat(huge / 7)}`],
    ["a long message", JSON.stringify({ error: "Specified model not found: ".padEnd(huge, " did you mean: ") })],
    [
      "a long list",
      JSON.stringify({ issues: Array.from({ length: huge / 40 }, (_, i) => ({ path: [i], message: "m" })) })
    ],
    ["beginnings of secrets", "eyJ".repeat(huge / 3)],
    ["authorization without an end", "Bearer ".repeat(huge / 7)],
    ["half a key", "sk-sk-".repeat(huge / 6)],
    ["names of secrets", "\"authorization\" : ".repeat(huge / 18)],
    ["an event without an end", `data: ${"x".repeat(huge)}`],
    ["many events", "data: {\"error\"\n\n".repeat(huge / 15)],
    ["full stops", JSON.stringify({ error: ".".repeat(huge) })],
    ["white space", " ".repeat(huge)]
  ])("takes linear time over 10 MB of %s", (_, body) => {
    for (const status of [200, 400, 404, 500]) isTotal({ status, headers: {}, body, now })
  })
})

// Vite keeps the order of a module's exports, and engines sort them by name.
it("recognizes in the order of the table where an engine loads the modules", () => {
  const module = (name: string) => JSON.stringify(new URL(`../src/${name}.ts`, import.meta.url).href)
  const script = `
    import * as Decode from ${module("Decode")}
    import { byCode } from ${module("VeniceError")}
    const error = Decode.event('{"error":"Model m has been deprecated. Please use n"}', { status: 200, now: 0 })
    console.log(error._tag, [...byCode.keys()].slice(0, 3).join(" "))`
  const said = execFileSync(process.execPath, ["--input-type=module", "--eval", script], { encoding: "utf8" })

  assert.strictEqual(
    said.trim(),
    "MODEL_NOT_FOUND AUTHENTICATION_FAILED AUTHENTICATION_FAILED_INACTIVE_KEY X402_INVALID_SIGN_IN"
  )
})
