import { type Errors, Operation, Retry, RetryBudget } from "@effect-venice/core"
import { VeniceFetch } from "@effect-venice/http"
import { assert, describe, it } from "@effect/vitest"
import { Deferred, Duration, Effect, Fiber } from "effect"
import { TestClock } from "effect/testing"

const chat = "https://api.venice.ai/api/v1/chat/completions"

type Fetch = typeof globalThis.fetch

const busy = (headers: Record<string, string> = {}) =>
  new Response("{\"error\":\"The model is at capacity. Please try again later.\"}", { status: 503, headers })

const failed = () => new Response("{\"error\":\"Inference processing failed\"}", { status: 500 })

/** A `fetch` that gives the answers in turn, the last one again and again, and keeps what it was called with. */
const answering = (...answers: ReadonlyArray<() => Response | Promise<Response>>) => {
  const calls: Array<Parameters<Fetch>> = []
  const fetch: Fetch = async (...args) => {
    calls.push(args)
    return answers[Math.min(calls.length, answers.length) - 1]!()
  }
  return { calls, fetch }
}

const rejecting = (error: unknown) => () => Promise.reject(error as Error)

const sending = (response: () => Response, init?: RequestInit, options: VeniceFetch.Options = {}) =>
  VeniceFetch.make({ ...options, fetch: async () => response() })(chat, { method: "POST", ...init })

/** Runs a call on the clock of the test, whose waits pass at once. */
const onTestClock = (
  options: VeniceFetch.Options,
  call: (fetch: Fetch) => Promise<Response> = (fetch) => fetch(chat, { method: "POST", body: "{}" })
) =>
  Effect.gen(function*() {
    const fetch = yield* VeniceFetch.makeEffect(options)
    const fiber = yield* Effect.forkChild(Effect.tryPromise({ try: () => call(fetch), catch: (error) => error }))
    // A promise settles between two turns of the event loop.
    const turn = Effect.promise(() => new Promise((resolve) => setTimeout(resolve)))
    while (fiber.pollUnsafe() === undefined) {
      yield* turn
      yield* TestClock.adjust("10 seconds")
    }
    return yield* Effect.exit(Fiber.join(fiber))
  })

describe("a success", () => {
  it("is the same object", async () => {
    const response = new Response("{\"choices\":[]}")
    const { calls, fetch } = answering(() => response)
    const init = { method: "POST", body: "{}" }

    assert.strictEqual(await VeniceFetch.make({ fetch })(chat, init), response)
    assert.strictEqual(calls[0]![0], chat)
    assert.strictEqual(calls[0]![1], init)
    assert.isFalse(response.bodyUsed)
  })

  it.each([204, 302, 304, 399])("or another response below 400 is too: %d", async (status) => {
    const headers = status === 204 ? {} : { "x-venice-is-content-violation": "true", "content-type": "image/png" }
    const response = new Response(null, { status, headers })

    assert.strictEqual(await sending(() => response), response)
  })

  it("of a fetch is none that is no response", async () => {
    const fetch = VeniceFetch.make({ fetch: async () => undefined as never })

    assert.instanceOf(await fetch(chat).catch((thrown: unknown) => thrown), TypeError)
  })

  it("with a blocked image is a failing response", async () => {
    const response = await sending(() =>
      new Response("image", { headers: { "x-venice-is-content-violation": "true", "content-type": "image/png" } })
    )

    assert.strictEqual(response.status, 422)
    assert.strictEqual(VeniceFetch.errorOf(response)?._tag, "CONTENT_POLICY_VIOLATION")
  })
})

