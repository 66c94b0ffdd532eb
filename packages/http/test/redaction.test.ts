/**
 * What counts as a secret of a request, name by name. That no secret leaves a call is in `credentials.test.ts`.
 */
import { HttpFailure } from "@effect-venice/http"
import { assert, describe, expect, it } from "@effect/vitest"
import { Cause, Effect, Exit, Redacted, Stream, Tracer } from "effect"
import { Headers, HttpClient, HttpClientError, HttpClientRequest, HttpClientResponse, UrlParams } from "effect/http"
import { inspect } from "node:util"
import { checkHeaders, redactFailure, redactResponse, secretsOf } from "../src/internal/credentials.ts"
import { isWorthMore } from "../src/internal/destination.ts"
import { recorder } from "./spans.ts"

const headerNames = [
  "authorization",
  "proxy-authorization",
  "cf-aig-authorization",
  "x_authorization",
  "authorization-x",
  "preauthorization",
  "auth",
  "helicone-auth",
  "x_auth",
  "auth-x",
  "oauth",
  "apikey",
  "api-key",
  "x-api-key",
  "x-goog-api-key",
  "x_apikey",
  "api--key",
  "api_key",
  "api-key-id",
  "subscription-key",
  "ocp-apim-subscription-key",
  "subscription-keys",
  "token",
  "x-session-token",
  "x_token",
  "tokens",
  "max-tokens",
  "xtoken",
  "secret",
  "client-secret",
  "secrets",
  "signature",
  "x-relay-signature",
  "signatures",
  "cookie",
  "set-cookie",
  "xcookie",
  "cookie-x",
  "cookies",
  "sign-in-with-x",
  "x-sign-in-with-x",
  "y-sign-in-with-x",
  "sign-in-with-xy",
  "payment-signature",
  "x-payment-signature",
  "payment-signatures",
  "x-payment",
  "a-x-payment",
  "x-payment-id",
  "x-402-payment",
  "a-x-402-payment",
  "x-402-payment-id",
  "payment",
  "key",
  "x-key",
  "x-request-id",
  "content-type",
  "accept",
  ""
]

const paramNames = [
  "key",
  "Key",
  "keys",
  "xkey",
  "x-key",
  "sig",
  "SIG",
  "sigs",
  "x-sig",
  "secret",
  "secrets",
  "x-secret",
  "password",
  "passwords",
  "x-password",
  "apikey",
  "api-key",
  "api_key",
  "apiKey",
  "x-api-key",
  "x_api_key",
  "xapikey",
  "api--key",
  "apikeys",
  "token",
  "access_token",
  "X-Amz-Security-Token",
  "access.token",
  "accesstoken",
  "tokens",
  "max_tokens",
  "signature",
  "X-Amz-Signature",
  "signatures",
  "xsignature",
  "-token",
  "_token",
  "page",
  "model",
  ""
]

const transport = (request: HttpClientRequest.HttpClientRequest, description?: string, cause?: unknown) =>
  new HttpClientError.HttpClientError({
    reason: new HttpClientError.TransportError({
      request,
      ...(description !== undefined && { description }),
      ...(cause !== undefined && { cause })
    })
  })

const write = (secrets: ReadonlyArray<string>): string =>
  [...new Set(secrets)].map((secret) => JSON.stringify(secret)).join(" ")

/** A request, the secrets that it has, and what its errors show of it. */
const describeRequest = (request: HttpClientRequest.HttpClientRequest): string => {
  const shown = redactFailure(transport(request)).request
  const headers = Object.entries(shown.headers).map(([name, value]) => ` ${name}: ${value}`)
  const params = shown.urlParams.params.map(([name, value]) => ` ?${name}=${String(value)}`)
  return `${shown.url}${params.join("")}${headers.join("")}; secrets ${write(secretsOf(request)) || "none"}`
}

const headerLine = (name: string): string => {
  const request = HttpClientRequest.get("/", { headers: Headers.fromRecordUnsafe({ [name]: "a value" }) })
  const shown = redactFailure(transport(request)).request.headers[name] === "a value" ? "shown" : "redacted"
  return `header ${JSON.stringify(name)} → ${shown}; ${isWorthMore(request) ? "not for every host" : "for any host"}`
}

