/**
 * Constructors of `UnexpectedBody`, one for each reason.
 *
 * @internal
 */
import type { Input } from "@effect-venice/core/Decode"
import { context } from "@effect-venice/core/Decode"
import * as Redact from "@effect-venice/core/Redact"
import type * as Schema from "effect/Schema"
import * as SchemaIssue from "effect/SchemaIssue"
import { UnexpectedBody } from "../Failure.ts"

type Difference = UnexpectedBody["differences"][number]

const maxDifferences = 20

const maxText = 500

const format = SchemaIssue.makeFormatterStandardSchemaV1()

const printPath = (path: Difference["path"]): string =>
  path.map((step, i) => typeof step === "number" ? `[${step}]` : i === 0 ? step : `.${step}`).join("")

const fromDifferences = (differences: ReadonlyArray<Difference>, input: Input): UnexpectedBody => {
  const response = context(input)
  const [{ message, path } = { message: "it does not match", path: [] }] = differences
  const where = path.length === 0 ? "the body" : printPath(path)
  return new UnexpectedBody({
    message: Redact.printable(
      `${
        response.operation ?? "The request"
      } succeeded with ${response.status}, but ${where} is not as expected: ${message}`
    ),
    differences,
    response
  })
}

const fromWholeBody = (message: string, input: Input): UnexpectedBody => fromDifferences([{ path: [], message }], input)

export const fromSchemaError = (error: Schema.SchemaError, input: Input): UnexpectedBody => {
  const { issues } = format(error.issue)
  // A server may repeat a secret of the request in a key, or in a value that the schema's message quotes.
  const redactText = Redact.secrets(input.secrets ?? [])
  return fromDifferences(
    issues.slice(0, maxDifferences).map(({ message, path }) => ({
      path: (path ?? []).map((step) => {
        const key = typeof step === "object" ? step.key : step
        return typeof key === "number" ? key : redactText(String(key))
      }),
      message: redactText(message).slice(0, maxText)
    })),
    input
  )
}

export const notJson = (input: Input): UnexpectedBody => fromWholeBody("Expected JSON", input)

export const notEvents = (input: Input): UnexpectedBody => fromWholeBody("Expected an event stream", input)

export const tooLong = (input: Input, bytes: number): UnexpectedBody =>
  fromWholeBody(`Expected at most ${bytes} bytes`, input)
