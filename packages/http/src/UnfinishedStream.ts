/**
 * A stream that ended without its end.
 *
 * Venice closes a stream with a marker. Where the connection ends before it, because it broke or was cut, what came is
 * not the whole answer, and it may have been billed all the same: no policy begins such a stream again.
 *
 * @since 0.1.0
 */
import { ResponseContext } from "@effect-venice/core/ResponseContext"
import * as ErrorReporter from "effect/ErrorReporter"
import * as Schema from "effect/Schema"
import * as Struct from "effect/Struct"

/**
 * A stream that ended without its end; `response.delivered` says how many events had come.
 *
 * @category errors
 * @since 0.1.0
 */
export class UnfinishedStream extends Schema.TaggedError<UnfinishedStream>()("UnfinishedStream", {
  message: Schema.String,
  response: ResponseContext,
  cause: Schema.optionalKey(Schema.Defect())
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
   * From what is known of the response, and of what broke it.
   *
   * @since 0.1.0
   */
  static from(response: ResponseContext, cause?: unknown): UnfinishedStream {
    const count = response.delivered ?? 0
    return new UnfinishedStream({
      message: `${response.operation ?? "The stream"} ended without its end after ${count} ${
        count === 1 ? "event" : "events"
      }`,
      response,
      ...(cause !== undefined && { cause })
    })
  }
}
