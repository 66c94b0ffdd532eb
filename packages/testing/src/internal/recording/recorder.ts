/**
 * Exchanges while they happen, and the line of each when it has ended.
 *
 * @internal
 */
import { Operation, Redact } from "@effect-venice/core"
import * as DateTime from "effect/DateTime"
import type { Exchange } from "./format.ts"
import * as Format from "./format.ts"
import { type Places, secretsOf } from "./secrets.ts"
import { margin, member, type Piece, redactPieces } from "./text.ts"

export interface Limits {
  /** How many bytes of the body of a request are kept. */
  readonly request: number
  /** How many bytes of the body of a response are kept. */
  readonly response: number
}

export const defaultLimits: Limits = { request: 2 ** 20, response: 8 * 2 ** 20 }

// The platform reads the body by these, and a body that is redacted has another length.
const transport = /^(?:connection|keep-alive|proxy-connection|te|trailer|transfer-encoding|upgrade|content-length)$/

export interface Sent extends Places {
  readonly method: string
  readonly path: string
}

export interface Ended {
  readonly outcome: typeof Format.Outcome.Type
  readonly error?: unknown
}

interface Head {
  readonly status: number
  readonly headers: Readonly<Record<string, string | undefined>>
  readonly after: number
}

/** One exchange. Its methods take the time in epoch milliseconds. */
export interface Recorded {
  readonly head: (response: Omit<Head, "after">, now: number) => void
  readonly chunk: (bytes: Uint8Array, now: number) => void
  /** The line of the exchange. Nothing if it has ended before. */
  readonly end: (end: Ended, now: number) => string | undefined
}

// A body that arrives byte by byte does not need a line of a gigabyte.
const maxChunks = 20_000

/** The pieces of a body, bounded. Those of the same millisecond are one. */
const collector = (max: number) => {
  const pieces: Array<{ after: number; parts: Array<Uint8Array> }> = []
  let kept = 0
  let bytes = 0
  return {
    add: (part: Uint8Array, after: number) => {
      bytes += part.length
      if (part.length === 0 || kept >= max + margin) return
      const copy = part.slice(0, max + margin - kept)
      kept += copy.length
      const last = pieces.at(-1)
      if (last !== undefined && (last.after === after || pieces.length >= maxChunks)) last.parts.push(copy)
      else pieces.push({ after, parts: [copy] })
    },
    pieces: (): ReadonlyArray<Piece> => pieces.map(({ after, parts }) => ({ after, bytes: Buffer.concat(parts) })),
    bytes: () => bytes,
    isCut: () => bytes > kept
  }
}

const codeOf = (error: unknown, depth = 0): string | undefined => {
  if (typeof error !== "object" || error === null || depth > 5) return undefined
  if ("code" in error && typeof error.code === "string") return error.code
  const inner = "cause" in error ? error.cause : undefined
  return codeOf(inner, depth + 1) ?? ("reason" in error ? codeOf(error.reason, depth + 1) : undefined)
}

const messageOf = (error: unknown): string => {
  const cause = typeof error === "object" && error !== null && "reason" in error
      && typeof error.reason === "object" && error.reason !== null && "cause" in error.reason
    ? error.reason.cause
    : error
  const inner = cause instanceof Error && cause.cause instanceof Error ? `${cause.message}: ${cause.cause.message}` : ""
  return inner || (cause instanceof Error ? cause.message : String(cause))
}

const redactHeaders = (headers: Head["headers"], redact: (text: string) => string): Record<string, string> => {
  const out: Record<string, string> = {}
  for (const [name, value] of Object.entries(Redact.headers(headers))) {
    if (!transport.test(name.toLowerCase())) out[redact(name)] = redact(value)
  }
  return out
}

/** Every text of the exchange that somebody else wrote. */
const textsOf = ({ end, request, response }: Exchange): ReadonlyArray<string> => [
  request.path,
  request.query ?? "",
  ...Object.entries(request.headers).flat(),
  request.body.text ?? "",
  ...Object.entries(response?.headers ?? {}).flat(),
  (response?.body.chunks ?? []).map(({ text = "" }) => text).join(""),
  end.error?.message ?? ""
]

