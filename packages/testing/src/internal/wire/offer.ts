/**
 * The x402 documents of Venice: the offer that comes with a 402, and how to sign in.
 *
 * The addresses of the receivers are made up, so that nobody pays to them.
 *
 * @internal
 */
import * as Base64 from "effect/encoding/Base64"

export const receivers = {
  base: "0x0000000000000000000000000000000000000402",
  solana: "Emu1ated11111111111111111111111111111111402"
}

export const baseAsset = "0x833589fcd6edb6e08f4c7c32d4f71b54bda02913"
export const solanaAsset = "EPjFWdd5AufqSSqeM2qN1xzybapC8G4wEGGkZwyTDt1v"
export const baseNetwork = "eip155:8453"
export const solanaNetwork = "solana:5eykt4UsFv8P8NJdTREpY1vzqKqZKvdp"

/** The ways to pay so many dollars of USDC. A challenge names Solana without its CAIP-2 reference, a top-up with it. */
export const accepts = (usd: number, solana: string = solanaNetwork) => [
  {
    scheme: "exact",
    network: baseNetwork,
    amount: String(usd * 1_000_000),
    asset: baseAsset,
    payTo: receivers.base,
    maxTimeoutSeconds: 300,
    extra: { name: "USD Coin", version: "2" }
  },
  {
    scheme: "exact",
    network: solana,
    amount: String(usd * 1_000_000),
    asset: solanaAsset,
    payTo: receivers.solana,
    maxTimeoutSeconds: 300,
    extra: { name: "USD Coin", version: "2", feePayer: "Fee1111111111111111111111111111111111111402" }
  }
]

export const supportedChains = [
  { chainId: baseNetwork, type: "eip191" },
  { chainId: baseNetwork, type: "eip1271" },
  { chainId: solanaNetwork, type: "ed25519" }
]

export interface Challenge {
  readonly uri?: string
  readonly nonce?: string
  readonly issuedAt?: string
  readonly expirationTime?: string
}

export const signIn = (challenge: Challenge = {}) => ({
  info: { domain: "api.venice.ai", version: "1", statement: "Sign in to Venice AI", ...challenge },
  supportedChains
})

/** What `PAYMENT-REQUIRED` holds: the x402 object. */
export const paymentRequired = (error: string, path: string, challenge?: Challenge, usd: number | undefined = 10) => ({
  x402Version: 2,
  error,
  resource: { url: `https://api.venice.ai${path}`, description: "Venice API", mimeType: "application/json" },
  accepts: usd === 0 ? [] : accepts(usd, "solana"),
  extensions: { "sign-in-with-x": signIn(challenge) }
})

export const authOptions = {
  apiKey: {
    header: "Authorization: Bearer YOUR_API_KEY",
    getKey: "https://venice.ai/settings/api",
    docs: "https://docs.venice.ai/api-reference"
  },
  x402Wallet: {
    header: "SIGN-IN-WITH-X",
    legacyHeader: "X-Sign-In-With-X",
    topUp: "POST /api/v1/x402/top-up",
    docs: "https://docs.venice.ai/x402"
  }
}

export const topUpInstructions = {
  step1: "POST /api/v1/x402/top-up with no payment header to get payment requirements",
  step2:
    "Choose a payment option from accepts and sign a USDC transfer authorization using the x402 SDK (createPaymentHeader)",
  step3: "POST /api/v1/x402/top-up with the signed X-402-Payment header",
  receiverWallet: receivers.base,
  tokenAddress: baseAsset,
  tokenDecimals: 6,
  network: baseNetwork,
  minimumAmountUsd: 5
}

export const header = (value: unknown): Readonly<Record<string, string>> => ({
  "payment-required": Base64.encode(JSON.stringify(value))
})
