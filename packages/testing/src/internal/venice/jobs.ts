/**
 * Queued jobs: video, audio and voice changing. A job is charged when it is queued, runs on the clock, and answers every
 * poll with its state. One that fails gives the charge back at that moment, and answers every poll with the same failure.
 *
 * @internal
 */
import { Errors, VeniceError } from "@effect-venice/core"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import { z } from "zod/v3"
import { fromError } from "../wire/encode.ts"
import type { WireResponse } from "../wire/response.ts"
import { json } from "../wire/response.ts"
import type { Call } from "./call.ts"
import { memberOf } from "./call.ts"
import * as Check from "./check.ts"
import { hash, sequence } from "./draw.ts"
import { draw as drawLatency } from "./latency.ts"
import * as Media from "./media.ts"
import * as Refuse from "./refusal.ts"
import type { Answering, Handler } from "./run.ts"
import { ok } from "./run.ts"
import { max, type State } from "./state.ts"

export type Medium = "video" | "audio" | "audio/voice-changer"

export interface Job {
  readonly id: string
  readonly medium: Medium
  readonly model: string
  readonly owner: string
  readonly queuedAt: number
  /** In milliseconds. */
  readonly duration: number
  /** The average of the model, as the polls tell it. */
  readonly average: number
  readonly fails: boolean
  readonly downloadUrl: string | undefined
  /** What a failed job answers, once its charge was refunded. */
  failure: WireResponse | undefined
  isDeleted: boolean
}

const defaultDuration = Duration.seconds(20)

const defaultKeep = Duration.hours(24)

/** The names of the calls that make a job, so that two jobs of one seed differ. */
const isFailing = (call: Call, state: State): boolean => {
  const rate = state.dynamics.jobs?.failureRate ?? 0
  return rate > 0 && call.draw.next() < rate
}

const originOf = ({ headers }: Call): string =>
  headers.host === undefined ? "https://api.venice.ai" : `http://${headers.host}`

export const create = (call: Call, state: State, medium: Medium, model: string): Job => {
  const { duration, hasDownloadUrl } = state.dynamics.jobs ?? {}
  const id = call.draw.uuid()
  const job: Job = {
    id,
    medium,
    model,
    owner: call.caller.id,
    queuedAt: call.now,
    duration: drawLatency(duration ?? { median: defaultDuration }, () => call.draw.next()),
    average: Duration.toMillis(duration?.median ?? defaultDuration),
    fails: isFailing(call, state),
    downloadUrl: medium === "video" && hasDownloadUrl === true
      ? `${state.origin ?? originOf(call)}/downloads/${id}-${sequence(hash(id))().toString(36).slice(2, 10)}.mp4`
      : undefined,
    failure: undefined,
    isDeleted: false
  }
  state.jobs.set(id, job)
  if (job.fails) willFail(job, state)
  return job
}

const failsAt = ({ duration, queuedAt }: Job): number => queuedAt + duration

const willFail = (job: Job, { failing }: State): void => {
  failing.splice(failing.findLastIndex((other) => failsAt(other) <= failsAt(job)) + 1, 0, job)
  // The oldest is forgotten, as in `jobs`.
  if (failing.length > max) failing.shift()
}

/** Lets the jobs fail whose time has come, and refunds them: whoever reads a balance sees the refund, polled or not. */
export const settle = (state: State, now: number): void => {
  while (state.failing[0] !== undefined && failsAt(state.failing[0]) <= now) {
    const job = state.failing.shift()!
    job.failure ??= failureOf(job, state, failsAt(job))
  }
}

const retrieveBody = z.object({
  model: z.string(),
  queue_id: z.string(),
  delete_media_on_completion: z.boolean().optional()
}).strict()

const unknown = Refuse.error(new Errors.RequestIdNotFound())

const find = (call: Call, state: State, medium: Medium, id: string): Refuse.Refusing<Job> => {
  const job = state.jobs.get(id)
  return job !== undefined && job.medium === medium && job.owner === call.caller.id ? Effect.succeed(job) : unknown
}

export const isExpired = ({ duration, queuedAt }: Job, state: State, now: number): boolean =>
  now >= queuedAt + duration + Duration.toMillis(state.dynamics.jobs?.keep ?? defaultKeep)