describe("a failing response", () => {
  it("has the form of OpenAI, its status in a header, and its origin", async () => {
    const original = busy({ "retry-after": "30", "cf-ray": "91dbd54fa83f8cbd-EWR", "set-cookie": "a=b" })
    Object.defineProperty(original, "url", { value: chat })
    const response = await sending(() => original)

    assert.strictEqual(response.status, 503)
    assert.strictEqual(response.url, chat)
    assert.deepStrictEqual(Object.fromEntries(response.headers), {
      "cf-ray": "91dbd54fa83f8cbd-EWR",
      "content-type": "application/json",
      "retry-after": "30",
      "x-request-id": "91dbd54fa83f8cbd-EWR",
      "x-venice-code": "MODEL_AT_CAPACITY",
      "x-venice-status": "503"
    })
    assert.deepInclude((await response.json() as { error: object }).error, {
      message: "The model is at capacity. Please try again later.",
      type: "server_error",
      code: "model_at_capacity",
      venice_code: "MODEL_AT_CAPACITY",
      operation: "POST /chat/completions"
    })
  })

  it.each<[string, Parameters<Fetch>]>([
    ["the header of its client", [chat, { headers: { "anthropic-version": "2026-10-21" } }]],
    ["its path", ["https://api.venice.ai/api/v1/messages?beta=true", { method: "POST" }]],
    ["a Request", [new Request("https://api.venice.ai/api/v1/messages", { method: "POST" })]]
  ])("has the form of Anthropic by %s", async (_, args) => {
    const response = await VeniceFetch.make({ fetch: async () => busy() })(...args)

    assert.deepInclude(await response.json(), { type: "error", code: "MODEL_AT_CAPACITY" })
  })

  it.each([
    ["/messages", true],
    ["/messages?a=b", true],
    ["/messages#a", true],
    ["/messages/count_tokens", true],
    ["/messages2", false],
    ["/threads/t-1/messages", false],
    ["/models", false]
  ])("has the form of Anthropic at %s: %j", async (path, isAnthropic) => {
    const response = await VeniceFetch.make({ fetch: async () => busy() })(`https://api.venice.ai/api/v1${path}`)

    assert.strictEqual((await response.json() as { type?: string }).type === "error", isAnthropic)
  })

  const aiSdk = "ai-sdk/openai-compatible/3.0.92 ai-sdk/provider-utils/5.0.81"

  it.each([
    [aiSdk, true],
    [`mine/1 ${aiSdk}`, true],
    ["ai-sdk-provider/1", true],
    ["my-ai-sdk/1", false],
    ["ai-sdkit/1", false],
    ["OpenAI/JS 7.57.0", false],
    [undefined, false]
  ])("has a status that the client does not repeat, if it is the AI SDK: %s, %j", async (userAgent, isAiSdk) => {
    const headers: Record<string, string> = userAgent === undefined ? {} : { "user-agent": userAgent }
    const response = await sending(() => busy({ "retry-after": "3600" }), { headers })

    assert.strictEqual(response.status, isAiSdk ? 424 : 503)
  })

  it.each([
    ["AUTHENTICATION_FAILED", 401],
    ["PRO_ONLY_MODEL", 403],
    ["INSUFFICIENT_BALANCE", 402],
    ["INVALID_REQUEST", 400],
    ["CORRUPTED_IMAGE", 400],
    ["TOO_MANY_TOKENS", 400],
    ["MODEL_NOT_FOUND", 404],
    ["CONTENT_POLICY_VIOLATION", 422],
    ["RATE_LIMIT_EXCEEDED", 424],
    ["MODEL_AT_CAPACITY", 424],
    ["INFERENCE_FAILED", 424],
    ["ASR_UPSTREAM_FAILED", 424],
    ["REQUEST_TIMEOUT", 424]
  ])("has a status of its category for the AI SDK, if it must not be repeated: %s, %d", async (code, final) => {
    const failed = (status: number) => () =>
      new Response(JSON.stringify({ error: { code, message: "m" } }), { status, headers: { "retry-after": "3600" } })
    for (const status of [408, 409, 429, 500, 599]) {
      const response = await sending(failed(status), { headers: { "user-agent": aiSdk } })

      assert.deepStrictEqual([response.status, response.headers.get("x-venice-status")], [final, String(status)])
    }
    for (const status of [400, 407, 410, 428, 430, 499]) {
      assert.strictEqual((await sending(failed(status), { headers: { "user-agent": aiSdk } })).status, status)
    }
  })

  it.each([
    ["59999", null, null],
    ["60000", null, "false"],
    ["60001", "false", "false"]
  ])("may be repeated after a hint of up to a minute, which the AI SDK undercuts: %s ms", async (hint, other, sdk) => {
    const advice = async (userAgent: string) => {
      const response = await sending(() => busy({ "retry-after-ms": hint }), { headers: { "user-agent": userAgent } })
      return response.headers.get("x-should-retry")
    }

    assert.deepStrictEqual([await advice("OpenAI/JS 7.57.0"), await advice(aiSdk)], [other, sdk])
  })

  it("can be given another origin by who passes it on", async () => {
    const response = await sending(busy)
    Object.defineProperty(response, "url", { value: "https://proxy.example/" })

    assert.strictEqual(response.url, "https://proxy.example/")
  })

  it.each(["openai", "anthropic", "venice", "problem"] as const)("has the form of the option: %s", async (format) => {
    const response = await sending(busy, { headers: { "anthropic-version": "1" } }, { format })

    assert.strictEqual(VeniceFetch.errorOf(response)?._tag, "MODEL_AT_CAPACITY")
    assert.strictEqual(
      response.headers.get("content-type"),
      format === "problem" ? "application/problem+json" : "application/json"
    )
  })

  it("is read within limits", async () => {
    const endless = () =>
      new Response(new ReadableStream({ pull: (controller) => controller.enqueue(new Uint8Array(1000).fill(120)) }), {
        status: 500
      })
    const response = await sending(endless, {}, { limits: { bytes: 2000 } })

    assert.strictEqual(VeniceFetch.errorOf(response)?._tag, "UNRECOGNIZED_RESPONSE")
  })

  it("is read for a limited time", async () => {
    let isCancelled = false
    const silent = () =>
      new Response(
        new ReadableStream({
          cancel: () => {
            isCancelled = true
          }
        }),
        { status: 413 }
      )
    const response = await sending(silent, {}, { limits: { time: Duration.millis(20) } })

    assert.strictEqual(VeniceFetch.errorOf(response)?._tag, "PAYLOAD_TOO_LARGE")
    assert.isTrue(isCancelled)
  })

  it.effect("is read for as long as the caller says", () =>
    Effect.gen(function*() {
      let isCancelled = false
      const silent = () =>
        new ReadableStream({
          cancel: () => {
            isCancelled = true
          }
        })
      const fetch = yield* VeniceFetch.makeEffect({
        fetch: async () => new Response(silent(), { status: 413 }),
        limits: { time: "1 minute" }
      })
      const fiber = yield* Effect.forkChild(Effect.promise(() => fetch(chat)))
      const turn = Effect.promise(() => new Promise((resolve) => setTimeout(resolve)))
      yield* turn
      yield* TestClock.adjust("59999 millis")
      yield* turn
      assert.isFalse(isCancelled)
      yield* TestClock.adjust("1 millis")
      yield* Fiber.join(fiber)
      assert.isTrue(isCancelled)
    }))

  it.each([
    ["authorization", "Bearer my-secret-value"],
    ["x-api-key", "my-secret-value"],
    ["cookie", "session=my-secret-value"],
    ["sign-in-with-x", "my-secret-value"],
    ["x-payment", "my-secret-value"],
    ["payment-signature", "my-secret-value"]
  ])("does not repeat the %s of the request", async (name, value) => {
    const secret = "my-secret-value"
    const echo = `${secret} ${btoa(secret)} ${encodeURIComponent(secret)} ${JSON.stringify(secret)}`
    const requests: ReadonlyArray<Parameters<Fetch>> = [
      [chat, { headers: { [name]: value } }],
      [chat, { headers: [[name, value]] }],
      [new Request(chat, { headers: name === "cookie" ? { "x-cookie": value } : { [name]: value } })]
    ]
    for (const args of requests) {
      const fetch = VeniceFetch.make({
        fetch: async () =>
          new Response(JSON.stringify({ error: echo, details: { a: echo } }), {
            status: 400,
            headers: { "x-request-id": secret }
          })
      })
      const response = await fetch(...args)
      const text = await response.text() + JSON.stringify([...response.headers])

      assert.notInclude(text, secret)
      assert.notInclude(text, btoa(secret))
      assert.notInclude(JSON.stringify(VeniceFetch.errorOf(response)), secret)
    }
  })

  it("takes the place of one that cannot be read", async () => {
    const used = busy()
    await used.text()

    assert.strictEqual(VeniceFetch.errorOf(await sending(() => used))?._tag, "UNRECOGNIZED_RESPONSE")
  })

  it("can be cloned, and read without waiting", async () => {
    const response = await sending(busy)
    const clone = response.clone()

    assert.strictEqual(VeniceFetch.errorOf(clone)?._tag, "MODEL_AT_CAPACITY")
    assert.strictEqual(await clone.text(), await response.text())
    assert.isTrue(response.bodyUsed)
    assert.strictEqual(VeniceFetch.errorOf(response)?._tag, "MODEL_AT_CAPACITY")
  })
})

