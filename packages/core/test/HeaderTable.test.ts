/* oxlint-disable unicorn/no-useless-spread -- a spread groups the inputs that belong together */
import { Decode } from "@effect-venice/core"
import { it } from "@effect/vitest"
import { Duration } from "effect"
import * as Headers from "../src/internal/decoding/headers.ts"
import { assertGolden, show } from "./golden.ts"

const now = Date.UTC(2026, 0, 1)

const each = <A>(values: ReadonlyArray<A>, answer: (value: A) => unknown): ReadonlyArray<string> =>
  values.map((value) => `${show(value)} → ${show(answer(value))}`)

const http = (millis: number) => new Date(millis).toUTCString()

it("a number of seconds is a duration", () =>
  assertGolden("seconds", [
    ...each(
      [
        "0",
        "5",
        "999999999",
        "9999999999",
        "10000000006",
        "1.5",
        "1.",
        ".5",
        ".",
        "",
        " 5",
        "5 ",
        "-5",
        "+5",
        "5s",
        "1e3",
        "0x5",
        "0.0001",
        "0.3",
        "1.0000000001",
        "1.1",
        "64.1",
        "2000000.0005",
        "1".repeat(64),
        "1".repeat(65),
        "1.1.1",
        "x5"
      ],
      Headers.parseSeconds
    ),
    ...each([0, 5, -0.1, 1.5, 0.0001, 0.00000000001, 0.3, 4.35, 1e17, 1e300, NaN, Infinity], Headers.parseSeconds)
  ]))

it("Retry-After is a duration", () =>
  assertGolden(
    "Retry-After",
    each(
      [
        ...["30", "30, 60", "60, 30", "30,60", "30, soon", "30, ", ", 30", "30, 30, 90", "1.5, 1"],
        http(now + 5000),
        http(now),
        http(now - 5000),
        `30, ${http(now + 5000)}`,
        `${http(now + 50_000)}, 30`,
        `${http(now + 5000)}, ${http(now + 9000)}`,
        `Thursday, 01-Jan-26 00:01:00 GMT, 30`,
        `thu, 01 Jan 2026 00:01:00 GMT, 30`,
        "Thu",
        "Thu Jan  1 00:01:00 2026, 30",
        "Thu Jan  1 00:01:00 2026".padEnd(50),
        "Thu Jan  1 00:01:00 2026".padEnd(51),
        `T, 30`,
        `Xx, 30, 60`,
        `Thu1, 30, 60`,
        ...Array.from({ length: 7 }, (_, day) => `${http(now + (day + 1) * 86_400_000)}, 30`),
        "Wednesday, 07-Jan-26 00:00:00 GMT, 30",
        ...["Wednesdays, 30", "aWed, 30"],
        ...["1234,567", "30,6000", "30,600,5", "5,999999999", "5,9999999999", "999999999,5"],
        ...["30,,60", ",30,60", " 30,60 ", "30,60x"],
        `${" ".repeat(10)}${http(now + 5000)}`.padEnd(50),
        `${" ".repeat(10)}${http(now + 5000)}`.padEnd(51),
        Array.from({ length: 60 }, () => "123").join(", "),
        Array.from({ length: 61 }, () => "123").join(", "),
        `${Array.from({ length: 60 }, () => "123").join(", ")}, 9999`,
        `${"x, ".repeat(99)}  9`,
        `${"x, ".repeat(99)}x, 9`,
        `${"30".padEnd(300)}x`
      ],
      (value) => Headers.parseRetryAfter(value, now)
    )
  ))

it("a reset is a moment", () =>
  assertGolden(
    "resets",
    each(
      [
        "0",
        "1",
        " 1 ",
        "1.0001",
        "999999999",
        "999999999.5",
        "1000000000",
        "999999999999",
        "1000000000000",
        "1000000000000.5",
        "8640000000000000",
        "8640000000000001",
        "-1",
        "",
        "x",
        "1s"
      ],
      (value) => Headers.parseReset(value, now)
    )
  ))

it("budgets are read by the names of their headers", () => {
  const suffixes = ["limit", "remaining", "reset"].flatMap((part) =>
    ["-requests", "-tokens", ""].map((of) => `${part}${of}`)
  )
  const names = [...suffixes, "resets", "remainings"].map((name) => `x-ratelimit-${name}`)
  const budgets = (headers: Record<string, string>) => Headers.rateLimit(headers as never, now)
  const all = Object.fromEntries(names.map((name, i) => [name, String(i + 1)]))
  const without = (...missing: ReadonlyArray<string>) =>
    Object.fromEntries(Object.entries(all).filter(([name]) => !missing.includes(name)))
  const proxy = ["x-ratelimit-limit", "x-ratelimit-reset"]

  return assertGolden("budgets", [
    ...each(names.map((name) => ({ [name]: "3" })), budgets),
    ...each(names.map((name) => ({ [name]: "x" })), budgets),
    `all → ${show(budgets(all))}`,
    `all but x-ratelimit-resets → ${show(budgets(without("x-ratelimit-resets")))}`,
    `all but the proxy's → ${show(budgets(without(...proxy)))}`,
    ...names.filter((name) => !proxy.includes(name)).map((name) =>
      `all but the proxy's and ${name} → ${show(budgets(without(...proxy, name)))}`
    ),
    ...each(
      ["1", "-1", " 1 ", "1.5", "1e3", "+1", "", "9".repeat(15), "9".repeat(16), "1x", "x1", "- 1"].map((value) => ({
        "x-ratelimit-remaining-tokens": value,
        "x-ratelimit-limit-tokens": "9"
      })),
      budgets
    )
  ])
})

