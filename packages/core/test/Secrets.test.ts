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

  it("does not begin in the 128 KiB that are read of a cause, if there is more", () => {
    const long = Array.from({ length: 21_700 }, (_, i) => `k${i + 10_000}`).join("")
    const text = `${long}${" ".repeat(128 * 1024 - long.length - 4)}k10-`
    const end = (text: string) => String(Redact.cause(text, [long, secret])).trim().split(/\s+/).at(-1)

    assert.strictEqual(end(text), "k10-")
    assert.strictEqual(end(`${text}_`), "<redacted>")
    assert.strictEqual(end(`${text}!`), "<redacted>")
  })

  it.each([
    "k10-_k11",
    "k10%2D_k1",
    "%",
    "%2",
    "%25",
    "%252",
    "%252525252525252525252525252",
    "&",
    "&#",
    "&#4",
    "&#00000000004",
    "&#x",
    "&#X2",
    "&#x00000000002",
    "&l",
    "&LOWBA",
    "&amp",
    "&amp;amp;#4",
    "\\",
    "\\x",
    "\\x2",
    "\\u",
    "\\u0",
    "\\U00",
    "\\u002",
    `${"\\".repeat(15)}u00`
  ].map((end) => end.startsWith("k") ? end : `k10-_k11${end}`))(
    "does not begin at the end of a body that was cut: %s",
    (end) => {
      const error = Decode.response({
        status: 500,
        body: `100% refused ${end}`,
        bodyTruncated: true,
        now: 0,
        secrets: [secret]
      })

      assert.strictEqual(error.response.body, "100% refused <redacted>")
    }
  )

  it.each([
    ["abcdefgh", "abc%64"],
    ["a/b&cdefgh", "a%2fb&cd"],
    ["abx%defgh", "%61bx%"],
    ["ab\\u2defgh", "%61b\\u2"]
  ])("does not begin with what is, or looks like, an encoding: %s as %s", (secret, end) => {
    for (const before of ["", "refused "]) {
      const body = `${before}${end}`
      const error = Decode.response({ status: 500, body, bodyTruncated: true, now: 0, secrets: [secret] })

      assert.strictEqual(error.response.body, `${before}<redacted>`)
    }
  })

  it.each([[8192, "refused <redacted>"], [8193, "refused k1000%2fk1001%2fk1002%2f"]])(
    "is searched for among encodings in the last 8192 characters: %i",
    (length, start) => {
      const long = Array.from({ length: 1100 }, (_, i) => `k${i + 1000}/`).join("")
      const body = `refused ${long.replaceAll("/", "%2f").slice(0, length)}`
      const error = Decode.response({ status: 500, body, bodyTruncated: true, now: 0, secrets: [long] })

      assert.strictEqual(error.response.body?.slice(0, 32), start)
    }
  )

  it.each(["100%2", "k10-%x", "k10-&a1b", "k10-\\n", "k10-#4", "k10-u00"])(
    "leaves a text that was cut elsewhere: %s",
    (end) => {
      const body = `refused ${end}`

      assert.strictEqual(
        Decode.response({ status: 500, body, bodyTruncated: true, now: 0, secrets: [secret] }).response.body,
        body
      )
    }
  )

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

  it("with an apostrophe is found as an entity in an HTML page", () => {
    assert.strictEqual(Redact.secrets(["pass'word"])("<p>pass&apos;word</p>"), "<p><redacted></p>")
  })

  it.each(["redacted", "<redacted>", "ted>"])(
    "that is a part of the mark stays, because the mark shows it: %s",
    (part) => {
      const redact = Redact.secrets([part, "my-api/key"])

      for (const text of [part, `50% of ${part}`, `%41 ${part}`]) assert.strictEqual(redact(text), text)
      assert.strictEqual(redact("my-api/key, my%2Dapi%2Fkey"), "<redacted>, <redacted>")
    }
  )

  it("that was never seen before is found as base64 with and without its padding", () => {
    const secret = crypto.randomUUID().slice(1)
    const padded = btoa(secret)

    assert.match(padded, /[^=]=$/)
    assert.strictEqual(Redact.secrets([secret])(`${padded} ${padded.slice(0, -1)}`), "<redacted>= <redacted>")
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
    ["the last one", ["secret-one", "secret-two"], ["secret-one", "secret-three"]],
    ["the first one", ["secret-one", "secret-two"], ["secret-three", "secret-two"]],
    ["one fewer", ["secret-one", "secret-two"], ["secret-two"]],
    ["none", ["secret-one"], []]
  ])("are its own: %s", (_, before, after) => {
    const text = "secret-one secret-two secret-three"
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