describe("a request without a response", () => {
  it("fails with the same value, also after retries", async () => {
    for (const error of [new TypeError("fetch failed"), "a text", undefined]) {
      for (const retry of [undefined, Retry.never, Retry.standard]) {
        const fetch = VeniceFetch.make({ fetch: rejecting(error), retry })
        const caught = await fetch(chat, { method: "POST", body: "{}" }).then(
          () => "none",
          (thrown: unknown) => [thrown]
        )

        assert.deepStrictEqual(caught, [error])
        assert.strictEqual((caught as Array<unknown>)[0], error)
      }
    }
  })

  it("fails with what the platform throws at its headers", async () => {
    const fetch = VeniceFetch.make()
    const thrown = await fetch(chat, { headers: { "not a name": "x" } }).catch((error: unknown) => error)

    assert.instanceOf(thrown, TypeError)
    assert.include(thrown.message, "not a name")
  })

  it("fails if the platform throws", async () => {
    const error = new Error("synchronous")
    const fetch = VeniceFetch.make({
      fetch: () => {
        throw error
      }
    })

    assert.strictEqual(await fetch(chat).catch((thrown: unknown) => thrown), error)
  })

  it.effect("is sent again if it was never sent", () =>
    Effect.gen(function*() {
      const refused = Object.assign(new TypeError("fetch failed"), {
        cause: Object.assign(new Error("connect"), { code: "ECONNREFUSED" })
      })
      const { calls, fetch } = answering(rejecting(refused), rejecting(refused), () => new Response("ok"))
      const exit = yield* onTestClock({ fetch, retry: Retry.standard })

      assert.isTrue(exit._tag === "Success")
      assert.strictEqual(calls.length, 3)
    }))

  it.effect("is not sent again if it may have been executed", () =>
    Effect.gen(function*() {
      const { calls, fetch } = answering(rejecting(new TypeError("fetch failed")))
      yield* onTestClock({ fetch, retry: Retry.standard })

      assert.strictEqual(calls.length, 1)
    }))
})

