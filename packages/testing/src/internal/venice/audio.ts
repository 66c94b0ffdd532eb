/**
 * Speech, transcriptions and cloned voices.
 *
 * @internal
 */
import { Errors } from "@effect-venice/core"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import { z } from "zod/v3"
import type * as Dynamics from "../../Dynamics.ts"
import type { Chunk } from "../wire/response.ts"
import { text } from "../wire/response.ts"
import { memberOf } from "./call.ts"
import * as Check from "./check.ts"
import * as Media from "./media.ts"
import * as Refuse from "./refusal.ts"
import type { Handler } from "./run.ts"
import { ok, run } from "./run.ts"
import type { State } from "./state.ts"

const formats = ["mp3", "opus", "aac", "flac", "wav", "pcm"] as const

const speechBody = z.object({
  model: z.string(),
  input: z.string().min(1).max(4096).refine((input) => input.trim() !== "", { message: "Input must contain text" }),
  voice: z.string().max(512).optional(),
  response_format: z.enum(formats).optional(),
  speed: z.number().min(0.25).max(4).default(1),
  streaming: z.boolean().default(false),
  language: z.string().min(2).max(32).optional(),
  prompt: z.string().max(500).optional(),
  temperature: z.number().min(0).max(2).optional(),
  top_p: z.number().min(0).max(1).optional(),
  // Of OpenAI's clients.
  stream_format: z.unknown(),
  user: z.unknown()
}).strict()

const checkVoice = (
  voice: string | undefined,
  model: Dynamics.Model,
  state: State,
  now: number
): Refuse.Refusing<void> => {
  const { supports_custom_voice_id, voice_cloning, voices } = model.model_spec
  if (voice === undefined || voices?.includes(voice) !== false || supports_custom_voice_id === true) return Effect.void
  const clone = state.voices.get(voice)
  if (clone !== undefined && clone.model === model.id && clone.expiresAt > now && voice_cloning != null) {
    return Effect.void
  }
  return Refuse.body(400, {
    error: `Voice "${voice}" is not supported by model "${model.id}".`,
    details: { supported_voices: voices }
  })
}

const checkFormat = (format: string, { id, model_spec }: Dynamics.Model): Refuse.Refusing<void> => {
  const supported = model_spec.supported_formats ?? [...formats]
  return supported.includes(format) ? Effect.void : Refuse.message(
    400,
    `response_format "${format}" is not supported by model "${id}". Supported formats: ${supported.join(", ")}.`
  )
}

/** The parts of a file that is sent while it is made. */
const parts = (bytes: Uint8Array, delay: Duration.Duration | undefined): ReadonlyArray<Chunk> => {
  const size = Math.ceil(bytes.length / 4)
  return [0, 1, 2, 3].map((i) => ({
    data: bytes.slice(i * size, (i + 1) * size),
    ...(delay !== undefined && i > 0 && { delay })
  }))
}

export const speech: Handler = (call, state) =>
  Effect.gen(function*() {
    const { model } = yield* state.catalogue.find(memberOf(call.body, "model"), ["tts"], call.now)
    const body = yield* Check.body(call, speechBody)
    yield* checkVoice(body.voice, model, state, call.now)
    const format = body.response_format ?? model.model_spec.default_format ?? "mp3"
    yield* checkFormat(format, model)
    const { bytes, type } = Media.audio[format]!
    return yield* run(
      call,
      state,
      {
        model,
        price: { usd: (model.model_spec.pricing?.input?.usd ?? 0) * body.input.length / 1e6, isQuoted: false }
      },
      Effect.sync(() => ({
        response: {
          status: 200,
          headers: { "content-type": type },
          body: body.streaming ? parts(bytes, state.dynamics.streaming?.every) : bytes
        }
      }))
    )
  })

const transcriptionBody = z.object({
  model: z.string(),
  response_format: z.enum(["json", "text"]).default("json"),
  timestamps: z.enum(["true", "false"]).default("false"),
  language: z.string().optional()
})

const extensions = /\.(?:wav|wave|flac|m4a|aac|mp4|mp3|ogg|oga|webm)$/i

const timestampsOf = (transcript: string, seconds: number) => {
  const words = transcript.split(" ")
  const step = seconds / words.length
  const at = (i: number): number => Math.round(i * step * 100) / 100
  return {
    word: words.map((word, i) => ({ word, start: at(i), end: at(i + 1) })),
    segment: [{ text: transcript, start: 0, end: seconds }]
  }
}

export const transcriptions: Handler = (call, state) =>
  Effect.gen(function*() {
    const { model } = yield* state.catalogue.find(memberOf(call.body, "model"), ["asr"], call.now)
    const body = yield* Check.body(call, transcriptionBody)
    const file = call.files.get("file")?.[0]
    if (file === undefined) return yield* Refuse.message(400, "No audio file provided")
    if (!extensions.test(file.name) && !file.type.startsWith("audio/")) {
      return yield* Refuse.message(400, "Unsupported file type")
    }
    if (file.bytes.length === 0) return yield* Refuse.error(new Errors.AsrUpstreamValidationFailed())
    if (Media.formatOf(file.bytes) === undefined) return yield* Refuse.error(new Errors.InvalidAudioFormat())
    const duration = Media.secondsOf(file.bytes)
    const transcript = `This is an emulated transcript of ${file.name}.`
    return yield* run(
      call,
      state,
      {
        model,
        price: { usd: (model.model_spec.pricing?.per_audio_second?.usd ?? 0) * duration, isQuoted: false }
      },
      body.response_format === "text"
        ? Effect.sync(() => ({ response: text(200, transcript) }))
        : ok({
          text: transcript,
          duration,
          ...(body.timestamps === "true" && { timestamps: timestampsOf(transcript, duration) })
        })
    )
  })

const voicesBody = z.object({ model: z.string().default("tts-chatterbox-hd") }).passthrough()

export const voices: Handler = (call, state) =>
  Effect.gen(function*() {
    if (!call.isForm) return yield* Refuse.message(400, "No audio file provided")
    const { model: given } = yield* Check.body(call, voicesBody)
    const { model } = yield* state.catalogue.find(given, ["tts"], call.now)
    const cloning = memberOf(model.model_spec, "voice_cloning")
    if (cloning == null) {
      return yield* Refuse.error(
        new Errors.Unauthorized({ message: `Voice cloning with ${model.id} is not available on your account` })
      )
    }
    const file = call.files.get("file")?.[0]
    if (file === undefined) return yield* Refuse.message(400, "No audio file provided")
    const format = Media.formatOf(file.bytes)
    const accepted = memberOf(cloning, "accepted_formats")
    if (format === undefined || (Array.isArray(accepted) && !accepted.includes(format))) {
      return yield* Refuse.error(new Errors.InvalidAudioFormat())
    }
    const id = `vv_${call.draw.hex(24)}`
    const days = memberOf(cloning, "retention_days")
    const kept = Duration.toMillis(Duration.days(typeof days === "number" ? days : 7))
    return yield* run(
      call,
      state,
      { model, price: { usd: 0.5, isQuoted: true } },
      Effect.suspend(() => {
        state.voices.set(id, { model: model.id, expiresAt: call.now + kept })
        return ok({ id, model: model.id })
      })
    )
  })
