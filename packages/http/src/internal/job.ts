/**
 * A queued job, as it is kept.
 *
 * @internal
 */
import * as Schema from "effect/Schema"

/**
 * A job that was queued. It can be kept, and followed by another process.
 *
 * @category schemas
 * @since 0.1.0
 */
export const Job = Schema.Struct({
  kind: Schema.Literals(["video", "audio", "audio/voice-changer"]),
  model: Schema.String,
  queueId: Schema.String,
  /** Where some models leave the media; valid for 24 hours. */
  downloadUrl: Schema.optionalKey(Schema.String)
})

/**
 * A job that was queued.
 *
 * @category models
 * @since 0.1.0
 */
export interface Job extends Schema.Schema.Type<typeof Job> {}
