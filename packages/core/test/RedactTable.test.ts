/* oxlint-disable unicorn/no-useless-spread -- a spread groups the inputs that belong together */
import { Redact } from "@effect-venice/core"
import { assert, describe, it } from "@effect/vitest"
import { Cause } from "effect"
import { defineExcerpt, excerpt, isPlain, oneLine, printable } from "../src/internal/redaction/excerpt.ts"
import { describe as describeCause } from "../src/internal/redaction/foreignError.ts"
import {
  isSecretName,
  isSecretValue,
  isSuspect,
  redact,
  redactCutSecret,
  unescapeAscii
} from "../src/internal/redaction/redact.ts"
import { assertGolden, grouped, show } from "./golden.ts"

/** A text that looks random; the tables print it as its length. */
const random = (length: number): string => "aB1".repeat(length).slice(0, length)
const hex = (length: number): string => "0f".repeat(length).slice(0, length)
const lower = (length: number): string => "z".repeat(length)

const readable = (text: string): string =>
  show(
    text.replace(/(?:aB1){2,}(?:aB?)?/g, (run) => `‹${run.length} random›`).replace(/(?:0f){5,}0?/g, (run) =>
      `‹${run.length} hex›`)
  )

const lines = (texts: ReadonlyArray<string>, answer: (text: string) => unknown = redact): ReadonlyArray<string> =>
  texts.map((text) => {
    const out = answer(text)
    return `${readable(text)} → ${out === text ? "unchanged" : typeof out === "string" ? readable(out) : show(out)}`
  })

const prefixes: ReadonlyArray<readonly [prefix: string, least: number]> = [
  ["bearer ", 8],
  ["Bearer  ", 8],
  ["basic ", 8],
  ["BASIC\t", 8],
  ...["venice_inference_key_", "venice-inference-key-", "VENICE_ADMIN_KEY-", "venice_admin_key_"].map((prefix) =>
    [prefix, 1] as const
  ),
  ...["sk-", "pk-", "rk-", "sk_", "pk_", "rk_", "gsk_", "xai-", "r8_", "fw_", "hf_", "gho_", "ghp_", "ghs_", "ghu_"]
    .map((prefix) => [prefix, 16] as const),
  ...["xoxa-", "xoxb-", "xoxp-"].map((prefix) => [prefix, 16] as const),
  ...["AIza", "nvapi-", "glpat-"].map((prefix) => [prefix, 20] as const),
  ["eyJ", 20]
]

const nearMisses = [
  "tk-",
  "xk_",
  "gsk-",
  "xai_",
  "r9_",
  "fw-",
  "hf-",
  "ghx_",
  "xoxc-",
  "aiza",
  "nvapi_",
  "glpat_",
  "eyj",
  "venice_other_key_",
  "beare ",
  "basics "
]

const names = [
  "authorization",
  "proxy-authorization",
  "x-api-key",
  "payment-signature",
  "payment-response",
  "payment-required",
  "x-402-payment",
  "x-payment",
  "sign-in-with-x",
  "x-sign-in-with-x",
  "siwx",
  "cookie",
  "set-cookie",
  "relay-auth",
  "api-key",
  "api_key",
  "api key",
  "apikey",
  "signature",
  "secret",
  "clientsecret",
  "client-secret",
  "client_secret",
  "privatekey",
  "private-key",
  "private_key",
  "mnemonic",
  "password",
  "accesstoken",
  "access-token",
  "access_token",
  "refresh_token",
  "id_token",
  "auth_token",
  "session_token",
  "bearer_token",
  "token",
  "x-goog-api-key",
  "cf_token",
  "Authorization",
  "PASSWORD",
  "a.token"
]

const otherNames = [
  "tokens",
  "keys",
  "auth",
  "x-auth-x",
  "max_token_count",
  "payment",
  "payment-x",
  "privatekeys",
  "tokenize",
  "passwords",
  "",
  "sign-in"
]

