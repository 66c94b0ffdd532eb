/**
 * Sign-in of wallets: the header `SIGN-IN-WITH-X`, its message, and nonces that are used once.
 *
 * Everything is checked but the signature itself, of which only the form is: the emulator has no elliptic curves.
 *
 * @internal
 */
import { Errors } from "@effect-venice/core"
import * as Effect from "effect/Effect"
import { decodeBase64Json } from "./base64Json.ts"
import { BoundedMap } from "./boundedMap.ts"
import * as Refuse from "./refusal.ts"

const maxNonces = 50_000
const maxAge = 5 * 60_000
const maxSkew = 30_000
/** A nonce is remembered longer than its message can be valid. */
const nonceMemory = 5.5 * 60_000

const solanaChain = "5eykt4UsFv8P8NJdTREpY1vzqKqZKvdp"

const messages: Readonly<Record<string, string>> = {
  INVALID_PAYLOAD: "Sign-in-with-X authentication failed: invalid payload",
  PARSE_ERROR: "Sign-in-with-X authentication failed: parse error",
  INVALID_MESSAGE: "Sign-in-with-X authentication failed: invalid message",
  ADDRESS_MISMATCH: "Sign-in-with-X authentication failed: address mismatch",
  CHAIN_MISMATCH: "Sign-in-with-X authentication failed: chain mismatch",
  UNSUPPORTED_CHAIN: "Sign-in-with-X authentication failed: unsupported chain",
  MISSING_NONCE: "Sign-in-with-X authentication failed: missing nonce",
  DOMAIN_MISMATCH: "Sign-in-with-X authentication failed: domain mismatch",
  TIMESTAMP_MISMATCH: "Sign-in-with-X authentication failed: timestamp mismatch",
  EXPIRED: "Sign-in-with-X authentication failed: expired",
  FUTURE_TIMESTAMP: "Sign-in-with-X authentication failed: future timestamp",
  NOT_BEFORE: "Sign-in-with-X authentication failed: not yet valid",
  INVALID_SIGNATURE: "Sign-in-with-X authentication failed: invalid signature",
  NONCE_REUSED: "This nonce has already been used"
}

type Reason = keyof typeof messages | "INVALID_CHAIN_ID"

interface Message {
  readonly domain: string
  readonly address: string
  readonly chainId: string
  readonly nonce: string
  readonly issuedAt: number
  readonly expirationTime: number
  readonly notBefore: number
}

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null && !Array.isArray(value)

const textOf = (value: unknown): string => typeof value === "string" || typeof value === "number" ? String(value) : ""

const bare = (chain: string): string => chain.replace(/^(?:eip155|solana):/, "")

const time = (text: string, absent: number): number => text === "" ? absent : Date.parse(text)

const fromText = (text: string): Message | undefined => {
  const head = /^(\S{1,300}) wants you to sign in with your (?:Ethereum|Solana) account:\r?\n(\S{1,100})/.exec(text)
  if (head === null) return undefined
  const line = (name: string): string => new RegExp(`^${name}: (.{1,300})$`, "m").exec(text)?.[1]?.trim() ?? ""
  return {
    domain: head[1]!,
    address: head[2]!,
    chainId: bare(line("Chain ID")),
    nonce: line("Nonce"),
    issuedAt: time(line("Issued At"), Number.NaN),
    expirationTime: time(line("Expiration Time"), Infinity),
    notBefore: time(line("Not Before"), -Infinity)
  }
}

const fromFields = (fields: Readonly<Record<string, unknown>>): Message => ({
  domain: textOf(fields.domain),
  address: textOf(fields.address),
  chainId: bare(textOf(fields.chainId)),
  nonce: textOf(fields.nonce),
  issuedAt: time(textOf(fields.issuedAt), Number.NaN),
  expirationTime: time(textOf(fields.expirationTime), Infinity),
  notBefore: time(textOf(fields.notBefore), -Infinity)
})

/** EVM: 65 bytes in hex, or more for the wallet of a contract. Solana: 64 bytes in base58 or base64. */
const hasForm = (signature: string, isSolana: boolean): boolean =>
  isSolana ? /^[A-Za-z0-9+/=]{80,100}$/.test(signature) : /^0x(?:[0-9a-f]{2}){65,2000}$/i.test(signature)

const sameAddress = (a: string, b: string, isSolana: boolean): boolean =>
  isSolana ? a === b : a.toLowerCase() === b.toLowerCase()

const reasonOf = (payload: Readonly<Record<string, unknown>>, now: number): Reason | Message => {
  const isSolana = payload.type === "ed25519"
  const address = textOf(payload.address)
  const signature = textOf(payload.signature)
  const hasMessage = typeof payload.message === "string"
  if (address === "" || signature === "" || (!hasMessage && payload.domain === undefined)) return "INVALID_PAYLOAD"
  const message = hasMessage ? fromText(payload.message as string) : fromFields(payload)
  if (message === undefined || Number.isNaN(message.issuedAt)) return "INVALID_MESSAGE"
  if (!sameAddress(message.address, address, isSolana)) return "ADDRESS_MISMATCH"
  if (message.nonce === "") return "MISSING_NONCE"
  const expected = isSolana ? solanaChain : "8453"
  const given = textOf(payload.chainId)
  if (given !== "" && !/^(?:(?:eip155|solana):)?\w{1,64}$/.test(given)) return "INVALID_CHAIN_ID"
  if (message.chainId !== expected) return "UNSUPPORTED_CHAIN"
  if (given !== "" && bare(given) !== message.chainId) return "CHAIN_MISMATCH"
  const domain = message.domain.replace(/^\w+:\/\//, "").replace(/[:/].*$/, "")
  if (domain !== "api.venice.ai" && domain !== "venice.ai") return "DOMAIN_MISMATCH"
  if (message.issuedAt > now + maxSkew) return "FUTURE_TIMESTAMP"
  if (now - message.issuedAt > maxAge || message.expirationTime <= now) return "EXPIRED"
  if (message.notBefore > now) return "NOT_BEFORE"
  if (typeof payload.timestamp === "number" && Math.abs(payload.timestamp - message.issuedAt) > maxSkew) {
    return "TIMESTAMP_MISMATCH"
  }
  return hasForm(signature, isSolana) ? message : "INVALID_SIGNATURE"
}

export class SignIn {
  readonly #nonces = new BoundedMap<string, number>(maxNonces)

  /** The address of the wallet, in lower case if it is an EVM one. */
  verify(header: string, now: number, isInference: boolean): Refuse.Refusing<string> {
    const payload = decodeBase64Json(header)
    const reason = isObject(payload) ? reasonOf(payload, now) : "PARSE_ERROR"
    if (typeof reason === "string") return refuse(reason, isInference)
    const address = reason.address.startsWith("0x") ? reason.address.toLowerCase() : reason.address
    const key = `${address} ${reason.nonce}`
    const usedAt = this.#nonces.get(key)
    if (usedAt !== undefined && now - usedAt < nonceMemory) return refuse("NONCE_REUSED", isInference)
    this.#nonces.delete(key)
    this.#nonces.set(key, now)
    return Effect.succeed(address)
  }
}

/** Only routes of inference say what is wrong. */
const refuse = (reason: Reason, isInference: boolean): Refuse.Refusing<never> =>
  isInference
    ? Refuse.body(401, {
      error: messages[reason] ?? "Sign-in-with-X authentication failed",
      code: `X402_SIGN_IN_${reason}`
    })
    : Refuse.error(new Errors.X402InvalidSignIn())