const paramLine = (name: string): string => {
  const params = [[name, "a value"]] as const
  const parsed = HttpClientRequest.get("/", { urlParams: UrlParams.make(params) })
  const written = HttpClientRequest.get(`/?${encodeURIComponent(name)}=a+value`)
  const isSecret = (request: HttpClientRequest.HttpClientRequest) => secretsOf(request).includes("a value")
  const shown = redactFailure(transport(parsed)).request.urlParams.params[0]![1]
  return `parameter ${JSON.stringify(name)} → ${shown === "a value" ? "shown" : "redacted"}; ` +
    `in the text of a URL ${isSecret(written) ? "a secret" : "none"}`
}

const values: ReadonlyArray<readonly [string, string]> = [
  ["authorization", "Bearer abcdef"],
  ["authorization", "  Bearer   abcdef  "],
  ["authorization", "abcdef"],
  ["authorization", ""],
  ["authorization", "Bearer "],
  ["authorization", "Digest user=\"u\", response=\"abcdef\""],
  ["authorization", "two\nlines of it"],
  ["authorization", `Basic ${btoa("user:pass:word")}`],
  ["authorization", `basic ${btoa("user")}`],
  ["authorization", "Basic not*base64"],
  ["proxy-authorization", `BASIC ${btoa("user:password")}`],
  ["x-api-key", "Bearer abcdef"],
  ["x-api-key", `Basic ${btoa("user:password")}`],
  ["cookie", "session=abcdef; theme=dark=blue; bare"],
  ["set-cookie", "session=abcdef; Path=/"],
  ["x-cookie-token", "session=abcdef; theme=dark"],
  ["x-auth-token", "Bearer abcdef"],
  ["x-other", "Bearer abcdef"]
]

const urls = [
  "https://api.venice.ai/api/v1/models",
  "https://user:password@host/v1",
  "https://user:pass%2Fword@host/v1",
  "https://user:@host/v1",
  "https://token@host/v1",
  "https://token:@host/v1",
  "https:/user:password@host/v1",
  "https:user:password@host/v1",
  " HTTP:/token@host/v1",
  "https:////user:password@host/v1",
  "https://user:password@/v1",
  "https://user:password@",
  "https://user@host:80/v1",
  "https://user:password@host:80@/v1",
  "ftp://user:password@host",
  "https://:password@host",
  "https://user:password@host:8080?n=1",
  "https://user:password@host#part",
  "https://a@b@host/v1",
  "https://user:pass@word@host/v1",
  "https:\\\\user:password@host/v1",
  "https:/\\user:password@host/v1",
  "//user:password@host/v1",
  "https://user:%zz@host/v1",
  "/v1/users/a@b?n=1",
  "/images@large/v1",
  "v1/images@large/v1",
  "https://host/v1/user:password@other",
  "https://host/v1?to=//user:password@other",
  "https://host/v1?token=abcdef&n=1",
  "https://host/v1?n=1&token=abc=def",
  "https://host/v1?token=a%2Bb+c",
  "https://host/v1?%74oken=abcdef",
  "https://host/v1?%zz=1&token=%zz",
  "https://host/v1?token",
  "https://host/v1?token=",
  "https://host/v1?token&n=1",
  "https://host/v1?token=abcdef#access_token=ghijkl",
  "https://host/v1#access_token=ghijkl#token=mnopqr",
  "https://host/v1?a=b?token=abcdef",
  "token=abcdef"
]

it("a request has these secrets, and its errors show the rest", async () => {
  const lines = [
    ...headerNames.map(headerLine),
    ...paramNames.map(paramLine),
    ...values.map(([name, value]) => {
      const request = HttpClientRequest.get("/", { headers: Headers.fromRecordUnsafe({ [name]: value }) })
      return `${name}: ${JSON.stringify(value)} → ${write(secretsOf(request)) || "none"}`
    }),
    ...urls.map((url) => `${url} → ${describeRequest(HttpClientRequest.make("GET")(url))}`)
  ]
  await expect(`${lines.join("\n")}\n`).toMatchFileSnapshot("golden/secrets.txt")
})

