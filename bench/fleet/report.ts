/** Figures as tables of Markdown. */
import { readFileSync } from "node:fs"
import { join } from "node:path"
import type { Figures } from "./figures.ts"
import { redisBound } from "./guarded.ts"
import type { Scenario } from "./scenarios.ts"

const seconds = (milliseconds: number): string => `${(milliseconds / 1000).toFixed(milliseconds < 10_000 ? 2 : 1)} s`

export const table = (head: ReadonlyArray<string>, lines: ReadonlyArray<ReadonlyArray<string>>): string =>
  [head, head.map(() => "---"), ...lines]
    .map((cells) => `| ${cells.map((text) => text.replaceAll("|", "\\|")).join(" | ")} |`).join("\n")

const head = [
  "",
  "calls",
  "failed",
  "requests",
  "of them hopeless",
  "lockouts",
  "refused by one",
  "charged twice",
  "p50",
  "p99",
  "recovery"
]

const row = (of: Figures): ReadonlyArray<string> => [
  of.subject,
  String(of.calls),
  of.failed === 0 ? "0" : `${of.failed} (${of.failures.map(([name, times]) => `${name} ${times}`).join(", ")})`,
  String(of.requests),
  String(of.hopeless),
  String(of.lockouts),
  String(of.lockedOut),
  String(of.chargedTwice),
  seconds(of.p50),
  seconds(of.p99),
  of.recovery === undefined ? "" : Number.isFinite(of.recovery) ? seconds(of.recovery) : "never"
]

export const tableOf = (figures: ReadonlyArray<Figures>): string => table(head, figures.map(row))

const versionOf = (name: string): string =>
  JSON.parse(readFileSync(join(import.meta.dirname, "..", "node_modules", name, "package.json"), "utf8")).version

export const reportOf = (
  scenarios: ReadonlyArray<Scenario>,
  figures: ReadonlyArray<Figures>,
  options: { readonly processes: number; readonly seed: number; readonly seconds: number | undefined }
): string => {
  const broken = figures.flatMap(({ broken, scenario, subject }) =>
    broken.map((text) => `${scenario}, ${subject}: ${text}`)
  )
  const sections = scenarios.map((scenario) => {
    const own = figures.filter((of) => of.scenario === scenario.name)
    return `## ${scenario.name[0]!.toUpperCase()}${scenario.name.slice(1)}\n\n${scenario.about} ${
      options.seconds ?? scenario.seconds
    } s of calls; a caller waits ${scenario.deadline / 1000} s.\n\n${tableOf(own)}`
  })
  return `# A fleet under trouble

Written by \`pnpm fleet\`: ${options.processes} processes that share an API key, with one Redis and one emulated Venice
(\`effect-venice emulate\`), each in a process of its own. Windows, limits, failure budget and lockout are Venice's, in real
time: 500 requests a minute (100 in the burst), 50 counted failures in 30 seconds. A success takes 100 ms, and 500 ms at the
99th percentile. Arrivals and chance come from the seed ${options.seed}, but the time of the machine does not, so figures differ
a little between runs.

- **all parts**: \`Resilience.execute\` with \`Resilience.layerRedis\` over \`BoundedRedis\`
- **Retry.standard**: \`VeniceClient\` with the policy alone
- **retryTransient**: \`HttpClient.retryTransient\` of Effect ${versionOf("effect")}, three times from 500 ms
- **openai**: \`openai\` ${versionOf("openai")}, \`chat.completions.create\`
- **AI SDK**: \`ai\` ${versionOf("ai")} with \`@ai-sdk/openai-compatible\` ${
    versionOf("@ai-sdk/openai-compatible")
  }, \`generateText\`

\`calls\` are those that should succeed: neither wrong nor of a broken model. \`failed\` are those whose caller saw a failure, by
its name. \`requests\` are all that Venice received; \`hopeless\` ones are of calls that cannot succeed. \`lockouts\` is how often
Venice locked the key out, followed by the requests that it refused for it. \`charged twice\` counts calls whose request Venice
ran more than once; the account's statement has the same sum. \`p50\` and \`p99\` are from the start of a call to its end,
success or failure. \`recovery\` is the time from the end of the trouble until every process had a success; where the trouble
is Redis's, from its beginning.

With all parts there must be no lockout, no call charged twice, and no call that its caller waited for longer than the deadline
plus ${redisBound} ms, the bound of Redis, plus the longest pause of the event loop of its process. ${
    broken.length === 0 ? "All of that holds." : `**Broken:**\n\n${broken.map((text) => `- ${text}`).join("\n")}`
  }

The other clients use no Redis, so in its scenarios they are left out.

${sections.join("\n\n")}
`
}