/** What a failed job answers to every poll. Videos write a violation as an object, and name whether it was refunded. */
const failureOf = (job: Job, state: State, at: number): WireResponse => {
  const isRefunded = state.ledger.refund(job.id, at)
  const code = state.dynamics.jobs?.error ?? "CONTENT_POLICY_VIOLATION"
  return code === "CONTENT_POLICY_VIOLATION"
    ? json(422, violation(job.medium, isRefunded))
    : withRefund(fromError(VeniceError.fromCode(code as VeniceError.Code)), isRefunded)
}

const violation = (medium: Medium, isRefunded: boolean): object => {
  const refunded = isRefunded ? " Credits have been refunded." : ""
  return medium === "video"
    ? {
      error: {
        message: `The selected model provider rejected this request due to its content policies.${refunded}`,
        type: "provider_content_policy",
        credits_refunded: isRefunded
      }
    }
    : {
      error: `Your generation was blocked due to the model provider's content policies.${refunded}`,
      credits_refunded: isRefunded
    }
}

const withRefund = (response: WireResponse, isRefunded: boolean): WireResponse =>
  typeof response.body === "string" && response.body.startsWith("{")
    ? { ...response, body: JSON.stringify({ ...JSON.parse(response.body), credits_refunded: isRefunded }) }
    : response

const mediaOf = ({ duration, medium, model }: Job): WireResponse => {
  const inference = { "x-venice-inference-time": String(duration / 1000), "x-venice-model-id": model }
  return medium === "video"
    ? { status: 200, headers: { "content-type": "video/mp4", ...inference }, body: Media.video }
    : {
      status: 200,
      headers: { "content-type": "audio/mpeg", "x-venice-audio-format": "mp3", ...inference },
      body: Media.audio.mp3!.bytes
    }
}

/** The answer to a poll: the state, the media, or the failure, which is no failure of the poll. */
export const retrieve = (medium: Medium): Handler => (call, state) =>
  Effect.gen(function*() {
    const body = yield* Check.body(call, retrieveBody)
    const job = yield* find(call, state, medium, body.queue_id)
    const elapsed = call.now - job.queuedAt
    if (elapsed < job.duration) {
      return yield* ok({
        status: "PROCESSING",
        average_execution_time: job.average,
        execution_duration: elapsed
      })
    }
    if (job.fails) {
      job.failure ??= failureOf(job, state, failsAt(job))
      return yield* Effect.fail({ response: job.failure, counted: "failures" as const })
    }
    if (job.isDeleted || isExpired(job, state, call.now)) return yield* Refuse.error(new Errors.MediaNotFound())
    // The audio of a voice changer is delivered once.
    if (body.delete_media_on_completion === true || medium === "audio/voice-changer") job.isDeleted = true
    if (job.downloadUrl !== undefined) {
      return yield* ok({
        status: "COMPLETED",
        average_execution_time: job.average,
        execution_duration: job.duration
      })
    }
    return { response: mediaOf(job) }
  })

export const complete = (medium: Medium): Handler => (call, state) =>
  Effect.gen(function*() {
    const body = yield* Check.body(call, retrieveBody)
    const job = yield* find(call, state, medium, body.queue_id)
    job.isDeleted = true
    return yield* ok({ success: true })
  })

const plain = (status: number, error: string): WireResponse => json(status, { error })

/** The media of a finished video at its own URL, without credentials: fetched by `GET`, deleted by `DELETE`. */
export const download = (method: string, path: string, state: State, now: number): WireResponse | undefined => {
  const id = /\/downloads\/([0-9a-f-]{36})-\w+\.mp4$/.exec(path)?.[1]
  if (id === undefined) return undefined
  const job = state.jobs.get(id)
  if (job?.downloadUrl === undefined || !job.downloadUrl.endsWith(path)) return plain(404, "Not found")
  if (now < job.queuedAt + job.duration || job.fails) return plain(404, "Not found")
  if (isExpired(job, state, now)) return plain(410, "This download has expired")
  if (job.isDeleted) return plain(404, "Not found")
  if (method === "DELETE") {
    job.isDeleted = true
    return { status: 204, headers: {}, body: "" }
  }
  return method === "GET" ? mediaOf(job) : plain(405, "Method not allowed")
}

/** What a queue answers. */
export const queued = (job: Job, more: object = {}): Answering =>
  ok({
    model: job.model,
    queue_id: job.id,
    ...(job.downloadUrl !== undefined && { download_url: job.downloadUrl }),
    ...more
  })

/** The id of the model of a body, which every operation of jobs has. */
export const modelOf = ({ body }: Call): unknown => memberOf(body, "model")