describe("a policy", () => {
  it.effect("waits as long as the server asks", () =>
    Effect.gen(function*() {
      const seen: Array<[string, number, number]> = []
      const { calls, fetch } = answering(() => busy({ "retry-after": "30" }), () => new Response("ok"))
      const exit = yield* onTestClock({
        fetch,
        retry: Retry.standard,
        onRetry: ({ delay, failure, retry }) =>
          seen.push([(failure as Errors.ModelAtCapacity)._tag, Duration.toMillis(delay), retry])
      })

      assert.strictEqual(exit._tag, "Success")
      assert.strictEqual(calls.length, 2)
      assert.strictEqual(calls[0]![1], calls[1]![1])
      const [[code, delay, retry] = []] = seen
      assert.deepStrictEqual([code, retry], ["MODEL_AT_CAPACITY", 1])
      assert.isTrue(delay! >= 30_000 && delay! <= 37_500)
    }))

  it.effect("tells the client not to repeat what it gave up on", () =>
    Effect.gen(function*() {
      const { calls, fetch } = answering(busy)
      const exit = yield* onTestClock({ fetch, retry: Retry.limit(Retry.standard, { attempts: 2 }) })

      assert.strictEqual(calls.length, 2)
      assert.strictEqual(exit._tag === "Success" ? exit.value.headers.get("x-should-retry") : undefined, "false")
    }))

  it.effect("gives the AI SDK a status that it does not repeat", () =>
    Effect.gen(function*() {
      const exit = yield* onTestClock({ fetch: async () => busy(), retry: Retry.never }, (fetch) =>
        fetch(chat, { method: "POST", headers: { "user-agent": "mine ai-sdk/openai-compatible/3.0.92" } }))

      assert.deepStrictEqual(
        exit._tag === "Success" ? [exit.value.status, exit.value.headers.get("x-venice-status")] : [],
        [424, "503"]
      )
    }))

  it.effect.each<[string, string, number]>([
    ["POST", "/video/queue", 1],
    ["POST", "/chat/completions", 4],
    ["GET", "/models", 4],
    ["POST", "/unknown", 1]
  ])("does not charge twice: %s %s", ([method, path, attempts]) =>
    Effect.gen(function*() {
      const { calls, fetch } = answering(failed)
      yield* onTestClock({ fetch, retry: Retry.standard }, (fetch) =>
        fetch(new URL(`https://api.venice.ai/api/v1${path}`), { method }))

      assert.strictEqual(calls.length, attempts)
    }))

  it.each<[string, Parameters<Fetch>]>([
    ["GET /models", ["https://api.venice.ai/api/v1/models"]],
    ["GET /models", ["https://api.venice.ai/api/v1/models", { method: "get" }]],
    ["POST /chat/completions", [new URL(chat), { method: "post" }]],
    ["POST /chat/completions", [new Request(chat, { method: "POST" })]]
  ])("knows the operation: %s", async (operation, args) => {
    const response = await VeniceFetch.make({ fetch: async () => busy() })(...args)

    assert.strictEqual(VeniceFetch.errorOf(response)?.response.operation, operation)
  })

  it.each<[unknown]>([[null], [undefined], [5], [{ url: 5 }], [{ toString: () => chat }]])(
    "leaves what is no request to the fetch beneath: %j",
    async (input) => {
      const { calls, fetch } = answering(busy)
      const response = await VeniceFetch.make({ fetch })(input as never)

      assert.strictEqual(response.status, 503)
      assert.strictEqual(calls[0]![0], input)
    }
  )

  const form = new FormData()
  form.append("a", "b")

  // A platform that does not show the body of a `Request`.
  const foreign = (method: string | undefined) => ({ url: chat, method, headers: new Headers() }) as Request

  it.effect.each<[string, () => Parameters<Fetch>, boolean]>([
    ["a text", () => [chat, { method: "POST", body: "{}" }], true],
    ["bytes", () => [chat, { method: "POST", body: new Uint8Array(3) }], true],
    ["a buffer", () => [chat, { method: "POST", body: new ArrayBuffer(3) }], true],
    ["a form", () => [chat, { method: "POST", body: form }], true],
    ["parameters", () => [chat, { method: "POST", body: new URLSearchParams("a=b") }], true],
    ["a blob", () => [chat, { method: "POST", body: new Blob(["a"]) }], true],
    ["no body", () => [chat, { method: "POST" }], true],
    ["null", () => [chat, { method: "POST", body: null }], true],
    ["a GET of another platform", () => [foreign("GET")], true],
    ["a HEAD of another platform", () => [foreign("HEAD")], true],
    ["a POST of another platform that is sent as a GET", () => [foreign("POST"), { method: "get" }], true],
    ["a request of another platform without a method", () => [foreign(undefined)], true],
    ["a POST of another platform", () => [foreign("POST")], false],
    ["a Request without a body", () => [new Request(chat, { method: "POST" })], true],
    ["a Request with a body of init", () => [new Request(chat, { method: "POST", body: "a" }), { body: "b" }], true],
    ["a Request with a body", () => [new Request(chat, { method: "POST", body: "a" })], false],
    ["a stream", () => [chat, { method: "POST", body: new Response("a").body!, duplex: "half" } as RequestInit], false],
    ["an iterable", () => [chat, { method: "POST", body: (async function*() {})() } as never], false]
  ])("repeats what can be sent again: %s", ([, args, isAgain]) =>
    Effect.gen(function*() {
      const { calls, fetch } = answering(busy, () => new Response("ok"))
      yield* onTestClock({ fetch, retry: Retry.standard }, (fetch) => fetch(...args()))

      assert.strictEqual(calls.length, isAgain ? 2 : 1)
    }))

  it.effect("shares a budget and the consent of the fiber that made it", () =>
    Effect.gen(function*() {
      const { calls, fetch } = answering(failed)
      yield* onTestClock({ fetch, retry: Retry.standard }).pipe(
        Effect.provide(RetryBudget.layer({ allowance: 0, initial: 0 }))
      )
      assert.strictEqual(calls.length, 1)

      yield* Operation.allowReplay(
        onTestClock({ fetch, retry: Retry.standard }, (fetch) =>
          fetch("https://api.venice.ai/api/v1/video/queue", { method: "POST" }))
      )
      assert.isAbove(calls.length, 2)
    }))
})

