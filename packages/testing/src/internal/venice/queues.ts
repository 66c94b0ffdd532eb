/**
 * Quotes and queues of jobs.
 *
 * @internal
 */
import * as Effect from "effect/Effect"
import { z } from "zod/v3"
import type * as Dynamics from "../../Dynamics.ts"
import type { Call } from "./call.ts"
import * as Check from "./check.ts"
import { type Job, type Medium, modelOf } from "./jobs.ts"
import * as Jobs from "./jobs.ts"
import * as Media from "./media.ts"
import * as Refuse from "./refusal.ts"
import type { Answering, Handler } from "./run.ts"
import { ok, run } from "./run.ts"
import type { State } from "./state.ts"

const cents = (usd: number): number => Math.round(usd * 10_000) / 10_000

/** Charges the job, and queues it. */
const enqueue = (
  call: Call,
  state: State,
  medium: Medium,
  model: Dynamics.Model,
  usd: number,
  answer: (job: Job) => Answering
): Answering =>
  Effect.suspend(() => {
    const job = Jobs.create(call, state, medium, model.id)
    return run(
      call,
      state,
      { model, price: { usd, isQuoted: true }, charge: "before", details: { job: job.id } },
      answer(job)
    ).pipe(Effect.tapError(() => Effect.sync(() => state.jobs.delete(job.id))))
  })

/* Video */

const durations = [
  ...Array.from({ length: 16 }, (_, i) => `${i + 1}s`),
  "18s",
  "20s",
  "25s",
  "30s",
  "1 gen",
  "Auto"
] as const

const duration = z.enum(durations as unknown as [string, ...Array<string>])

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

const checkOption = (
  name: string,
  value: string | undefined,
  options: ReadonlyArray<string> | undefined
): Refuse.Refusing<void> =>
  value === undefined || options === undefined || options.includes(value)
    ? Effect.void
    : Refuse.invalidField(
      [name],
      `Invalid enum value. Expected ${options.map((option) => `'${option}'`).join(" | ")}, received '${value}'`,
      "failures",
      { code: "invalid_enum_value", options: [...options], received: value } as const
    )

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
  return checkOption("duration", given.duration, durations === undefined ? undefined : [...durations, "Auto"]).pipe(
    Effect.andThen(checkOption("aspect_ratio", given.aspect_ratio, aspect_ratios)),
    Effect.andThen(checkOption("resolution", given.resolution, resolutions))
  )
}

export const quoteVideo: Handler = (call, state) =>
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

export const queueVideo: Handler = (call, state) =>
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
    return yield* enqueue(call, state, "video", model, videoPrice(body.duration), (job) => Jobs.queued(job))
  })

/* Audio */

const seconds = z.coerce.number().int().positive()

const audioQuoteBody = z.object({
  model: z.string(),
  duration_seconds: seconds.optional(),
  character_count: z.number().int().min(1).optional()
}).strict()

const audioBody = z.object({
  model: z.string(),
  prompt: z.string().trim().min(1),
  lyrics_prompt: z.string().optional(),
  duration_seconds: seconds.optional(),
  force_instrumental: z.boolean().optional(),
  lyrics_optimizer: z.boolean().optional(),
  loop: z.boolean().optional(),
  voice: z.string().optional(),
  language_code: z.string().optional(),
  speed: z.number().optional()
}).strict()

const audioPrice = ({ model_spec }: Dynamics.Model, duration: number | undefined, characters: number): number => {
  const { generation, per_second, per_thousand_characters } = model_spec.pricing ?? {}
  if (per_thousand_characters != null) return cents(per_thousand_characters.usd * characters / 1000)
  return cents(
    per_second == null ? generation?.usd ?? 0.1 : per_second.usd * (duration ?? model_spec.default_duration ?? 60)
  )
}

