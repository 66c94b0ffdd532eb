/** What Venice's OpenAPI description says about each operation: its failing statuses, and the names of its fields. */
import { parseDocument } from "yaml"
import { Unusable } from "./input.ts"

/** Names of fields, sorted: `usage.total_tokens`, or `data[].id` for a member of the items of an array. */
export interface Fields {
  /** The parameters in the query. */
  readonly query: ReadonlyArray<string>
  readonly request: ReadonlyArray<string>
  /** The fields of any success. */
  readonly response: ReadonlyArray<string>
  /** The fields of any failure. */
  readonly failure: ReadonlyArray<string>
}

export interface Described {
  readonly statuses: ReadonlyArray<number>
  readonly fields: Fields
}

export interface Description {
  readonly version: string
  /** By method and path: `POST /chat/completions`. */
  readonly operations: ReadonlyMap<string, Described>
}

type Json = Readonly<Record<string, unknown>>

const isObject = (u: unknown): u is Json => typeof u === "object" && u !== null && !Array.isArray(u)
const object = (u: unknown): Json => isObject(u) ? u : {}
const array = (u: unknown): ReadonlyArray<unknown> => Array.isArray(u) ? u : []

const methods = ["get", "put", "post", "delete", "options", "head", "patch", "trace"]

const firstLine = (error: unknown): string => String(error instanceof Error ? error.message : error).split("\n")[0]!

const parse = (text: string): unknown => {
  try {
    if (/^\s*[{[]/.test(text)) return JSON.parse(text)
    const document = parseDocument(text, { uniqueKeys: true, logLevel: "silent" })
    const [error] = document.errors
    if (error !== undefined) throw error
    // The expansion of aliases is limited, so that a small text cannot become a large value.
    return document.toJS({ maxAliasCount: 100 })
  } catch (error) {
    throw new Unusable(`is neither YAML nor JSON: ${firstLine(error)}`)
  }
}

/** A value that may be a reference into the description. */
const resolver = (root: Json) => {
  const resolve = (value: unknown, followed: ReadonlyArray<string> = []): Json => {
    const ref = object(value).$ref
    if (typeof ref !== "string") return object(value)
    if (!ref.startsWith("#/")) throw new Unusable(`refers to another file: ${ref.slice(0, 100)}`)
    if (followed.includes(ref)) throw new Unusable(`refers to itself: ${ref.slice(0, 100)}`)
    const target = ref.slice(2).split("/").map((part) => part.replaceAll("~1", "/").replaceAll("~0", "~")).reduce<
      unknown
    >((parent, part) => Object.hasOwn(object(parent), part) ? object(parent)[part] : undefined, root)
    if (target === undefined) throw new Unusable(`refers to what is not in it: ${ref.slice(0, 100)}`)
    return resolve(target, [...followed, ref])
  }
  return resolve
}

/** How many levels of names are compared: `a`, and `a.b`. */
const maxLevels = 2

/** How far alternatives and arrays inside each other are followed. */
const maxNesting = 20

const namesIn = (resolve: (value: unknown) => Json, schema: unknown): ReadonlyArray<string> => {
  const names = new Set<string>()
  const visit = (value: unknown, prefix: string, level: number, nesting: number): void => {
    if (level > maxLevels || nesting > maxNesting) return
    const found = resolve(value)
    for (const alternatives of [found.allOf, found.anyOf, found.oneOf]) {
      for (const alternative of array(alternatives)) visit(alternative, prefix, level, nesting + 1)
    }
    // An array at the root has no name of its own: its members are those of the body.
    if (found.items !== undefined) visit(found.items, prefix === "" ? "" : `${prefix}[]`, level, nesting + 1)
    for (const [name, property] of Object.entries(object(found.properties))) {
      const path = prefix === "" ? name : `${prefix}.${name}`
      names.add(path)
      visit(property, path, level + 1, nesting + 1)
    }
  }
  visit(schema, "", 1, 0)
  return [...names]
}

const sorted = (names: ReadonlyArray<string>): ReadonlyArray<string> => [...new Set(names)].sort()

const describe = (resolve: (value: unknown) => Json, operation: Json, shared: unknown, name: string): Described => {
  const responses = Object.entries(object(operation.responses))
  if (responses.length === 0) throw new Unusable(`describes no response of ${name}: it may be cut off`)
  const bodyOf = (value: unknown): ReadonlyArray<string> =>
    Object.values(object(resolve(value).content)).flatMap((media) => namesIn(resolve, object(media).schema ?? {}))
  const bodiesOf = (status: RegExp): ReadonlyArray<string> =>
    sorted(responses.filter(([key]) => status.test(key)).flatMap(([, response]) => bodyOf(response)))
  const parameters = [...array(shared), ...array(operation.parameters)].map((parameter) => resolve(parameter))
  return {
    statuses: responses.map(([key]) => Number(key)).filter((key) => key >= 400 && key < 600).sort((a, b) => a - b),
    fields: {
      query: sorted(parameters.filter((parameter) => parameter.in === "query").map(({ name: key }) => String(key))),
      request: sorted(bodyOf(operation.requestBody)),
      response: bodiesOf(/^2/),
      failure: bodiesOf(/^[45]/)
    }
  }
}

const withoutBase = (path: string): string => path.replace(/^\/api\/v1(?=\/)/, "")

const operationsOf = (root: Json): ReadonlyMap<string, Described> => {
  const resolve = resolver(root)
  return new Map(
    Object.entries(object(root.paths)).flatMap(([path, value]) => {
      const item = resolve(value)
      return methods.filter((method) => isObject(item[method])).map((method) => {
        const name = `${method.toUpperCase()} ${withoutBase(path)}`
        return [name, describe(resolve, object(item[method]), item.parameters, name)] as const
      })
    })
  )
}

/** Reads an OpenAPI 3 description in YAML or JSON. */
export const readDescription = (text: string): Description => {
  if (/^\s*</.test(text)) throw new Unusable("is HTML or XML, and no OpenAPI description")
  const root = parse(text)
  if (!isObject(root)) throw new Unusable("is no OpenAPI description: it is no object")
  if (root.swagger !== undefined) {
    throw new Unusable(`is a description of Swagger ${String(root.swagger)}: OpenAPI 3 is expected`)
  }
  if (!String(root.openapi).startsWith("3.") || !isObject(root.paths)) {
    throw new Unusable("is no OpenAPI 3 description: `openapi` or `paths` is missing")
  }
  try {
    return { version: String(object(root.info).version ?? "unknown"), operations: operationsOf(root) }
  } catch (error) {
    if (error instanceof RangeError) throw new Unusable("is nested too deeply")
    throw error
  }
}
