/**
 * Queued jobs: video, audio and voice changing, from the queue to the media.
 *
 * Venice charges a job before it responds to the queue request, so a job is queued once and never retried. A later
 * failure is a `JobFailure` that keeps the job, and {@link wait} can follow it again, even in another process. Polls
 * are free, and are retried while they fail for temporary reasons.
 *
 * **Details**
 *
 * Every poll of a failed job fails with the same error. A refusal (429, 503) or a failed upstream (502) is temporary.
 * After a 500 the job is polled once more, and it has failed if the second error is the same.
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
import type { Gone, MediaNotFound, RateLimitExceeded } from "@effect-venice/core/Errors"
import { UnrecognizedResponse } from "@effect-venice/core/Errors"
import * as Retry from "@effect-venice/core/Retry"
import { isVeniceError, type VeniceError } from "@effect-venice/core/VeniceError"
import * as Cause from "effect/Cause"
import * as Data from "effect/Data"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as HttpClient from "effect/http/HttpClient"
import { HttpClientError, InvalidUrlError } from "effect/http/HttpClientError"
import * as HttpClientRequest from "effect/http/HttpClientRequest"
import * as HttpClientResponse from "effect/http/HttpClientResponse"
import * as Option from "effect/Option"
import * as Schedule from "effect/Schedule"
import * as Schema from "effect/Schema"
import { JobFailure, type JobFailureReason, type UnexpectedBody } from "./Failure.ts"
import { typed } from "./HttpFailure.ts"
import { durationOf } from "./internal/duration.ts"
import type { Job } from "./internal/job.ts"
import { decodeSuccess, readSuccess } from "./internal/success.ts"
import type { ExecuteFailure, RequestFailure } from "./VeniceClient.ts"
import { VeniceClient } from "./VeniceClient.ts"

export { Job } from "./internal/job.ts"

/**
 * What a job makes, as the start of the path of its operations: the first parameter of {@link run} and {@link queue}.
 *
 * @category models
 * @since 0.1.0
 */
export type Medium = Job["medium"]

/**
 * A completed job, the result of {@link run} and {@link wait}.
 *
 * @category models
 * @since 0.1.0
 */
export interface Completed {
  readonly job: Job
  /**
   * The response to the last poll. Its body is the media, unless the job has a `downloadUrl`: then the body is a short
   * JSON text, and the media is at that URL.
   */
  readonly response: HttpClientResponse.HttpClientResponse
}

/**
 * How {@link run} and {@link wait} follow a job. They throw a `RangeError` for what is no duration, or a negative one.
 *
 * @category models
 * @since 0.1.0
 */
export interface FollowOptions {
  /** The time between two polls. Five seconds by default, as in Venice's own examples. */
  readonly every?: Duration.Input | undefined
  /** The longest a job may take. An hour by default. */
  readonly atMost?: Duration.Input | undefined
  /** Retries the polls that fail for temporary reasons. `Retry.patient` by default. */
  readonly policy?: Retry.Policy | undefined
}

const Queued = Schema.Struct({
  model: Schema.String,
  queue_id: Schema.String,
  download_url: Schema.optionalKey(Schema.NullOr(Schema.String))
})

/**
 * Queues a job, without a retry: Venice charges the job before it responds.
 *
 * **When to use**
 *
 * Instead of {@link run}, to save the job before you {@link wait} for it, so that another process can follow it.
 *
 * @category running
 * @since 0.1.0
 */
export const queue = <const K extends Medium>(
  medium: K,
  body: unknown
): Effect.Effect<Job, ExecuteFailure<`POST /${K}/queue`>, VeniceClient> => {
  const operation = `POST /${medium as Medium}/queue` as const
  return Effect.flatMap(VeniceClient, (venice) => venice.execute(operation, { body, success: Queued })).pipe(
    Effect.mapError((error) => error as ExecuteFailure<`POST /${K}/queue`>),
    Effect.map(({ download_url, model, queue_id }) => ({
      medium,
      model,
      queueId: queue_id,
      ...(typeof download_url === "string" && { downloadUrl: download_url })
    }))
  )
}

const isJson = ({ headers }: HttpClientResponse.HttpClientResponse): boolean =>
  headers["content-type"]?.includes("json") === true

const Status = Schema.Struct({ status: Schema.Literals(["PROCESSING", "COMPLETED"]) })

/** Polls once. `None` while the job is running. */
const poll = Effect.fnUntraced(function*(job: Job) {
  const venice = yield* VeniceClient
  const operation = `POST /${job.medium}/retrieve` as const
  const response = yield* venice.request(operation, { body: { model: job.model, queue_id: job.queueId } })
  if (!isJson(response)) return Option.some(response)
  const body = yield* readSuccess(response, operation)
  const { status } = yield* decodeSuccess(Status)(response, { body, operation })
  // `readSuccess` has consumed the body. The caller gets a response with an unread one.
  const unreadResponse = (): HttpClientResponse.HttpClientResponse =>
    Object.create(HttpClientResponse.fromWeb(response.request, new Response(body, response)), {
      cookies: { value: response.cookies, enumerable: true },
      url: { value: response.url, enumerable: true }
    })
  return status === "COMPLETED" ? Option.some(unreadResponse()) : Option.none<HttpClientResponse.HttpClientResponse>()
})