it("a redacted parameter is a secret by its value", () => {
  const urlParams = UrlParams.make([["token", Redacted.make("abcdef") as unknown as string], ["n", "1"]])

  assert.deepStrictEqual(secretsOf(HttpClientRequest.get("/", { urlParams })), ["abcdef"])
})

it("a parameter is shown by its name, and by its value unless that is a secret", () => {
  const request = HttpClientRequest.get("/", { urlParams: { token: "abcdef", n: "1" } })

  assert.deepStrictEqual(redactFailure(transport(request)).request.urlParams.params, [["token", "<redacted>"], [
    "n",
    "1"
  ]])
})

it("a secret in the text of a URL ends with the parameter, not with the line", () => {
  assert.include(secretsOf(HttpClientRequest.get("https://host/v1?token=abc\ndef&n=1")), "abc\ndef")
})

it("many slashes in a URL are read once", () => {
  const url = `https:${"\\".repeat(200_000)}=`

  assert.deepStrictEqual(secretsOf(HttpClientRequest.get(url)).filter((secret) => secret !== ""), [])
  assert.deepStrictEqual(secretsOf(HttpClientRequest.get(`x${url}`)).filter((secret) => secret !== ""), [])
})

describe("an admin key", () => {
  const withHeader = (name: string, value: string) =>
    isWorthMore(HttpClientRequest.get("/", { headers: { [name]: value } }))

  it("is known by its value under any name, however it is spelled", () => {
    assert.isTrue(withHeader("x-other", "VENICE_ADMIN_KEY_a"))
    assert.isTrue(withHeader("authorization", "Bearer venice-admin-key-a"))
    assert.isFalse(withHeader("authorization", "Bearer VENICE_INFERENCE_KEY_a"))
    assert.isFalse(withHeader("authorization", "Bearer VENICEADMINKEY"))
  })
})

describe("a header", () => {
  it.effect("may hold a tab, printable characters and those of one byte, and no others", () =>
    Effect.gen(function*() {
      const refused: Array<number> = []
      for (let code = 0; code <= 0x101; code++) {
        const request = HttpClientRequest.get("/", { headers: { "x-a": "a", "x-b": `a${String.fromCharCode(code)}b` } })
        const exit = yield* Effect.exit(checkHeaders(request))
        if (Exit.isFailure(exit)) refused.push(code)
        else assert.strictEqual(exit.value, request)
      }

      assert.deepStrictEqual(refused, [
        ...Array.from({ length: 0x20 }, (_, i) => i).filter((code) => code !== 9),
        0x7f,
        0x100,
        0x101
      ])
    }))

  it.effect("may be empty", () => checkHeaders(HttpClientRequest.get("/", { headers: { "x-a": "" } })))
})

describe("an error without secrets", () => {
  const request = HttpClientRequest.post("https://host/v1", {
    headers: { authorization: "Bearer abcdef", accept: "a" }
  })

  it("is made once", () => {
    const redacted = redactFailure(transport(request))

    assert.strictEqual(redactFailure(redacted), redacted)
    assert.deepStrictEqual(secretsOf(redacted.request), ["abcdef"])
  })

  it("has the method, the reason and the texts of the first, and no body", () => {
    const sent = HttpClientRequest.bodyText(request, "a private prompt")
    const error = transport(sent, "bad abcdef\u001b[31m and ghijkl", new Error("reset of abcdef"))
    error.stack = "at abcdef"
    const redacted = redactFailure(error, ["ghijkl"])

    assert.strictEqual(redacted.request.method, "POST")
    assert.strictEqual(redacted.request.body._tag, "Empty")
    assert.strictEqual(redacted.reason._tag, "TransportError")
    assert.notMatch(redacted.reason.description!, /abcdef|ghijkl|\u001b/)
    assert.match(redacted.reason.description!, /^bad <redacted>.* and <redacted>$/)
    assert.strictEqual((redacted.reason.cause as Error).message, "reset of <redacted>")
    assert.strictEqual(redacted.stack, "at <redacted>")
  })

  it("is made where the platform has no stacks", () => {
    const error = transport(request, "reset")
    Object.defineProperty(error, "stack", { value: undefined })

    assert.strictEqual(redactFailure(error).reason.description, "reset")
  })

  it("has nothing that the first has not", () => {
    const { reason } = redactFailure(transport(request))

    for (const name of ["response", "cause", "description"]) assert.notProperty(reason, name)
  })

  it("has the response, without the secrets of its request", () => {
    const response = HttpClientResponse.fromWeb(request, new Response("x", { status: 201 }))
    const error = new HttpClientError.HttpClientError({
      reason: new HttpClientError.DecodeError({ request, response })
    })
    const redacted = redactFailure(error)

    assert.strictEqual(redacted.response?.status, 201)
    assert.strictEqual(redacted.response?.request.headers.authorization, "<redacted>")
    assert.strictEqual(redacted.response?.request.headers.accept, "a")
  })

  it("that is none of a client stays", () => {
    const own = new Error("abcdef")

    assert.strictEqual(redactFailure(own, ["abcdef"]), own)
  })
})