it("a hint comes from the headers in order", () => {
  const exhausted = { "x-ratelimit-remaining-requests": "0", "x-ratelimit-reset-requests": "7" }
  const cases: ReadonlyArray<Record<string, string>> = [
    ...["250", " 250 ", "250.5", "-1", "x", "1e3", "", "."].map((value) => ({
      "retry-after-ms": value,
      "retry-after": "9"
    })),
    { "retry-after-ms": "1".repeat(30) },
    { "retry-after-ms": "." },
    { "retry-after-ms": "1", "retry-after": "9" },
    { ...exhausted, "retry-after": "9" },
    { ...exhausted, "retry-after": "soon" },
    exhausted,
    { ...exhausted, "x-ratelimit-remaining-requests": "1" },
    { ...exhausted, "x-ratelimit-remaining-requests": "-1" },
    { ...exhausted, "x-ratelimit-reset-requests": String(now - 1000) },
    { "x-ratelimit-remaining-requests": "0" },
    { ...exhausted, "x-ratelimit-remaining-tokens": "0", "x-ratelimit-reset-tokens": "9" },
    { ...exhausted, "x-ratelimit-remaining-tokens": "0", "x-ratelimit-reset-tokens": "5" },
    { ...exhausted, "x-ratelimit-remaining-tokens": "0" },
    { "x-ratelimit-remaining-requests": "0", "x-ratelimit-remaining-tokens": "0", "x-ratelimit-reset-tokens": "5" },
    { ...exhausted, "x-ratelimit-remaining-tokens": "0", "x-ratelimit-reset-tokens": "7" },
    { ...exhausted, "x-ratelimit-remaining": "0", "x-ratelimit-resets": "8" },
    { "x-ratelimit-remaining-requests": "0", "x-ratelimit-remaining-tokens": "0" }
  ]
  return assertGolden(
    "hints of headers",
    cases.flatMap((headers) =>
      [429, 430, 503].map((status) => {
        const budgets = Headers.rateLimit(headers as never, now)
        const hint = Headers.retryAfter(headers as never, status, budgets, now)
        const without = Headers.retryAfter(headers as never, status, undefined, now)
        const empty = budgets === undefined ? undefined : Headers.exhausted(budgets)?.budget
        return `${status} ${show(headers)} → ${show(hint)}, without budgets ${show(without)}, exhausted ${show(empty)}`
      })
    )
  )
})

it("balances are decimal numbers", () =>
  assertGolden(
    "balances",
    each(
      [
        "0",
        "12.5",
        "-3.25",
        "1e2",
        "1E+2",
        "1e-12",
        "1e100",
        "1e",
        "1.",
        ".5",
        "",
        "x",
        "1x",
        "x1",
        "+1",
        " 1",
        "1,5",
        "9".repeat(50),
        "9".repeat(51),
        `0.${"1".repeat(50)}`,
        `0.${"1".repeat(51)}`,
        "--1",
        "1e1.5",
        "1e++1"
      ].flatMap((
        value
      ) => [{ "x-venice-balance-usd": value }, { "x-venice-balance-diem": value, "x-venice-balance-usd": "x" }])
        .concat([{ "x-venice-balance-usd": "1", "x-venice-balance-diem": "2" }]),
      (headers) => Headers.balance(headers as never)
    )
  ))

it("a deprecation is a warning, a date and a replacement", () => {
  const names = [
    "x-venice-model-deprecation-warning",
    "x-venice-model-deprecation-date",
    "x-venice-deprecated-replacement"
  ]
  return assertGolden(
    "deprecations",
    each(
      [
        {},
        ...names.map((name) => ({ [name]: "x" })),
        ...names.map((name) => ({ [name]: "" })),
        Object.fromEntries(names.map((name) => [name, "x".repeat(1000)])),
        Object.fromEntries(names.map((name) => [name, "x".repeat(1001)])),
        Object.fromEntries(names.map((name) => [name, "x".repeat(100)])),
        Object.fromEntries(names.map((name) => [name, "x".repeat(200)]))
      ],
      (headers) => Headers.deprecation(headers as never)
    )
  )
})