const checkDuration = (
  duration: number | undefined,
  { model_spec: { max_duration, min_duration } }: Dynamics.Model
): Refuse.Refusing<void> => {
  if (duration === undefined) return Effect.void
  if (max_duration === undefined) {
    return Refuse.invalidField(["duration_seconds"], "duration_seconds is not supported by this model")
  }
  return duration >= (min_duration ?? 1) && duration <= max_duration
    ? Effect.void
    : Refuse.invalidField(["duration_seconds"], `Number must be between ${min_duration ?? 1} and ${max_duration}`)
}

/** Each family of operations refuses the models of the other one. */
const checkFamily = ({ id, model_spec }: Dynamics.Model, isChanger: boolean): Refuse.Refusing<void> =>
  (model_spec.voice_changer === true) === isChanger ? Effect.void : Refuse.message(
    400,
    isChanger
      ? `${id} is not a voice-changer model. Use /audio/queue instead.`
      : `${id} is a voice-changer model. Use /audio/voice-changer/queue instead.`
  )

const findMusic = (call: Call, state: State, isChanger: boolean): Refuse.Refusing<Dynamics.Model> =>
  Effect.gen(function*() {
    const { model } = yield* state.catalogue.find(modelOf(call), ["music"], call.now)
    yield* checkFamily(model, isChanger)
    return model
  })

export const quoteAudio: Handler = (call, state) =>
  Effect.gen(function*() {
    const model = yield* findMusic(call, state, false)
    const body = yield* Check.body(call, audioQuoteBody)
    yield* checkDuration(body.duration_seconds, model)
    return yield* ok({ quote: audioPrice(model, body.duration_seconds, body.character_count ?? 0) })
  })

/** An option, the flag of the model that it needs, and whether the request has it. */
const checkSupport = (
  name: string,
  value: unknown,
  supports: boolean | undefined
): Refuse.Refusing<void> =>
  value === undefined || value === false || supports === true
    ? Effect.void
    : Refuse.invalidField([name], `${name} is not supported by this model`)

export const queueAudio: Handler = (call, state) =>
  Effect.gen(function*() {
    const model = yield* findMusic(call, state, false)
    const body = yield* Check.body(call, audioBody)
    const spec = model.model_spec
    const least = spec.min_prompt_length ?? 10
    if (body.prompt.length < least) {
      return yield* Refuse.invalidField(["prompt"], `String must contain at least ${least} character(s)`)
    }
    if (body.prompt.length > (spec.prompt_character_limit ?? 5000)) {
      return yield* Refuse.invalidField(
        ["prompt"],
        `String must contain at most ${spec.prompt_character_limit ?? 5000} character(s)`
      )
    }
    yield* checkSupport("lyrics_prompt", body.lyrics_prompt, spec.supports_lyrics)
    yield* checkSupport("force_instrumental", body.force_instrumental, spec.supports_force_instrumental)
    yield* checkSupport("loop", body.loop, false)
    yield* checkSupport("speed", body.speed, false)
    yield* checkSupport("language_code", body.language_code, false)
    yield* checkSupport("voice", body.voice, spec.voices !== undefined)
    yield* checkDuration(body.duration_seconds, model)
    const price = audioPrice(model, body.duration_seconds, body.prompt.length)
    return yield* enqueue(call, state, "audio", model, price, (job) => Jobs.queued(job, { status: "QUEUED" }))
  })

/* Voice changing */

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

export const quoteChanger: Handler = (call, state) =>
  Effect.gen(function*() {
    const model = yield* findMusic(call, state, true)
    const { duration_seconds } = yield* Check.body(call, changerQuoteBody)
    const max = model.model_spec.max_source_audio_duration_seconds ?? 300
    if (duration_seconds > max) {
      return yield* Refuse.invalidField(["duration_seconds"], `Number must be less than or equal to ${max}`)
    }
    return yield* ok({ quote: changerPrice(model, duration_seconds), duration_seconds })
  })

export const queueChanger: Handler = (call, state) =>
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
      (job) => Jobs.queued(job, { status: "QUEUED", duration_seconds: duration })
    )
  })