const withheld = { isWithheld: true as const }

/** The exchange without everything that could hold a secret. */
const withhold = ({ response, ...exchange }: Exchange): Exchange => ({
  ...exchange,
  request: {
    method: exchange.request.method,
    path: "/",
    headers: {},
    body: { bytes: exchange.request.body.bytes, ...withheld }
  },
  ...(response !== undefined && {
    response: { ...response, headers: {}, body: { bytes: response.body.bytes, chunks: [], ...withheld } }
  }),
  end: { outcome: exchange.end.outcome, after: exchange.end.after }
})

const isClean = (exchange: Exchange, redact: (text: string) => string): boolean =>
  textsOf(exchange).every((text) => redact(text) === text)

export const open = (
  sent: Sent,
  options: { readonly id: number; readonly limits: Limits; readonly secrets: ReadonlyArray<string> },
  now: number
): Recorded => {
  const secrets = [...options.secrets, ...secretsOf(sent)]
  const known = Redact.secrets(secrets)
  const redact = (text: string) => Redact.text(known(text))
  const response = collector(options.limits.response)
  let head: Head | undefined
  let isEnded = false

  const requestBody = (): typeof Format.RequestBody.Type => {
    const bytes = sent.body.length
    if (bytes === 0) return { bytes }
    const { request: max } = options.limits
    const kept = sent.body.subarray(0, max + margin)
    const { isCut, isText, texts } = redactPieces([{ bytes: kept, after: 0 }], {
      isCut: kept.length < bytes,
      max,
      redact
    })
    return { bytes, ...member(texts.join(""), isText), ...(isCut && { isCut: true as const }) }
  }

  const responseBody = (): typeof Format.ResponseBody.Type => {
    const pieces = response.pieces()
    const { isCut, isText, texts } = redactPieces(pieces, {
      isCut: response.isCut(),
      max: options.limits.response,
      redact
    })
    return {
      bytes: response.bytes(),
      chunks: pieces.map(({ after }, i) => ({ after, ...member(texts[i]!, isText) })).filter(
        (chunk) => "text" in chunk ? chunk.text !== "" : chunk.base64 !== ""
      ),
      ...(isCut && { isCut: true as const })
    }
  }

  const exchangeOf = ({ error, outcome }: Ended, after: number): Exchange => {
    const operation = Operation.fromRequest(sent.method, sent.path)
    const code = codeOf(error)
    return {
      id: options.id,
      at: DateTime.makeUnsafe(now),
      request: {
        method: sent.method,
        path: redact(sent.path),
        ...(sent.query !== "" && { query: redact(`?${sent.query}`).slice(1) }),
        ...(operation !== undefined && { operation }),
        headers: redactHeaders(sent.headers, redact),
        body: requestBody()
      },
      ...(head !== undefined && {
        response: {
          after: head.after,
          status: head.status,
          headers: redactHeaders(head.headers, redact),
          body: responseBody()
        }
      }),
      end: {
        outcome,
        after,
        ...(error !== undefined && {
          error: {
            message: redact(messageOf(error)).slice(0, 2048),
            ...(code !== undefined && { code: redact(code).slice(0, 100) })
          }
        })
      }
    }
  }

  return {
    head: ({ headers, status }, at) => {
      head = { headers, status, after: Math.max(0, at - now) }
    },
    chunk: (bytes, at) => response.add(bytes, Math.max(0, at - now - (head?.after ?? 0))),
    end: (ended, at) => {
      if (isEnded) return undefined
      isEnded = true
      const exchange = exchangeOf(ended, Math.max(0, at - now))
      // Whatever the redaction has missed must not reach the file.
      return `${JSON.stringify(Format.encodeExchange(isClean(exchange, redact) ? exchange : withhold(exchange)))}\n`
    }
  }
}
