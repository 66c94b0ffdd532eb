/** A comparison of clients: how each one reports the same responses of the same server. Writes `bench/CLIENTS.md`. */
import { fork, spawn } from "node:child_process"
import { once } from "node:events"
import { readFileSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { type Case, cases } from "./clients/cases.ts"
import type { Observation } from "./clients/observe.ts"
import { wordsOf } from "./clients/observe.ts"

const here = import.meta.dirname

const versionOf = (name: string, from = here): string =>
  JSON.parse(readFileSync(join(from, "node_modules", name, "package.json"), "utf8")).version

const ours = JSON.parse(readFileSync(join(here, "..", "packages", "http", "package.json"), "utf8")).version

const clients: ReadonlyArray<readonly [name: string, made: string]> = [
  ["openai", `\`openai\` ${versionOf("openai")}, \`chat.completions.create\``],
  ["openai with our fetch", `the same with \`fetch: make()\` of \`@effect-venice/fetch\` ${ours}`],
  [
    "AI SDK",
    `\`ai\` ${versionOf("ai")} with \`@ai-sdk/openai-compatible\` ${versionOf("@ai-sdk/openai-compatible")}, `
    + "`generateText` and `streamText`"
  ],
  ["AI SDK with our fetch", "the same with our `fetch`"],
  [
    "fetch",
    `\`fetch\` of Node ${process.versions.node}, \`throw new Error(await response.text())\` unless \`response.ok\``
  ],
  ["effect-venice", `\`@effect-venice/http\` ${ours} over \`fetch\`, with \`Retry.standard\``]
]

interface Seen extends Observation {
  readonly given: Case
  readonly requests: number
}

const observe = async (client: string): Promise<ReadonlyArray<Seen>> => {
  const server = fork(join(here, "clients", "server.ts"))
  const [url] = await once(server, "message") as [string]
  const child = spawn(process.execPath, [join(here, "clients", "observe.ts"), client, url], {
    stdio: ["ignore", "pipe", "inherit"]
  })
  let out = ""
  child.stdout.on("data", (text) => out += text)
  await once(child, "close")
  server.send("count")
  const [counts] = await once(server, "message") as [Record<string, number>]
  server.disconnect()
  return out.trim().split("\n").map((line, n) => ({ ...JSON.parse(line), given: cases[n]!, requests: counts[n] ?? 0 }))
}

// Venice advises never to retry these, or only after a change of the request, the key or the account.
const never: ReadonlySet<number> = new Set([400, 401, 402, 403, 404, 409, 410, 413, 415, 422])

const seconds = (milliseconds: number): string =>
  milliseconds < 10_000 ? String(Math.round(milliseconds / 100) / 10) : String(Math.round(milliseconds / 1000))

const letter = (kept: "field" | "kept" | "lost", mark: string): string =>
  kept === "field" ? ` ${mark}` : kept === "kept" ? ` (${mark})` : ""

const cell = ({ error, requests, waits }: Seen): string => {
  const times = requests === 1
    ? ""
    : ` ×${requests}${waits.length === 0 ? "" : ` (${waits.map(seconds).join(", ")} s)`}`
  if (error === undefined) return `a success${times}`
  const { codes, hint, leaks, message, name, requestId, status } = error
  const code = codes.filter((code) => code !== "UNRECOGNIZED_RESPONSE").map((code) => ` \`${code}\``).join("")
  const kept = letter(message, "m") + letter(requestId, "i") + letter(hint, "h")
  const leaked = leaks.length === 0 ? "" : ` **${leaks.join(", ")}**`
  return `${name}${status === null ? "" : ` ${status}`}${code}${kept}${leaked}${times}`
}

/** What a program can distinguish errors by, without comparing texts. */
const identity = ({ error }: Seen): string => JSON.stringify([error?.name, error?.status, error?.codes])

const count = <A>(items: ReadonlyArray<A>, is: (item: A) => boolean): number => items.filter(is).length

interface Row {
  readonly name: string
  readonly of: (seen: ReadonlyArray<Seen>) => string
}

const kept = (seen: ReadonlyArray<Seen>, part: "message" | "requestId" | "hint"): string => {
  const field = count(seen, ({ error }) => error?.[part] === "field")
  const among = count(seen, ({ error }) => error?.[part] === "kept")
  return `${field}${among === 0 ? "" : ` (and ${among} among kept headers or body)`}`
}

const isHinted = ({ given, requests }: Seen): boolean => given.hint !== undefined && requests > 0

const isInside = ({ given, waits }: Seen): boolean => waits.length > 0 && waits[0]! < given.hint!

const isAgain = ({ requests }: Seen): boolean => requests > 1

const groupOf = (seen: ReadonlyArray<Seen>, ...groups: ReadonlyArray<Case["group"]>) =>
  seen.filter(({ given }) => groups.includes(given.group))

const sizeOf = (is: (given: Case) => boolean): number => count(cases, is)

const isNever = ({ status }: Case): boolean => never.has(status)

const rows: ReadonlyArray<Row> = [
  {
    name: "documented codes with a class, status and fields of their own, of 40",
    of: (seen) => {
      const codes = groupOf(seen, "documented code").map(identity)
      return String(count(codes, (code) => codes.indexOf(code) === codes.lastIndexOf(code)))
    }
  },
  {
    name: "documented codes that `errorOf` of `@effect-venice/fetch` finds in the error, of 40",
    of: (seen) => String(count(groupOf(seen, "documented code"), ({ error, given }) => error?.found === given.expected))
  },
  {
    name: `server's message in \`error.message\`, of ${sizeOf((given) => wordsOf(given) !== "")}`,
    of: (seen) => kept(seen.filter(({ given }) => wordsOf(given) !== ""), "message")
  },
  {
    name: `request id (\`CF-RAY\`) in a field, of ${sizeOf(({ group }) => group !== "lost")}`,
    of: (seen) => kept(seen.filter(({ given }) => given.group !== "lost"), "requestId")
  },
  {
    name: `server's hint in a field, of ${sizeOf(({ hint }) => hint !== undefined)}`,
    of: (seen) => kept(seen.filter(isHinted), "hint")
  },
  {
    name: "of those: retried, not before the hint",
    of: (seen) => String(count(seen, (one) => isHinted(one) && isAgain(one) && !isInside(one)))
  },
  {
    name: "of those: retried before the hint",
    of: (seen) => String(count(seen, (one) => isHinted(one) && isAgain(one) && isInside(one)))
  },
  {
    name: "of those: not retried",
    of: (seen) => String(count(seen, (one) => isHinted(one) && !isAgain(one)))
  },
  {
    name: `retried although a retry cannot help, of ${sizeOf(isNever)}`,
    of: (seen) => {
      const again = seen.filter((one) => isNever(one.given) && isAgain(one))
      return `${again.length}${again.length === 0 ? "" : ` (${again.map(({ id }) => id).join(", ")})`}`
    }
  },
  {
    name: `retried although the lost response may be billed, of ${sizeOf(({ group }) => group === "lost")}`,
    of: (seen) => String(count(groupOf(seen, "lost"), isAgain))
  },
  {
    name: `key or wallet signature in the error, of ${sizeOf(({ group }) => group === "echo")} responses that echo it`,
    of: (seen) => String(count(groupOf(seen, "echo"), ({ error }) => error !== undefined && error.leaks.length > 0))
  },
  {
    name: `the same, of ${sizeOf(({ group }) => group !== "echo")} that do not`,
    of: (seen) =>
      String(count(seen, ({ error, given }) => given.group !== "echo" && error !== undefined && error.leaks.length > 0))
  },
  {
    name: "prompt in the error",
    of: (seen) => String(count(seen, ({ error }) => error?.hasPrompt === true))
  },
  {
    name: `errors inside a stream reported as a success, of ${sizeOf(({ group }) => group === "stream")}`,
    of: (seen) => String(count(groupOf(seen, "stream"), ({ error }) => error === undefined))
  },
  {
    name: `requests sent for ${cases.length} calls`,
    of: (seen) => String(seen.reduce((sum, { requests }) => sum + requests, 0))
  }
]

const titles: Readonly<Record<Case["group"], string>> = {
  "documented code": "A documented code: `{\"error\": \"<its message>\"}` under its status",
  response: "Captured and documented responses",
  wait: "Responses with a hint",
  echo: "Responses that echo a credential",
  lost: "Lost responses",
  stream: "Errors inside a stream"
}

const table = (head: ReadonlyArray<string>, lines: ReadonlyArray<ReadonlyArray<string>>): string =>
  [head, head.map(() => "---"), ...lines]
    .map((cells) => `| ${cells.map((text) => text.replaceAll("|", "\\|")).join(" | ")} |`).join("\n")

const seen = await Promise.all(clients.map(([name]) => observe(name)))

const names = clients.map(([name]) => name)

const sections = (Object.keys(titles) as ReadonlyArray<Case["group"]>).map((group) => {
  const lines = cases.flatMap((given, n) =>
    given.group === group
      ? [[given.id, given.status === 0 ? "" : String(given.status), ...seen.map((of) => cell(of[n]!))]]
      : []
  )
  return `## ${titles[group]}\n\n${table(["", "status", ...names], lines)}`
})

writeFileSync(
  join(here, "CLIENTS.md"),
  `# How clients report Venice's responses

Written by \`pnpm clients\`. A bare \`node:http\` server in a process of its own sends ${cases.length} responses to each client
with its default settings. Delays between attempts pass at once, and random numbers are 0.5.

${clients.map(([name, made]) => `- **${name}**: ${made}`).join("\n")}

The other clients call chat completions for every response, the only operation of Venice that they all support;
effect-venice calls the operation of the response, if it is recorded. Only the thrown error is compared: a caller who keeps
the response can read more from it, and a caller who compares the 40 documented messages can distinguish the codes with any
client. effect-venice retries with a policy only; openai and the AI SDK retry by default, \`fetch\` does not. The AI SDK keeps the
request, and so the prompt, in its errors by itself.
\`@anthropic-ai/sdk\` is left out, because it calls another route than OpenAI's.

${table(["", ...names], rows.map(({ name, of }) => [name, ...seen.map(of)]))}

In the tables below, a cell has the class of the error, its status and codes, and marks: \`m\` for the server's message in
\`error.message\`, \`i\` for the request id and \`h\` for the hint in a field; in parentheses if they are only among the kept
headers or in the kept body. **key** and **signature** mark a secret in \`String(error)\`, \`JSON.stringify(error)\` or
\`inspect(error, { depth: 10 })\`, with or without custom inspection. ×3 is the number of requests, followed by the delays
between them.

${sections.join("\n\n")}
`
)

console.log(table(["", ...names], rows.map(({ name, of }) => [name, ...seen.map(of)])))
