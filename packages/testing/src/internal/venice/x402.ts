/**
 * Credits of wallets: top-up, balance and transactions.
 *
 * A payment is any base64 JSON of the x402 protocol for an offer of {@link topUp}. Nothing is settled on any chain.
 *
 * @internal
 */
import { Errors } from "@effect-venice/core"
import * as Effect from "effect/Effect"
import * as Base64 from "effect/encoding/Base64"
import { z } from "zod/v3"
import * as Offer from "../wire/offer.ts"
import { decodeBase64Json } from "./base64Json.ts"
import type { Call } from "./call.ts"
import { memberOf } from "./call.ts"
import * as Check from "./check.ts"
import { paymentOf } from "./credentials.ts"
import { hash } from "./draw.ts"
import * as Refuse from "./refusal.ts"
import type { Answering, Handler } from "./run.ts"
import { ok } from "./run.ts"
import type { State } from "./state.ts"

const minimum = 5
const maximum = 10_000

const details = { minimumTopUpUsd: minimum }

const reject = (code: string): Refuse.Refusing<never> =>
  Refuse.body(400, {
    error: code,
    message: `Top-up rejected: ${code.toLowerCase().replaceAll("_", " ")}`,
    details
  })

interface Payment {
  readonly payer: string
  readonly payTo: string
  /** In dollars. */
  readonly amount: number
  readonly network: string
  readonly signature: string
}

const textOf = (value: unknown): string => typeof value === "string" || typeof value === "number" ? String(value) : ""

const networks: Readonly<Record<string, string>> = {
  base: Offer.baseNetwork,
  [Offer.baseNetwork]: Offer.baseNetwork,
  solana: Offer.solanaNetwork,
  [Offer.solanaNetwork]: Offer.solanaNetwork
}

/** Version 1 has scheme and network at the top, version 2 under `accepted`. */
const read = (json: unknown): string | Payment => {
  const accepted = memberOf(json, "accepted") ?? json
  const payload = memberOf(json, "payload")
  if (payload === undefined) return "INVALID_PAYMENT_FORMAT"
  const scheme = textOf(memberOf(accepted, "scheme"))
  if (scheme !== "exact") return "UNSUPPORTED_SCHEME"
  const network = networks[textOf(memberOf(accepted, "network"))]
  if (network === undefined) return "UNSUPPORTED_NETWORK"
  const authorization = memberOf(payload, "authorization") ?? payload
  const signature = textOf(memberOf(payload, "signature") ?? memberOf(payload, "transaction"))
  if (signature === "") return "INVALID_PAYMENT"
  const payTo = textOf(memberOf(authorization, "to") ?? memberOf(accepted, "payTo"))
  const value = textOf(memberOf(authorization, "value") ?? memberOf(accepted, "amount"))
  if (!/^\d{1,18}$/.test(value)) return "INVALID_AMOUNT"
  const payer = textOf(memberOf(authorization, "from") ?? memberOf(payload, "payer"))
  if (payer === "") return "INVALID_PAYMENT_PAYER"
  const asset = textOf(memberOf(accepted, "asset"))
  const token = network === Offer.baseNetwork ? Offer.baseAsset : Offer.solanaAsset
  if (asset !== "" && asset.toLowerCase() !== token.toLowerCase()) return "UNSUPPORTED_TOKEN"
  return {
    payer: payer.startsWith("0x") ? payer.toLowerCase() : payer,
    payTo,
    amount: Number(value) / 1e6,
    network,
    signature
  }
}

const isReceiver = ({ network, payTo }: Payment): boolean =>
  payTo.toLowerCase()
    === (network === Offer.baseNetwork ? Offer.receivers.base : Offer.receivers.solana).toLowerCase()

/** The offer that a top-up without a payment is answered with. */
const discovery = (): Answering => {
  const body = { x402Version: 2, accepts: Offer.accepts(minimum) }
  return Refuse.body(402, body, Offer.header(body), "none")
}

const settle = (payment: Payment, state: State, now: number): Answering => {
  const key = `${payment.network} ${payment.signature}`
  const known = state.payments.get(key)
  const paymentId = known ?? `x402-${hash(key).toString(16).padStart(8, "0")}`
  const amountCredited = known === undefined ? payment.amount : 0
  const newBalance = amountCredited > 0
    ? state.ledger.topUp(payment.payer, amountCredited, paymentId, now)
    : state.ledger.wallet(payment.payer)
  state.payments.set(key, paymentId)
  const settlement = { success: true, network: payment.network, payer: payment.payer, transaction: paymentId }
  return ok({
    success: true,
    data: { walletAddress: payment.payer, amountCredited, newBalance, paymentId }
  }, { "payment-response": Base64.encode(JSON.stringify(settlement)) })
}

export const topUp: Handler = ({ headers, now }, state) => {
  const header = paymentOf(headers)
  if (header === undefined) return discovery()
  const payment = read(decodeBase64Json(header))
  if (typeof payment === "string") return reject(payment)
  if (!isReceiver(payment)) return reject("INVALID_PAYMENT_RECIPIENT")
  if (payment.amount < minimum) return reject("AMOUNT_TOO_LOW")
  if (payment.amount > maximum) return reject("AMOUNT_TOO_HIGH")
  return settle(payment, state, now)
}

const isAddress = (text: string): boolean =>
  /^0x[0-9a-f]{40}$/i.test(text) || /^[1-9A-HJ-NP-Za-km-z]{32,44}$/.test(text)

const checkOwner = (
  { caller, parameters: { walletAddress = "" } }: Call,
  what: string
): Refuse.Refusing<string> => {
  if (!isAddress(walletAddress)) {
    return Refuse.invalidField(["walletAddress"], "Invalid wallet address")
  }
  const address = walletAddress.startsWith("0x") ? walletAddress.toLowerCase() : walletAddress
  return address === caller.id
    ? Effect.succeed(address)
    : Refuse.error(new Errors.X402WalletMismatch({ message: `You can only access ${what} for your own wallet` }))
}

export const balance: Handler = (call, { ledger }) =>
  Effect.flatMap(checkOwner(call, "balance"), (walletAddress) => {
    const balanceUsd = ledger.wallet(walletAddress)
    return ok({
      success: true,
      data: {
        walletAddress,
        balanceUsd,
        canConsume: balanceUsd >= 0.1,
        minimumTopUpUsd: minimum,
        suggestedTopUpUsd: 10
      }
    })
  })

const query = z.object({
  limit: z.coerce.number().int().min(1).max(100).default(50),
  offset: z.coerce.number().int().min(0).default(0)
})

export const transactions: Handler = (call, { ledger }) =>
  Effect.gen(function*() {
    const { limit, offset } = yield* Check.query(call, query)
    const walletAddress = yield* checkOwner(call, "transaction history")
    const all = ledger.transactions(walletAddress)
    return yield* ok({
      success: true,
      data: {
        walletAddress,
        currentBalance: ledger.wallet(walletAddress),
        transactions: all.slice(offset, offset + limit),
        pagination: { limit, offset, hasMore: offset + limit < all.length }
      }
    })
  })
