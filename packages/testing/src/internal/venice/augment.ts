/**
 * Text of documents, web pages and search results. The emulator fetches nothing: pages and results are made up.
 *
 * @internal
 */
import * as Effect from "effect/Effect"
import { z } from "zod/v3"
import { text } from "../wire/response.ts"
import * as Check from "./check.ts"
import * as Refuse from "./refusal.ts"
import type { Handler } from "./run.ts"
import { charged, ok } from "./run.ts"
import * as Text from "./text.ts"

const price = { usd: 0.01, isQuoted: true }

const parserBody = z.object({ response_format: z.enum(["json", "text"]).default("json") }).passthrough()

const textual = /^text\/|\/(?:json|xml|yaml|x-yaml|toml|javascript|typescript)$/
const textFiles =
  /(?:\.(?:txt|md|csv|tsv|jsonl?|ya?ml|toml|xml|html?|log|py|tsx?|jsx?|go|rs|c|cpp|java|sh|sql|tex|rtf)|Dockerfile|Makefile)$/i
const documents = /\.(?:pdf|epub|docx|pptx|xlsx|xls)$/i

const decoder = new TextDecoder()

export const parseText: Handler = (call, state) =>
  Effect.gen(function*() {
    const { response_format } = yield* Check.body(call, parserBody)
    const file = call.files.get("file")?.[0]
    if (file === undefined) return yield* Refuse.message(400, "No file provided")
    const isText = textual.test(file.type) || textFiles.test(file.name)
    if (!isText && !documents.test(file.name)) return yield* Refuse.message(400, "Unsupported file type")
    const content = isText ? decoder.decode(file.bytes) : `Emulated text of ${file.name}.`
    if (content.trim() === "" || file.bytes.length === 0) {
      return yield* Refuse.message(400, "No text content could be extracted from the file.")
    }
    return yield* charged(
      call,
      state,
      price,
      response_format === "text"
        ? Effect.sync(() => ({ response: text(200, content) }))
        : ok({ text: content, tokens: Text.tokensOf(content.length) })
    )
  })

const scrapeBody = z.object({ url: z.string().url() }).strict()

const blockedHosts: ReadonlyArray<readonly [RegExp, string]> = [
  [/^(?:(?:www|mobile)\.)?(?:x|twitter)\.com$/i, "X (formerly Twitter) blocks automated access to their content."],
  [/^(?:(?:www|old|new)\.)?reddit\.com$/i, "Reddit blocks automated access to their content."],
  [
    /^(?:localhost|127\.|10\.|192\.168\.|169\.254\.|172\.(?:1[6-9]|2\d|3[01])\.|0\.|\[)|\.(?:local|internal)$/i,
    "URL is not allowed: private or internal addresses cannot be scraped."
  ]
]

export const scrape: Handler = (call, state) =>
  Effect.gen(function*() {
    const { url } = yield* Check.body(call, scrapeBody)
    const parsed = new URL(url)
    if (!/^https?:$/.test(parsed.protocol) || parsed.username !== "" || parsed.password !== "") {
      return yield* Refuse.message(400, "Invalid URL")
    }
    const blocked = blockedHosts.find(([host]) => host.test(parsed.hostname))
    if (blocked !== undefined) return yield* Refuse.message(400, blocked[1])
    return yield* charged(
      call,
      state,
      price,
      ok({ url, content: `# Emulated page\n\nThis is an emulated page of ${parsed.hostname}.`, format: "markdown" })
    )
  })

const searchBody = z.object({
  query: z.string().trim().min(1).max(400),
  limit: z.number().int().min(1).max(20).default(10),
  search_provider: z.enum(["brave", "google"]).default("brave")
}).strict()

export const search: Handler = (call, state) =>
  Effect.gen(function*() {
    const { limit, query, search_provider } = yield* Check.body(call, searchBody)
    const length = Math.min(limit, search_provider === "brave" ? 10 : 5)
    const results = Array.from({ length }, (_, i) => ({
      title: `Emulated result ${i + 1}`,
      url: `https://example.com/emulated/${i + 1}`,
      content: `An emulated result for: ${query}`,
      date: "2026-01-01"
    }))
    return yield* charged(call, state, price, ok({ query, results }))
  })
