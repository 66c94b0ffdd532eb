/** The entries of Venice's changelog that may concern this library: a person has to read them. */
import { parseFeed } from "htmlparser2"
import { marked } from "marked"
import { createHash } from "node:crypto"
import { Unusable } from "./input.ts"
import { isHtml, textOf, textOfHtml } from "./tables.ts"

export interface Entry {
  /** The last moment that the label of the entry can mean: the end of the month for `February, 2025`. */
  readonly until: Date | undefined
  /** As in the changelog: `2026-11-03`, `February, 2025`. */
  readonly label: string
  readonly title: string
  readonly text: string
}

export const topics = ["errors", "limits", "retirements"] as const

export type Topic = (typeof topics)[number]

const patterns: Readonly<Record<Topic, RegExp>> = {
  errors:
    /\berrors?\b|\bstatus(?:es)? codes?\b|\b[45]\d\d\b(?= (?:errors?|responses?|status))|\bHTTP [45]\d\d\b|\bfail(?:ure|ures|ed|s)?\b|\btime-?outs?\b|\bRetry-After\b|\b[A-Z]{3,}(?:_[A-Z0-9]+)+\b/i,
  limits: /\b(?:rate|spend|spending|size|request|token|concurren\w+)[ -]limit\w*|\blimits?\b|\bquotas?\b|\bthrottl\w+/i,
  retirements:
    /\bretir\w+|\bdeprecat\w+|\bsunset\w*|\bremov(?:e|ed|es|al|ing)\b|\bdiscontinu\w+|\breplaced by\b|\bno longer\b/i
}

/** The topics of an entry that concern this library. */
export const topicsOf = ({ text, title }: Entry): ReadonlyArray<Topic> =>
  topics.filter((topic) => patterns[topic].test(`${title}\n${text}`))

/** What identifies an entry: its words. */
export const fingerprint = ({ label, text, title }: Entry): string =>
  createHash("sha256").update(`${label}\n${title}\n${text}`).digest("hex").slice(0, 16)

const months = [
  "january",
  "february",
  "march",
  "april",
  "may",
  "june",
  "july",
  "august",
  "september",
  "october",
  "november",
  "december"
]

const endOfDay = (year: number, month: number, day: number): Date => new Date(Date.UTC(year, month, day + 1) - 1)

const dated: ReadonlyArray<readonly [RegExp, (parts: ReadonlyArray<string>) => Date]> = [
  [/\b(20\d\d)-(\d\d)-(\d\d)\b/, ([, year, month, day]) => endOfDay(Number(year), Number(month) - 1, Number(day))],
  [
    new RegExp(`\\b(${months.join("|")}) (\\d{1,2})(?:st|nd|rd|th)?,? (20\\d\\d)\\b`, "i"),
    ([, month, day, year]) => endOfDay(Number(year), months.indexOf(month!.toLowerCase()), Number(day))
  ],
  [
    new RegExp(`\\b(${months.join("|")}),? (20\\d\\d)\\b`, "i"),
    ([, month, year]) => endOfDay(Number(year), months.indexOf(month!.toLowerCase()) + 1, 0)
  ]
]

const untilOf = (label: string): Date | undefined => {
  for (const [pattern, read] of dated) {
    const parts = pattern.exec(label)
    if (parts !== null) return read(parts)
  }
  return undefined
}

const isDated = (title: string): boolean => untilOf(title) !== undefined && title.length < 60

/** A changelog of headings: a dated one begins a group, and every other one begins an entry of the group. */
const ofMarkdown = (text: string): ReadonlyArray<Entry> => {
  const entries: Array<{ label: string; title: string; lines: Array<string> }> = []
  // The label of Mintlify's component for an update is a heading of its own here.
  const plain = text.replace(/^---\n.*?\n---\n/s, "").replace(
    /^<Update\b[^>]*\blabel=["']([^"'>]{1,100})["'][^>]*>/gm,
    "\n# $1\n"
  ).replace(/^<\/Update>/gm, "").replace(/^ {1,3}(?=\S)/gm, "")
  let label = ""
  for (const token of marked.lexer(plain)) {
    if (token.type === "heading") {
      const title = textOf(token.tokens ?? [])
      if (isDated(title)) label = title
      if (label !== "") entries.push({ label, title, lines: [] })
    } else if (token.type !== "space") {
      entries.at(-1)?.lines.push(token.raw.trim())
    }
  }
  return entries.map((entry) => ({
    until: untilOf(entry.label),
    label: entry.label,
    title: entry.title,
    text: entry.lines.join("\n")
  })).filter((entry) => entry.text !== "" || entry.title !== entry.label)
}

const ofFeed = (text: string): ReadonlyArray<Entry> => {
  const feed = parseFeed(text)
  if (feed === null || feed.items.length === 0) throw new Unusable("is XML without an entry of RSS or Atom")
  return feed.items.map(({ description = "", pubDate, title = "" }) => ({
    until: pubDate,
    label: pubDate?.toISOString().slice(0, 10) ?? "undated",
    title: textOfHtml(title),
    text: textOfHtml(description)
  }))
}

/** Reads a changelog in Markdown, RSS or Atom. */
export const readChangelog = (text: string): ReadonlyArray<Entry> => {
  if (isHtml(text)) throw new Unusable("is a page in HTML: give the changelog as Markdown, RSS or Atom")
  if (/^\s*<(?:\?xml|rss|feed)[\s>]/i.test(text)) {
    if (!/<\/(?:rss|feed|rdf:rdf)>\s*$/i.test(text)) throw new Unusable("is XML that is cut off")
    return ofFeed(text)
  }
  const entries = ofMarkdown(text)
  if (entries.length === 0) throw new Unusable("has no dated entry")
  return entries
}
