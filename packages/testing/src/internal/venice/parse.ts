/**
 * Parsing of a body as Venice parses it, with what it refuses before it looks at credentials: a body that is too large,
 * that is neither JSON nor a form, or that is not valid JSON. None of these counts against the failure budget.
 *
 * @internal
 */
import { Errors } from "@effect-venice/core"
import * as Effect from "effect/Effect"
import * as MultipartParser from "effect/http/MultipartParser"
import type { File, Request } from "./call.ts"
import * as Refuse from "./refusal.ts"

/** 35 MB for JSON. */
const maxBody = 35 * 1024 * 1024

/** 25 MB for a file of a form. */
const maxFile = 25 * 1024 * 1024

export interface Parsed {
  readonly body: unknown
  readonly text: string
  readonly files: ReadonlyMap<string, ReadonlyArray<File>>
  readonly isForm: boolean
}

const noFiles: ReadonlyMap<string, ReadonlyArray<File>> = new Map()

const encoder = new TextEncoder()
const decoder = new TextDecoder()

const concat = (chunks: ReadonlyArray<Uint8Array>): Uint8Array => {
  const out = new Uint8Array(chunks.reduce((sum, { length }) => sum + length, 0))
  let offset = 0
  for (const chunk of chunks) {
    out.set(chunk, offset)
    offset += chunk.length
  }
  return out
}

const append = <A>(map: Map<string, Array<A>>, name: string, value: A): void => {
  const values = map.get(name)
  if (values === undefined) map.set(name, [value])
  else values.push(value)
}

/** A field that is sent several times is a list. */
const toObject = (fields: ReadonlyMap<string, ReadonlyArray<string>>): Readonly<Record<string, unknown>> =>
  Object.fromEntries(Array.from(fields, ([name, values]) => [name, values.length === 1 ? values[0] : values]))

const parseForm = (contentType: string, body: string | Uint8Array): Refuse.Refusing<Parsed> =>
  Effect.suspend(() => {
    const fields = new Map<string, Array<string>>()
    const files = new Map<string, Array<File>>()
    let isBroken = false
    let isTooLarge = false
    const parser = MultipartParser.make({
      headers: { "content-type": contentType },
      onField: (info, value) => append(fields, info.name, MultipartParser.decodeField(info, value)),
      onFile: (info) => {
        const chunks: Array<Uint8Array> = []
        return (chunk) => {
          if (chunk !== null) {
            chunks.push(chunk.slice())
            return
          }
          const bytes = concat(chunks)
          if (bytes.length > maxFile) isTooLarge = true
          append(files, info.name, { name: info.filename ?? info.name, type: info.contentType, bytes })
        }
      },
      onError: () => {
        isBroken = true
      },
      onDone: () => {}
    })
    parser.write(typeof body === "string" ? encoder.encode(body) : body)
    parser.end()
    if (isBroken) return Refuse.message(400, "Failed to parse multipart form data")
    if (isTooLarge) {
      return Refuse.error(
        new Errors.PayloadTooLarge({
          message: "File exceeds the maximum allowed size of 25 MB.",
          response: { status: 413 }
        })
      )
    }
    return Effect.succeed({ body: toObject(fields), text: "", files, isForm: true })
  })

const sizeOf = (body: string | Uint8Array): number =>
  typeof body === "string" && body.length > maxBody / 4 ? encoder.encode(body).length : body.length

const tooLarge = new Errors.PayloadTooLarge({
  message: "Request body exceeds the maximum allowed size.",
  response: { status: 413 }
})

const wrongType = new Errors.InvalidContentType({
  message: "'Content-Type' must be 'application/json'",
  response: { status: 400 }
})

export const parse = ({ body, bytes, headers, method }: Request): Refuse.Refusing<Parsed> => {
  const contentType = headers["content-type"] ?? ""
  const isForm = /^multipart\/form-data\b/i.test(contentType)
  if (!isForm && sizeOf(bytes ?? body) > maxBody) return Refuse.error(tooLarge, "none")
  if (body.length === 0) return Effect.succeed({ body: {}, text: "", files: noFiles, isForm: false })
  if (isForm) return parseForm(contentType, bytes ?? body)
  if (method === "GET") return Effect.succeed({ body: {}, text: "", files: noFiles, isForm: false })
  if (!/^application\/(?:[\w.+-]+\+)?json\b/i.test(contentType)) return Refuse.error(wrongType, "none")
  const text = typeof body === "string" ? body : decoder.decode(body)
  try {
    return Effect.succeed({ body: JSON.parse(text) as unknown, text, files: noFiles, isForm: false })
  } catch {
    return Refuse.message(400, "Invalid JSON request", "none")
  }
}
