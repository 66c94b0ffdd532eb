/**
 * A request as a way in passes it on.
 *
 * @internal
 */
import { Operation } from "@effect-venice/core"
import type { Headers } from "effect/http/Headers"
import type { Received } from "../../Emulator.ts"

/** The path of the base URL. */
export const prefix = "/api/v1"

export type { Received }

const decoder = new TextDecoder()

export const make = (
  method: string,
  path: string,
  query: string,
  headers: Headers,
  bytes: Uint8Array
): Received => ({
  method,
  path,
  query,
  operation: Operation.fromRequest(method, path),
  headers,
  body: decoder.decode(bytes),
  bytes
})

/** The path below the base URL. */
export const route = ({ path }: Received): string => path.startsWith(`${prefix}/`) ? path.slice(prefix.length) : path

const parse = (text: string): unknown => {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

const parsed = new WeakMap<Received, unknown>()

/** The body as JSON, or nothing. */
export const json = (request: Received): unknown => {
  if (!parsed.has(request)) parsed.set(request, parse(request.body))
  return parsed.get(request)
}

/** The model in a JSON body, a multipart form or a query. */
export const model = (request: Received): string | undefined => {
  const body = json(request)
  if (typeof body === "object" && body !== null && "model" in body) return String(body.model)
  const field = /name="model"\r\n(?:[^\r\n]+\r\n)*\r\n([^\r\n]*)\r\n/.exec(request.body)
  return field?.[1] ?? new URLSearchParams(request.query).get("model") ?? undefined
}