it("an id is short, on one line and without credentials", () => {
  const credential = "r8_aB1aB1aB1aB1aB1aB1aB1a"
  return assertGolden("identifiers", [
    ...each(
      [
        "x",
        "",
        " ",
        " x ",
        "a\nb",
        "91dbd54fa83f8cbd-EWR",
        "91DBD54F-EWR",
        "r8-EWR",
        ...["a\n0f-EWR", "0f-EWR\nx", "x\nx-EWR", "0f-a\nb"],
        "‮x",
        1,
        null,
        undefined,
        "x".repeat(200),
        "x".repeat(201),
        `${"x y ".repeat(100)}z`,
        "é".repeat(201),
        `${"x".repeat(199)}\u{1f600}`
      ],
      Headers.identifier
    ),
    `a credential → ${show(Headers.identifier(credential))}`,
    `a credential and a data centre → ${show(Headers.identifier(`${credential}-EWR`))}`,
    `a long hexadecimal and a data centre → ${show(Headers.identifier(`${"0f".repeat(32)}-EWR`))}`,
    `200 spaces and 250 letters → ${show(Headers.identifier(`${" ".repeat(200)}${"x".repeat(250)}`))}`,
    `200 spaces, 199 letters and a pair → ${show(Headers.identifier(`${" ".repeat(200)}${"x".repeat(199)}\u{1f600}`))}`,
    `a credential at 380 → ${show(Headers.identifier(`${"a ".repeat(190)}${credential}`))}`,
    `a name with a credential → ${show(Headers.name(`a ${credential}`))}`,
    `the same name again → ${show(Headers.name(`a ${credential}`))}`,
    ...each(
      ["application/json", "application/json", "a\nb", "", "x".repeat(65), "x".repeat(300), undefined],
      Headers.name
    )
  ])
})

it("Sunset and Deprecation are moments", () =>
  assertGolden(
    "moments",
    each(
      [
        "@0",
        "@1",
        " @1 ",
        "@ 1",
        "@-1",
        "@1.5",
        "x@1",
        "@1x",
        "@",
        "@8640000000000",
        "@8640000000001",
        ...[13, 14].map((digits) => `@${"1".padStart(digits, "0")}`),
        "@99999999999999",
        http(now),
        http(now).padEnd(100),
        http(now).padEnd(101),
        "@1".padEnd(100),
        "@1".padEnd(101),
        "soon",
        "",
        undefined
      ],
      Headers.parseMoment
    )
  ))

it("Link has a target for each relation", () =>
  assertGolden(
    "links",
    each(
      [
        ...[
          "</a>; rel=next",
          "</a>;rel=\"next\"",
          "</a>; rel = next",
          "</a>; REL=Next",
          "</a>; rel=\"prev next\"",
          "</a>"
        ],
        ...[
          "</a>; rel=\"prev  next\"",
          "</a>; rel=prev, </b>; rel=next",
          "</a>; rel=next, </b>; rel=next",
          "<>; rel=next"
        ],
        ...[
          "</a>; title=x; rel=next",
          "</a>; rel=nextt",
          "</a>; rel=xnext",
          "</a>; rel=next,x",
          "</a>; rel=next;x",
          "</a>; rel=\"\""
        ],
        ...["</a> rel=next", "/a; rel=next", "<</a>>; rel=next", "</a>; rel=; rel=next", "", undefined],
        ...["</a>; rel=\"\"; rel=next", "</a>; rel=prev; rel=next"],
        ...[1000, 1001].map((n) => `<${"x".repeat(n)}>; rel=next`)
      ],
      (value) => Headers.parseLink(value, "next")
    )
  ))

it("PAYMENT-REQUIRED is JSON in base64", () =>
  assertGolden("PAYMENT-REQUIRED", [
    ...each([btoa("{\"a\":1}"), btoa("[]"), btoa("x"), "x", "", undefined], Headers.parsePaymentRequired),
    ...[64 * 1024, 64 * 1024 + 4].map((length) => {
      const value = btoa(JSON.stringify("x".repeat(length * 0.75 - 2)))
      return `${value.length} characters → ${show(Headers.parsePaymentRequired(value))}`
    })
  ]))

it("a content violation is a flag", () =>
  assertGolden(
    "content violations",
    each(
      [
        ...["true", " TRUE ", "True", "false", "", "1", "truex"].map((value) => ({
          "x-venice-is-content-violation": value
        })),
        {}
      ],
      (headers) => Headers.isBlocked(headers as never)
    )
  ))

it("headers of a response may be a record or pairs, in any case", () => {
  const hint = (headers: Decode.Input["headers"]) => {
    const { retryAfter } = Decode.context({ status: 503, body: "", now, headers })
    return retryAfter && Duration.toMillis(retryAfter)
  }
  return assertGolden(
    "pairs of headers",
    each(
      [
        { "Retry-After": "5" },
        [["Retry-After", "5"]],
        [["Retry-After", "5"], ["retry-after", "7"]],
        [["Retry-After", "7"], ["X", "1"], ["retry-after", "5"]],
        [],
        undefined
      ] as ReadonlyArray<Decode.Input["headers"]>,
      hint
    )
  )
})
