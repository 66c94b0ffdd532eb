/**
 * How a job is followed, on virtual time. What a server has to do with it is in `Job.test.ts`.
 */
import { Decode, Errors, Retry } from "@effect-venice/core"
import { Failure, Job, Telemetry, VeniceClient } from "@effect-venice/http"
import { Fixtures } from "@effect-venice/testing"
import { assert, describe, expect, it } from "@effect/vitest"
import { Cause, Effect, ErrorReporter, Fiber, Logger, Option, References, Schema } from "effect"
import { HttpClient, HttpClientError, HttpClientRequest, HttpClientResponse } from "effect/http"
import { TestClock } from "effect/testing"
import { ahead, late, open } from "./unsent.ts"

type Reply = (request: HttpClientRequest.HttpClientRequest) => Response | undefined

const json = (value: unknown, status = 200): Reply => () =>
  new Response(JSON.stringify(value), { status, headers: { "content-type": "application/json" } })

const processing = json({ status: "PROCESSING" })

const media: Reply = () => new Response("media", { headers: { "content-type": "video/mp4" } })

const failed = (message: string): Reply => json({ error: message }, 500)

const failedBy = (code: string, message: string): Reply => json({ error: { code, message } }, 500)

/** A client that answers with these in turn, the last one again and again, and what it sent. */
const following = (...replies: ReadonlyArray<Reply>) => {
  const sent: Array<HttpClientRequest.HttpClientRequest> = []
  const client = HttpClient.make((request) =>
    Effect.suspend(() => {
      const reply = replies[Math.min(sent.length, replies.length - 1)]!(request)
      sent.push(request)
      return reply === undefined
        ? Effect.fail(
          new HttpClientError.HttpClientError({ reason: new HttpClientError.TransportError({ request }) })
        )
        : Effect.succeed(HttpClientResponse.fromWeb(request, reply))
    })
  )
  const use = <A, E, R>(effect: Effect.Effect<A, E, R>) =>
    Effect.flatMap(
      VeniceClient.make({ baseUrl: "https://host/v1" }),
      (venice) => Effect.provideService(effect, VeniceClient, venice)
    ).pipe(Effect.provideService(HttpClient.HttpClient, client))
  return { sent, use }
}

const urlOf = ({ method, url }: HttpClientRequest.HttpClientRequest) => `${method} ${url}`

const bodyOf = ({ body }: HttpClientRequest.HttpClientRequest): unknown =>
  body._tag === "Uint8Array" ? JSON.parse(new TextDecoder().decode(body.body)) : undefined

const job: Job.Job = { medium: "video", model: "m", queueId: "q-1" }

/** How long it takes until an effect ends, in seconds. */
const seconds = Effect.fnUntraced(function*<A, E, R>(self: Effect.Effect<A, E, R>) {
  const fiber = yield* Effect.forkChild(self)
  for (let passed = 0; passed <= 200; passed++) {
    yield* TestClock.adjust(passed === 0 ? 0 : "1 second")
    for (let i = 0; i < 20; i++) yield* Effect.yieldNow
    if (fiber.pollUnsafe() !== undefined) return { passed, exit: yield* Fiber.await(fiber) }
  }
  return yield* Effect.die("it does not end")
})

