/**
 * Management of API keys, and their rate limits.
 *
 * @internal
 */
import * as Effect from "effect/Effect"
import * as Base64Url from "effect/encoding/Base64Url"
import * as Result from "effect/Result"
import { z } from "zod/v3"
import { maxKeys } from "./accounts.ts"
import { balanceOf } from "./billing.ts"
import type { Call, Key } from "./call.ts"
import { memberOf } from "./call.ts"
import * as Check from "./check.ts"
import { type Draw, hash } from "./draw.ts"
import type { Currency } from "./ledger.ts"
import * as Refuse from "./refusal.ts"
import type { Answering, Handler } from "./run.ts"
import { ok } from "./run.ts"
import type { State } from "./state.ts"

const limit = z.number().min(0).max(9_999_999_999).nullish()

const consumption = z.object({ usd: limit, diem: limit, vcu: limit }).strict()

const expiry = z.string().regex(/^(?:|\d{4}-\d{2}-\d{2}(?:T\d{2}:\d{2}:\d{2}(?:\.\d{3})?Z)?)$/, "Invalid date")

const settings = {
  expiresAt: expiry.nullish(),
  consumptionLimit: consumption.optional(),
  limitPeriod: z.enum(["EPOCH", "MONTH", "LIFETIME"]).optional(),
  modelPrivacy: z.enum(["ALL", "PRIVATE_TEXT", "PRIVATE_ONLY"]).optional()
}

const description = z.string().max(64)

const type = z.enum(["INFERENCE", "ADMIN"])

const createBody = z.object({ apiKeyType: type, description, ...settings }).strict()

const updateBody = z.object({ id: z.string(), description: description.optional(), ...settings }).strict()

type Settings = Omit<z.infer<typeof updateBody>, "id" | "description">

const iso = (at: number | undefined): string | null => at === undefined ? null : new Date(at).toISOString()

const expiresAtOf = (text: string | null | undefined): number | undefined =>
  text == null || text === "" ? undefined : Date.parse(text)

const limitsOf = ({ consumptionLimit: given }: Settings, known: Key["limits"] = {}): Key["limits"] => {
  if (given === undefined) return known
  const diem = given.diem === undefined ? given.vcu : given.diem
  return {
    usd: given.usd === undefined ? known.usd : given.usd ?? undefined,
    diem: diem === undefined ? known.diem : diem ?? undefined
  }
}

const limitJson = ({ diem, usd }: Key["limits"]) => ({ usd: usd ?? null, diem: diem ?? null, vcu: null })

const describe = (key: Key, { accounts, ledger }: State) => {
  const { diem, usd } = ledger.spent(key.id)
  const usage = { usd: usd.toFixed(4), diem: diem.toFixed(4) }
  return {
    id: key.id,
    apiKeyType: key.type,
    description: key.description,
    createdAt: iso(key.createdAt),
    expiresAt: iso(key.expiresAt),
    lastUsedAt: iso(accounts.lastUsed(key.id)),
    last6Chars: key.last6,
    consumptionLimits: limitJson(key.limits),
    limitPeriod: key.limitPeriod,
    modelPrivacy: key.privacy,
    usage: { trailingSevenDays: { ...usage, vcu: "0.0000" } },
    ...((key.limits.usd !== undefined || key.limits.diem !== undefined) && { currentPeriodUsage: usage })
  }
}

export const list: Handler = ({ now }, state) =>
  ok({ object: "list", data: state.accounts.list(now).map((key) => describe(key, state)) })

export const get: Handler = ({ now, parameters }, state) => {
  const key = state.accounts.find(parameters.id ?? "", now)
  return key === undefined ? Refuse.message(400, "API key not found") : ok({ data: describe(key, state) })
}

const create = (
  call: Call,
  state: State,
  body: Settings & { readonly apiKeyType: Key["type"]; readonly description: string }
): Answering =>
  Effect.suspend(() => {
    const { accounts } = state
    if (accounts.list(call.now).length >= maxKeys) return Refuse.message(400, `Maximum of ${maxKeys} API keys reached`)
    const [key, apiKey] = accounts.create({
      type: body.apiKeyType,
      description: body.description,
      createdAt: call.now,
      expiresAt: expiresAtOf(body.expiresAt),
      limits: limitsOf(body),
      limitPeriod: body.limitPeriod ?? "EPOCH",
      privacy: body.modelPrivacy ?? "ALL"
    }, call.draw)
    return ok({
      success: true,
      data: {
        id: key.id,
        apiKey,
        apiKeyType: key.type,
        description: key.description,
        expiresAt: iso(key.expiresAt),
        consumptionLimit: limitJson(key.limits),
        limitPeriod: key.limitPeriod,
        modelPrivacy: key.privacy
      }
    })
  })

export const post: Handler = (call, state) =>
  Effect.flatMap(Check.body(call, createBody), (body) => create(call, state, body))