describe("a credential in a text", () => {
  it("is known by its prefix and its length", () =>
    assertGolden("prefixes of credentials", [
      ...prefixes.flatMap(([prefix, least]) =>
        lines([prefix + random(least), prefix + random(least - 1), `x${prefix}${random(least)}`])
      ),
      ...lines([`AKIA${"A1".repeat(8)}`, `AKIA${"A1".repeat(7)}A`, `xAKIA${"A1".repeat(8)}`, `AKIA${"a1".repeat(8)}`]),
      ...lines(nearMisses.map((prefix) => prefix + random(24))),
      ...lines(
        ["sk-", "hf_", "r8_"].flatMap((
          prefix
        ) => [`${prefix}${"ab-1".repeat(6)}`, `${prefix}${lower(15)}-${lower(15)}`, prefix + lower(16)])
      ),
      ...lines(["bearer ", "basic "].flatMap((scheme) =>
        [
          lower(8),
          lower(39),
          lower(40),
          `${lower(7)}1`,
          `${lower(7)}Z`,
          "Zzzzzzzz",
          "ZZzzzzzz",
          "ZZZZZZZZ",
          "zz~z.z+z/1=",
          "zzz!zzzz1",
          "zzzz zzzz1"
        ]
          .map((value) => `${scheme}${value}`)
      ))
    ]))

  it("is known as hexadecimal by its length", () =>
    assertGolden("hexadecimal", [
      ...lines(
        [63, 64, 65, 128].flatMap((
          length
        ) => [hex(length), `0x${hex(length)}`, `key ${hex(length)}.`, `x${hex(length)}`])
      ),
      ...lines([0, 1, 7, 14, 15].map((shift) => `${" ".repeat(shift)}${hex(64)}`)),
      ...lines([hex(64).toUpperCase(), `${hex(63)}g`, `${hex(32)}g${hex(32)}`])
    ]))

  it("is known by its name, where it looks random", () =>
    assertGolden("names of credentials", [
      ...[...names, ...otherNames].map((name) => {
        const forms: Readonly<Record<string, string>> = {
          "name: value": `${name}: ${random(16)}`,
          "name=value": `${name}=${random(16)}`,
          "\"name\":\"value\"": `{"${name}":"x y"}`,
          "\"name\":[\"value\"]": `{"${name}":["x y"]}`,
          "\\\"name\\\":\\\"value\\\"": `{\\"${name}\\":\\"x y\\"}`,
          "[\"name\",\"value\"]": `["${name}","x y"]`,
          "\"name\",\"value\":\"value\"": `{"name":"${name}","value":"x y"}`,
          "name value": `${name} ${random(16)}`
        }
        const shown = grouped(Object.keys(forms), (form) => redact(forms[form]!) !== forms[form])
        return `${name}: ${isSecretName(name) ? "a secret's name" : "no secret's name"}, redacted in ${
          shown.find(([isRedacted]) => isRedacted)?.[1].join("  ") ?? "no form"
        }`
      }),
      ...lines(
        [15, 16].flatMap((
          length
        ) => [
          `token: ${random(length)}`,
          `token=${lower(length)}`,
          `"received":"${random(length)}"`,
          `"received":"${lower(length)}"`
        ])
      ),
      ...lines([39, 40].flatMap((length) => [`token: ${lower(length)}`, `"received":"${lower(length)}"`])),
      ...lines(
        ["\"", "'", "`", "\\\"", "\"\"\"", "\"\"\"\"", "(", " \""].map((quote) => `token:${quote}${random(20)}`)
      ),
      ...lines([
        `token :  ${random(20)}`,
        `token : = ${random(20)}`,
        `token\n=\n${random(20)}`,
        `tokens=${random(20)}`,
        `xtoken=${random(20)}`
      ]),
      ...lines([
        "{\"token\" : [ \"a\", \"b\"]}",
        "{\"token\":\"a\\\"b\"}",
        "{\"token\":\"a\\\\\"}",
        "{\"token\":\"\"}",
        "{\"token\":1}",
        "{\\\"token\\\" : \\\"a\\\"}",
        "{\\\"token\\\":\\\"a\\\\\\\"b\\\"}",
        "[\"cookie\" , \"a\\\"b\"]",
        "{\"name\":\"cookie\", \"value\" : \"a\"}",
        "{\"name\":\"token\", \"value\" : \"a\"}",
        `"received" : "${random(16)}"`,
        `"RECEIVED":"${random(16)}"`,
        `bearer${random(16)} basic${random(16)}`
      ]),
      ...lines(
        ["authentication", "Authentication"].flatMap((name) =>
          [random(15), random(16), lower(39), lower(40)].map((value) => `{"${name}":"${value}"}`)
        )
      )
    ]))

  it("is known in a URL", () =>
    assertGolden(
      "credentials in URLs",
      lines([
        ...[
          "key",
          "sig",
          "token",
          "x_token",
          "access-token",
          "signature",
          "X-Amz-Signature",
          "keys",
          "monkey",
          `${lower(40)}token`,
          `${lower(41)}token`
        ]
          .flatMap((name) => [`?${name}=a`, `&${name}=a b`]),
        ...["code", "CODE", "xcode"].flatMap((name) => [`?${name}=${random(11)}`, `&${name}=${random(12)}`]),
        `?code=${lower(12)}`,
        ...["?key=", "key=a", "?key=a&b=c", "?key=a#b", "?key=a\"b", "?key=a'b", "?key=a\\b", "?sig=a?b"],
        ...[
          "//u:p@h",
          "//:p@h",
          "//u:@h",
          "//u:p h@x",
          "//u:p/q@h",
          "//u\"x:p@h",
          "u:p@h",
          "//u/x:p@h",
          "//u:p\"@h",
          "//a:b:c@h"
        ],
        ...[40, 41].map((length) => `?${lower(length)}signature=a`),
        ...[100, 101].map((length) => `//${lower(length)}:p@h`),
        ...[200, 201].map((length) => `//u:${lower(length)}@h`)
      ])
    ))

  it("is suspected in a text with its letters alone", () =>
    assertGolden(
      "suspicions",
      lines(
        [
          ...[
            "rer",
            "sic",
            "ey-",
            "ey_",
            "sk-",
            "pk-",
            "rk-",
            "sk_",
            "pk_",
            "rk_",
            "eyj",
            "xai",
            "xox",
            "r8_",
            "fw_",
            "hf_",
            "ho_"
          ],
          ...["hp_", "hs_", "hu_", "aiz", "vap", "lpa", "kia"],
          ...["-au", "key", "zat", "yme", "gna", "n-w", "siw", "kie", "ecr", "mne", "ssw", "tok", "cei", "ig="].flatMap(
            (letters) => [letters, `${letters}:`, `${letters}=`, `${letters}"`]
          ),
          ...["x@y", "", "xyz", "x:y", "EYJ", "ToK:"],
          ...[63, 64, 78, 79, 80].map(hex)
        ],
        isSuspect
      )
    ))

  it("is known as the value of a member", () =>
    assertGolden(
      "members with credentials",
      (["token", "received", "name"] as const).flatMap((name) =>
        ["x", random(15), random(16), lower(16), lower(40), ["x"], { a: 1 }, 1, null].map((value) =>
          `${name}: ${typeof value === "string" ? readable(value) : show(value)} → ${isSecretValue(name, value)}`
        )
      )
    ))
})