describe("a job", () => {
  it.effect.each<Job.Medium>(["video", "audio", "audio/voice-changer"])(
    "of %s has operations of its own",
    (medium) =>
      Effect.gen(function*() {
        const { sent, use } = following(json({ model: "m", queue_id: "q-1", download_url: null }), media, json({}))
        const queued = yield* use(Job.queue(medium, { prompt: "p" }))
        yield* use(Job.wait(queued))
        assert.isUndefined(yield* use(Job.complete(queued)))

        assert.deepStrictEqual(queued, { medium, model: "m", queueId: "q-1" })
        assert.deepStrictEqual(
          sent.map(urlOf),
          ["queue", "retrieve", "complete"].map((step) => `POST https://host/v1/${medium}/${step}`)
        )
        assert.deepStrictEqual(sent.map(bodyOf), [
          { prompt: "p" },
          { model: "m", queue_id: "q-1" },
          { model: "m", queue_id: "q-1" }
        ])
      })
  )

  it("is kept as JSON, of every medium and no other", () => {
    const decode = Schema.decodeUnknownOption(Job.Job)
    for (const medium of ["video", "audio", "audio/voice-changer"]) {
      assert.deepStrictEqual(decode({ ...job, medium }), Option.some({ ...job, medium }))
    }
    for (const medium of ["", "image", "audio/other"]) assert.deepStrictEqual(decode({ ...job, medium }), Option.none())
  })

  it.effect("is polled every five seconds, or as often as the caller says", () =>
    Effect.gen(function*() {
      const often = following(processing, processing, media)
      const seldom = following(processing, processing, media)

      assert.strictEqual((yield* seconds(often.use(Job.wait(job)))).passed, 10)
      assert.strictEqual((yield* seconds(seldom.use(Job.wait(job, { every: "60 seconds" })))).passed, 120)
      assert.strictEqual(often.sent.length, 3)
    }))

  it.effect.each<readonly [number, Job.FollowOptions]>([
    [3600, {}],
    [60, { atMost: "1 minute" }]
  ])("may take an hour, or as long as the caller says: %d seconds", ([time, options]) =>
    Effect.gen(function*() {
      const { use } = following(processing)
      const fiber = yield* Effect.forkChild(use(Effect.flip(Job.wait(job, options))))
      yield* TestClock.adjust(`${time - 1} seconds`)
      assert.isUndefined(fiber.pollUnsafe())
      yield* TestClock.adjust("1 second")

      assert.strictEqual(
        (yield* Fiber.join(fiber)).message,
        "The video job q-1 failed: The job did not complete in time"
      )
    }))

  it.effect("has failed if two polls in turn fail with the same server error", () =>
    Effect.gen(function*() {
      const { sent, use } = following(failed("Inference processing failed"))
      const { exit, passed } = yield* seconds(use(Effect.flip(Job.wait(job))))

      assert.deepStrictEqual([sent.length, passed], [2, 5])
      assert.strictEqual(exit._tag === "Success" && exit.value.reason._tag, "INFERENCE_FAILED")
    }))

  it.effect("goes on if the second poll says another thing", () =>
    Effect.gen(function*() {
      const polls = [
        [failed("Inference processing failed"), media],
        [failed("Inference processing failed"), failed("An unknown error occurred"), media],
        [failed("An unknown error occurred"), failed("An unknown error occurred today"), media],
        [failedBy("INFERENCE_FAILED", "m"), failedBy("UNKNOWN_ERROR", "m"), media],
        [failedBy("INFERENCE_FAILED", "m"), failedBy("INFERENCE_FAILED", "n"), media],
        [() => undefined, media]
      ]
      for (const replies of polls) {
        const { sent, use } = following(...replies)
        const { exit } = yield* seconds(use(Job.wait(job)))

        assert.strictEqual(exit._tag, "Success")
        assert.strictEqual(sent.length, replies.length)
      }
    }))

  it.effect("has failed at once with an error that is no server error", () =>
    Effect.gen(function*() {
      const { sent, use } = following(json({ error: "Your prompt violates the content policy of Venice.ai" }, 422))
      const { exit, passed } = yield* seconds(use(Effect.flip(Job.wait(job))))

      assert.deepStrictEqual([sent.length, passed], [1, 0])
      assert.strictEqual(exit._tag === "Success" && exit.value.reason._tag, "CONTENT_POLICY_VIOLATION")
    }))

  it.effect("is polled again by the policy that the caller gives", () =>
    Effect.gen(function*() {
      const { sent, use } = following(() => undefined)
      yield* seconds(use(Effect.flip(Job.wait(job, { policy: Retry.limit(Retry.eager, { attempts: 3 }) }))))

      assert.strictEqual(sent.length, 3)
    }))

  it.effect("that is completed elsewhere has an unread response", () =>
    Effect.gen(function*() {
      const { use } = following(() =>
        new Response("{\"status\":\"COMPLETED\"}", {
          status: 201,
          headers: { "content-type": "application/problem+json", "set-cookie": "a=b", "x-a": "a" }
        })
      )
      const { job: same, response } = yield* use(Job.wait(job))

      assert.strictEqual(same, job)
      assert.deepStrictEqual(yield* response.json, { status: "COMPLETED" })
      assert.deepInclude({ status: response.status, a: response.headers["x-a"], url: response.url }, {
        status: 201,
        a: "a",
        url: "https://host/v1/video/retrieve"
      })
      assert.strictEqual(response.request.url, "https://host/v1/video/retrieve")
      assert.property(response.cookies.cookies, "a")
      assert.containsAllKeys({ ...response }, ["cookies", "url"])
    }))

  it.effect("without a content type is its media", () =>
    Effect.gen(function*() {
      const { use } = following(() => new Response(new Uint8Array([1])))
      const { response } = yield* use(Job.wait(job))

      assert.strictEqual((yield* response.arrayBuffer).byteLength, 1)
    }))

  it.effect("with another status is not as expected", () =>
    Effect.gen(function*() {
      const { use } = following(json({ status: "LOST" }))
      const { reason } = yield* use(Effect.flip(Job.wait(job)))

      assert.strictEqual(reason._tag, "UnexpectedBody")
      assert.include(reason.message, "POST /video/retrieve succeeded with 200, but status is not as expected")
    }))

  it.effect("is queued and followed in one", () =>
    Effect.gen(function*() {
      const { sent, use } = following(json({ model: "m", queue_id: "q-1", download_url: "https://other/v.mp4" }), media)
      const completed = yield* use(Job.run("audio", {}))

      assert.strictEqual(completed.job.downloadUrl, "https://other/v.mp4")
      assert.strictEqual(sent.length, 2)
    }))
})