export const patch: Handler = (call, state) =>
  Effect.gen(function*() {
    const body = yield* Check.body(call, updateBody)
    const key = state.accounts.find(body.id, call.now)
    if (key === undefined) return yield* Refuse.message(400, "API key not found or expired")
    const updated: Key = {
      ...key,
      description: body.description ?? key.description,
      expiresAt: body.expiresAt === undefined ? key.expiresAt : expiresAtOf(body.expiresAt),
      limits: limitsOf(body, key.limits),
      limitPeriod: body.limitPeriod ?? key.limitPeriod,
      privacy: body.modelPrivacy ?? key.privacy
    }
    state.accounts.update(updated)
    const { currentPeriodUsage: _, usage: __, ...data } = describe(updated, state)
    return yield* ok({ success: true, data })
  })

export const remove: Handler = (call, state) => {
  const id = call.query.get("id") ?? memberOf(call.body, "id")
  const key = typeof id === "string" ? state.accounts.find(id, call.now) : undefined
  if (key === undefined) return Refuse.message(400, "API key could not be found")
  state.accounts.revoke(key.id)
  return ok({ success: true })
}

const rounded = (amount: number): number => Math.round(Math.max(0, amount) * 1e6) / 1e6

/** What the key can spend: the balance, and no more than its own limit. */
const spendable = (caller: Call["caller"], { ledger }: State, currency: Currency): number => {
  const balance = balanceOf(ledger, currency)
  if (caller.kind !== "key") return rounded(balance)
  const { limits } = caller.key
  const spent = ledger.spent(caller.id)
  const left = currency === "DIEM"
    ? limits.diem === undefined ? Infinity : limits.diem - spent.diem
    : limits.usd === undefined
    ? Infinity
    : limits.usd - spent.usd
  return rounded(Math.min(balance, left))
}

export const rateLimits: Handler = (call, state) => {
  const of = (currency: Currency) => spendable(call.caller, state, currency)
  const balances = { USD: of("USD"), DIEM: of("DIEM"), BUNDLED_CREDITS: of("BUNDLED_CREDITS") }
  const nextDay = (Math.floor(call.now / 86_400_000) + 1) * 86_400_000
  return ok({
    data: {
      accessPermitted: balances.USD + balances.DIEM + balances.BUNDLED_CREDITS + of("EARNED_CREDITS") > 0,
      apiTier: { id: "paid", isCharged: true },
      balances,
      keyExpiration: call.caller.kind === "key" ? iso(call.caller.key.expiresAt) : null,
      nextEpochBegins: new Date(nextDay).toISOString(),
      rateLimits: state.catalogue.all("all", call.now).map(({ id, tier }) => {
        const limit = state.limits.limitOf(tier)
        return {
          apiModelId: id,
          rateLimits: limit === undefined ? [] : [
            { type: "RPM", amount: limit.requests },
            ...(limit.tokens === undefined ? [] : [{ type: "TPM", amount: limit.tokens }])
          ]
        }
      })
    }
  })
}

export const rateLimitLog: Handler = (_, { breaches }) => ok({ object: "list", data: breaches.all })

/* Keys of wallets */

const tokenLife = 15 * 60_000

const encode = (value: unknown): string => Base64Url.encode(JSON.stringify(value))

/** A token that only this emulator makes. It is no secret, and proves nothing elsewhere. */
const sign = (content: string): string => hash(`emulated ${content}`).toString(16).padStart(8, "0").repeat(4)

const tokenOf = (now: number, draw: Draw): string => {
  const content = `${encode({ alg: "HS256", typ: "JWT" })}.${
    encode({ iat: Math.floor(now / 1000), exp: Math.floor((now + tokenLife) / 1000), jti: draw.hex(16) })
  }`
  return `${content}.${sign(content)}`
}

export const web3Token: Handler = ({ draw, now }) => ok({ success: true, data: { token: tokenOf(now, draw) } })

const web3Body = z.object({
  address: z.string(),
  signature: z.string(),
  token: z.string(),
  apiKeyType: type,
  description: description.default("Web3 API Key"),
  ...settings
}).strict()

const checkToken = (token: string, now: number): Refuse.Refusing<void> => {
  const [head = "", payload = "", signature = ""] = token.split(".")
  const content = Base64Url.decodeString(payload)
  if (signature === "" || Result.isFailure(content)) return Refuse.message(400, "JWT is malformed")
  if (signature !== sign(`${head}.${payload}`)) return Refuse.message(400, "JWT signature is invalid")
  const { exp } = JSON.parse(content.success) as { readonly exp: number }
  return exp * 1000 > now ? Effect.void : Refuse.message(400, "JWT has expired")
}

export const web3Key: Handler = (call, state) =>
  Effect.gen(function*() {
    const { address, signature, token, ...body } = yield* Check.body(call, web3Body)
    if (!/^0x[0-9a-f]{40}$/i.test(address)) return yield* Refuse.message(400, "Invalid wallet address")
    yield* checkToken(token, call.now)
    if (!/^0x(?:[0-9a-f]{2}){65,2000}$/i.test(signature)) {
      return yield* Refuse.message(400, "Could not verify wallet signature")
    }
    return yield* create(call, state, body)
  })