describe("a secret that is known", () => {
  it("is redacted in every form", () =>
    assertGolden("known secrets", [
      ...[["abc"], ["abcd"], ["ab cd"], ["a/b+c"], ["a\"b\\c"], ["abcd", "abcdef"], ["a.b-c_d"], ["a%2Fb"]].flatMap((
        secrets
      ) =>
        [
          (secret: string) => secret,
          (secret: string) => encodeURIComponent(secret),
          (secret: string) => encodeURIComponent(secret).toLowerCase(),
          (secret: string) => encodeURIComponent(encodeURIComponent(secret)),
          (secret: string) => encodeURIComponent(secret).replaceAll("%20", "+"),
          (secret: string) => JSON.stringify(secret).slice(1, -1),
          (secret: string) => JSON.stringify(secret).slice(1, -1).replaceAll("/", "\\/"),
          (secret: string) => JSON.stringify(JSON.stringify(secret)).slice(3, -3),
          (secret: string) => secret.replace(/[^a-z]/g, (char) => `&#${char.charCodeAt(0)};`),
          (secret: string) => secret.replace(/[^a-z]/g, (char) => `\\u00${char.charCodeAt(0).toString(16)}`)
        ].map((write) => {
          const text = `1 ${write(secrets.at(-1)!)} 2`
          return `${show(secrets)} in ${show(text)} → ${show(Redact.secrets(secrets)(text))}`
        })
      ),
      ...["\u{1f600}abc", "\ud83dabc"].flatMap((secret) =>
        [secret, encodeURIComponent(secret.replace(/\p{Surrogate}/gu, ""))].map((text) =>
          `${show([secret])} in ${show(text)} → ${show(Redact.secrets([secret])(text))}`
        )
      )
    ]))

  it("is redacted in any encoding of its characters", () => {
    const clean = Redact.secrets(["a&<>\"'+/=b\\cd"])
    const plain = "a&<>\"'+/=b\\cd"
    const entities: Readonly<Record<string, string>> = {
      "&": "amp",
      "<": "lt",
      ">": "gt",
      "\"": "quot",
      "'": "apos",
      "+": "plus",
      "/": "sol",
      "=": "equals"
    }
    const write = (f: (char: string) => string) => `1 ${plain.replace(/[^a-d]/g, f)} 2`
    const code = (char: string) => char.charCodeAt(0)
    const others: ReadonlyArray<readonly [secret: string, text: string]> = [
      ["{ab~", "&#123;ab&#126; 2"],
      ["{ab~", "&#x7b;ab&#x7E; 2"],
      ["{ab~", "%7bab%7E %7bab%7E%7bab%7E"],
      ["ab\tcd", "ab&#9;cd"],
      ["ab\u04d2cd", "ab&#1234;cd"],
      ["ab\u00a0cd", "ab%a0cd"],
      ["ab\u001fcd", "ab%1fcd"],
      ["ab cd", "ab&#032;cd ab&#x020;cd"],
      ["ab/cd", "ab%2fcd%2"],
      ["ab/ab/ab/", "ab%2fab%2fab%2fab%2f"],
      ["a\\\\bc", "a\\\\\\\\bc"],
      ["a\\b/c", "a\\\\b%2fc"],
      ["a\\\\b/c", "a\\\\\\\\b\\/c"],
      ["a\\\\b/c", "a\\\\\\\\b/c"],
      ["a b%2Fc", "a%20b%252Fc"],
      ["//++//", "\\/\\/++\\/\\/"],
      ...["a-b&lowbar;c.d", "a-b_c&period;d", "a\\x2db_c.d"].map((text) => ["a-b_c.d", text] as const),
      ["a-b_c.d", "ax2db_c.d au002db_c.d a&b_c.d"],
      ["a-b_c.d", `a&${"amp;".repeat(4)}#45;b_c.d a&${"amp;".repeat(5)}#45;b_c.d`],
      ["a-b_c.d", `a-b&${"amp;".repeat(4)}lowbar;c.d a-b&${"amp;".repeat(5)}lowbar;c.d`]
    ]
    return assertGolden(
      "encodings",
      [
        plain,
        write((char) => entities[char] === undefined ? char : `&${entities[char]};`),
        write((char) => entities[char] === undefined ? char : `&${entities[char].toUpperCase()};`),
        ...[1, 4, 5].map((n) =>
          write((char) => entities[char] === undefined ? char : `&${"amp;".repeat(n)}${entities[char]};`)
        ),
        write((char) => `&#${code(char)};`),
        write((char) => `&#000${code(char)};`),
        write((char) => `&#x${code(char).toString(16)};`),
        write((char) => `&#X00${code(char).toString(16).toUpperCase()};`),
        ...[0, 1, 5].map((n) => write((char) => `%${"25".repeat(n)}${code(char).toString(16)}`)),
        write((char) => `\\u00${code(char).toString(16)}`),
        write((char) => `\\\\\\u00${code(char).toString(16)}`),
        write((char) => char === "\"" || char === "/" ? `\\${char}` : char === "\\" ? "\\\\" : char),
        write((char) => char === "\"" || char === "/" ? `\\\\\\${char}` : char === "\\" ? "\\\\\\\\" : char),
        write((char) => `&#${code(char)}`),
        write((char) => `%${code(char)}`),
        write((char) => `&other;${char}`),
        `${write((char) => `&#${code(char)};`)}${write((char) => `%${code(char).toString(16)}`)} &amp; 3`,
        "1 &amp; 2 %26 3 \\u0026 4"
      ].map((text) => `${show(text)} → ${show(clean(text))}`).concat(
        others.map(([secret, text]) => `${show(secret)} in ${show(text)} → ${show(Redact.secrets([secret])(text))}`)
      )
    )
  })

  it("is redacted where a text was cut within it", () =>
    assertGolden(
      "cut secrets",
      ["x abc", "x abcd", "x abcdefg", "x abcdefgh", "abcd", "x abcd y", "x %2Fabc", "bcdefg", ""].flatMap((text) =>
        [["abcdefgh"], ["abcd"], ["/abcdefgh"], ["abcdefgh", "xyzw", "x abcdz"], []].map((secrets) =>
          `${show(secrets)} at the end of ${show(text)} → ${show(redactCutSecret(text, secrets))}`
        )
      )
    ))

  it("may be hidden by escapes of printable characters", () =>
    assertGolden(
      "escapes",
      [
        ...["1f", "20", "2b", "2B", "5a", "5c", "22", "7e", "7f", "80", "e9", "2g", "2"].map((code) =>
          `a\\u00${code}b`
        ),
        ...["a\\\\u002bb", "a\\\\\\u002bb", "a\\U002bb", "\\u0061\\u0062", "a\\nb", "no escape", "\\u0100", "\\\\"]
      ].map((text) => `${text} → ${show(unescapeAscii(text))}`)
    ))
})

