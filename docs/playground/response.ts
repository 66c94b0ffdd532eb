/** What the playground says about a pasted text: its error, the rule, the redactions, the encoded forms, a handler. */
import {
  type Category,
  Decode,
  Encode,
  Operation,
  OperationFailure,
  Plain,
  Redact,
  type VeniceError
} from "@effect-venice/core"
import * as Fixtures from "@effect-venice/testing/Fixtures"
import * as Result from "effect/Result"
import type { ResponseInput } from "../../packages/testing/src/internal/pasted/response.ts"
import { type Subject, subjectsOf } from "../../packages/testing/src/internal/pasted/subject.ts"
import { handlerOf } from "../generate/handlers.ts"
import { type Rule, ruleOf } from "./rule.ts"

/** The longest text that is read, in UTF-16 code units. */
export const maxText = 2 ** 22

/** What a text is. */
export type Reading =
  | { readonly _tag: "Empty" }
  | { readonly _tag: "TooLong" }
  | { readonly _tag: "Unreadable"; readonly problem: string }
  | { readonly _tag: "Choices"; readonly codes: ReadonlyArray<VeniceError.Code> }
  | { readonly _tag: "Category"; readonly category: Category.Category }
  | {
    readonly _tag: "Error"
    readonly error: VeniceError.VeniceError
    /** The response that was decoded, if the text has one. */
    readonly input: ResponseInput | undefined
  }

/** The operation that the text does not say. */
const withOperation = (input: ResponseInput, operation: string | undefined): ResponseInput =>
  input.operation === undefined && operation !== undefined ? { ...input, operation } : input

const readingOf = (subject: Subject, operation: string | undefined): Reading => {
  switch (subject._tag) {
    case "Errors":
      return { _tag: "Choices", codes: subject.codes }
    case "Category":
      return subject
    case "Error": {
      if (subject.input === undefined) return subject
      const input = withOperation(subject.input, operation)
      return { _tag: "Error", error: input === subject.input ? subject.error : Decode.response(input), input }
    }
  }
}

/** Reads a text: what it is, or several responses, as of a HAR file. Total. */
export const read = (
  text: string,
  { now, operation }: { readonly now: number; readonly operation: string | undefined }
): ReadonlyArray<Reading> => {
  if (text.trim() === "") return [{ _tag: "Empty" }]
  if (text.length > maxText) return [{ _tag: "TooLong" }]
  try {
    return subjectsOf(text, now).map((subject) =>
      Result.match(subject, {
        onFailure: (problem): Reading => ({ _tag: "Unreadable", problem }),
        onSuccess: (found) => readingOf(found, operation)
      })
    )
  } catch {
    // JSON that is nested deeper than the stack is: V8 parses it, but nothing else can walk it.
    return [{ _tag: "Unreadable", problem: "nested too deeply" }]
  }
}

/** A place where something was redacted, and how often. */
export interface Redaction {
  readonly place: string
  readonly count: number
}

const placeholders = (text: string): number => text.split("<redacted>").length - 1

const redactionIn = (place: string, before: string, after: string): ReadonlyArray<Redaction> => {
  if (before === after) return []
  return [{ place, count: Math.max(1, placeholders(after) - placeholders(before)) }]
}

/** What is redacted in a response, by header and in the body. */
export const redactionsOf = (input: ResponseInput): ReadonlyArray<Redaction> => {
  const clean = Redact.response(input)
  const before = input.headers as Readonly<Record<string, string>>
  const after = Redact.headers(clean.headers as Readonly<Record<string, string>>)
  return [
    ...Object.keys(before).flatMap((name) => redactionIn(name, before[name]!, after[name] ?? "")),
    ...redactionIn("body", input.body, Redact.text(clean.body))
  ]
}

/** An error with everything that the page shows of it. */
export interface Analysis {
  readonly error: VeniceError.VeniceError
  readonly rule: Rule | undefined
  readonly redactions: ReadonlyArray<Redaction>
  readonly body: string | undefined
  /** The error as JSON, without the body. */
  readonly json: string
  readonly encoded: string
  readonly handler: string
}

const pretty = (value: unknown): string => JSON.stringify(value, undefined, 2)

const prettyBody = (body: string): string => {
  try {
    return pretty(JSON.parse(body))
  } catch {
    return body
  }
}

const encodedOf = (error: VeniceError.VeniceError, format: Encode.Format): string => {
  const { body, headers, status } = Encode.response(error, format)
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}`)
  return [`HTTP/1.1 ${status}`, ...lines, "", pretty(body)].join("\n")
}

const operationFor = (error: VeniceError.VeniceError): string => {
  const operation = Operation.all.find((candidate) => candidate === error.response.operation)
  return operation !== undefined && OperationFailure.codes(operation).has(error._tag)
    ? operation
    : Fixtures.operation(error._tag)
}

/** Everything that the page shows of an error. */
export const analysisOf = (
  error: VeniceError.VeniceError,
  input: ResponseInput | undefined,
  format: Encode.Format
): Analysis => {
  const { body, ...plain } = Plain.fromError(error)
  return {
    error,
    rule: input && ruleOf(input),
    redactions: input === undefined ? [] : redactionsOf(input),
    body: body === undefined ? undefined : prettyBody(body),
    json: pretty(plain),
    encoded: encodedOf(error, format),
    handler: handlerOf(error._tag, error.category, operationFor(error))
  }
}
