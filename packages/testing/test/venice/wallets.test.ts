import { assert, describe, it } from "@effect/vitest"
import { Duration, Effect, Fiber } from "effect"
import { TestClock } from "effect/testing"
import { chat, type Client, make } from "./ask.ts"

const wallet = "0x00000000000000000000000000000000000000aa"
const other = "0x00000000000000000000000000000000000000bb"

interface Proof {
  readonly address?: string
  readonly domain?: string
  readonly chain?: string
  readonly nonce?: string
  readonly issuedAt?: number
  readonly signature?: string
}

let nonces = 0

const proof = (given: Proof = {}): string => {
  const { address = wallet, chain = "8453", domain = "api.venice.ai", issuedAt = 0 } = given
  const nonce = given.nonce ?? `nonce${nonces++}`
  return btoa(JSON.stringify({
    address,
    message:
      `${domain} wants you to sign in with your Ethereum account:\n${address}\n\nSign in\n\nURI: https://api.venice.ai\n`
      + `Version: 1\nChain ID: ${chain}\nNonce: ${nonce}\nIssued At: ${new Date(issuedAt).toISOString()}`,
    signature: given.signature ?? `0x${"ab".repeat(65)}`
  }))
}

const signed = (given?: Proof) => ({ key: undefined, headers: { "sign-in-with-x": proof(given) } })

const post = ({ ask }: Client, given?: Proof) => ask("POST /chat/completions", { body: chat, ...signed(given) })

const payment = (accepted: any, more: object = {}, signature = "0x01") =>
  btoa(JSON.stringify({
    x402Version: 2,
    accepted,
    payload: { signature, authorization: { from: wallet, to: accepted.payTo, value: accepted.amount, ...more } }
  }))

const pay = (client: Client, more: object = {}, signature?: string) =>
  Effect.gen(function*() {
    const offer = yield* client.ask("POST /x402/top-up", { key: undefined })
    return yield* client.ask("POST /x402/top-up", {
      key: undefined,
      headers: { "payment-signature": payment(offer.json.accepts[0], more, signature) }
    })
  })

describe("a wallet", () => {
  it.effect("is told what it lacks, tops up, and is served", () =>
    Effect.gen(function*() {
      const client = yield* make()
      const poor = yield* post(client)
      const paid = yield* pay(client)
      const rich = yield* post(client)
      const balance = yield* client.ask(`GET /x402/balance/${wallet}`, signed())
      const transactions = yield* client.ask(`GET /x402/transactions/${wallet}`, signed())

      assert.strictEqual(poor.error?._tag === "PAYMENT_REQUIRED" && poor.error.reason, "insufficient_balance")
      assert.strictEqual(poor.error?._tag === "PAYMENT_REQUIRED" && poor.error.minimumTopUpUsd, 5)
      assert.strictEqual(paid.json.data.newBalance, 5)
      assert.isString(paid.headers["payment-response"])
      assert.strictEqual(rich.status, 200)
      assert.isBelow(balance.json.data.balanceUsd, 5)
      assert.deepStrictEqual(transactions.json.data.transactions.map(({ type }: any) => type), ["CHARGE", "TOP_UP"])
    }))

  it.effect("is credited once for a payment, however often it is sent", () =>
    Effect.gen(function*() {
      const client = yield* make()
      const [first, second] = yield* Effect.all([pay(client), pay(client)])
      const third = yield* pay(client, {}, "0x02")

      assert.strictEqual(second.json.data.amountCredited, 0)
      assert.strictEqual(second.json.data.paymentId, first.json.data.paymentId)
      assert.strictEqual(third.json.data.newBalance, 10)
    }))

  it.effect.each([
    [{ value: "4999999" }, "AMOUNT_TOO_LOW"],
    [{ value: "10000000001" }, "AMOUNT_TOO_HIGH"],
    [{ value: "much" }, "INVALID_AMOUNT"],
    [{ to: other }, "INVALID_PAYMENT_RECIPIENT"],
    [{ from: "" }, "INVALID_PAYMENT_PAYER"]
  ])("cannot pay with %j: %s", ([more, code]) =>
    Effect.gen(function*() {
      const client = yield* make()

      assert.strictEqual((yield* pay(client, more as object)).json.error, code)
    }))

  it.effect("cannot pay with what is no payment, or anywhere else", () =>
    Effect.gen(function*() {
      const { ask } = yield* make()
      const broken = yield* ask("POST /x402/top-up", { key: undefined, headers: { "x-payment": "?" } })
      const elsewhere = yield* ask("POST /chat/completions", { body: chat, headers: { "x-payment": "e30=" } })

      assert.strictEqual(broken.json.error, "INVALID_PAYMENT_FORMAT")
      assert.strictEqual(elsewhere.json.code, "PAYMENT_HEADER_NOT_ACCEPTED")
    }))

  it.effect("sees no other wallet", () =>
    Effect.gen(function*() {
      const { ask } = yield* make()
      const { error } = yield* ask(`GET /x402/balance/${other}`, signed())
      const wrong = yield* ask("GET /x402/balance/nothing", signed())

      assert.strictEqual(error?._tag, "X402_WALLET_MISMATCH")
      assert.strictEqual(wrong.status, 400)
    }))

  it.effect("runs five requests at once, and no sixth", () =>
    Effect.gen(function*() {
      const client = yield* make({ latency: { median: Duration.seconds(1) } })
      yield* Effect.forkChild(pay(client))
      yield* TestClock.adjust(Duration.seconds(3))
      const fiber = yield* Effect.forkChild(
        Effect.all(Array.from({ length: 6 }, () => post(client, { issuedAt: 3000 })), { concurrency: "unbounded" })
      )
      yield* TestClock.adjust(Duration.seconds(1))
      const statuses = (yield* Fiber.join(fiber)).map(({ status }) => status)

      assert.deepStrictEqual(statuses, [200, 200, 200, 200, 200, 429])
    }))
})

