/** Reference pages that are written from the modules: operations, policies, headers. */
import { Encode, Operation, OperationFailure, Retry } from "@effect-venice/core"
import { Duration } from "effect"
import { texts } from "../../packages/testing/src/internal/explanations/locales.ts"
import type { Page } from "./page.ts"

const code = (text: string): string => `\`${text}\``

const operationsPage = (): Page => {
  const everywhere = new Set(
    Operation.all.map((operation) => [...OperationFailure.codes(operation)]).reduce((a, b) =>
      a.filter((name) => b.includes(name))
    )
  )
  const link = (name: string): string => `[${name}](../errors/${name}.md)`
  const rows = Operation.all.map((operation) => {
    const { alsoSeen, documented, onReplay } = Operation.operations[operation]
    const statuses = [...documented, ...alsoSeen.map((status) => `(${status})`)].join(" ")
    const names = [...OperationFailure.codes(operation)].filter((name) => !everywhere.has(name))
    return `## ${operation}\n\nA repeat: ${code(onReplay)}, ${texts.en.replay[onReplay]}. Failing statuses: ${
      statuses || "none is documented"
    }.\n\n${names.map(link).join(", ")}`
  })
  return {
    path: "reference/operations.md",
    text: `# Operations

Every operation of Venice, with what a second request costs and the errors that it can respond with. A status in
parentheses is not in Venice's description of the operation, but was seen or is documented elsewhere.

The channel of \`VeniceClient.execute\` has only the errors of its operation. Every operation can also respond with
${[...everywhere].map(link).join(", ")}.

${rows.join("\n\n")}
`
  }
}

const presets = ["standard", "patient", "eager"] as const

const uses = {
  standard: "for a caller who waits for the response",
  patient: "for a batch job without a waiting caller",
  eager: "for reads that cost nothing"
} as const

const failures = [
  "RATE_LIMIT_EXCEEDED",
  "MODEL_OVERLOADED",
  "INFERENCE_FAILED",
  "ASR_UPSTREAM_FAILED",
  "REQUEST_TIMEOUT",
  "Transport"
]

const policyText = (preset: (typeof presets)[number]): string => {
  const policy = Retry[preset]
  const rows = failures.map((failure) => {
    const { elapsed, outcome, retries } = Retry.simulate(policy, Array.from({ length: 100 }, () => failure))
    const first = retries[0] === undefined ? "—" : Duration.format(retries[0].floor)
    return `| ${code(failure)} | ${retries.length} | ${first} | ${Duration.format(elapsed)} | ${code(outcome)} |`
  })
  return `## Retry.${preset}

The policy ${uses[preset]}.

![The delays of Retry.${preset} by kind of failure](../${preset}.svg)

| every attempt fails with | retries | first delay | all delays, without jitter | why it ends |
| --- | --- | --- | --- | --- |
${rows.join("\n")}`
}

const policiesPage = (): Page => ({
  path: "reference/policies.md",
  text: `# Policies

The presets of \`Retry\`, simulated. \`Retry.never\` makes no retry. How to choose and combine them is in
[Retrying](../guides/retrying.md), what they guarantee in [Replay safety](../explanation/replay-safety.md) and
[The laws](../explanation/laws.md).

${presets.map(policyText).join("\n\n")}

## See for yourself

The command simulates any script of failures:

\`\`\`sh
npx effect-venice policy standard --fail RATE_LIMIT_EXCEEDED,MODEL_OVERLOADED
\`\`\`
`
})

const read: ReadonlyArray<readonly [name: string, unit: string, meaning: string]> = [
  ["Retry-After", "seconds, or an HTTP date", "The hint: how long to wait. Venice sends it with an overloaded model."],
  ["Date", "HTTP date", "The server's time, to which dates and resets are relative."],
  ["x-ratelimit-limit-requests", "count", "The requests of the window."],
  ["x-ratelimit-remaining-requests", "count", "The requests that are left."],
  ["x-ratelimit-reset-requests", "Unix milliseconds, Unix seconds or seconds, by size", "When the window ends."],
  ["x-ratelimit-limit-tokens", "count", "The tokens of the window."],
  ["x-ratelimit-remaining-tokens", "count", "The tokens that are left."],
  ["x-ratelimit-reset-tokens", "as above", "When the window ends."],
  ["x-ratelimit-remaining", "count", "The failures that are left before a lockout, before this response is counted."],
  ["x-ratelimit-resets", "as above", "When the failures are forgotten."],
  ["CF-RAY, X-Request-ID", "text", "The request id to report to Venice."],
  ["x-venice-balance-usd, x-venice-balance-diem", "decimal", "The balance before the request. Zero is left out."],
  ["x-venice-model-deprecation-warning, -date", "text, date", "The model will be retired."],
  ["x-venice-deprecated-replacement", "model id", "The model to use instead."],
  ["x-venice-is-content-violation", "true", "The image of this success is blocked."],
  ["PAYMENT-REQUIRED", "Base64 of JSON", "The x402 offer of a 402."],
  ["Link, Sunset, Deprecation", "as in their RFCs", "What follows a retired route, and since when it is gone."]
]

const headersPage = (): Page => ({
  path: "reference/headers.md",
  text: `# Headers

The headers that the decoder reads, and those that an encoded error is sent with. Every header is optional: a response
without any is decoded as well.

## Read from a response

| header | unit | meaning |
| --- | --- | --- |
${read.map(([name, unit, meaning]) => `| ${name.split(", ").map(code).join(", ")} | ${unit} | ${meaning} |`).join("\n")}

The hint of a response is \`Retry-After\` if it is usable. Otherwise, under status 429 only, it is the latest reset among
the budgets that are used up. A lockout names its wait in the message.

## Sent with an encoded error

\`Encode.headers\` and \`Gateway\` send these, and a browser may read them if you list \`Encode.headerNames\` in
\`Access-Control-Expose-Headers\`:

${Encode.headerNames.map((name) => `- ${code(name)}`).join("\n")}
`
})

/** The reference pages that are written from the modules. */
export const tablePages = (): ReadonlyArray<Page> => [operationsPage(), policiesPage(), headersPage()]