describe("a response without secrets", () => {
  const request = HttpClientRequest.get("https://host/v1", { headers: { authorization: "Bearer abcdef" } })
  const respond = (body: BodyInit | null) => HttpClientResponse.fromWeb(request, new Response(body, { status: 201 }))
  const broken = () =>
    respond(
      new ReadableStream({
        start: (controller) => controller.error(new Error("broken by abcdef"))
      })
    )

  it.effect("reads as the first does", () =>
    Effect.gen(function*() {
      assert.strictEqual(yield* redactResponse(respond("text")).text, "text")
      assert.deepStrictEqual(yield* redactResponse(respond("[1]")).json, [1])
      assert.strictEqual((yield* redactResponse(respond("text")).arrayBuffer).byteLength, 4)
      assert.strictEqual(yield* Stream.mkString(Stream.decodeText(redactResponse(respond("text")).stream)), "text")
      assert.strictEqual(redactResponse(respond("text")).status, 201)
    }))

  it.effect("fails without secrets, whichever way it is read", () =>
    Effect.gen(function*() {
      const readers = ["text", "json", "arrayBuffer", "formData", "urlParamsBody"] as const
      for (const name of readers) {
        const error = yield* Effect.flip(redactResponse(broken())[name] as Effect.Effect<unknown, Error>)

        assert.notInclude(inspect(error, { depth: 9, customInspect: false }), "abcdef", name)
      }
      const error = yield* Effect.flip(Stream.runDrain(redactResponse(broken()).stream))
      assert.strictEqual(error.reason._tag, "DecodeError")
      assert.notInclude(inspect(error, { depth: 9, customInspect: false }), "abcdef")
    }))

  it.effect("fails without secrets, however its client fails", () =>
    Effect.gen(function*() {
      const fail = Effect.fail(transport(request, "reset of abcdef", new Error("abcdef")))
      for (const name of ["text", "json", "arrayBuffer", "formData", "urlParamsBody"] as const) {
        const response = Object.defineProperty(respond("text"), name, { get: () => fail })
        const error = yield* Effect.flip(redactResponse(response)[name] as typeof fail)

        assert.strictEqual(error.reason.description, "reset of <redacted>", name)
        assert.notInclude(inspect(error, { depth: 9, customInspect: false }), "abcdef", name)
      }
    }))

  it("is copied with its request", () => {
    assert.strictEqual({ ...redactResponse(respond("text")) }.request?.headers.authorization, "<redacted>")
  })

  it("is made once, and prints as a response", () => {
    const redacted = redactResponse(respond("text"))

    assert.strictEqual(redactResponse(redacted), redacted)
    assert.notStrictEqual(redacted.request, request)
    for (const text of [JSON.stringify(redacted), inspect(redacted, { depth: 9 })]) {
      assert.match(text, /201/)
      assert.match(text, /<redacted>/)
      assert.notInclude(text, "abcdef")
    }
  })
})

