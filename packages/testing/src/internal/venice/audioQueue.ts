/**
 * Quotes and the queue of music and sounds.
 *
 * @internal
 */
import * as Effect from "effect/Effect"
import { z } from "zod/v3"
import type * as Dynamics from "../../Dynamics.ts"
import * as Check from "./check.ts"
import { queued } from "./jobs.ts"
import { cents, enqueue, findMusic, seconds } from "./queue.ts"
import * as Refuse from "./refusal.ts"
import type { Handler } from "./run.ts"
import { ok } from "./run.ts"

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

export const quote: Handler = (call, state) =>
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

export const queue: Handler = (call, state) =>
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
    return yield* enqueue(call, state, "audio", model, price, (job) => queued(job, { status: "QUEUED" }))
  })
