/** Requests to the emulated Venice without sockets. */
import { Decode, Operation } from "@effect-venice/core"
import type { VeniceError } from "@effect-venice/core"
import type { Dynamics, WireResponse } from "@effect-venice/testing"
import { Effect } from "effect"
import * as Venice from "../../src/internal/venice/venice.ts"

export interface Ask {
  readonly body?: unknown
  readonly headers?: Readonly<Record<string, string>>
  readonly query?: string
  /** An inference key by default; `undefined` for none. */
  readonly key?: string | undefined
}

export interface Answer {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly body: WireResponse.WireResponse["body"]
  readonly text: string
  readonly json: any
  readonly error: VeniceError.VeniceError | undefined
}

export const textOf = (body: WireResponse.WireResponse["body"]): string =>
  typeof body === "string"
    ? body
    : body instanceof Uint8Array
    ? new TextDecoder("latin1").decode(body)
    : body.map(({ data }) => textOf(data)).join("")

const parsed = (text: string): any => {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

const answerOf = ({ body, headers, status }: WireResponse.WireResponse, now: number): Answer => {
  const text = textOf(body)
  const error = status < 400 ? undefined : Decode.response({ status, headers, body: text, now })
  return { status, headers, body, text, json: parsed(text), error }
}

export interface Client {
  readonly venice: Venice.Venice
  /** Sends a request by method and path, such as `POST /chat/completions`. */
  readonly ask: (route: string, options?: Ask) => Effect.Effect<Answer>
}

const encoder = new TextEncoder()

/** A form with texts and files. */
export const form = (
  fields: Readonly<Record<string, string | { readonly name: string; readonly bytes: Uint8Array | string }>>
): Pick<Ask, "body" | "headers"> => {
  const boundary = "----emulated"
  const parts: Array<Uint8Array> = []
  for (const [name, value] of Object.entries(fields)) {
    const disposition = typeof value === "string" ? "" : `; filename="${value.name}"`
    const type = typeof value === "string" ? "" : "Content-Type: application/octet-stream\r\n"
    const content = typeof value === "string" ? value : value.bytes
    parts.push(
      encoder.encode(`--${boundary}\r\nContent-Disposition: form-data; name="${name}"${disposition}\r\n${type}\r\n`)
    )
    parts.push(typeof content === "string" ? encoder.encode(content) : content)
    parts.push(encoder.encode("\r\n"))
  }
  parts.push(encoder.encode(`--${boundary}--\r\n`))
  const body = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0))
  let offset = 0
  for (const part of parts) {
    body.set(part, offset)
    offset += part.length
  }
  return {
    body,
    headers: { "content-type": `multipart/form-data; boundary=${boundary}` }
  }
}

const bodyOf = (body: unknown): string | Uint8Array =>
  body === undefined ? "" : typeof body === "string" || body instanceof Uint8Array ? body : JSON.stringify(body)

export const clientOf = (venice: Venice.Venice): Client => ({
  venice,
  ask: (route, options = {}) => {
    const [method = "", target = ""] = route.split(" ")
    const [path = "", query = options.query] = target.split("?")
    const { body, headers } = options
    const key = "key" in options ? options.key : "some-key"
    const request: Venice.Request = {
      method,
      path: `/api/v1${path}`,
      query,
      operation: Operation.fromRequest(method, path),
      headers: {
        ...(body !== undefined && { "content-type": "application/json" }),
        ...(key !== undefined && { authorization: `Bearer ${key}` }),
        ...headers
      },
      body: bodyOf(body)
    }
    return Effect.map(
      Effect.all([venice.respond(request), Effect.clockWith((clock) => clock.currentTimeMillis)]),
      ([response, now]) => answerOf(response, now)
    )
  }
})

/** An emulated Venice with these dynamics. */
export const make = (dynamics: Dynamics.Dynamics = {}): Effect.Effect<Client> =>
  Effect.map(Venice.make({ dynamics }), clientOf)

export const chat = { model: "llama-3.3-70b", messages: [{ role: "user", content: "Hello, Venice" }] }

/** The data of the events of a stream, without `[DONE]`. */
export const eventsOf = ({ text }: Answer): ReadonlyArray<any> =>
  text.split("\n\n").flatMap((event) => {
    const data = event.split("\n").find((line) => line.startsWith("data: "))?.slice(6)
    return data === undefined || data === "[DONE]" ? [] : [JSON.parse(data)]
  })