/** A server error may be the poll's or the job's. It is the job's if a second poll fails with the same error. */
const pollConfirmed = (job: Job, every: Duration.Duration) =>
  Effect.catch(poll(job), (error) => {
    if (!isVeniceError(error) || error.category !== "Server") return Effect.fail(error)
    return Effect.delay(poll(job), every).pipe(
      Effect.mapError((second) =>
        isVeniceError(second) && second._tag === error._tag && second.message === error.message
          ? new ConfirmedError({ error: second })
          : second
      )
    )
  })

/** The error of the job itself, in a class that no policy retries. */
class ConfirmedError extends Data.TaggedError("ConfirmedError")<
  { readonly error: Exclude<JobFailureReason, UnexpectedBody | HttpClientError | Cause.TimeoutError> }
> {}

/**
 * Polls a queued job until it completes or fails.
 *
 * **When to use**
 *
 * After {@link queue}, or to follow the job of a `JobFailure` again.
 *
 * @category running
 * @since 0.1.0
 */
export const wait = (job: Job, options: FollowOptions = {}): Effect.Effect<Completed, JobFailure, VeniceClient> =>
  follow(job, timesOf(options), options.policy)

interface Times {
  readonly every: Duration.Duration
  readonly atMost: Duration.Duration
}

const timesOf = ({ atMost, every }: FollowOptions): Times => ({
  every: durationOf("every", every ?? "5 seconds"),
  atMost: durationOf("atMost", atMost ?? "1 hour")
})

const follow = (
  job: Job,
  { atMost, every }: Times,
  policy: Retry.Policy = Retry.patient
): Effect.Effect<Completed, JobFailure, VeniceClient> => {
  const attempt = Effect.retry(pollConfirmed(job, every), policy)
  return attempt.pipe(
    Effect.repeat({ schedule: Schedule.spaced(every), until: Option.isSome }),
    Effect.timeoutOrElse({
      duration: atMost,
      orElse: () => Effect.fail(new Cause.TimeoutError("The job did not complete in time"))
    }),
    Effect.mapError((error) => new JobFailure({ job, reason: error._tag === "ConfirmedError" ? error.error : error })),
    // `repeat` ends with `Some` only.
    Effect.map((response) => ({ job, response: Option.getOrThrow(response) }))
  )
}

/**
 * Deletes the media of a completed job on Venice's side, after you have read or downloaded it.
 *
 * @category running
 * @since 0.1.0
 */
export const complete = (job: Job): Effect.Effect<void, RequestFailure<`POST /${Medium}/complete`>, VeniceClient> =>
  Effect.flatMap(
    VeniceClient,
    (venice) =>
      venice.request(`POST /${job.medium}/complete` as const, { body: { model: job.model, queue_id: job.queueId } })
  ).pipe(
    Effect.asVoid
  )

/**
 * The failures of {@link download} and {@link discard}: the media is gone after 24 hours, or the host is busy.
 *
 * @category models
 * @since 0.1.0
 */
export type DownloadFailure = MediaNotFound | Gone | RateLimitExceeded | UnrecognizedResponse | HttpClientError

const isDownloadError = (error: VeniceError): error is Extract<DownloadFailure, VeniceError> =>
  error._tag === "MEDIA_NOT_FOUND" || error._tag === "GONE" || error._tag === "RATE_LIMIT_EXCEEDED"
  || error._tag === "UNRECOGNIZED_RESPONSE"

const downloadError = (error: VeniceError): Extract<DownloadFailure, VeniceError> => {
  if (isDownloadError(error)) return error
  const { category, matchedBy, message, response } = error
  return new UnrecognizedResponse({ category, code: error._tag, matchedBy, message, response })
}

/** Sends no credentials: the host of the media may be any, and its URL is the permission. */
const atDownloadUrl = (method: "GET" | "DELETE") =>
  Effect.fnUntraced(
    function*(
      job: Job
    ): Effect.fn.Return<HttpClientResponse.HttpClientResponse, DownloadFailure, HttpClient.HttpClient> {
      const request = HttpClientRequest.make(method)(job.downloadUrl ?? "")
      if (job.downloadUrl === undefined) {
        const description = "the job has no download URL: its media is the body of the response that completed it"
        return yield* new HttpClientError({ reason: new InvalidUrlError({ request, description }) })
      }
      const client = typed(yield* HttpClient.HttpClient)
      return yield* Effect.mapError(
        client.execute(request),
        (error) => isVeniceError(error) ? downloadError(error) : error
      )
    }
  )

/**
 * Downloads the media of a completed job that has a `downloadUrl`, without credentials. The URL is valid for 24 hours.
 *
 * @category running
 * @since 0.1.0
 */
export const download: (
  job: Job
) => Effect.Effect<HttpClientResponse.HttpClientResponse, DownloadFailure, HttpClient.HttpClient> = atDownloadUrl("GET")

/**
 * Deletes the media at the `downloadUrl` of a job before its 24 hours are over, without credentials.
 *
 * @category running
 * @since 0.1.0
 */
export const discard = (job: Job): Effect.Effect<void, DownloadFailure, HttpClient.HttpClient> =>
  Effect.asVoid(atDownloadUrl("DELETE")(job))

/**
 * Queues a job once, and polls it until it completes or fails: the usual way to make media.
 *
 * @category running
 * @since 0.1.0
 */
export const run = <const K extends Medium>(
  medium: K,
  body: unknown,
  options: FollowOptions = {}
): Effect.Effect<Completed, ExecuteFailure<`POST /${K}/queue`> | JobFailure, VeniceClient> => {
  // Before the job is charged.
  const times = timesOf(options)
  return Effect.flatMap(queue(medium, body), (job) => follow(job, times, options.policy))
}
