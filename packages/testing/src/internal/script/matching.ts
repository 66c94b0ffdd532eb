/**
 * Whether a rule is for a request, and if not, why.
 *
 * @internal
 */
import { json, model, type Received, route } from "../emulator/received.ts"
import type { Rule } from "./rule.ts"

const compiled = new Map<string, RegExp>()

const maxCompiled = 1000

/** A pattern in which `*` is any text and `{name}` one segment of a path. */
const toRegExp = (pattern: string): RegExp => {
  const known = compiled.get(pattern)
  if (known !== undefined) return known
  const source = pattern.replace(
    /\{\w+\}|\*+|[.+?^${}()|[\]\\]/g,
    (part) => part.startsWith("*") ? ".*" : part.startsWith("{") && part.length > 1 ? "[^/]+" : `\\${part}`
  )
  const out = new RegExp(`^${source}$`, "s")
  if (compiled.size >= maxCompiled) compiled.clear()
  compiled.set(pattern, out)
  return out
}

const matches = (pattern: string, text: string): boolean => pattern === text || toRegExp(pattern).test(text)

const aliases: Readonly<Record<string, string>> = { "POST /systemone": "POST /decisions" }

const isTarget = (on: string, request: Received): boolean => {
  if (on === request.operation || on === aliases[request.operation ?? ""]) return true
  if (!on.includes("*")) return false
  const line = `${request.method} ${route(request)}`
  return matches(on, on.startsWith("/") ? route(request) : line)
}

const isObject = (u: unknown): u is Readonly<Record<string, unknown>> => typeof u === "object" && u !== null

/** Objects have the members, arrays have the elements in this order, everything else is equal. */
const includes = (actual: unknown, expected: unknown): boolean => {
  if (Array.isArray(expected)) {
    if (!Array.isArray(actual)) return false
    let from = 0
    return expected.every((element) => {
      while (from < actual.length && !includes(actual[from], element)) from++
      return from++ < actual.length
    })
  }
  return isObject(expected)
    ? isObject(actual) &&
      Object.entries(expected).every(([key, value]) => Object.hasOwn(actual, key) && includes(actual[key], value))
    : Object.is(actual, expected)
}

const shorten = (text: string): string => text.length > 100 ? `${text.slice(0, 100)}…` : text

const quote = (value: unknown): string => value === undefined ? "absent" : shorten(JSON.stringify(value))

/** The first member of the expected body that the actual body has not. */
const difference = (actual: unknown, expected: unknown, path = "body"): string => {
  if (isObject(expected) && !Array.isArray(expected) && isObject(actual)) {
    const key = Object.keys(expected).find((key) => !includes(actual[key], expected[key]))
    if (key !== undefined) return difference(actual[key], expected[key], `${path}.${key}`)
  }
  return `${path} is ${quote(actual)} instead of ${quote(expected)}`
}

type Condition = (rule: Rule, request: Received) => string | undefined

const conditions: ReadonlyArray<Condition> = [
  ({ on }, request) =>
    on === undefined || isTarget(on, request)
      ? undefined
      : `the request is ${request.method} ${route(request)}`,
  ({ method }, request) =>
    method === undefined || method.toUpperCase() === request.method ? undefined : `the method is ${request.method}`,
  ({ path }, request) =>
    path === undefined || matches(path, route(request)) ? undefined : `the path is ${route(request)}`,
  (rule, request) => {
    if (rule.model === undefined) return undefined
    const actual = model(request)
    return actual !== undefined && matches(rule.model, actual) ? undefined : `the model is ${quote(actual)}`
  },
  (rule, { headers }) => {
    const name = Object.keys(rule.headers ?? {}).find((name) => {
      const actual = headers[name.toLowerCase()]
      return actual === undefined || !matches(rule.headers![name]!, actual)
    })
    if (name === undefined) return undefined
    return `the header ${name} is ${headers[name.toLowerCase()] === undefined ? "absent" : "another"}`
  },
  (rule, request) => {
    if (rule.body === undefined) return undefined
    const actual = json(request)
    return includes(actual, rule.body) ? undefined : difference(actual, rule.body)
  },
  ({ when }, request) => when === undefined || when(request) ? undefined : "the predicate is false"
]

/** Whether a rule is for a request. */
export const isMatch = (rule: Rule, request: Received): boolean =>
  conditions.every((condition) => condition(rule, request) === undefined)

/** Why a rule is not for a request, one reason for each condition. Without secrets. */
export const mismatches = (rule: Rule, request: Received): ReadonlyArray<string> =>
  conditions.map((condition) => condition(rule, request)).filter((reason) => reason !== undefined)

const actionOf = (rule: Rule): ReadonlyArray<string> => [
  ...(rule.fail === undefined ? [] : [`fail with ${rule.fail._tag}`]),
  ...(rule.respond === undefined ? [] : [`respond with ${rule.respond.status}`]),
  ...(rule.disconnect === undefined ? [] : ["disconnect"]),
  ...(["delay", "pace", "drip"] as const).filter((name) => rule[name] !== undefined)
]

/** A rule in a few words, for a message. */
export const describe = (rule: Rule): string => {
  const { body, headers, method, model, on, path, when } = rule
  const parts = [
    on ?? ([method, path].filter(Boolean).join(" ") || "any request"),
    ...(model === undefined ? [] : [`model ${JSON.stringify(model)}`]),
    ...Object.keys(headers ?? {}).map((name) => `header ${name}`),
    ...(body === undefined ? [] : [`body ${shorten(JSON.stringify(body))}`]),
    ...(when === undefined ? [] : ["a predicate"])
  ]
  return `${parts.join(", ")}: ${actionOf(rule).join(", ") || "pass"}`
}
