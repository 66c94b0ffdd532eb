/**
 * The field `validation` of an error: Venice's messages about the fields of a rejected request.
 *
 * The JSON is parsed on first access, because most errors are only counted or logged. Parsing is bounded in depth and
 * in entries, so that a hostile body can overflow neither the stack nor the log.
 *
 * @internal
 */
import * as Predicate from "effect/Predicate"
import * as Schema from "effect/Schema"
import * as SchemaTransformation from "effect/SchemaTransformation"
import { excerpt } from "../redaction/excerpt.ts"
import { prune, type Remaining, takeEntry } from "../redaction/json.ts"
import { isSecretName, placeholder } from "../redaction/redact.ts"
import type { ErrorBody } from "./errorBody.ts"
import type { Field } from "./fields.ts"

const maxDepth = 32
const maxEntries = 1000
const maxText = 2048

/** The messages about one field of the request, and about the fields inside it. */
export interface Tree {
  readonly errors: ReadonlyArray<string>
  readonly fields: Readonly<Record<string, Tree>>
}

/** One message about one field of the request. An empty path means the whole request. */
export interface Issue {
  readonly path: ReadonlyArray<string | number>
  readonly message: string
  /** Zod's code, such as `invalid_type`, if Venice sent it. */
  readonly code?: string
}

const texts = (value: unknown, remaining: Remaining): ReadonlyArray<string> => {
  if (!Array.isArray(value)) return []
  const out: Array<string> = []
  for (const item of value) {
    if (typeof item !== "string") continue
    if (!takeEntry(remaining)) break
    out.push(excerpt(item, maxText))
  }
  return out
}

const isObject = (value: unknown): boolean => Predicate.isObject(value) && !Array.isArray(value)

const readTree = (value: unknown, depth: number, remaining: Remaining): Tree | undefined => {
  if (typeof value === "string") return value === "" ? undefined : { errors: [excerpt(value, maxText)], fields: {} }
  if (Array.isArray(value)) {
    const errors = texts(value, remaining)
    return errors.length === 0 ? undefined : { errors, fields: {} }
  }
  if (!Predicate.isObject(value) || depth > maxDepth) return undefined
  const fields: Array<[string, Tree]> = []
  for (const [name, inner] of Object.entries(value)) {
    if (name === "_errors") continue
    if (!takeEntry(remaining)) break
    // Directly under the name of a secret may be its value; messages are in `_errors`, one level deeper.
    const redacted = isSecretName(name) && !isObject(inner) ? placeholder : inner
    const tree = readTree(redacted, depth + 1, remaining)
    if (tree !== undefined) fields.push([excerpt(name, 200), tree])
  }
  const errors = texts((value as { readonly _errors?: unknown })._errors, remaining)
  return errors.length === 0 && fields.length === 0 ? undefined : { errors, fields: Object.fromEntries(fields) }
}

const flatten = (tree: Tree, path: ReadonlyArray<string>, out: Array<Issue>): void => {
  for (const message of tree.errors) out.push({ path, message })
  for (const [name, inner] of Object.entries(tree.fields)) flatten(inner, [...path, name], out)
}

const readPath = (value: unknown): ReadonlyArray<string | number> => {
  if (!Array.isArray(value)) return []
  const steps = value.slice(0, maxDepth).filter((step) => typeof step === "string" || typeof step === "number")
  return steps.map((step) => typeof step === "string" ? excerpt(step, 200) : step)
}

const describedMembers = ["expected", "received", "minimum", "maximum", "keys", "options"]

// Some of Zod's issues have their message only in the tree. Without it, the other members describe the issue.
const describe = (issue: Readonly<Record<string, unknown>>): string => {
  const last = Array.isArray(issue.path) ? issue.path.at(-1) : undefined
  const names = typeof last === "string" && isSecretName(last) ? ["expected"] : describedMembers
  const descriptions = names
    .filter((name) => issue[name] !== undefined)
    .map((name) => `${name} ${excerpt(JSON.stringify(prune(issue[name], 4, { entries: 20 })), 200)}`)
  const code = typeof issue.code === "string" ? excerpt(issue.code, 200) : "invalid"
  return descriptions.length === 0 ? code : `${code} (${descriptions.join(", ")})`
}

interface ReadIssue extends Issue {
  /** Whether the message is Zod's, and not a description. */
  readonly hasMessage: boolean
}

const readIssues = (value: unknown, remaining: Remaining): ReadonlyArray<ReadIssue> => {
  if (!Array.isArray(value)) return []
  const out: Array<ReadIssue> = []
  for (const issue of value) {
    if (!Predicate.isObject(issue)) continue
    if (!takeEntry(remaining)) break
    const raw = issue as Readonly<Record<string, unknown>>
    const hasMessage = typeof raw.message === "string" && raw.message !== ""
    out.push({
      path: readPath(raw.path),
      message: hasMessage ? excerpt(raw.message as string, maxText) : describe(raw),
      ...(typeof raw.code === "string" ? { code: excerpt(raw.code, 200) } : undefined),
      hasMessage
    })
  }
  return out
}

