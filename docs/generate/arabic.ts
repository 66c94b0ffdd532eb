/** What is left in English on an Arabic page, outside of code. */
import { VeniceError } from "@effect-venice/core"

/** Names, units and formats that have no Arabic form. */
const names = new Set(
  (
    "AI API APIs Anthropic Base64 DIEM Effect HAR HTTP JPEG JSON JavaScript LangChain MOV MP3 MP4 Node PNG Pro SDK TEE "
    + "USD Venice WAV WebM curl effect-venice nonce openai p50 p95 x402"
  ).split(" ")
)

const isAllowed = (word: string): boolean => names.has(word) || VeniceError.isCode(word)

/** The Markdown without code, addresses, and words in parentheses that explain an Arabic one: `الرموز (tokens)`. */
const prose = (markdown: string): string =>
  markdown
    .replace(/^```.*?^```$/gms, " ")
    .replace(/<!--.*?-->/gs, " ")
    .replace(/(`+)(?!`).*?(?<!`)\1(?!`)/gs, " ")
    .replace(/\]\([^)\s]*\)/g, "] ")
    .replace(/<?https?:\/\/[^\s>]+>?/g, " ")
    .replace(/(?<=[\p{Script=Arabic}\p{M}] )\([A-Za-z]+(?: [A-Za-z]+)?\)/gu, " ")
    .replace(/\{[a-z]+\}/g, " ")
    // Options of `curl`.
    .replace(/(?<=\bcurl) -[a-z]/g, " ")

/** The words in Latin letters on an Arabic page that are no code and no name. */
export const englishIn = (markdown: string): ReadonlyArray<string> =>
  (prose(markdown).match(/[A-Za-z][\w.'’+-]*/g) ?? []).map((word) => word.replace(/[.'’+-]+$/, "")).filter((word) =>
    !isAllowed(word)
  )
