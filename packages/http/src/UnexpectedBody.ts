/**
 * A success whose body is not what the caller's schema expects.
 *
 * The request was answered, and possibly billed, so no retry policy repeats it. The error says where the body differs,
 * and keeps the context of the response with an excerpt of the body.
 *
 * @since 0.1.0
 */
import type { Input } from "@effect-venice/core/Decode"
import { context } from "@effect-venice/core/Decode"
import * as Redact from "@effect-venice/core/Redact"
import { ResponseContext } from "@effect-venice/core/ResponseContext"
import * as ErrorReporter from "effect/ErrorReporter"
import * as Schema from "effect/Schema"
import * as SchemaIssue from "effect/SchemaIssue"
import * as Struct from "effect/Struct"

const Difference = Schema.Struct({
  /** The way to the value, such as `["choices", 0, "message"]`; empty for the body as a whole. */
  path: Schema.Array(Schema.Union([Schema.String, Schema.Number])),
  message: Schema.String
})

/**
 * A success whose body is not what the caller's schema expects.
 *
 * @category errors
 * @since 0.1.0
 */
export class UnexpectedBody extends Schema.TaggedError<UnexpectedBody>()("UnexpectedBody", {
  message: Schema.String,
  differences: Schema.Array(Difference),
  response: ResponseContext
}) {
  /**
   * What error reporters are told.
   *
   * @since 0.1.0
   */
  override get [ErrorReporter.severity]() {
    return "Error" as const
  }

  /**
   * What error reporters are told.
   *
   * @since 0.1.0
   */
  override get [ErrorReporter.attributes]() {
    return Struct.pick(this.response, ["status", "operation", "requestId"])
  }

  /**
   * From what a schema said of the body.
   *
   * @since 0.1.0
   */
  static fromSchemaError(error: Schema.SchemaError, input: Input): UnexpectedBody {
    const { issues } = format(error.issue)
    // A name, or what a filter says of a value, can be what the server repeats of the request.
    const clean = Redact.secrets(input.secrets ?? [])
    return UnexpectedBody.fromDifferences(
      issues.slice(0, maxDifferences).map(({ message, path }) => ({
        path: (path ?? []).map((step) => {
          const key = typeof step === "object" ? step.key : step
          return typeof key === "number" ? key : clean(String(key))
        }),
        message: clean(message).slice(0, 500)
      })),
      input
    )
  }

  /**
   * For a body that is not JSON.
   *
   * @since 0.1.0
   */
  static notJson(input: Input): UnexpectedBody {
    return UnexpectedBody.fromDifferences([{ path: [], message: "Expected JSON" }], input)
  }

  /**
   * For a body that is no event stream.
   *
   * @since 0.1.0
   */
  static notEvents(input: Input): UnexpectedBody {
    return UnexpectedBody.fromDifferences([{ path: [], message: "Expected an event stream" }], input)
  }

  /**
   * For a body that is longer than is read.
   *
   * @since 0.1.0
   */
  static tooLong(input: Input, bytes: number): UnexpectedBody {
    return UnexpectedBody.fromDifferences([{ path: [], message: `Expected at most ${bytes} bytes` }], input)
  }

  private static fromDifferences(differences: ReadonlyArray<typeof Difference.Type>, input: Input): UnexpectedBody {
    const response = context(input)
    const [first] = differences
    const where = first === undefined || first.path.length === 0 ? "the body" : printPath(first.path)
    return new UnexpectedBody({
      message: `${
        response.operation ?? "The request"
      } succeeded with ${response.status}, but ${where} is not as expected: ${first?.message ?? "it does not match"}`,
      differences,
      response
    })
  }
}

const maxDifferences = 20

const format = SchemaIssue.makeFormatterStandardSchemaV1()

const printPath = (path: ReadonlyArray<string | number>): string =>
  path.map((step, i) => typeof step === "number" ? `[${step}]` : i === 0 ? step : `.${step}`).join("")
