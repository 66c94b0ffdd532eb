import { Retry } from "@effect-venice/core"
import { Job, VeniceClient } from "@effect-venice/http"
import { assert, describe, it } from "@effect/vitest"
import { ByteSize, Effect, Fiber, Redacted, Schema } from "effect"
import { FetchHttpClient, HttpIncomingMessage } from "effect/http"
import type { ServerResponse } from "node:http"
import { inspect } from "node:util"
import { answer, type Got, serve } from "./server.ts"

type Reply = (response: ServerResponse) => void

const processing: Reply = (response) =>
  answer(response, 200, { status: "PROCESSING", average_execution_time: 1, execution_duration: 1 })

const media: Reply = (response) => answer(response, 200, Buffer.from([1, 2, 3]), { "content-type": "video/mp4" })

const failing = (status: number, error: string): Reply => (response) => answer(response, status, { error })

const policy = Retry.limit(Retry.eager, { attempts: 3 })

// Nothing in its form says what it is.
const apiKey = "unremarkable"

const options = { every: "5 millis", policy } as const

/** A Venice that answers the polls of a job with these, the last one again and again. */
const venice = Effect.fnUntraced(function*(
  polls: ReadonlyArray<Reply>,
  queue: Reply = (response) => answer(response, 200, { model: "m", queue_id: "q-1" })
) {
  let polled = 0
  const server = yield* serve((response, got) => {
    if (got.url.endsWith("/queue")) return queue(response)
    if (got.url.endsWith("/complete")) return answer(response, 200, { success: true })
    polls[Math.min(polled++, polls.length - 1)]!(response)
  })
  const client = yield* VeniceClient.make({ baseUrl: server.url, apiKey: Redacted.make(apiKey) })
  const count = (operation: string) => server.got.filter(({ url }) => url.endsWith(operation)).length
  const use = <A, E, R>(effect: Effect.Effect<A, E, R>) => Effect.provideService(effect, VeniceClient, client)
  return { server, count, use }
})

const run = <A, E, R>(test: Effect.Effect<A, E, R>) => Effect.provide(test, FetchHttpClient.layer)

describe("a job", () => {
  it.live("is queued once, followed, and done", () =>
    Effect.gen(function*() {
      const { count, server, use } = yield* venice([processing, processing, media])
      const { job, response } = yield* use(Job.run("video", { model: "m", prompt: "p" }, options))

      assert.deepStrictEqual(job, { medium: "video", model: "m", queueId: "q-1" })
      assert.deepStrictEqual(new Uint8Array(yield* response.arrayBuffer), new Uint8Array([1, 2, 3]))
      assert.deepStrictEqual([count("/video/queue"), count("/video/retrieve")], [1, 3])
      assert.deepStrictEqual(JSON.parse((server.got[1] as Got).body.toString()), { model: "m", queue_id: "q-1" })
    }).pipe(run))

  it.live("that leaves its media elsewhere says where", () =>
    Effect.gen(function*() {
      const { use } = yield* venice([(response) => answer(response, 200, { status: "COMPLETED" })], (response) =>
        answer(response, 200, { model: "m", queue_id: "q-1", download_url: "https://example.org/v.mp4" }))
      const { job, response } = yield* use(Job.run("audio", {}, options))

      assert.strictEqual(job.downloadUrl, "https://example.org/v.mp4")
      assert.deepStrictEqual(yield* response.json, { status: "COMPLETED" })
    }).pipe(run))

  it.live("reads no more of a poll than it may", () =>
    Effect.gen(function*() {
      const { use } = yield* venice([(response) => {
        response.writeHead(200, { "content-type": "application/json" })
        response.write("{\"status\":")
      }])
      const error = yield* use(Job.run("video", {}, options)).pipe(
        Effect.provideService(HttpIncomingMessage.MaxBodySize, ByteSize.bytes(9)),
        Effect.flip
      )

      assert.include(String(error), "Expected at most 9 bytes")
    }).pipe(run))

  it.live("survives polls that fail for passing reasons", () =>
    Effect.gen(function*() {
      const { count, use } = yield* venice([
        failing(503, "queue is backed up"),
        processing,
        failing(502, "could not fetch"),
        failing(429, "Rate limit exceeded"),
        processing,
        failing(500, "Internal error"),
        processing,
        media
      ])
      yield* use(Job.run("audio/voice-changer", {}, options))

      assert.deepStrictEqual([count("/audio/voice-changer/queue"), count("/audio/voice-changer/retrieve")], [1, 8])
    }).pipe(run))

  it.live("that failed replays its failure, which is taken for what it is", () =>
    Effect.gen(function*() {
      const { count, use } = yield* venice([processing, failing(500, "Inference processing failed")])
      const error = yield* use(Effect.flip(Job.run("video", {}, options)))

      if (error._tag !== "JobFailure") return assert.fail(String(error))
      assert.strictEqual(error.reason._tag, "INFERENCE_FAILED")
      assert.strictEqual(error.job.queueId, "q-1")
      assert.strictEqual(error.message, "The video job q-1 failed: Inference processing failed")
      assert.deepStrictEqual([count("/queue"), count("/retrieve")], [1, 3])
    }).pipe(run))

  it.live("that was refused is not asked for again", () =>
    Effect.gen(function*() {
      const { count, use } = yield* venice([(response) =>
        answer(response, 422, {
          error: { message: "x", type: "provider_content_policy", credits_refunded: true, recommended_model: "other" }
        })])
      const error = yield* use(Effect.flip(Job.run("video", {}, options)))

      if (error._tag !== "JobFailure" || error.reason._tag !== "CONTENT_POLICY_VIOLATION") {
        return assert.fail(String(error))
      }
      assert.isTrue(error.reason.creditsRefunded)
      assert.strictEqual(count("/retrieve"), 1)
    }).pipe(run))

  it.live("in an unknown state is a failure that says so", () =>
    Effect.gen(function*() {
      const { use } = yield* venice([(response) => answer(response, 200, { status: "FAILED" })])
      const error = yield* use(Effect.flip(Job.run("video", {}, options)))

      if (error._tag !== "JobFailure") return assert.fail(String(error))
      assert.strictEqual(error.reason._tag, "UnexpectedBody")
      assert.include(error.reason.message, "status is not as expected")
    }).pipe(run))

  it.live("keeps the key out of what it says of an answer that repeats it", () =>
    Effect.gen(function*() {
      const { server, use } = yield* venice([(response) => answer(response, 200, { status: apiKey })])
      const error = yield* use(Effect.flip(Job.run("video", {}, options)))

      assert.strictEqual(server.got.at(-1)?.headers.authorization, `Bearer ${apiKey}`)
      if (error._tag !== "JobFailure" || error.reason._tag !== "UnexpectedBody") return assert.fail(String(error))
      assert.include(error.reason.response.body, "<redacted>")
      assert.notInclude(inspect(error, { depth: 20 }) + JSON.stringify(error), apiKey)
    }).pipe(run))

  it.live("whose queuing got lost is not queued again", () =>
    Effect.gen(function*() {
      const { count, use } = yield* venice([media], (response) => response.socket?.resetAndDestroy())
      const error = yield* use(Effect.flip(Effect.retry(Job.run("video", {}, options), Retry.eager)))

      assert.strictEqual(error._tag, "HttpClientError")
      assert.deepStrictEqual([count("/queue"), count("/retrieve")], [1, 0])
    }).pipe(run))

  it.live("that is refused by the queue fails with that error, and is not followed", () =>
    Effect.gen(function*() {
      const { count, use } = yield* venice([media], failing(429, "Rate limit exceeded"))
      const error = yield* use(Effect.flip(Job.run("video", {}, options)))

      assert.strictEqual(error._tag, "RATE_LIMIT_EXCEEDED")
      assert.deepStrictEqual([count("/queue"), count("/retrieve")], [1, 0])
    }).pipe(run))

  it.live("can be kept, and gone on with", () =>
    Effect.gen(function*() {
      const { count, use } = yield* venice([failing(503, "x"), failing(503, "x"), failing(503, "x"), media])
      const error = yield* use(Effect.flip(Job.run("video", {}, options)))
      if (error._tag !== "JobFailure") return assert.fail(String(error))

      const kept = yield* Schema.decodeEffect(Schema.fromJsonString(Job.Job))(JSON.stringify(error.job))
      yield* use(Job.wait(kept, options))
      yield* use(Job.complete(kept))

      assert.deepStrictEqual([count("/queue"), count("/retrieve"), count("/complete")], [1, 4, 1])
    }).pipe(run))

  it.live("takes no longer than it may, and is not polled when nobody waits", () =>
    Effect.gen(function*() {
      const { count, use } = yield* venice([processing])
      const error = yield* use(Effect.flip(Job.run("video", {}, { ...options, atMost: "100 millis" })))
      if (error._tag !== "JobFailure") return assert.fail(String(error))
      assert.strictEqual(error.reason._tag, "TimeoutError")

      const fiber = yield* Effect.forkChild(use(Job.wait(error.job, options)))
      yield* Effect.sleep("50 millis")
      yield* Fiber.interrupt(fiber)
      const before = count("/retrieve")
      yield* Effect.sleep("50 millis")
      assert.isAtMost(count("/retrieve"), before + 1)
    }).pipe(run))
})