describe("the media at a URL", () => {
  const stored = { ...job, downloadUrl: "https://other/v.mp4" }

  it.effect("is fetched and deleted without credentials", () =>
    Effect.gen(function*() {
      const { sent, use } = following(media)

      assert.strictEqual(yield* (yield* use(Job.download(stored))).text, "media")
      assert.isUndefined(yield* use(Job.discard(stored)))
      assert.deepStrictEqual(sent.map(urlOf), ["GET https://other/v.mp4", "DELETE https://other/v.mp4"])
      for (const { headers } of sent) assert.isUndefined(headers.authorization)
    }))

  it.effect("is none where the job has no URL", () =>
    Effect.gen(function*() {
      const { sent, use } = following(media)
      for (const [method, effect] of [["GET", Job.download(job)], ["DELETE", Job.discard(job)]] as const) {
        const error = yield* Effect.flip(use(effect as Effect.Effect<unknown, any, HttpClient.HttpClient>))

        assert.strictEqual(error.reason._tag, "InvalidUrlError")
        assert.strictEqual(error.request.method, method)
        assert.strictEqual(error.request.url, "")
        assert.strictEqual(
          error.reason.description,
          "the job has no download URL: its media is the body of the response that completed it"
        )
      }
      assert.deepStrictEqual(sent, [])
    }))

  it.effect("fails with what the connection fails with", () =>
    Effect.gen(function*() {
      const { use } = following(() => undefined)

      assert.nestedInclude(yield* Effect.flip(use(Job.download(stored))), { "reason._tag": "TransportError" })
    }))

  it("fails with these errors", async () => {
    const lines: Array<string> = []
    for (const fixture of Fixtures.errors) {
      const { status } = fixture.response
      const { use } = following(json({ error: { code: fixture._tag, message: fixture.message } }, status))
      const error = await Effect.runPromise(Effect.flip(use(Job.download(stored)))) as Errors.UnrecognizedResponse
      lines.push(
        `${fixture._tag} → ${error._tag}${
          error.code === undefined ? "" : ` with code ${error.code}`
        } in ${error.category}`
          + ` by ${error.matchedBy}: ${error.message}, HTTP ${error.response.status}`
      )
    }
    await expect(`${lines.join("\n")}\n`).toMatchFileSnapshot("golden/download-errors.txt")
  })
})

describe("what reporters and logs get", () => {
  const context = { status: 200, operation: "GET /models", requestId: "r-1", body: "private" }

  const lost = new HttpClientError.HttpClientError({
    reason: new HttpClientError.TransportError({ request: HttpClientRequest.get("/models"), description: "reset" })
  })

  const failures: ReadonlyArray<readonly [string, Error]> = [
    ["unexpected", new Failure.UnexpectedBody({ message: "no", differences: [], response: context })],
    ["unfinished", new Failure.UnfinishedStream({ message: "cut", response: context })],
    ["a call that a guard did not send", ahead],
    ["a call that a breaker did not send", open],
    ["a call whose turn did not come", late],
    ["a node", new Failure.JsonRpcError({ message: "reverted", response: context })],
    ["a job", new Failure.JobFailure({ job, reason: new Errors.InferenceFailed({ response: context }) })],
    ["a job of a policy", new Failure.JobFailure({ job, reason: new Errors.ContentPolicyViolation() })],
    ["a job out of time", new Failure.JobFailure({ job, reason: new Cause.TimeoutError("late\u001b[2J") })],
    ["a job that was lost", new Failure.JobFailure({ job, reason: lost })],
    ["lost", lost],
    ["out of time", new Cause.TimeoutError("late")],
    ["an error", new Error("mine")],
    ["a text", "mine" as unknown as Error]
  ]

  it("is this", async () => {
    const lines: Array<string> = []
    for (const [name, failure] of failures) {
      const logger = Logger.make(({ fiber, logLevel, message }) => {
        const annotations = JSON.stringify(fiber.getRef(References.CurrentLogAnnotations))
        const severity = failure[ErrorReporter.severity] ?? "none"
        const attributes = JSON.stringify(failure[ErrorReporter.attributes])
        lines.push(`${name} → log ${logLevel} ${String(message)} ${annotations}; report ${severity} ${attributes}`)
      })
      await Effect.runPromise(
        Telemetry.log(failure).pipe(
          Effect.provide(Logger.layer([logger])),
          Effect.provideService(References.MinimumLogLevel, "All")
        )
      )
    }
    await expect(`${lines.join("\n")}\n`).toMatchFileSnapshot("golden/reports.txt")
  })
})

it("a failure is found by its tag, whatever else is handled", () => {
  const error = Decode.response({ status: 500, body: "", now: 0 })
  const handlers = { UNRECOGNIZED_RESPONSE: () => "unknown", TimeoutError: () => "late" }

  assert.strictEqual(Failure.match(error as Errors.UnrecognizedResponse | Cause.TimeoutError, handlers), "unknown")
  assert.strictEqual(
    Failure.match(new Cause.TimeoutError("x") as Errors.UnrecognizedResponse | Cause.TimeoutError, handlers),
    "late"
  )
})
