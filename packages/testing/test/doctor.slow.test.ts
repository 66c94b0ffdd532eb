import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { execFileSync } from "node:child_process"
import { mkdtempSync, readFileSync, rmSync } from "node:fs"
import { createServer, type RequestListener, type Server } from "node:http"
import { createServer as createSecureServer } from "node:https"
import type { AddressInfo } from "node:net"
import { tmpdir } from "node:os"
import { join } from "node:path"
import type { Check, Subject } from "../src/internal/doctor/check.ts"
import type { Diagnosis } from "../src/internal/doctor/diagnose.ts"
import { run } from "./command.ts"

const key = "VENICE_INFERENCE_KEY_do-not-print-0123456789"

const listening = <S extends Server>(server: S) =>
  Effect.acquireRelease(
    Effect.promise(() =>
      new Promise<number>((resolve) =>
        server.listen(0, "127.0.0.1", () => resolve((server.address() as AddressInfo).port))
      )
    ),
    () =>
      Effect.sync(() => {
        server.close()
        server.closeAllConnections()
      })
  )

/** Runs the doctor against a server, and asserts that it never prints the key. */
const diagnose = Effect.fnUntraced(function*(baseUrl: string, args: ReadonlyArray<string> = [], apiKey = key) {
  const { status, stderr, stdout } = yield* run(["doctor", "--json", "--timeout", "3", ...args], {
    env: { VENICE_API_KEY: apiKey, VENICE_BASE_URL: baseUrl }
  })
  assert.isFalse(`${stdout}${stderr}`.includes("do-not-print"))
  return { status, diagnosis: JSON.parse(stdout) as Diagnosis }
})

const against = Effect.fnUntraced(function*(listener: RequestListener, args?: ReadonlyArray<string>) {
  const port = yield* listening(createServer(listener))
  return yield* diagnose(`http://127.0.0.1:${port}/api/v1`, args)
})

const of = ({ checks }: Diagnosis, subject: Subject): Check => checks.find(({ check }) => check === subject)!

const json = (body: unknown, headers: Record<string, string> = {}): RequestListener => (_, response) => {
  response.writeHead(200, { "content-type": "application/json", ...headers })
  response.end(JSON.stringify(body))
}

/** Responds as Venice does, with the given models, limits and headers. */
const venice = (
  options: { models?: ReadonlyArray<unknown>; limits?: object; headers?: Record<string, string> }
): RequestListener =>
(request, response) => {
  const data = request.url!.includes("rate_limits")
    ? { accessPermitted: true, ...options.limits }
    : request.url!.includes("/models?")
    ? options.models ?? []
    : {}
  return json({ data }, options.headers)(request, response)
}

