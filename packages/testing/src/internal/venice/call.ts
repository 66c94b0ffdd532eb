/**
 * A request as the handlers of the operations see it: routed, parsed and authenticated.
 *
 * @internal
 */
import type { Operation } from "@effect-venice/core"
import type { Draw } from "./draw.ts"

/** A request as the emulator received it. */
export interface Request {
  readonly method: string
  /** Without the query. */
  readonly path: string
  /** Without the question mark. Empty by default. */
  readonly query?: string | undefined
  readonly operation: Operation.Operation | undefined
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string | undefined>>
  readonly body: string | Uint8Array
  /** The bytes of the body, where `body` is a text: a form with files is no text. */
  readonly bytes?: Uint8Array | undefined
}

export interface File {
  readonly name: string
  readonly type: string
  readonly bytes: Uint8Array
}

/** Who sent the request. `id` is no secret. */
export type Caller =
  | { readonly kind: "anonymous"; readonly id: "anonymous" }
  | { readonly kind: "key"; readonly id: string; readonly key: Key }
  | { readonly kind: "wallet"; readonly id: string }

/** An API key, as `GET /api_keys` lists it. */
export interface Key {
  readonly id: string
  readonly type: "ADMIN" | "INFERENCE"
  readonly description: string
  readonly createdAt: number
  readonly expiresAt: number | undefined
  readonly last6: string
  readonly isInactive: boolean
  readonly isFree: boolean
  readonly limits: { readonly diem?: number | undefined; readonly usd?: number | undefined }
  readonly limitPeriod: "EPOCH" | "MONTH" | "LIFETIME"
  readonly privacy: "ALL" | "PRIVATE_TEXT" | "PRIVATE_ONLY"
}

export interface Call {
  /** The `CF-RAY` of the response, and the id of its charges. */
  readonly id: string
  /** When the request arrived, in epoch milliseconds. */
  readonly now: number
  readonly operation: Operation.Operation
  /** The parameters of the path. */
  readonly parameters: Readonly<Record<string, string>>
  readonly query: URLSearchParams
  readonly headers: Readonly<Record<string, string | undefined>>
  /** The JSON body, or the fields of a form; an empty object without a body. */
  readonly body: unknown
  readonly text: string
  readonly files: ReadonlyMap<string, ReadonlyArray<File>>
  readonly isForm: boolean
  readonly caller: Caller
  readonly draw: Draw
}

const templates = new Map<string, ReadonlyArray<string>>()

const templateOf = (operation: string): ReadonlyArray<string> => {
  const known = templates.get(operation)
  if (known !== undefined) return known
  const segments = operation.slice(operation.indexOf(" ") + 1).split("/").filter((segment) => segment !== "")
  templates.set(operation, segments)
  return segments
}

const decodeSegment = (segment: string): string => {
  try {
    return decodeURIComponent(segment)
  } catch {
    return segment
  }
}

/** The parameters in the path of an operation, decoded. */
export const parametersOf = (operation: string, path: string): Readonly<Record<string, string>> => {
  const template = templateOf(operation)
  if (!operation.includes("{")) return {}
  const segments = path.split("/").filter((segment) => segment !== "").slice(-template.length)
  return Object.fromEntries(
    template.flatMap((segment, i) =>
      segment.startsWith("{") ? [[segment.slice(1, -1), decodeSegment(segments[i] ?? "")]] : []
    )
  )
}

/** A member of a JSON value, if it is an object that has one. */
export const memberOf = (json: unknown, name: string): unknown =>
  typeof json === "object" && json !== null && Object.hasOwn(json, name)
    ? (json as Readonly<Record<string, unknown>>)[name]
    : undefined
