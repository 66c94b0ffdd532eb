import type { Dynamics } from "@effect-venice/testing"
import { assert, describe, it } from "@effect/vitest"
import { Duration, Effect } from "effect"
import { TestClock } from "effect/testing"
import * as Media from "../../src/internal/venice/media.ts"
import { type Client, form, make } from "./ask.ts"

const body = { model: "wan-2-7-text-to-video", prompt: "A gondola", duration: "5s" }

const queue = ({ ask }: Client) => Effect.map(ask("POST /video/queue", { body }), ({ json }) => json)

const poll = ({ ask }: Client, job: any, more: object = {}) =>
  ask("POST /video/retrieve", { body: { model: job.model, queue_id: job.queue_id, ...more } })

const failing = (error?: string): Dynamics.Dynamics => ({
  balance: { usd: 10 },
  jobs: { failureRate: 1, ...(error !== undefined && { error }) }
})

describe("a job", () => {
  it.effect("is processing until its time has passed, and then has its media", () =>
    Effect.gen(function*() {
      const client = yield* make()
      const job = yield* queue(client)
      yield* TestClock.adjust(Duration.millis(19_999))
      const running = yield* poll(client, job)
      yield* TestClock.adjust(Duration.millis(1))
      const completed = yield* poll(client, job)

      assert.deepStrictEqual(running.json, {
        status: "PROCESSING",
        average_execution_time: 20_000,
        execution_duration: 19_999
      })
      assert.strictEqual(completed.headers["content-type"], "video/mp4")
      assert.isAbove((completed.body as Uint8Array).length, 0)
    }))

  it.effect("belongs to the key that queued it, and to its medium", () =>
    Effect.gen(function*() {
      const client = yield* make()
      const job = yield* queue(client)
      const request = { body: { model: job.model, queue_id: job.queue_id } }

      assert.strictEqual((yield* client.ask("POST /video/retrieve", { ...request, key: "other" })).status, 400)
      assert.strictEqual((yield* client.ask("POST /audio/retrieve", request)).status, 400)
    }))

  it.effect("is gone once it was deleted, or after 24 hours", () =>
    Effect.gen(function*() {
      const client = yield* make()
      const [kept, deleted] = yield* Effect.all([queue(client), queue(client)])
      yield* TestClock.adjust(Duration.seconds(20))
      yield* poll(client, deleted, { delete_media_on_completion: true })
      assert.strictEqual((yield* poll(client, deleted)).error?._tag, "MEDIA_NOT_FOUND")

      yield* TestClock.adjust(Duration.millis(Duration.toMillis(Duration.hours(24)) - 1))
      assert.strictEqual((yield* poll(client, kept)).status, 200)
      yield* TestClock.adjust(Duration.millis(1))
      assert.strictEqual((yield* poll(client, kept)).error?._tag, "MEDIA_NOT_FOUND")
    }))

  it.effect("fails the same way on every poll, and gives its charge back once", () =>
    Effect.gen(function*() {
      const client = yield* make(failing())
      const job = yield* queue(client)
      yield* TestClock.adjust(Duration.seconds(20))
      const [first, second] = yield* Effect.all([poll(client, job), poll(client, job)])
      const charges = yield* client.venice.charges

      assert.strictEqual(first.status, 422)
      assert.strictEqual(first.error?._tag === "CONTENT_POLICY_VIOLATION" && first.error.creditsRefunded, true)
      assert.strictEqual(second.text, first.text)
      assert.deepStrictEqual(charges.map(({ amount }) => amount), [0.35, -0.35])
      assert.strictEqual((yield* client.ask("GET /billing/balance")).json.balances.usd, 10)
    }))

  it.effect("gives its charge back when it fails, whether it is polled or not", () =>
    Effect.gen(function*() {
      const client = yield* make(failing())
      const usd = Effect.map(client.ask("GET /billing/balance"), ({ json }) => json.balances.usd as number)
      yield* queue(client)
      yield* TestClock.adjust(Duration.millis(19_999))
      const before = yield* usd
      yield* TestClock.adjust(Duration.millis(1))
      const after = yield* usd
      yield* TestClock.adjust(Duration.hours(1))
      const charges = yield* client.venice.charges

      assert.deepStrictEqual([before, after], [9.65, 10])
      assert.deepStrictEqual(charges.map(({ amount, at }) => [amount, at]), [[0.35, 0], [-0.35, 20_000]])
    }))

  it.effect("fails with the error of the dynamics", () =>
    Effect.gen(function*() {
      const client = yield* make(failing("INFERENCE_FAILED"))
      const job = yield* queue(client)
      yield* TestClock.adjust(Duration.seconds(20))
      const { error, json } = yield* poll(client, job)

      assert.strictEqual(error?._tag, "INFERENCE_FAILED")
      assert.isTrue(json.credits_refunded)
    }))

  it.effect("has its media at a URL that needs no credentials", () =>
    Effect.gen(function*() {
      const client = yield* make({ jobs: { hasDownloadUrl: true } })
      const { json: job } = yield* client.ask("POST /video/queue", { body, headers: { host: "127.0.0.1:4000" } })
      const path = new URL(job.download_url).pathname
      const download = (method: string) =>
        client.venice.respond({ method, path, operation: undefined, headers: {}, body: "" })
      const early = yield* download("GET")
      yield* TestClock.adjust(Duration.seconds(20))

      assert.strictEqual(new URL(job.download_url).host, "127.0.0.1:4000")
      assert.strictEqual(early.status, 404)
      assert.strictEqual((yield* poll(client, job)).json.status, "COMPLETED")
      assert.strictEqual((yield* download("GET")).headers["content-type"], "video/mp4")
      assert.strictEqual((yield* download("DELETE")).status, 204)
      assert.strictEqual((yield* download("GET")).status, 404)
    }))

  it.effect("has a download that expires", () =>
    Effect.gen(function*() {
      const client = yield* make({ jobs: { hasDownloadUrl: true, keep: Duration.minutes(1) } })
      const job = yield* queue(client)
      yield* TestClock.adjust(Duration.seconds(80))
      const { status } = yield* client.venice.respond({
        method: "GET",
        path: new URL(job.download_url).pathname,
        operation: undefined,
        headers: {},
        body: ""
      })

      assert.strictEqual(status, 410)
    }))
})