const pathKey = (path: ReadonlyArray<string | number>): string => JSON.stringify(path.map(String))

/** The members `details` and `issues` of a body, which are parsed on first access. */
export class Validation {
  readonly #details: unknown
  readonly #issues: unknown
  #tree: Tree | undefined
  #list: ReadonlyArray<Issue> | undefined

  constructor(raw: { readonly details?: unknown; readonly issues?: unknown }) {
    this.#details = raw.details
    this.#issues = raw.issues
  }

  get details(): Tree | undefined {
    return this.#tree ??= readTree(this.#details, 0, { entries: maxEntries })
  }

  get issues(): ReadonlyArray<Issue> {
    return this.#list ??= this.#read()
  }

  #read(): ReadonlyArray<Issue> {
    const fromTree: Array<Issue> = []
    if (this.details !== undefined) flatten(this.details, [], fromTree)
    const pathsInTree = new Set(fromTree.map((issue) => pathKey(issue.path)))
    const issues = readIssues(this.#issues, { entries: maxEntries })
    // Tree and issues repeat each other. An issue also has a code and array indices as numbers, the tree may have more
    // messages: keep path and code of the issue, and every message of the tree.
    const issueByPath = new Map<string, Issue>()
    for (const { hasMessage: _, ...issue } of issues) {
      const key = pathKey(issue.path)
      if (!issueByPath.has(key)) issueByPath.set(key, issue)
    }
    const out: Array<Issue> = []
    const seen = new Set<string>()
    const add = (issue: Issue) => {
      const key = `${pathKey(issue.path)} ${issue.message}`
      if (seen.has(key)) return
      seen.add(key)
      out.push(issue)
    }
    for (const { hasMessage, ...issue } of issues) {
      if (hasMessage || !pathsInTree.has(pathKey(issue.path))) add(issue)
    }
    for (const issue of fromTree) {
      const twin = issueByPath.get(pathKey(issue.path))
      add(twin === undefined ? issue : { ...twin, message: issue.message })
    }
    return out
  }

  toJSON(): typeof Raw.Type {
    const remaining = { entries: maxEntries }
    return {
      ...(this.#details === undefined ? undefined : { details: prune(this.#details, maxDepth, remaining) }),
      ...(this.#issues === undefined ? undefined : { issues: prune(this.#issues, maxDepth, remaining) })
    }
  }
}

const Raw = Schema.Struct({
  details: Schema.optionalKey(Schema.Json),
  issues: Schema.optionalKey(Schema.Json)
})

const transformation = SchemaTransformation.transform<Validation, typeof Raw.Type>({
  decode: (raw) => new Validation(raw),
  encode: (validation) => validation.toJSON()
})

/** Encodes to the bounded, redacted copy of the JSON. */
const ValidationSchema: Schema.Codec<Validation, typeof Raw.Encoded> = Raw.pipe(
  Schema.decodeTo(
    Schema.declare((u): u is Validation => u instanceof Validation, {
      toCodecJson: () => Schema.link<Validation>()(Raw, transformation)
    }),
    transformation
  )
)

interface Parts {
  readonly details?: unknown
  readonly issues?: unknown
}

/** The first of two values that is a list. A list with entries wins over an empty one. */
const preferredList = (a: unknown, b: unknown): unknown =>
  Array.isArray(a) && (a.length > 0 || !Array.isArray(b) || b.length === 0) ? a : Array.isArray(b) ? b : undefined

/** The parts from all members where Venice sends or used to send them. */
const partsOf = ({ body }: ErrorBody): Parts => {
  const context = body.context as { readonly issues?: unknown } | null | undefined
  return { details: body.details, issues: preferredList(preferredList(body.issues, body.error), context?.issues) }
}

/** The first message about a field, for a body that has no message. */
export const firstMessage = (errorBody: ErrorBody): string | undefined =>
  new Validation(partsOf(errorBody)).issues.find(({ message }) => message.trim() !== "")?.message

/** In a longer body, `details` and `issues` are ignored; the error still has an excerpt of the body. */
const maxBodyLength = 1024 * 1024

export const validation: Field<Schema.optionalKey<typeof ValidationSchema>> = {
  get schema() {
    return Schema.optionalKey(ValidationSchema)
  },
  read: ({ received: { errorBody, input } }) => {
    if (input.body.length > maxBodyLength) return undefined
    const parts = partsOf(errorBody)
    return parts.details === undefined && parts.issues === undefined ? undefined : new Validation(parts)
  },
  write: (validation) => validation?.toJSON() ?? {}
}
