/**
 * What Venice said about the fields of a rejected request.
 *
 * The raw JSON is kept untouched until somebody asks, since most rejections are only counted or logged. What is read
 * from it then is bounded in depth and in entries, so that a hostile body can neither overflow the stack nor the log.
 *
 * @internal
 */
import * as Predicate from "effect/Predicate"
import * as Schema from "effect/Schema"
import * as SchemaTransformation from "effect/SchemaTransformation"
import { excerpt } from "../redaction/excerpt.ts"
import { type Budget, prune, spend } from "../redaction/json.ts"
import { isSecretName, mark } from "../redaction/redact.ts"
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

/** One complaint about one field; an empty path means the request as a whole. */
export interface Issue {
  readonly path: ReadonlyArray<string | number>
  readonly message: string
  /** Zod's code, such as `invalid_type`, where Venice sent it. */
  readonly code?: string
}

const texts = (value: unknown, budget: Budget): ReadonlyArray<string> => {
  if (!Array.isArray(value)) return []
  const out: Array<string> = []
  for (const item of value) {
    if (typeof item !== "string") continue
    if (!spend(budget)) break
    out.push(excerpt(item, maxText))
  }
  return out
}

const isFields = (value: unknown): boolean => Predicate.isObject(value) && !Array.isArray(value)

const readTree = (value: unknown, depth: number, budget: Budget): Tree | undefined => {
  if (typeof value === "string") return value === "" ? undefined : { errors: [excerpt(value, maxText)], fields: {} }
  if (Array.isArray(value)) {
    const errors = texts(value, budget)
    return errors.length === 0 ? undefined : { errors, fields: {} }
  }
  if (!Predicate.isObject(value) || depth > maxDepth) return undefined
  const fields: Array<[string, Tree]> = []
  for (const [name, inner] of Object.entries(value)) {
    if (name === "_errors") continue
    if (!spend(budget)) break
    // What stands for a secret directly may be the secret; messages about it stand in its `_errors`.
    const said = isSecretName(name) && !isFields(inner) ? mark : inner
    const tree = readTree(said, depth + 1, budget)
    if (tree !== undefined) fields.push([excerpt(name, 200), tree])
  }
  const errors = texts((value as { readonly _errors?: unknown })._errors, budget)
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

const facts = ["expected", "received", "minimum", "maximum", "keys", "options"]

// Zod leaves the message out of some issues and puts it into the tree; what else the issue says then has to do.
const describe = (issue: Readonly<Record<string, unknown>>): string => {
  const last = Array.isArray(issue.path) ? issue.path.at(-1) : undefined
  const known = typeof last === "string" && isSecretName(last) ? ["expected"] : facts
  const said = known
    .filter((name) => issue[name] !== undefined)
    .map((name) => `${name} ${excerpt(JSON.stringify(prune(issue[name], 4, { entries: 20 })) ?? "", 200)}`)
  const code = typeof issue.code === "string" ? excerpt(issue.code, 200) : "invalid"
  return said.length === 0 ? code : `${code} (${said.join(", ")})`
}

const readIssues = (value: unknown, budget: Budget): ReadonlyArray<Issue & { readonly said: boolean }> => {
  if (!Array.isArray(value)) return []
  const out: Array<Issue & { readonly said: boolean }> = []
  for (const issue of value) {
    if (!Predicate.isObject(issue)) continue
    if (!spend(budget)) break
    const raw = issue as Readonly<Record<string, unknown>>
    const said = typeof raw.message === "string" && raw.message !== ""
    out.push({
      path: readPath(raw.path),
      message: said ? excerpt(raw.message as string, maxText) : describe(raw),
      ...(typeof raw.code === "string" ? { code: excerpt(raw.code, 200) } : undefined),
      said
    })
  }
  return out
}

const pathKey = (path: ReadonlyArray<string | number>): string => JSON.stringify(path.map(String))

/** The validation part of a body: `details` and `issues` as they were sent, read when first asked for. */
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
    const told = new Set(fromTree.map((issue) => pathKey(issue.path)))
    const issues = readIssues(this.#issues, { entries: maxEntries })
    // An issue repeats what the tree says of its path, with the array indices as numbers and with a code: keep the
    // issue's path and code, and every message of the tree.
    const exact = new Map<string, Issue>()
    for (const { said: _, ...issue } of issues) {
      const key = pathKey(issue.path)
      if (!exact.has(key)) exact.set(key, issue)
    }
    const out: Array<Issue> = []
    const seen = new Set<string>()
    const add = (issue: Issue) => {
      const key = `${pathKey(issue.path)} ${issue.message}`
      if (seen.has(key)) return
      seen.add(key)
      out.push(issue)
    }
    for (const { said, ...issue } of issues) {
      if (said || !told.has(pathKey(issue.path))) add(issue)
    }
    for (const issue of fromTree) {
      const twin = exact.get(pathKey(issue.path))
      add(twin === undefined ? issue : { ...twin, message: issue.message })
    }
    return out
  }

  toJSON(): typeof Raw.Type {
    const budget = { entries: maxEntries }
    return {
      ...(this.#details === undefined ? undefined : { details: prune(this.#details, maxDepth, budget) }),
      ...(this.#issues === undefined ? undefined : { issues: prune(this.#issues, maxDepth, budget) })
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

/** Encodes to the bounded copy; an encoded value decodes to a reader of the same. */
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

/** The first of two values that is a list, or the second where the first is an empty one. */
const fuller = (a: unknown, b: unknown): unknown =>
  Array.isArray(a) && (a.length > 0 || !Array.isArray(b) || b.length === 0) ? a : Array.isArray(b) ? b : undefined

/** The validation part of a body, in every place where Venice has put it. */
const partsOf = ({ body }: ErrorBody): Parts => {
  const context = body.context as { readonly issues?: unknown } | null | undefined
  return { details: body.details, issues: fuller(fuller(body.issues, body.error), context?.issues) }
}

/** The first message about a field, for a body that has no message of its own. */
export const firstMessage = (errorBody: ErrorBody): string | undefined =>
  new Validation(partsOf(errorBody)).issues.find(({ message }) => message.trim() !== "")?.message

/** The validation part of a longer body is not read: the error has the excerpt of the body. */
const maxBody = 1024 * 1024

/** The field `validation` of an error. */
export const validation: Field<Schema.optionalKey<typeof ValidationSchema>> = {
  schema: Schema.optionalKey(ValidationSchema),
  read: ({ received: { errorBody, input } }) => {
    if (input.body.length > maxBody) return undefined
    const parts = partsOf(errorBody)
    return parts.details === undefined && parts.issues === undefined ? undefined : new Validation(parts)
  },
  write: (validation) => validation?.toJSON() ?? {}
}