describe("audio and voices", () => {
  it.effect("deliver their audio, and that of a voice changer once", () =>
    Effect.gen(function*() {
      const { ask } = yield* make()
      const file = { name: "a.wav", bytes: Media.audio.wav!.bytes }
      const audio = yield* ask("POST /audio/queue", { body: { model: "elevenlabs-music", prompt: "A calm piano" } })
      const voice = yield* ask("POST /audio/voice-changer/queue", form({ model: "elevenlabs-voice-changer", file }))
      yield* TestClock.adjust(Duration.seconds(20))
      const again = (medium: string, { json }: any) =>
        Effect.all(
          [1, 2].map(() => ask(`POST /${medium}/retrieve`, { body: { model: json.model, queue_id: json.queue_id } }))
        )

      assert.deepStrictEqual((yield* again("audio", audio)).map(({ status }) => status), [200, 200])
      assert.deepStrictEqual((yield* again("audio/voice-changer", voice)).map(({ status }) => status), [200, 404])
    }))

  it.effect("refuse options and models that do not fit", () =>
    Effect.gen(function*() {
      const { ask } = yield* make()
      const queue = (more: object) =>
        ask("POST /audio/queue", { body: { model: "elevenlabs-music", prompt: "A calm piano", ...more } })

      assert.strictEqual((yield* queue({ lyrics_prompt: "la la la" })).status, 400)
      assert.strictEqual((yield* queue({ duration_seconds: 601 })).status, 400)
      assert.strictEqual((yield* queue({ duration_seconds: 600 })).status, 200)
      assert.strictEqual((yield* queue({ model: "elevenlabs-voice-changer" })).status, 400)
      const both = yield* ask("POST /audio/voice-changer/queue", { body: { model: "elevenlabs-voice-changer" } })
      assert.strictEqual(both.json.error, "Provide exactly one of file or audio_url.")
    }))

  it.effect("speak in every format of the model, with its voices and with cloned ones", () =>
    Effect.gen(function*() {
      const { ask } = yield* make()
      const speak = (more: object) =>
        ask("POST /audio/speech", { body: { model: "tts-kokoro", input: "Hello", ...more } })
      const file = { name: "a.wav", bytes: Media.audio.wav!.bytes }
      const clone = yield* ask("POST /audio/voices", form({ model: "tts-chatterbox-hd", file }))
      const cloned = { model: "tts-chatterbox-hd", voice: clone.json.id }

      for (const response_format of ["mp3", "opus", "aac", "flac", "wav", "pcm"]) {
        assert.strictEqual((yield* speak({ response_format })).status, 200, response_format)
      }
      assert.strictEqual((yield* speak({ voice: "Rachel" })).status, 400)
      assert.strictEqual((yield* speak({ model: "tts-chatterbox-hd", response_format: "mp3" })).status, 400)
      assert.strictEqual((yield* speak(cloned)).status, 200)
      yield* TestClock.adjust(Duration.days(7))
      assert.strictEqual((yield* speak(cloned)).status, 400)
      assert.isArray((yield* speak({ streaming: true })).body)
    }))
})
