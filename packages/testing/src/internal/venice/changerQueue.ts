/**
 * Quotes and the queue of voice changing.
 *
 * @internal
 */
import * as Effect from "effect/Effect"
import { z } from "zod/v3"
import type * as Dynamics from "../../Dynamics.ts"
import * as Check from "./check.ts"
import { queued } from "./jobs.ts"
import * as Media from "./media.ts"
import { cents, enqueue, findMusic, seconds } from "./queue.ts"
import * as Refuse from "./refusal.ts"
import type { Handler } from "./run.ts"
import { ok } from "./run.ts"

const changerQuoteBody = z.object({ model: z.string(), duration_seconds: seconds }).strict()

const changerBody = z.object({
  model: z.string(),
  audio_url: z.string().url().regex(/^https?:/).optional(),
  voice: z.string().min(1).max(60).optional(),
  remove_background_noise: z.union([z.boolean(), z.enum(["true", "false"])]).optional(),
  seed: z.coerce.number().int().min(0).optional()
}).strict()

/** Whole minutes of the source. */
const changerPrice = ({ model_spec }: Dynamics.Model, duration: number): number =>
  cents((model_spec.pricing?.per_second?.usd ?? 0.005) * 60 * Math.ceil(duration / 60))

const tooLong = (max: number): Refuse.Refusing<never> =>
  Refuse.message(422, `Source audio is longer than the maximum of ${max} seconds.`)

export const quote: Handler = (call, state) =>
  Effect.gen(function*() {
    const model = yield* findMusic(call, state, true)
    const { duration_seconds } = yield* Check.body(call, changerQuoteBody)
    const max = model.model_spec.max_source_audio_duration_seconds ?? 300
    if (duration_seconds > max) {
      return yield* Refuse.invalidField(["duration_seconds"], `Number must be less than or equal to ${max}`)
    }
    return yield* ok({ quote: changerPrice(model, duration_seconds), duration_seconds })
  })

export const queue: Handler = (call, state) =>
  Effect.gen(function*() {
    const model = yield* findMusic(call, state, true)
    const body = yield* Check.body(call, changerBody)
    const file = call.files.get("file")?.[0]
    if ((file === undefined) === (body.audio_url === undefined)) {
      return yield* Refuse.message(400, "Provide exactly one of file or audio_url.")
    }
    const { accepted_audio_formats, max_source_audio_duration_seconds: max = 300 } = model.model_spec
    const format = file === undefined ? "mp3" : Media.formatOf(file.bytes)
    if (format === undefined || accepted_audio_formats?.includes(format) === false) {
      return yield* Refuse.message(400, `Unsupported audio format. Accepted: ${accepted_audio_formats?.join(", ")}.`)
    }
    // The emulator fetches nothing: a recording at a URL takes half a minute.
    const duration = file === undefined ? 30 : Math.ceil(Media.secondsOf(file.bytes))
    if (duration > max) return yield* tooLong(max)
    return yield* enqueue(
      call,
      state,
      "audio/voice-changer",
      model,
      changerPrice(model, duration),
      (job) => queued(job, { status: "QUEUED", duration_seconds: duration })
    )
  })
