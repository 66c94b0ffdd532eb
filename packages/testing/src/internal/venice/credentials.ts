/**
 * Who may call an operation: anyone, a key, an admin key, a wallet.
 *
 * @internal
 */
import type { Operation } from "@effect-venice/core"
import { Errors } from "@effect-venice/core"
import * as Effect from "effect/Effect"
import * as Offer from "../wire/offer.ts"
import type { Accounts } from "./accounts.ts"
import type { Caller, Request } from "./call.ts"
import type { Draw } from "./draw.ts"
import * as Refuse from "./refusal.ts"
import type { SignIn } from "./signIn.ts"

export type Access = "public" | "key" | "admin" | "wallet" | "any"

const publicOperations: ReadonlySet<Operation.Operation> = new Set([
  "GET /models",
  "GET /models/traits",
  "GET /models/compatibility_mapping",
  "GET /image/styles",
  "GET /crypto/rpc/networks",
  "GET /tee/attestation",
  "GET /tee/signature",
  "GET /api_keys/generate_web3_key",
  "POST /api_keys/generate_web3_key",
  "POST /video/quote",
  "POST /audio/quote",
  "POST /audio/voice-changer/quote",
  "POST /x402/top-up",
  // Retired for everyone.
  "GET /billing/usage",
  "POST /video/transcriptions"
])

export const accessOf = (operation: Operation.Operation): Access => {
  if (publicOperations.has(operation)) return "public"
  if (operation === "GET /api_keys/rate_limits") return "key"
  const path = operation.slice(operation.indexOf(" ") + 1)
  if (path.startsWith("/api_keys") || path.startsWith("/billing/")) return "admin"
  if (path.startsWith("/characters")) return "key"
  return path.startsWith("/x402/") ? "wallet" : "any"
}

const anonymous: Caller = { kind: "anonymous", id: "anonymous" }

/** An offer to sign in and to pay, which is valid for five minutes. */
export const challenge = (path: string, now: number, draw: Draw): Offer.Challenge => ({
  uri: `https://api.venice.ai${path}`,
  nonce: draw.hex(16),
  issuedAt: new Date(now).toISOString(),
  expirationTime: new Date(now + 300_000).toISOString()
})

/** The 402 for missing credentials. It does not count against any budget. */
const missing = (path: string, access: Access, now: number, draw: Draw): Refuse.Refusing<never> => {
  const offer = Offer.paymentRequired(
    "Authentication required",
    path,
    challenge(path, now, draw),
    access === "wallet" ? 0 : 10
  )
  return Refuse.body(402, { ...offer, authOptions: Offer.authOptions }, Offer.header(offer), "none")
}

const bearerOf = (authorization: string): string => /^Bearer\s+(\S+)\s*$/i.exec(authorization)?.[1] ?? ""

const paymentHeaders = ["payment-signature", "x-402-payment", "x-payment"]

export const paymentOf = (headers: Request["headers"]): string | undefined =>
  paymentHeaders.map((name) => headers[name]).find((value) => value !== undefined)

const notAccepted = {
  error: "x402 payment headers are only accepted on POST /api/v1/x402/top-up",
  code: "PAYMENT_HEADER_NOT_ACCEPTED"
}

const byKey = (secret: string, access: Access, accounts: Accounts, now: number): Refuse.Refusing<Caller> => {
  const key = accounts.authenticate(secret, now)
  if (key === undefined) return Refuse.error(new Errors.AuthenticationFailed())
  if (key.isInactive) return Refuse.error(new Errors.AuthenticationFailedInactiveKey())
  if (access === "admin" && key.type !== "ADMIN") {
    return Refuse.error(new Errors.AuthenticationFailed({ message: "Admin API key required" }))
  }
  return Effect.succeed({ kind: "key", id: key.id, key })
}

export const authenticate = (
  { headers, operation, path }: Request & { readonly operation: Operation.Operation },
  accounts: Accounts,
  signIn: SignIn,
  now: number,
  draw: Draw
): Refuse.Refusing<Caller> => {
  const access = accessOf(operation)
  const { authorization } = headers
  const secret = authorization === undefined ? headers["x-api-key"] : bearerOf(authorization)
  const proof = headers["sign-in-with-x"] ?? headers["x-sign-in-with-x"]
  if (access === "public") {
    // A valid key may see more models; any other credential is ignored.
    const key = secret === undefined ? undefined : accounts.authenticate(secret, now)
    return Effect.succeed(key === undefined ? anonymous : { kind: "key", id: key.id, key })
  }
  if (access === "any" && paymentOf(headers) !== undefined) return Refuse.body(400, notAccepted)
  if (proof !== undefined && (access === "any" || access === "wallet")) {
    return Effect.map(signIn.verify(proof, now, access === "any"), (id): Caller => ({ kind: "wallet", id }))
  }
  if (access === "wallet") return missing(path, access, now, draw)
  if (secret !== undefined) return byKey(secret, access, accounts, now)
  return proof === undefined ? missing(path, access, now, draw) : Refuse.error(new Errors.AuthenticationFailed())
}
