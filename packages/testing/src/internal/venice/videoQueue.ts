/**
 * Quotes and the queue of videos.
 *
 * @internal
 */
import * as Effect from "effect/Effect"
import { z } from "zod/v3"
import type * as Dynamics from "../../Dynamics.ts"
import * as Check from "./check.ts"
import { modelOf, queued } from "./jobs.ts"
import { cents, enqueue } from "./queue.ts"
import * as Refuse from "./refusal.ts"
import type { Handler } from "./run.ts"
import { ok } from "./run.ts"

const duration = z.enum([
  "1s",
  ...Array.from({ length: 15 }, (_, i) => `${i + 2}s`),
  "18s",
  "20s",
  "25s",
  "30s",
  "1 gen",
  "Auto"
])

const ratio = z.enum(["1:1", "2:3", "3:2", "3:4", "4:3", "9:16", "16:9", "21:9"])

const factor = z.union([z.literal(1), z.literal(2), z.literal(4)])

const videoQuoteBody = z.object({
  model: z.string(),
  duration,
  aspect_ratio: ratio.optional(),
  resolution: z.string().optional(),
  upscale_factor: factor.optional(),
  audio: z.boolean().optional(),
  video_url: z.string().optional(),
  reference_video_total_duration: z.number().min(0).max(45).optional()
}).strict()

const urls = (max: number) => z.array(z.string()).max(max).optional()

const videoBody = z.object({
  model: z.string(),
  prompt: z.string().min(1).max(20_000).optional(),
  negative_prompt: z.string().max(3500).optional(),
  duration,
  aspect_ratio: ratio.optional(),
  resolution: z.string().optional(),
  upscale_factor: factor.optional(),
  audio: z.boolean().optional(),
  image_url: z.string().optional(),
  end_image_url: z.string().optional(),
  audio_url: z.string().optional(),
  video_url: z.string().optional(),
  reference_image_urls: urls(9),
  reference_video_urls: urls(3),
  reference_audio_urls: urls(3),
  scene_image_urls: urls(4),
  elements: z.array(z.record(z.unknown())).max(4).optional(),
  camera_trajectory: z.array(z.record(z.unknown())).min(2).max(12).optional(),
  consents: z.record(z.unknown()).optional(),
  anon_user_id: z.string().optional()
}).strict()

interface Constraints {
  readonly model_type?: string
  readonly aspect_ratios?: ReadonlyArray<string>
  readonly resolutions?: ReadonlyArray<string>
  readonly durations?: ReadonlyArray<string>
  readonly prompt_character_limit?: number
}

const constraintsOf = ({ model_spec }: Dynamics.Model): Constraints => (model_spec.constraints ?? {}) as Constraints

/** Seven cents a second: Venice publishes no prices of videos. */
const videoPrice = (length: string): number => cents(0.07 * (Number.parseInt(length, 10) || 5))

const checkVideo = (
  model: Dynamics.Model,
  given: {
    readonly duration: string
    readonly aspect_ratio?: string | undefined
    readonly resolution?: string | undefined
  }
): Refuse.Refusing<void> => {
  const { aspect_ratios, durations, resolutions } = constraintsOf(model)
  return Check.option("duration", given.duration, durations === undefined ? undefined : [...durations, "Auto"]).pipe(
    Effect.andThen(Check.option("aspect_ratio", given.aspect_ratio, aspect_ratios)),
    Effect.andThen(Check.option("resolution", given.resolution, resolutions))
  )
}

export const quote: Handler = (call, state) =>
  Effect.gen(function*() {
    const { model } = yield* state.catalogue.find(modelOf(call), ["video"], call.now)
    const body = yield* Check.body(call, videoQuoteBody)
    yield* checkVideo(model, body)
    return yield* ok({ quote: videoPrice(body.duration) })
  })

const required = (name: string): Refuse.Refusing<never> =>
  Refuse.invalidField([name], "Required", "failures", {
    code: "invalid_type",
    expected: "string",
    received: "undefined"
  })

export const queue: Handler = (call, state) =>
  Effect.gen(function*() {
    const { model } = yield* state.catalogue.find(modelOf(call), ["video"], call.now)
    const body = yield* Check.body(call, videoBody)
    const { model_type, prompt_character_limit: limit } = constraintsOf(model)
    if (body.prompt === undefined && body.camera_trajectory === undefined) return yield* required("prompt")
    if (model_type === "image-to-video" && body.image_url === undefined) return yield* required("image_url")
    if (limit !== undefined && body.prompt !== undefined && body.prompt.length > limit) {
      return yield* Refuse.invalidField(["prompt"], `String must contain at most ${limit} character(s)`)
    }
    yield* checkVideo(model, body)
    return yield* enqueue(call, state, "video", model, videoPrice(body.duration), (job) => queued(job))
  })
