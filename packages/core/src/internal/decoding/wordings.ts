/**
 * How Venice words its errors: which message, under which status, means which class.
 *
 * The wordings stand in the rows of `Errors`. Every one is anchored at the start of the message, so that provider prose
 * that contains a phrase somewhere means nothing. A pattern is more specific than a beginning, and a longer beginning
 * than a shorter one. Matching takes time linear in the message.
 *
 * @internal
 */
import * as Errors from "../../Errors.ts"
import type { VeniceErrorClass } from "../../VeniceError.ts"
import type { Captured } from "./fields.ts"

/** A wording that matched: its class, and its named groups. */
export interface Match {
  readonly Class: VeniceErrorClass
  readonly captured: Captured
}

interface Beginning {
  readonly Class: VeniceErrorClass
  readonly statuses: ReadonlyArray<number>
  /** In lower case. The message equals it, or continues with something else than a letter or a digit. */
  readonly start: string
}

interface Pattern {
  readonly Class: VeniceErrorClass
  readonly pattern: RegExp
}

/** The longest part of a message that is looked at. */
const maxLength = 1024

/** Lower case, without what varies: backticks, curly apostrophes, a final full stop. */
const normalize = (message: string): string => {
  const lower = message.slice(0, maxLength).toLowerCase()
  const text =
    (lower.includes("`") || lower.includes("\u2019") ? lower.replaceAll("`", "").replaceAll("\u2019", "'") : lower)
      .trim()
  return text.endsWith(".") ? text.slice(0, -1) : text
}

/** The first sentence, which stays when Venice adds to a documented message or leaves its advice out. */
const firstSentence = (message: string): string => normalize(message.split(/\.(?:\s|$)/, 1)[0]!)

const verbatim = new Map<string, VeniceErrorClass>()
const normalized = new Map<string, VeniceErrorClass>()
const beginnings: Array<Beginning> = []
const patterns: Array<Pattern> = []

for (const Class of Object.values(Errors) as ReadonlyArray<VeniceErrorClass>) {
  const { hasOwnMessage = false, alsoAnswered = [], wordings = [] } = Class["~row"]
  const statuses = [Class.status, ...alsoAnswered]
  if (!hasOwnMessage) {
    verbatim.set(Class.defaultMessage, Class)
    normalized.set(normalize(Class.defaultMessage), Class)
    beginnings.push({ Class, statuses, start: firstSentence(Class.defaultMessage) })
  }
  for (const wording of wordings) {
    if (typeof wording === "string") beginnings.push({ Class, statuses, start: wording })
    else patterns.push({ Class, pattern: wording })
  }
}
beginnings.sort((a, b) => b.start.length - a.start.length)

interface Rules {
  readonly beginnings: ReadonlyArray<Beginning>
  readonly patterns: ReadonlyArray<Pattern>
}

const everyRule: Rules = { beginnings, patterns }

const byStatus = new Map<number, Rules>()

/** The rules that hold under a status. Inside a success (an event of a stream) there is no such status: all hold. */
const rulesOf = (status: number, isInSuccess: boolean): Rules => {
  if (isInSuccess) return everyRule
  let rules = byStatus.get(status)
  if (rules === undefined) {
    rules = {
      beginnings: beginnings.filter(({ statuses }) => statuses.includes(status)),
      patterns: patterns.filter(({ Class }) => Class.status === status)
    }
    // Only statuses of the table are kept, so that a server cannot make the map grow.
    if (rules.beginnings.length + rules.patterns.length > 0) byStatus.set(status, rules)
  }
  return rules
}

const isWordCharacter = (text: string, at: number): boolean => at < text.length && /[a-z0-9]/.test(text[at]!)

const begins = (text: string, start: string): boolean =>
  text.startsWith(start) && !(isWordCharacter(start, start.length - 1) && isWordCharacter(text, start.length))

const none: Captured = {}

/** The class a message means under a status, or nothing. */
export const match = (message: string, status: number, isInSuccess: boolean): Match | undefined => {
  const documented = verbatim.get(message)
  if (documented !== undefined && documented.status === status) return { Class: documented, captured: none }
  const text = normalize(message)
  const equal = normalized.get(text)
  if (equal !== undefined && (isInSuccess || equal.status === status)) return { Class: equal, captured: none }
  const { beginnings, patterns } = rulesOf(status, isInSuccess)
  const head = patterns.length === 0 ? "" : message.slice(0, maxLength).trim()
  for (const { Class, pattern } of patterns) {
    const found = pattern.exec(head)
    if (found !== null) return { Class, captured: found.groups ?? none }
  }
  const first = text.charCodeAt(0)
  const begun = beginnings.find(({ start }) => start.charCodeAt(0) === first && begins(text, start))
  return begun === undefined ? undefined : { Class: begun.Class, captured: none }
}

/** What the wordings of a class that something else decided capture from the message. */
export const capture = (Class: VeniceErrorClass, message: string): Captured | undefined => {
  const head = message.slice(0, maxLength).trim()
  for (const wording of Class["~row"].wordings ?? []) {
    const groups = typeof wording === "string" ? undefined : wording.exec(head)?.groups
    if (groups !== undefined) return groups
  }
  return undefined
}