describe("the download URL of a job", () => {
  const jobAt = (url?: string): Job.Job => ({
    medium: "video",
    model: "m",
    queueId: "q-1",
    ...(url !== undefined && { downloadUrl: url })
  })

  it.live("is read and deleted without credentials", () =>
    Effect.gen(function*() {
      const server = yield* serve((response) => answer(response, 200, "media", { "content-type": "video/mp4" }))
      const job = jobAt(`${server.url}/media/1.mp4?signature=s`)

      const response = yield* Job.download(job)
      assert.strictEqual(yield* response.text, "media")
      yield* Job.discard(job)

      assert.deepStrictEqual(server.got.map(({ method, url }) => [method, url]), [
        ["GET", "/api/v1/media/1.mp4?signature=s"],
        ["DELETE", "/api/v1/media/1.mp4?signature=s"]
      ])
      for (const { headers } of server.got) assert.isUndefined(headers.authorization)
    }).pipe(Effect.provide(FetchHttpClient.layer)))

  it.live.each<[number, unknown, string]>([
    [404, { error: "Media could not be found." }, "MEDIA_NOT_FOUND"],
    [404, "<Error><Code>NoSuchKey</Code></Error>", "UNRECOGNIZED_RESPONSE"],
    [410, { error: "The download has expired." }, "GONE"],
    [429, "", "RATE_LIMIT_EXCEEDED"],
    [401, { error: "Authentication failed" }, "UNRECOGNIZED_RESPONSE"]
  ])("may fail with %i %j", ([status, body, tag]) =>
    Effect.gen(function*() {
      const server = yield* serve((response) => answer(response, status, body))

      const error = yield* Effect.flip(Job.download(jobAt(`${server.url}/media/1.mp4`)))

      assert.strictEqual(error._tag, tag)
    }).pipe(Effect.provide(FetchHttpClient.layer)))

  it.effect("is none for a job whose media came with its completion", () =>
    Effect.gen(function*() {
      const error = yield* Effect.flip(Job.download(jobAt()))

      assert.include(error.message, "no download URL")
    }).pipe(Effect.provide(FetchHttpClient.layer)))
})