describe("an aborted request", () => {
  const reason = new Error("my own reason")

  it("is not sent", async () => {
    const { calls, fetch } = answering(busy)
    const ours = VeniceFetch.make({ fetch })
    const aborted = AbortSignal.abort(reason)

    assert.strictEqual(await ours(chat, { signal: aborted }).catch((thrown: unknown) => thrown), reason)
    assert.strictEqual(await ours(new Request(chat, { signal: aborted })).catch((e: unknown) => e), reason)
    assert.strictEqual(calls.length, 0)
  })

  it("has a signal of init in place of that of the Request", async () => {
    const request = new Request(chat, { signal: AbortSignal.abort(reason) })
    const ours = VeniceFetch.make({ fetch: async () => new Response("ok") })

    assert.strictEqual((await ours(request, { signal: null })).status, 200)
  })

  const aborting = async (answer: (signal: AbortSignal) => Promise<Response>, retry?: Retry.Policy) => {
    const controller = new AbortController()
    const fetch = VeniceFetch.make({ fetch: () => answer(controller.signal), retry })
    const call = fetch(chat, { method: "POST", signal: controller.signal }).catch((thrown: unknown) => thrown)
    setTimeout(() => controller.abort(reason), 10)
    return call
  }

  it("ends in the request, in the body, and in a wait, with the reason of its signal", async () => {
    const silent = () => Promise.resolve(new Response(new ReadableStream(), { status: 500 }))

    assert.strictEqual(await aborting(() => new Promise(() => {})), reason)
    assert.strictEqual(await aborting(silent), reason)
    assert.strictEqual(await aborting(async () => busy({ "retry-after": "30" }), Retry.standard), reason)
  })

  it("leaves no listener behind", async () => {
    const { signal } = new AbortController()
    let listeners = 0
    const { addEventListener, removeEventListener } = signal
    signal.addEventListener = (...args: Parameters<typeof addEventListener>) => {
      listeners++
      addEventListener.apply(signal, args)
    }
    signal.removeEventListener = (...args: Parameters<typeof removeEventListener>) => {
      listeners--
      removeEventListener.apply(signal, args)
    }
    await VeniceFetch.make({ fetch: async () => busy() })(chat, { signal })

    assert.strictEqual(listeners, 0)
  })
})