describe("effect-venice doctor", () => {
  it.live("checks an emulator without a key, says so, and fails only when strict", () =>
    Effect.gen(function*() {
      const plain = yield* run(["doctor"])
      const strict = yield* run(["doctor", "--strict"])

      assert.strictEqual(plain.status, 0)
      assert.match(plain.stdout, /^EMULATED: /)
      assert.include(plain.stdout, "VENICE_API_KEY is not set")
      assert.include(plain.stdout, "Venice accepts the key.")
      assert.strictEqual(strict.status, 1)
    }))

  it.live("sends nothing to Venice with --emulator, and knows the emulator's models", () =>
    Effect.gen(function*() {
      let requests = 0
      const { diagnosis, status } = yield* against((_, response) => {
        requests++
        response.end()
      }, ["--emulator", "--models", "llama-3.3-70b,gpt-4o,no-such-model"])

      assert.strictEqual(requests, 0)
      assert.isTrue(diagnosis.emulated)
      assert.strictEqual(status, 1)
      assert.deepStrictEqual(of(diagnosis, "models").found, [
        "llama-3.3-70b is offered.",
        "gpt-4o (llama-3.3-70b) is offered.",
        "no-such-model is not offered."
      ])
    }))

  it.live("reads balance, limits, expiry, deprecation and the clock from the responses", () =>
    Effect.gen(function*() {
      const spec = (more: object) => ({ model_spec: more })
      const { diagnosis, status } = yield* against(
        venice({
          models: [
            { id: "old", ...spec({ deprecation: { date: "2999-01-01T00:00:00Z" } }) },
            { id: "retired", ...spec({ deprecation: { date: "2020-01-01T00:00:00Z" } }) },
            { id: "asleep", ...spec({ offline: true }) }
          ],
          limits: { keyExpiration: "2020-01-01T00:00:00.000Z", apiTier: { id: "paid" } },
          headers: {
            date: new Date(Date.now() - 3_600_000).toUTCString(),
            "x-venice-balance-usd": "12.5",
            "x-ratelimit-limit-requests": "100",
            "x-ratelimit-remaining-requests": "3"
          }
        }),
        ["--models", "old,retired,asleep"]
      )

      assert.strictEqual(status, 1)
      assert.deepStrictEqual(of(diagnosis, "balance").details, { balances: { USD: 12.5 }, source: "headers" })
      assert.strictEqual(of(diagnosis, "key").details.kind, "inference")
      assert.include(of(diagnosis, "key").found, "The key expired at 2020-01-01T00:00:00.000Z.")
      assert.strictEqual(of(diagnosis, "limits").status, "warning")
      assert.deepStrictEqual(of(diagnosis, "models").found, [
        "old is deprecated, and is retired on 2999-01-01T00:00:00Z.",
        "retired was to be retired on 2020-01-01T00:00:00Z.",
        "asleep is offline."
      ])
      assert.strictEqual(of(diagnosis, "clock").status, "failure")
      assert.include(of(diagnosis, "clock").found[0], "ahead of")
    }))

  it.live("sends only reads that are free", () =>
    Effect.gen(function*() {
      const seen: Array<string> = []
      yield* against((request, response) => {
        seen.push(`${request.method} ${request.url}`)
        venice({})(request, response)
      }, ["--models", "a"])

      assert.deepStrictEqual(seen.sort(), [
        "GET /api/v1/api_keys/rate_limits",
        "GET /api/v1/models/compatibility_mapping?type=all",
        "GET /api/v1/models/traits?type=all",
        "GET /api/v1/models?type=all"
      ])
    }))

  it.live("does not print a key that the server sends back, or that cannot be one", () =>
    Effect.gen(function*() {
      const echoed = yield* against((request, response) => {
        response.writeHead(401, { "content-type": "application/json" })
        response.end(JSON.stringify({ error: `Authentication failed for ${request.headers.authorization}` }))
      })
      const invalid = yield* diagnose("http://127.0.0.1:9", [], "do-not-print with spaces")

      assert.strictEqual(echoed.status, 1)
      assert.include(of(echoed.diagnosis, "key").found[0], "AUTHENTICATION_FAILED (HTTP 401)")
      assert.strictEqual(of(invalid.diagnosis, "configuration").status, "failure")
      assert.strictEqual(of(invalid.diagnosis, "reachability").status, "skipped")
    }))

  const hostile: ReadonlyArray<readonly [string, RequestListener, string]> = [
    ["never responds", () => {}, "no response within 3s"],
    ["never ends its body", (_, response) => response.writeHead(200).write("{"), "no response within 3s"],
    [
      "redirects",
      (_, response) => response.writeHead(302, { location: "http://127.0.0.1:9/" }).end(),
      "redirect"
    ],
    [
      "responds with a page",
      (_, response) => response.writeHead(200, { "content-type": "text/html" }).end("<html>Sign in</html>"),
      "this is no response of Venice"
    ],
    [
      "sends a body without an end",
      (_, response) => {
        const chunk = Buffer.alloc(1024 * 1024, "a")
        const write = (): void => {
          while (!response.destroyed && response.write(chunk));
          if (!response.destroyed) response.once("drain", write)
        }
        write()
      },
      "this is no response of Venice"
    ]
  ]
  for (const [what, listener, expected] of hostile) {
    it.live(`ends with a failure if the server ${what}`, () =>
      Effect.gen(function*() {
        const { diagnosis, status } = yield* against(listener)
        const { found, remedies, status: reached } = of(diagnosis, "reachability")

        assert.strictEqual(status, 1)
        assert.strictEqual(reached, "failure")
        assert.include(found[0], expected)
        assert.strictEqual(remedies.length, 1)
      }))
  }

  it.live("names the certificate if it is not trusted, and the port if nobody listens", () =>
    Effect.gen(function*() {
      const folder = mkdtempSync(join(tmpdir(), "doctor-"))
      yield* Effect.addFinalizer(() => Effect.sync(() => rmSync(folder, { recursive: true })))
      const [keyFile, certificate] = [join(folder, "key.pem"), join(folder, "certificate.pem")]
      execFileSync("openssl", [
        "req",
        "-x509",
        "-newkey",
        "rsa:2048",
        "-nodes",
        "-days",
        "1",
        "-subj",
        "/CN=localhost",
        "-keyout",
        keyFile,
        "-out",
        certificate
      ], { stdio: "ignore" })
      const tls = { key: readFileSync(keyFile), cert: readFileSync(certificate) }
      const port = yield* listening(createSecureServer(tls, (_, response) => response.end()))
      const untrusted = yield* diagnose(`https://127.0.0.1:${port}/api/v1`)
      const closed = yield* diagnose("http://127.0.0.1:9/api/v1")

      assert.match(of(untrusted.diagnosis, "reachability").found[0]!, /DEPTH_ZERO_SELF_SIGNED_CERT/)
      assert.match(of(untrusted.diagnosis, "reachability").remedies[0]!, /NODE_EXTRA_CA_CERTS/)
      assert.strictEqual(closed.status, 1)
    }))
})
