/**
 * What the queues of jobs have in common: the charge, and the models of music and voices.
 *
 * @internal
 */
import * as Effect from "effect/Effect"
import { z } from "zod/v3"
import type * as Dynamics from "../../Dynamics.ts"
import type { Call } from "./call.ts"
import { type Job, type Medium, modelOf } from "./jobs.ts"
import * as Jobs from "./jobs.ts"
import * as Refuse from "./refusal.ts"
import type { Answering } from "./run.ts"
import { run } from "./run.ts"
import type { State } from "./state.ts"

export const cents = (usd: number): number => Math.round(usd * 10_000) / 10_000

/** Charges the job, and queues it. */
export const enqueue = (
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

/** A duration in a body, also as text. */
export const seconds = z.coerce.number().int().positive()

/** Each family of operations refuses the models of the other one. */
const checkFamily = ({ id, model_spec }: Dynamics.Model, isChanger: boolean): Refuse.Refusing<void> =>
  (model_spec.voice_changer === true) === isChanger ? Effect.void : Refuse.message(
    400,
    isChanger
      ? `${id} is not a voice-changer model. Use /audio/queue instead.`
      : `${id} is a voice-changer model. Use /audio/voice-changer/queue instead.`
  )

export const findMusic = (call: Call, state: State, isChanger: boolean): Refuse.Refusing<Dynamics.Model> =>
  Effect.gen(function*() {
    const { model } = yield* state.catalogue.find(modelOf(call), ["music"], call.now)
    yield* checkFamily(model, isChanger)
    return model
  })
