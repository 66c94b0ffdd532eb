import { Decode, Redact } from "@effect-venice/core"
import { assert, describe, it } from "@effect/vitest"
import { inspect } from "node:util"

const secret = Array.from({ length: 40 }, (_, i) => `k${i + 10}-_`).join("")

describe("a known secret", () => {
  it.each([90, 700, 3000])("is in no cause that repeats it %i times", (times) => {
    for (const word of [secret, encodeURIComponent(`${secret}/+`), secret.replaceAll("-", "%2D")]) {
      for (let shift = 0; shift < 8; shift++) {
        const error = new Error("x".repeat(shift) + `${word} `.repeat(times))
        const text = inspect(Redact.cause(error, [secret, `${secret}/+`]))

        assert.notInclude(text, "k10")
        assert.notInclude(text, "k12")
      }
    }
  })

  it("does not begin where a cause was cut, and a whole cause keeps its end", () => {
    // Of a cause, 128 KiB are read: the seventh of these is cut.
    const long = Array.from({ length: 4000 }, (_, i) => `k${i + 1000}`).join("")

    assert.notInclude(Redact.cause(`${long} `.repeat(7), [long]) as string, "k1000")
    assert.strictEqual(Redact.cause("refused k10-_k11", [secret]), "refused k10-_k11")
  })

  it.each(["k10-_k11", "k10%2D_k1", "k10-_k11%", "k10-_k11%2", "k10-_k11&#4", "k10-_k11\\x2", "k10\\u002d_k11\\u00"])(
    "does not begin at the end of a body that was cut: %s",
    (end) => {
      const error = Decode.response({
        status: 500,
        body: `refused ${end}`,
        bodyTruncated: true,
        now: 0,
        secrets: [secret]
      })

      assert.strictEqual(error.response.body, "refused <redacted>")
    }
  )

  it("leaves a text that was cut elsewhere", () => {
    const body = "refused 100%2"

    assert.strictEqual(
      Decode.response({ status: 500, body, bodyTruncated: true, now: 0, secrets: [secret] }).response.body,
      body
    )
  })

  it.each([
    "a\\x2fb\\x2Bc",
    "a\\\\x2fb+c",
    btoa("a/b+c"),
    btoa("a/b+c").replace(/=+$/, ""),
    "a%2Fb%2Bc"
  ])("is found as %s", (text) => {
    assert.include(["<redacted>", "<redacted>="], Redact.secrets(["a/b+c"])(text))
  })

  it.each([
    "my-key_1.x",
    "my%2Dkey%5F1%2Ex",
    "my%252Dkey_1.x",
    "my&#45;key&#95;1&#46;x",
    "my&#x2D;key&lowbar;1&period;x",
    "my\\x2dkey\\u005f1.x",
    "%6Dy-key_1.x",
    btoa("my-key_1.x")
  ])("of letters, dots and hyphens is found as %s", (text) => {
    assert.include(["<redacted>", "<redacted>=="], Redact.secrets(["my-key_1.x"])(text))
  })

  it("is found as base64 of any alphabet", () => {
    const clean = Redact.secrets(["~~~???>>>"])

    assert.strictEqual(clean("1 fn5+Pz8/Pj4+ 2 fn5-Pz8_Pj4- 3"), "1 <redacted> 2 <redacted> 3")
  })
})

describe("secrets of one response after another", () => {
  it.each<readonly [string, ReadonlyArray<string>, ReadonlyArray<string>]>([
    ["another one", ["secret-one"], ["secret-two"]],
    ["one more", ["secret-one"], ["secret-one", "secret-two"]],
    ["one fewer", ["secret-one", "secret-two"], ["secret-two"]],
    ["none", ["secret-one"], []]
  ])("are its own: %s", (_, before, after) => {
    const text = "secret-one secret-two"
    Redact.secrets(before)(text)
    const redact = Redact.secrets(after)

    assert.strictEqual(
      redact(text),
      text.split(" ").map((secret) => after.includes(secret) ? "<redacted>" : secret).join(" ")
    )
  })

  it("are those that the caller gave, also if the caller changes the array afterwards", () => {
    const secrets = ["secret-one"]
    const redact = Redact.secrets(secrets)
    secrets[0] = "secret-two"

    assert.strictEqual(Redact.secrets(secrets)("secret-one secret-two"), "secret-one <redacted>")
    assert.strictEqual(redact("secret-one secret-two"), "<redacted> secret-two")
  })
})
