/**
 * The wordings of errors: which message, under which status, means which class.
 *
 * The rows of `Errors` declare the wordings. Each is anchored at the start of the message, so that a provider's text
 * that contains a phrase somewhere does not match. A pattern is more specific than a beginning, and a longer beginning
 * than a shorter one. Matching takes time linear in the message.
 *
 * @internal
 */
import type { VeniceErrorClass } from "../../VeniceError.ts"
import { byCode } from "../../VeniceError.ts"
import { lazy } from "../lazy.ts"
import type { Captured } from "./fields.ts"

export interface Match {
  readonly Class: VeniceErrorClass
  readonly captured: Captured
  /** What the message matched: the documented message of the class, a beginning in lower case, or a pattern. */
  readonly wording: string | RegExp
}

interface Beginning {
  readonly Class: VeniceErrorClass
  readonly statuses: ReadonlyArray<number>
  /** In lower case. A match ends at the end of a word. */
  readonly start: string
}

interface ClassPatterns {
  readonly Class: VeniceErrorClass
  readonly statuses: ReadonlyArray<number>
  readonly follow: RegExp | undefined
  readonly contain: RegExp | undefined
  /** Matches what one of the patterns matches. Most messages match none, and one pattern is faster than sixty. */
  readonly any: () => RegExp
  readonly patterns: ReadonlyArray<RegExp>
}

const namedGroup = /\(\?<\w+>/g

// With these flags a pattern matches at least what it matches with its own.
const anyOf = (patterns: ReadonlyArray<RegExp>): RegExp =>
  new RegExp(patterns.map(({ source }) => source.replace(namedGroup, "(?:")).join("|"), "is")

/** Matching looks only at this much of a message. */
const maxLength = 1024

/** Lower case, without the characters that vary: backticks, curly apostrophes, a final full stop. */
const normalize = (message: string): string => {
  const lower = message.slice(0, maxLength).toLowerCase()
  const text =
    (lower.includes("`") || lower.includes("\u2019") ? lower.replaceAll("`", "").replaceAll("\u2019", "'") : lower)
      .trim()
  return text.endsWith(".") ? text.slice(0, -1) : text
}

/** The part of a message that patterns are matched against, with straight apostrophes. */
const headOf = (message: string): string => message.slice(0, maxLength).trim().replaceAll("\u2019", "'")

/** The first sentence. Venice may append to a documented message, or omit the advice that follows. */
const firstSentence = (message: string): string => normalize(message.split(/\.\s/, 1)[0]!)

interface StatusWordings {
  readonly beginnings: ReadonlyArray<Beginning>
  readonly patterns: ReadonlyArray<ClassPatterns>
}

interface Tables {
  /** The documented messages. */
  readonly verbatim: ReadonlyMap<string, VeniceErrorClass>
  readonly normalized: ReadonlyMap<string, VeniceErrorClass>
  readonly all: StatusWordings
  /** The wordings that apply under a status. */
  readonly byStatus: ReadonlyMap<number, StatusWordings>
}

const noWordings: StatusWordings = { beginnings: [], patterns: [] }

const under = (status: number, { beginnings, patterns }: StatusWordings): StatusWordings => ({
  beginnings: beginnings.filter(({ statuses }) => statuses.includes(status)),
  patterns: patterns.filter(({ statuses }) => statuses.includes(status))
})

const tables = lazy((): Tables => {
  const verbatim = new Map<string, VeniceErrorClass>()
  const normalized = new Map<string, VeniceErrorClass>()
  const beginnings: Array<Beginning> = []
  const patterns: Array<ClassPatterns> = []
  for (const Class of byCode.values()) {
    const { hasUndocumentedMessage, otherStatuses = [], patternsContain, patternsFollow, wordings = [] } = Class["~row"]
    const statuses = [Class.status, ...otherStatuses]
    if (hasUndocumentedMessage !== true) {
      verbatim.set(Class.defaultMessage, Class)
      normalized.set(normalize(Class.defaultMessage), Class)
      beginnings.push({ Class, statuses, start: firstSentence(Class.defaultMessage) })
    }
    for (const start of wordings) if (typeof start === "string") beginnings.push({ Class, statuses, start })
    const ofClass = wordings.filter((wording) => typeof wording !== "string")
    if (ofClass.length > 0) {
      patterns.push({
        Class,
        statuses,
        follow: patternsFollow,
        contain: patternsContain,
        any: lazy(() => anyOf(ofClass)),
        patterns: ofClass
      })
    }
  }
  beginnings.sort((a, b) => b.start.length - a.start.length)
  const all: StatusWordings = { beginnings, patterns }
  const statuses = new Set([...beginnings, ...patterns].flatMap((wording) => wording.statuses))
  const byStatus = new Map(Array.from(statuses, (status) => [status, under(status, all)]))
  return { verbatim, normalized, all, byStatus }
})

const isWordCharacter = (text: string, at: number): boolean => at < text.length && /[a-z0-9]/.test(text[at]!)

const beginsWith = (text: string, start: string): boolean =>
  text.startsWith(start) && !(isWordCharacter(start, start.length - 1) && isWordCharacter(text, start.length))

const none: Captured = {}

/** The first of the patterns that matches, with what it captures. */
const exec = ({ Class, any, contain, follow, patterns }: ClassPatterns, head: string): Match | undefined => {
  if (contain?.test(head) === false) return undefined
  const text = follow === undefined ? head : head.replace(follow, "")
  if (patterns.length > 1 && !any().test(text)) return undefined
  for (const pattern of patterns) {
    const result = pattern.exec(text)
    if (result !== null) return { Class, captured: result.groups ?? none, wording: pattern }
  }
  return undefined
}

const documented = (Class: VeniceErrorClass): Match => ({ Class, captured: none, wording: Class.defaultMessage })

/** The class that a message means under a status, or nothing. */
export const match = (message: string, status: number, isInSuccess: boolean): Match | undefined => {
  const { all, byStatus, normalized, verbatim } = tables()
  const same = verbatim.get(message)
  if (same !== undefined && same.status === status) return documented(same)
  const text = normalize(message)
  const equal = normalized.get(text)
  if (equal !== undefined && (isInSuccess || equal.status === status)) return documented(equal)
  // In a stream the status is 200, so all wordings apply.
  const { beginnings, patterns } = isInSuccess ? all : byStatus.get(status) ?? noWordings
  const head = patterns.length === 0 ? "" : headOf(message)
  for (const ofClass of patterns) {
    const found = exec(ofClass, head)
    if (found !== undefined) return found
  }
  const first = text.charCodeAt(0)
  const beginning = beginnings.find(({ start }) => start.charCodeAt(0) === first && beginsWith(text, start))
  return beginning === undefined ? undefined : { Class: beginning.Class, captured: none, wording: beginning.start }
}

/** The groups that the wordings of a class capture, when a machine code has decided the class. */
export const capture = (Class: VeniceErrorClass, message: string): Captured | undefined => {
  const { patternsFollow, wordings = [] } = Class["~row"]
  const head = patternsFollow === undefined ? headOf(message) : headOf(message).replace(patternsFollow, "")
  for (const wording of wordings) {
    const groups = typeof wording === "string" ? undefined : wording.exec(head)?.groups
    if (groups !== undefined) return groups
  }
  return undefined
}