describe("a sign-in", () => {
  it.effect("is good for one request", () =>
    Effect.gen(function*() {
      const client = yield* make()
      yield* pay(client)
      const [first, second] = yield* Effect.all([
        post(client, { nonce: "once1234" }),
        post(client, { nonce: "once1234" })
      ])

      assert.strictEqual(first.status, 200)
      assert.strictEqual(second.error?._tag, "X402_INVALID_SIGN_IN")
      assert.strictEqual(second.json.code, "X402_SIGN_IN_NONCE_REUSED")
    }))

  it.effect("is valid for five minutes", () =>
    Effect.gen(function*() {
      const client = yield* make()
      yield* pay(client)
      yield* TestClock.adjust(Duration.minutes(5))
      assert.strictEqual((yield* post(client)).status, 200)
      yield* TestClock.adjust(Duration.millis(1))
      assert.strictEqual((yield* post(client)).json.code, "X402_SIGN_IN_EXPIRED")
    }))

  it.effect.each([
    [{ issuedAt: 30_001 }, "FUTURE_TIMESTAMP"],
    [{ chain: "1" }, "UNSUPPORTED_CHAIN"],
    [{ domain: "evil.example" }, "DOMAIN_MISMATCH"],
    [{ signature: "0x12" }, "INVALID_SIGNATURE"],
    [{ nonce: "" }, "MISSING_NONCE"]
  ])("with %j is refused: %s", ([given, code]) =>
    Effect.gen(function*() {
      const client = yield* make()

      assert.strictEqual((yield* post(client, given as Proof)).json.code, `X402_SIGN_IN_${code as string}`)
    }))

  it.effect("that is no JSON is refused, and says less on routes of the wallet", () =>
    Effect.gen(function*() {
      const { ask } = yield* make()
      const headers = { "sign-in-with-x": "?" }
      const inference = yield* ask("POST /chat/completions", { body: chat, key: undefined, headers })
      const balance = yield* ask(`GET /x402/balance/${wallet}`, { key: undefined, headers })

      assert.strictEqual(inference.json.code, "X402_SIGN_IN_PARSE_ERROR")
      assert.deepStrictEqual(balance.json, { error: "Invalid Sign-in-with-x signature" })
    }))

  it.effect("is missing on routes of the wallet: 402 without a way to pay", () =>
    Effect.gen(function*() {
      const { ask } = yield* make()
      const { json, status } = yield* ask(`GET /x402/balance/${wallet}`)

      assert.strictEqual(status, 402)
      assert.deepStrictEqual(json.accepts, [])
      assert.isString(json.extensions["sign-in-with-x"].info.nonce)
    }))
})
