/**
 * Texts of emulated models: the number of their tokens, and answers that are made of the request.
 *
 * @internal
 */

/** Venice's own estimate of the number of tokens. */
export const tokensOf = (length: number): number => Math.ceil(length / 3.2)

/** The pieces in which a text is streamed; each counts as a token. */
export const piecesOf = (text: string): ReadonlyArray<string> => text.match(/\s*\S+\s*$|\s*\S+/g) ?? []

const maxQuoted = 200

const cut = (text: string): string => {
  const line = text.replace(/\s+/g, " ").trim()
  return line.length <= maxQuoted ? line : `${line.slice(0, maxQuoted)}…`
}

/** An answer to a prompt, the same for the same prompt. */
export const answerTo = (prompt: string): string =>
  cut(prompt) === "" ? "This is an emulated answer." : `This is an emulated answer to: ${cut(prompt)}`

export const thoughtsOn = (prompt: string): string => `The user wrote ${cut(prompt).length} characters.`

/** Ends a text before the first of the stop sequences. */
export const stopAt = (text: string, stops: ReadonlyArray<string>): string => {
  const ends = stops.map((stop) => stop === "" ? -1 : text.indexOf(stop)).filter((end) => end >= 0)
  return ends.length === 0 ? text : text.slice(0, Math.min(...ends))
}

type Schema = Readonly<Record<string, unknown>>

const isObject = (value: unknown): value is Schema =>
  typeof value === "object" && value !== null && !Array.isArray(value)

const maxDepth = 12

const numberIn = ({ exclusiveMinimum, maximum, minimum }: Schema): number => {
  if (typeof minimum === "number") return minimum
  if (typeof exclusiveMinimum === "number") return exclusiveMinimum + 1
  return typeof maximum === "number" && maximum < 1 ? maximum : 1
}

const textIn = ({ format, minLength }: Schema): string => {
  switch (format) {
    case "date":
      return "2026-01-01"
    case "date-time":
      return "2026-01-01T00:00:00Z"
    case "email":
      return "user@example.com"
    case "uri":
      return "https://example.com"
    case "uuid":
      return "00000000-0000-4000-8000-000000000000"
    default:
      return "emulated".padEnd(typeof minLength === "number" ? Math.min(minLength, 1000) : 0, ".")
  }
}

/** A value that a JSON Schema accepts: the smallest one of the common keywords. */
export const instanceOf = (schema: unknown, root: unknown = schema, depth = 0): unknown => {
  if (!isObject(schema) || depth > maxDepth) return null
  if (schema.const !== undefined) return schema.const
  if (Array.isArray(schema.enum) && schema.enum.length > 0) return schema.enum[0]
  if (typeof schema.$ref === "string") {
    const path = schema.$ref.replace(/^#\//, "").split("/")
    const target = path.reduce<unknown>((node, name) => isObject(node) ? node[name] : undefined, root)
    return instanceOf(target, root, depth + 1)
  }
  const alternatives = [schema.anyOf, schema.oneOf, schema.allOf].find(Array.isArray)
  if (alternatives !== undefined) return instanceOf(alternatives[0], root, depth + 1)
  switch (Array.isArray(schema.type) ? schema.type[0] : schema.type) {
    case "string":
      return textIn(schema)
    case "integer":
    case "number":
      return numberIn(schema)
    case "boolean":
      return true
    case "null":
      return null
    case "array": {
      const length = typeof schema.minItems === "number" ? Math.min(schema.minItems, 100) : 1
      return Array.from({ length }, () => instanceOf(schema.items, root, depth + 1))
    }
    default: {
      const properties = isObject(schema.properties) ? Object.entries(schema.properties) : []
      return Object.fromEntries(properties.map(([name, value]) => [name, instanceOf(value, root, depth + 1)]))
    }
  }
}
