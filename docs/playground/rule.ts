/** The rule by which a response was recognized, in detail: which code, which wording, which shape. */
import { Decode, VeniceError } from "@effect-venice/core"
import * as ErrorBody from "../../packages/core/src/internal/decoding/errorBody.ts"
import { headersOf, receive, withoutSecrets } from "../../packages/core/src/internal/decoding/received.ts"
import { isStream, readStream } from "../../packages/core/src/internal/decoding/streamError.ts"
import type { ResponseInput } from "../../packages/testing/src/internal/pasted/response.ts"

export type Rule =
  /** A machine code of the body. */
  | { readonly by: "code"; readonly code: string }
  /** A message of the table, or a wording of the row: a beginning, or the source of a pattern. */
  | { readonly by: "message"; readonly form: "documented" | "beginning" | "pattern"; readonly wording: string }
  /** `own` is a shape that only this error has; otherwise the error is the default of its status for Venice's shape. */
  | { readonly by: "shape"; readonly own: boolean; readonly status: number }
  | { readonly by: "status"; readonly status: number }
  | { readonly by: "none"; readonly status: number }

const isOfCode = (code: string, tag: string, status: number): boolean => {
  const error = Decode.response({ status, body: JSON.stringify({ error: { message: "", code } }), now: 0 })
  return error._tag === tag && error.matchedBy === "code"
}

const plain = (text: string): string => text.toLowerCase().replaceAll("`", "").replaceAll("\u2019", "'").trim()

const wordingOf = (tag: VeniceError.Code, message: string): Rule => {
  const { "~row": row, defaultMessage } = VeniceError.byCode.get(tag)!
  const { hasUndocumentedMessage = false, wordings = [] } = row
  const head = message.trim().replaceAll("\u2019", "'")
  const text = plain(message)
  const isDocumented = !hasUndocumentedMessage && text.replace(/\.$/, "") === plain(defaultMessage).replace(/\.$/, "")
  if (isDocumented) return { by: "message", form: "documented", wording: defaultMessage }
  const pattern = wordings.find((wording) => typeof wording !== "string" && wording.test(head))
  if (pattern !== undefined) return { by: "message", form: "pattern", wording: (pattern as RegExp).source }
  const beginnings = wordings.filter((wording) => typeof wording === "string" && text.startsWith(wording))
    .sort((a, b) => String(b).length - String(a).length)
  const wording = beginnings[0] ?? defaultMessage.split(/\.(?:\s|$)/, 1)[0]!
  return { by: "message", form: "beginning", wording: String(wording) }
}

/** The rule by which the decoder recognized the error in the response. */
export const ruleOf = (input: ResponseInput, error: VeniceError.VeniceError): Rule => {
  const clean = withoutSecrets(input)
  const read = isStream(headersOf(clean), clean.body)
    ? readStream(clean.body, clean.status)
    : ErrorBody.read(clean.body)
  const { errorBody, input: { status } } = receive(clean, read)
  switch (error.matchedBy) {
    case "code":
      return {
        by: "code",
        code: errorBody.codes.find((code) => code === error._tag)
          ?? errorBody.codes.find((code) => isOfCode(code, error._tag, status))
          ?? String(errorBody.error.type)
      }
    case "message":
      return wordingOf(error._tag, errorBody.message ?? error.message)
    case "shape":
      return { by: "shape", own: VeniceError.byCode.get(error._tag)!["~row"].fallback !== "shape", status }
    case "status":
    case "none":
      return { by: error.matchedBy, status }
  }
}