describe("a hook", () => {
  it("is told of the error that the client gets", async () => {
    const seen: Array<string> = []
    await sending(busy, {}, { onError: (error) => seen.push(error._tag) })

    assert.deepStrictEqual(seen, ["MODEL_AT_CAPACITY"])
  })

  it.effect("that throws or is rejected changes nothing", () =>
    Effect.gen(function*() {
      const { calls, fetch } = answering(busy)
      const fail = () => {
        throw new Error("hook")
      }
      for (const hook of [fail, () => Promise.reject(new Error("hook"))]) {
        const exit = yield* onTestClock({
          fetch,
          retry: Retry.limit(Retry.standard, { attempts: 2 }),
          onError: hook,
          onRetry: hook
        })
        assert.strictEqual(exit._tag === "Success" ? exit.value.status : 0, 503)
      }
      assert.strictEqual(calls.length, 4)
    }))

  it.effect("sees no secret of the request", () =>
    Effect.gen(function*() {
      const seen = yield* Deferred.make<string>()
      yield* onTestClock(
        {
          fetch: rejecting(Object.assign(new Error("my-secret-value"), { code: "ECONNREFUSED" })),
          retry: Retry.standard,
          onRetry: ({ failure }) => Effect.runSync(Deferred.succeed(seen, `${failure} ${JSON.stringify(failure)}`))
        },
        (fetch) => fetch(chat, { method: "POST", headers: { authorization: "Bearer my-secret-value" } })
      )

      assert.notInclude(yield* Deferred.await(seen), "my-secret-value")
    }))
})