describe("an excerpt", () => {
  const secret = `r8_${random(20)}`

  it("is as long as its limit, and has no half of anything", () =>
    assertGolden("excerpts", [
      ...["abc\ud7ffe", "abc\u{10000}e", "abc\u{10ffff}e", "abc\ue000e", "ab\u{1f400}e", "ab\ud83d\udfffe"].map((
        text
      ) => `${show(text)} → ${show(excerpt(text, 4))}`),
      ...["?key=x", "?key=x&key=y", "abc\ud83d", "\ud83dabc"].map((text) =>
        `${show(text)} within its limit → ${show(excerpt(text, text.length))}`
      ),
      `pairs, in an odd length → ${show(excerpt("\u{1f600}".repeat(5000), 5))}`,
      `one word → ${readable(excerpt(lower(5000), 10))}`,
      ...[2050, 2051].flatMap((length) =>
        ["", " ", ` ${lower(50)}`].map((after) =>
          `a credential of ${length} before ${show(after)} → ${
            readable(excerpt(`x token=${random(length)}${after}`, 10))
          }`
        )
      ),
      `a credential across the margin → ${readable(excerpt(`token=${random(2080)} ${hex(128)}`, 100))}`,
      `a credential before the margin → ${
        readable(excerpt(`token=${random(2000)} ${hex(128)} ${"z".repeat(100)}`, 100))
      }`,
      ...[
        "",
        "abc",
        "abcd",
        "abcde",
        "abc\u{1f600}",
        "ab\u{1f600}d",
        "abcd\u{1f600}",
        "\ud83d\ud83d\ud83d\ud83d\ud83d",
        "\ude00\ude00\ude00\ude00\ude00"
      ].map((text) => `${show(text)} → ${show(excerpt(text, 4))}`),
      ...[0, 3, 4].flatMap((before) =>
        [0, 2000, 2047, 2048, 2049, 3000].map((after) => {
          const text = `${"z".repeat(before)}${secret}${" ".repeat(after)}`
          return `a credential at ${before} and ${after} characters → ${readable(excerpt(text, 4))}`
        })
      ),
      ...[" ", "\"", "'", ",", ";", "\n", "."].flatMap((separator) =>
        [10, 2000].map((words) => {
          const text = `token=${"z".repeat(words)}${separator}token=${random(3000)}`
          return `a word of ${words}, ${show(separator)} and a long word → ${readable(excerpt(text, 2100))}`
        })
      ),
      ...[10, 11].map((at) =>
        `a word that ends at ${at} → ${readable(excerpt(`${"z".repeat(at)} ${random(5000)}`, 10))}`
      ),
      `no word ends → ${readable(excerpt(`token=${random(5000)}`, 30))}`
    ]))

  it("is needed of a long text, or one that may have a credential", () =>
    assertGolden("plain texts", [
      ...[255, 256, 257].map((length) => `${length} characters → ${isPlain("z".repeat(length))}`),
      `a credential → ${isPlain(secret)}`
    ]))

  it("is made when it is first read", () => {
    const target: { body?: string } = {}
    defineExcerpt(target, "body", `${secret} end`, 100)
    const { configurable, enumerable } = Object.getOwnPropertyDescriptor(target, "body")!

    assert.deepStrictEqual([target.body, target.body], ["<redacted> end", "<redacted> end"])
    assert.deepStrictEqual([configurable, enumerable], [true, true])
  })

  it("is that of the whole text, however long", () => {
    const half: { body?: string } = {}
    defineExcerpt(half, "body", "abc\ud83d", 100)
    assert.strictEqual(half.body, "abc\ud83d")
    for (const length of [32 * 1024 - 1, 32 * 1024, 32 * 1024 + 1, 100_000]) {
      for (const before of [0, 90, 95, 99, 100]) {
        const target: { body?: string } = {}
        const text = `${"z".repeat(before)} ${secret}${" y".repeat(length)}`.slice(0, length)
        defineExcerpt(target, "body", text, 100)
        assert.strictEqual(target.body, excerpt(text, 100))
      }
      for (const limit of [100, 4096]) {
        for (const digits of [63, 64, 65]) {
          // The hexadecimal ends about where redaction stops to look, and moves into the excerpt behind the short mark.
          const end = `token=${random(limit + 2048 - 6 - 1 - 64)} ${hex(digits)} ${"y ".repeat(length / 2)}`
          const target: { body?: string } = {}
          defineExcerpt(target, "body", end, limit)
          assert.strictEqual(target.body, excerpt(end, limit))
        }
      }
      const target: { body?: string } = {}
      const word = `${"z".repeat(50)} ${random(length)}`.slice(0, length)
      defineExcerpt(target, "body", word, 100)
      assert.strictEqual(target.body, excerpt(word, 100))
    }
  })

  it("on one line has no control character and a sign that it was cut", () =>
    assertGolden("lines", [
      ...[
        "",
        "abcd",
        "abcde",
        " abcd ",
        "a\nb",
        "a\r\n\tb",
        "\nabcd\n",
        "abc\u{1f600}e",
        "ab\u{1f600}e",
        "a       b",
        `ab${"\n".repeat(20)}c`,
        "        abcde"
      ].map((text) => `${show(text)} → ${show(oneLine(text, 4))}`),
      ...[
        "\u0000",
        "\u001f",
        " ",
        "~",
        "\u007f",
        "\u009f",
        "\u00a0",
        "\u061b",
        "\u061c",
        "\u200d",
        "\u200e",
        "\u200f",
        "\u2010"
      ]
        .concat(["\u2027", "\u2028", "\u202e", "\u202f", "\u2065", "\u2066", "\u2069", "\u206a", "\u001b\u001b"])
        .map((char) => `${show(`a${char}b`)} → ${show(printable(`a${char}b${char}c`))}`)
    ]))
})

