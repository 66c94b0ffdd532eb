/**
 * The schema of a queued job, in a module of its own because both `Failure` and `Job` import it.
 *
 * @internal
 */
import * as Schema from "effect/Schema"

/**
 * The schema of a queued job, to save one and let another process {@link wait} for it.
 *
 * @category schemas
 * @since 0.1.0
 */
export const Job = Schema.Struct({
  medium: Schema.Literals(["video", "audio", "audio/voice-changer"]),
  model: Schema.String,
  queueId: Schema.String,
  /** Where some models store the media. Valid for 24 hours. */
  downloadUrl: Schema.optionalKey(Schema.String)
})

/**
 * A queued job: the result of `Job.queue`, and the parameter of `Job.wait` and `Job.complete`.
 *
 * @category models
 * @since 0.1.0
 */
export interface Job extends Schema.Schema.Type<typeof Job> {}
