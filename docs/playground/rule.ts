/** The rule by which a response was recognized, in detail: which code, which wording, which shape. */
import { receive, withoutSecrets } from "../../packages/core/src/internal/decoding/received.ts"
import { recognize } from "../../packages/core/src/internal/decoding/recognize.ts"
import { readBody } from "../../packages/core/src/internal/decoding/streamError.ts"
import type { ResponseInput } from "../../packages/testing/src/internal/pasted/response.ts"

export type Rule =
  /** A machine code of the body. */
  | { readonly by: "code"; readonly code: string }
  /** A message of the table, or a wording of the row: a beginning, or the source of a pattern. */
  | { readonly by: "message"; readonly form: "documented" | "beginning" | "pattern"; readonly wording: string }
  /** Without a status it is a shape that only this error has; else the error is the default of that status. */
  | { readonly by: "shape"; readonly status: number | undefined }
  | { readonly by: "status"; readonly status: number }
  | { readonly by: "none"; readonly status: number }

/** The rule by which the decoder recognizes the response. */
export const ruleOf = (input: ResponseInput): Rule => {
  const clean = withoutSecrets(input)
  const received = receive(clean, readBody(clean))
  const { Class, evidence, matchedBy: by } = recognize(received)
  switch (by) {
    case "code":
      return { by, code: String(evidence) }
    case "message":
      return evidence instanceof RegExp
        ? { by, form: "pattern", wording: evidence.source }
        : { by, form: evidence === Class.defaultMessage ? "documented" : "beginning", wording: String(evidence) }
    case "shape":
      return { by, status: typeof evidence === "number" ? evidence : undefined }
    case "status":
    case "none":
      return { by, status: typeof evidence === "number" ? evidence : received.input.status }
  }
}
