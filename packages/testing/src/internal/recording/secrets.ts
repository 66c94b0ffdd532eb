/**
 * What must not be in a recording: the secrets of a request by their place.
 *
 * @internal
 */
import { Redact } from "@effect-venice/core"
import { secretsOf as secretsOfHeaders } from "../emulator/redaction.ts"

const isSecretName = (name: string): boolean => Redact.headers({ [name]: "" })[name] !== ""

const decodePercent = (text: string): string => {
  try {
    return decodeURIComponent(text.replaceAll("+", " "))
  } catch {
    return text
  }
}

const ofQuery = (query: string): ReadonlyArray<string> =>
  query.split("&").flatMap((pair) => {
    const [, value = ""] = pair.split(/=(.*)/s)
    // Redaction recognizes the parameter by its name.
    return value !== "" && Redact.text(`?${pair}`) !== `?${pair}` ? [value, decodePercent(value)] : []
  })

const maxDepth = 16

const ofJson = (value: unknown, depth = 0): ReadonlyArray<string> => {
  if (typeof value !== "object" || value === null || depth > maxDepth) return []
  return Object.entries(value).flatMap(([name, inner]) =>
    typeof inner === "string" ? (isSecretName(name) ? [inner] : []) : ofJson(inner, depth + 1)
  )
}

const parse = (bytes: Uint8Array): unknown => {
  try {
    return JSON.parse(new TextDecoder().decode(bytes))
  } catch {
    return undefined
  }
}

// A secret of a body may be a word of the server, too: `"token": "none"`.
const minLength = 8

export interface Places {
  readonly headers: Readonly<Record<string, string | undefined>>
  readonly query: string
  readonly body: Uint8Array
}

/** The secrets of a request: in its headers, its query and the members of its JSON body. */
export const secretsOf = ({ body, headers, query }: Places): ReadonlyArray<string> => [
  ...secretsOfHeaders(headers),
  ...ofQuery(query),
  ...ofJson(parse(body)).filter((secret) => secret.length >= minLength)
]

/** The password of a URL, or a token in its place, and its secret parameters. */
export const secretsOfUrl = (url: URL): ReadonlyArray<string> =>
  [
    ...(url.password === "" ? [url.username] : [url.password]).flatMap((text) => [text, decodePercent(text)]),
    ...ofQuery(url.search.slice(1))
  ].filter((text) => text !== "")