it("a copy of JSON is bounded and has no credential", () => {
  const nested = (depth: number): unknown => depth === 0 ? 1 : { a: nested(depth - 1) }
  const lists = (depth: number): unknown => depth === 0 ? 1 : [lists(depth - 1)]
  const count = (n: number) => Array.from({ length: n }, (_, i) => i)
  return assertGolden("copies of JSON", [
    ...["x", 1, -0, NaN, Infinity, true, false, null, undefined, Symbol.iterator, () => 1, 1n, [], {}, [1, [2]], {
      a: { b: [1] }
    }].map((value) =>
      `${typeof value === "symbol" || typeof value === "function" ? typeof value : show(value)} → ${
        show(Redact.json(value))
      }`
    ),
    ...[15, 16, 17].flatMap((
      depth
    ) => [
      `${depth} objects → ${show(Redact.json(nested(depth)))}`,
      `${depth} lists → ${show(Redact.json(lists(depth)))}`
    ]),
    ...[199, 200, 201].flatMap((n) => [
      `${n} items → ${(Redact.json(count(n)) as ReadonlyArray<unknown>).length}`,
      `${n} members → ${
        Object.keys(Redact.json(Object.fromEntries(count(n).map((i) => [`m${i}`, i]))) as object).length
      }`,
      `${n} items in two lists → ${
        (Redact.json([count(100), count(n - 100)]) as ReadonlyArray<ReadonlyArray<unknown>>)[1]?.length
      }`
    ]),
    ...[2048, 2049].map((n) => `a text of ${n} → ${show(Redact.json("z".repeat(n)))}`),
    ...[200, 201].map((n) => `a name of ${n} → ${show(Redact.json({ ["z".repeat(n)]: 1 }))}`),
    ...[{ token: "x" }, { token: ["x"] }, { token: { a: "x" } }, { token: 1 }, { received: "x" }, {
      received: random(16)
    }].map((value) => `${show(value)} → ${show(Redact.json(value))}`)
  ])
})