describe("the span of a request", () => {
  const sent = Effect.fnUntraced(function*(handle: Effect.Effect<Response, HttpClientError.HttpClientError>) {
    const { spans, tracer } = recorder()
    const client = HttpFailure.typed(
      HttpClient.make((request) => Effect.map(handle, (response) => HttpClientResponse.fromWeb(request, response)))
    )
    const headers = { authorization: "Bearer abcdef", "x-a": "shown", "x-payment": "signed" }
    yield* client.get("https://host/v1?token=ghijkl&n=1", { headers }).pipe(
      Effect.exit,
      Effect.provideService(HttpClient.TracerHeaderFilter, () => true),
      Effect.withTracer(tracer)
    )
    return spans
  })

  const attributesOf = (span: Tracer.NativeSpan) => Object.fromEntries(span.attributes)

  it.effect("has the headers and parameters, without secrets", () =>
    Effect.gen(function*() {
      const responseHeaders = {
        "set-cookie": "session=1",
        "payment-response": "receipt",
        "payment-required": "offer",
        "x-payment-response": "receipt",
        "x-b": "shown abcdef"
      }
      const [span] = yield* sent(Effect.sync(() => new Response("x", { headers: responseHeaders })))
      const shown = Object.entries(attributesOf(span!)).filter(([name]) => /url\.(?:full|query)|header/.test(name)).map(
        ([name, value]) => `${name}: ${String(value)}`
      )

      yield* Effect.promise(() => expect(`${shown.join("\n")}\n`).toMatchFileSnapshot("golden/request-span.txt"))
    }))

  it.effect("has no secret that a response is the first to name, nor what the caller names", () =>
    Effect.gen(function*() {
      const responseHeaders = { "x-session-token": "new-token", "x-b": "shown", "x-mine": "my-header" }
      const [span] = yield* sent(Effect.sync(() => new Response("x", { headers: responseHeaders }))).pipe(
        Effect.provideService(Headers.CurrentRedactedNames, ["x-mine", "x-a"]),
        Effect.provideService(UrlParams.CurrentRedactedNames, ["n"])
      )
      const text = [...span!.attributes].map(([name, value]) => `${name}: ${String(value)}`).join("\n")

      assert.include(text, "http.response.header.x-b: shown")
      for (const secret of ["new-token", "my-header", "x-a: shown", "n=1", "abcdef", "ghijkl", "signed"]) {
        assert.notInclude(text, secret)
      }
    }))

  it.effect("does not keep the response", () =>
    Effect.gen(function*() {
      const [span] = yield* sent(Effect.sync(() => new Response("x")))

      assert.isTrue(span!.status._tag === "Ended" && span!.status.exit === Exit.void)
    }))

  it.effect("keeps the failure, without secrets", () =>
    Effect.gen(function*() {
      const [span] = yield* sent(
        Effect.suspend(() => Effect.fail(transport(HttpClientRequest.get("https://host/v1?token=ghijkl"))))
      )
      const exit = span!.status._tag === "Ended" ? span!.status.exit : Exit.void

      assert.isTrue(Exit.isFailure(exit) && HttpClientError.isHttpClientError(Cause.squash(exit.cause)))
      assert.notInclude(inspect(exit, { depth: 12, customInspect: false }), "ghijkl")
    }))

  it.effect("is none where the caller wants none", () =>
    Effect.gen(function*() {
      const response = Effect.sync(() => new Response("x"))

      assert.strictEqual((yield* sent(response)).length, 1)
      assert.deepStrictEqual(yield* Effect.provideService(sent(response), Tracer.DisablePropagation, true), [])
      assert.deepStrictEqual(
        yield* Effect.provideService(sent(response), HttpClient.TracerDisabledWhen, () => true),
        []
      )
    }))

  it.effect("is none where nothing would export it", () =>
    Effect.gen(function*() {
      let parent: unknown = "unset"
      const client = HttpFailure.typed(
        HttpClient.make((request) =>
          Effect.map(Effect.option(Effect.currentSpan), (span) => {
            parent = span._tag
            return HttpClientResponse.fromWeb(request, new Response("x"))
          })
        )
      )
      yield* client.get("https://host/v1")

      assert.strictEqual(parent, "None")
    }))
})
