/**
 * Queued jobs: video, audio and voice changing, from the queue to the media.
 *
 * Queuing charges a key before it answers, so a job is queued once and never again: what fails later is told by a
 * `JobFailure` that keeps the job, and {@link wait} goes on with it, in another process if need be. Polls are free, and
 * are repeated while they fail for passing reasons.
 *
 * **Details**
 *
 * A job that failed answers every poll with the same failure. A refusal (429, 503) or a failed upstream (502) passes; a
 * 500 is asked for once more, and is the job's own when it comes back the same.
 *
 * **Example** (Making a video)
 *
 * ```ts no-run
 * import { Job } from "@effect-venice/http"
 * import { Effect } from "effect"
 *
 * const program = Job.run("video", { model: "wan-2-7-text-to-video", prompt: "Venice", duration: "5s" }).pipe(
 *   Effect.flatMap(({ response }) => response.arrayBuffer),
 *   Effect.catchTag("JobFailure", ({ job, reason }) => Effect.logError(`${job.queueId} failed`, reason))
 * )
 * ```
 *
 * @since 0.1.0
 */
import * as Retry from "@effect-venice/core/Retry"
import { isVeniceError } from "@effect-venice/core/VeniceError"
import * as Cause from "effect/Cause"
import * as Data from "effect/Data"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type { HttpClientError } from "effect/http/HttpClientError"
import * as HttpClientResponse from "effect/http/HttpClientResponse"
import * as Option from "effect/Option"
import * as Schedule from "effect/Schedule"
import * as Schema from "effect/Schema"
import { JobFailure, type JobFailureReason, type UnexpectedBody } from "./Failure.ts"
import type { Job } from "./internal/job.ts"
import { decodeSuccess, readSuccess } from "./internal/success.ts"
import type { ExecuteError, RequestError } from "./VeniceClient.ts"
import { VeniceClient } from "./VeniceClient.ts"

export { Job } from "./internal/job.ts"

/**
 * What a job makes: the first segment of its operations, `POST /video/queue` and so on.
 *
 * @category models
 * @since 0.1.0
 */
export type Medium = Job["kind"]

/**
 * A job that is done.
 *
 * @category models
 * @since 0.1.0
 */
export interface Completed {
  readonly job: Job
  /**
   * The answer that said so. Its body is the media, unless the job has a `downloadUrl`: then it is a short JSON text, and
   * the media is at that address.
   */
  readonly response: HttpClientResponse.HttpClientResponse
}

/**
 * How a job is followed.
 *
 * @category models
 * @since 0.1.0
 */
export interface FollowOptions {
  /** How long to wait between two polls. Five seconds by default, as in Venice's own examples. */
  readonly every?: Duration.Input | undefined
  /** The longest a job may take. An hour by default. */
  readonly atMost?: Duration.Input | undefined
  /** What to do about polls that fail for passing reasons. `Retry.patient` by default. */
  readonly policy?: Retry.Policy | undefined
}

const Queued = Schema.Struct({
  model: Schema.String,
  queue_id: Schema.String,
  download_url: Schema.optionalKey(Schema.NullOr(Schema.String))
})

/**
 * Queues a job. Nothing is retried here: a key is charged before the answer.
 *
 * @category running
 * @since 0.1.0
 */
export const queue = <const K extends Medium>(
  kind: K,
  body: unknown
): Effect.Effect<Job, ExecuteError<`POST /${K}/queue`>, VeniceClient> =>
  Effect.flatMap(VeniceClient, (venice) => venice.execute(`POST /${kind}/queue` as const, { body, success: Queued }))
    .pipe(
      Effect.map(({ download_url, model, queue_id }) => ({
        kind,
        model,
        queueId: queue_id,
        ...(typeof download_url === "string" && { downloadUrl: download_url })
      }))
    )

const isJson = ({ headers }: HttpClientResponse.HttpClientResponse): boolean =>
  headers["content-type"]?.includes("json") === true

const Status = Schema.Struct({ status: Schema.Literals(["PROCESSING", "COMPLETED"]) })

/** Asks once; nothing while the job is running. */
const poll = Effect.fnUntraced(function*(job: Job) {
  const venice = yield* VeniceClient
  const operation = `POST /${job.kind}/retrieve` as const
  const response = yield* venice.request(operation, { body: { model: job.model, queue_id: job.queueId } })
  if (!isJson(response)) return Option.some(response)
  const body = yield* readSuccess(response, operation)
  const { status } = yield* decodeSuccess(Status)(response, { body, operation })
  // What was read of the answer can be read again.
  const again = (): HttpClientResponse.HttpClientResponse =>
    Object.create(HttpClientResponse.fromWeb(response.request, new Response(body, response)), {
      cookies: { value: response.cookies, enumerable: true },
      url: { value: response.url, enumerable: true }
    })
  return status === "COMPLETED" ? Option.some(again()) : Option.none<HttpClientResponse.HttpClientResponse>()
})

/** A failure of the server may be the poll's or the job's; the job's comes back the same. */
const confirmed = (job: Job, every: Duration.Duration) =>
  Effect.catch(poll(job), (error) => {
    if (!isVeniceError(error) || error.category !== "Server") return Effect.fail(error)
    return Effect.delay(poll(job), every).pipe(
      Effect.mapError((second) =>
        isVeniceError(second) && second._tag === error._tag && second.message === error.message
          ? new Replayed({ error: second })
          : second
      )
    )
  })

/** The failure of the job itself, which no policy may take for a passing one. */
class Replayed extends Data.TaggedError("Replayed")<
  { readonly error: Exclude<JobFailureReason, UnexpectedBody | HttpClientError | Cause.TimeoutError> }
> {}

/**
 * Follows a job to its end.
 *
 * @category running
 * @since 0.1.0
 */
export const wait = (job: Job, options: FollowOptions = {}): Effect.Effect<Completed, JobFailure, VeniceClient> => {
  const every = Duration.fromInputUnsafe(options.every ?? "5 seconds")
  const attempt = Effect.retry(confirmed(job, every), options.policy ?? Retry.patient)
  return attempt.pipe(
    Effect.repeat({ schedule: Schedule.spaced(every), until: Option.isSome }),
    Effect.timeoutOrElse({
      duration: options.atMost ?? "1 hour",
      orElse: () => Effect.fail(new Cause.TimeoutError("The job took longer than it may"))
    }),
    Effect.mapError((error) => new JobFailure({ job, reason: error._tag === "Replayed" ? error.error : error })),
    // Only an answer ends the polls.
    Effect.map((response) => ({ job, response: Option.getOrThrow(response) }))
  )
}

/**
 * Deletes the media of a job that is done.
 *
 * @category running
 * @since 0.1.0
 */
export const complete = (job: Job): Effect.Effect<void, RequestError<`POST /${Medium}/complete`>, VeniceClient> =>
  Effect.flatMap(
    VeniceClient,
    (venice) =>
      venice.request(`POST /${job.kind}/complete` as const, { body: { model: job.model, queue_id: job.queueId } })
  ).pipe(
    Effect.asVoid
  )

/**
 * Queues a job once and follows it to its end.
 *
 * @category running
 * @since 0.1.0
 */
export const run = <const K extends Medium>(
  kind: K,
  body: unknown,
  options?: FollowOptions
): Effect.Effect<Completed, ExecuteError<`POST /${K}/queue`> | JobFailure, VeniceClient> =>
  Effect.flatMap(queue(kind, body), (job) => wait(job, options))