describe("an error of somebody else", () => {
  const clean = Redact.secrets(["secret-1"])
  const told = (error: unknown): unknown => {
    const described = describeCause(error, clean)
    if (!(described instanceof Error)) return described
    // Effect's own timeout has a stack of its own.
    if (described instanceof Cause.TimeoutError) return { timeout: described.message }
    const { cause, errors, message, name, stack, ...rest } = described as Error & { errors?: ReadonlyArray<unknown> }
    return {
      name,
      message,
      ...rest,
      stack,
      ...("cause" in described ? { cause: tell(cause) } : undefined),
      ...(errors === undefined ? undefined : { errors: errors.map(tell) })
    }
  }
  const tell = (value: unknown): unknown =>
    value instanceof Error
      ? { name: value.name, message: value.message, ...(value.cause === undefined ? {} : { cause: tell(value.cause) }) }
      : value

  const withStack = (error: Error, stack: string): Error => Object.assign(error, { stack })

  it("is described without secrets and within bounds", () => {
    const chain = (depth: number): Error =>
      withStack(new Error(`at ${depth}`, depth === 0 ? undefined : { cause: chain(depth - 1) }), "")
    const many = (n: number) =>
      withStack(
        new AggregateError(Array.from({ length: n }, (_, i) => withStack(new Error(String(i)), "")), "many"),
        ""
      )
    const revoked = (): unknown => {
      const { proxy, revoke } = Proxy.revocable([], {})
      revoke()
      return proxy
    }
    const throwing = {
      get message(): string {
        throw new Error("no")
      },
      name: "Odd"
    }
    return assertGolden(
      "errors of others",
      [
        ...[
          "x",
          "",
          "secret-1 a\nb",
          "z".repeat(2048),
          "z".repeat(2049),
          1,
          true,
          5n,
          undefined,
          null,
          Symbol("x"),
          () => 1
        ].map((value) =>
          `${
            typeof value === "symbol" || typeof value === "function"
              ? typeof value
              : typeof value === "bigint"
              ? "5n"
              : show(value)
          } → ${show(told(value))}`
        ),
        ...([
          [
            "an error",
            withStack(
              new TypeError("m secret-1"),
              "TypeError: m secret-1\n    at a (b.js:1:1)\n    at c secret-1\nother\n at d"
            )
          ],
          ["a message like a frame", withStack(new Error("m\n    at forged"), "Error: m\n    at forged\n    at real")],
          ["a stack without its message", withStack(new Error("m"), "\n    at a\nat b\n  at c")],
          ["a stack of an earlier message", withStack(new Error("changed later"), "m\n    at a\n    at b")],
          ["a line that only has the word", withStack(new Error("m"), "Error: m\nlooking at a\n    at b")],
          ...[256, 257].map((before) =>
            [
              `a message like a frame after ${before} characters`,
              withStack(new Error("m\n    at m"), `${"n".repeat(before)}m\n    at m\n    at real`)
            ] as const
          ),
          ["a stack of one more", withStack(new Error("m"), `m\n    at ${"z".repeat(8193 - 8)}`)],
          ["a long stack", withStack(new Error("m"), `m\n    at ${"z".repeat(8192 - 8)}\n    at end`)],
          ["codes", withStack(Object.assign(new Error("m"), { code: "ECONNREFUSED", syscall: "connect" }), "")],
          ["codes that are none", withStack(Object.assign(new Error("m"), { code: 1, syscall: null }), "")],
          [
            "a long name and code",
            withStack(
              Object.assign(new Error("m"), { name: "n".repeat(101), code: "n".repeat(100), syscall: "s".repeat(101) }),
              ""
            )
          ],
          ["a tag", { _tag: "Tagged", message: "m" }],
          ["a name and a tag", { _tag: "Tagged", name: "Named", message: "m" }],
          ["an object", {}],
          ["an empty name", { name: "", message: "m" }],
          ["a getter that throws", throwing],
          ["a long message", { message: "z".repeat(2049) }],
          ["a message longer than what is read", { message: `${" ".repeat(16 * 1024)}end` }],
          ["a timeout", new Cause.TimeoutError("late")],
          ["errors that are no list", { errors: "x" }],
          ["no errors", { errors: [] }],
          ["errors that throw", { errors: revoked() }],
          ["8 errors", many(8)],
          ["9 errors", many(9)],
          ["a chain of 5", chain(5)],
          ["a chain of 6", chain(6)],
          ["a chain of 7", chain(7)],
          ["a cause that is a text", { message: "m", cause: "secret-1" }],
          ["a cause that is null", { message: "m", cause: null }]
        ] as ReadonlyArray<readonly [string, unknown]>).map(([what, error]) => `${what} → ${show(told(error))}`)
      ]
    )
  })

  it.each([[5, "inner"], [6, "a deeper cause"]])("is described %i errors deep", (depth, innermost) => {
    const nested = (left: number): Error => new AggregateError(left === 0 ? [] : [nested(left - 1)], "inner")
    let at = describeCause(nested(depth), clean)
    for (let i = 0; i < depth; i++) at = (at as AggregateError).errors[0]

    assert.strictEqual(at instanceof Error ? at.message : at, innermost)
  })

  it("is described to at most 24 errors in all", () => {
    const self: Error & { errors?: ReadonlyArray<unknown> } = withStack(new Error("self"), "")
    self.errors = Array.from({ length: 8 }, () => self)
    let objects = 0
    const seen = (value: unknown): void => {
      if (!(value instanceof Error)) return
      objects++
      for (const inner of (value as typeof self).errors ?? []) seen(inner)
    }
    seen(describeCause(self, clean))

    assert.strictEqual(objects, 24)
  })

  it("has its name and stack where an error has them", () => {
    const described = describeCause(new TypeError("m"), clean) as Error

    for (const key of ["name", "stack"]) {
      const { configurable, enumerable, writable } = Object.getOwnPropertyDescriptor(described, key)!
      assert.deepStrictEqual([configurable, enumerable, writable], [true, false, true])
    }
  })

  it("may throw from everything that is read", () => {
    const { proxy, revoke } = Proxy.revocable({}, {})
    revoke()

    assert.strictEqual(String(describeCause(proxy, clean)), "Error")
  })
})
