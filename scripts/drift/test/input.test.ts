import { assert, describe, it } from "@effect/vitest"
import { decode, maxBytes, read } from "../input.ts"

const bytes = (...values: ReadonlyArray<number>): Uint8Array => new Uint8Array(values)

describe("the text of an input", () => {
  it("has no byte order mark", () => assert.strictEqual(decode(bytes(0xef, 0xbb, 0xbf, 0x61)), "a"))

  it.each([
    ["Latin-1", bytes(0x63, 0x61, 0x66, 0xe9), /is not UTF-8/],
    ["a sequence that is cut off", bytes(0x61, 0xe2, 0x82), /is not UTF-8/],
    ["UTF-16", bytes(0x61, 0x00, 0x62, 0x00), /is not text/],
    ["nothing", bytes(), /is empty/],
    ["only spaces", bytes(0x20, 0x0a), /is empty/]
  ])("is not read from %s", (_, input, problem) => {
    assert.throws(() => decode(input), problem)
  })

  it("is not read from a file that is missing, a folder, or a file without an end", async () => {
    const problems = await Promise.all(
      ["/does/not/exist", "/tmp", "/dev/zero"].map((path) =>
        read(path).then(() => "read", (error: Error) => error.message)
      )
    )

    assert.deepStrictEqual(problems, [
      "does not exist",
      "is a folder",
      `is larger than ${maxBytes / 1024 / 1024} MiB`
    ])
  })
})
