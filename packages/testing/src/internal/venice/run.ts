/**
 * Admission of a request, and what it leaves behind when it has run.
 *
 * Everything up to the answer happens at once, so that concurrent requests cannot both take the last request of a window
 * or the last dollar.
 *
 * @internal
 */
import { Errors, VeniceError } from "@effect-venice/core"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type * as Dynamics from "../../Dynamics.ts"
import * as Offer from "../wire/offer.ts"
import type { WireResponse } from "../wire/response.ts"
import { json } from "../wire/response.ts"
import type { Call, Key } from "./call.ts"
import { challenge } from "./credentials.ts"
import type { Charge, Denial, Price } from "./ledger.ts"
import * as Refuse from "./refusal.ts"
import type { Slot } from "./slots.ts"
import type { State } from "./state.ts"

/** An answer, and what happens once it was sent, or its request was given up. */
export interface Answer {
  readonly response: WireResponse
  /** `until` is when the last part of the body is sent. Both are epoch milliseconds. */
  readonly finish?: (now: number, until: number) => void
}

export type Answering = Refuse.Refusing<Answer>

export type Handler = (call: Call, state: State) => Answering

export const ok = (body: unknown, headers: Readonly<Record<string, string>> = {}): Answering =>
  Effect.succeed({ response: json(200, body, headers) })

/** What a wallet needs to be admitted, in dollars. */
const walletMinimum = 0.1

const walletConcurrency = 5

const privacyNames: Readonly<Record<Key["privacy"], string>> = {
  ALL: "All models",
  PRIVATE_TEXT: "Private text models only",
  PRIVATE_ONLY: "Private models only"
}

const isPrivateText = ({ type }: Dynamics.Model): boolean =>
  type === "text" || type === "embedding" || type === "decision"

/** Whether the key may call the model. */
export const isAllowed = (privacy: Key["privacy"], model: Dynamics.Model): boolean =>
  privacy === "ALL" || model.model_spec.privacy !== "anonymized" ||
  (privacy === "PRIVATE_TEXT" && !isPrivateText(model))

const checkKey = ({ caller }: Call, model: Dynamics.Model): Refuse.Refusing<void> => {
  if (caller.kind !== "key") return Effect.void
  if (!isAllowed(caller.key.privacy, model)) {
    return Refuse.error(
      new Errors.Unauthorized({
        message: `This API key is set to '${privacyNames[caller.key.privacy]}', but ${model.id} is an Anonymous model. `
          + "Choose a Private, TEE, or E2EE model, or change the model privacy setting of this API key."
      })
    )
  }
  return model.isProOnly === true && caller.key.isFree ? Refuse.error(new Errors.ProOnlyModel()) : Effect.void
}

const overloaded = (wait: Duration.Duration, error: Dynamics.Capacity["error"]) => {
  const retryAfter = Duration.seconds(Math.ceil(Duration.toSeconds(wait)))
  return error === "MODEL_AT_CAPACITY"
    ? new Errors.ModelAtCapacity({ response: { status: 503, retryAfter } })
    : new Errors.ModelOverloaded({ response: { status: 429, retryAfter } })
}

const defaultWait = Duration.seconds(30)

const checkOutage = ({ now }: Call, state: State, model: Dynamics.Model): Refuse.Refusing<void> => {
  if (model.model_spec.offline === true) return Refuse.error(new Errors.ModelOffline())
  const outage = state.dynamics.outages?.find((outage) => {
    const start = state.startedAt + Duration.toMillis(outage.from)
    return (outage.model === undefined || outage.model === model.id) && now >= start
      && now < start + Duration.toMillis(outage.for)
  })
  if (outage === undefined) return Effect.void
  const code = outage.error ?? "MODEL_OFFLINE"
  if (code === "MODEL_OVERLOADED") return Refuse.error(overloaded(defaultWait, code))
  return VeniceError.isCode(code) ? Refuse.error(VeniceError.fromCode(code)) : Effect.void
}

/** The 402 of a wallet with too little credit. */
const lowBalance = (call: Call, balance: number, path: string): Refuse.Refusing<never> => {
  const signIn = challenge(path, call.now, call.draw)
  return Refuse.body(402, {
    error: Errors.PaymentRequired.defaultMessage,
    code: "PAYMENT_REQUIRED",
    reason: "insufficient_balance",
    currentBalanceUsd: balance,
    minimumBalanceUsd: walletMinimum,
    description: "Venice API",
    suggestedTopUpUsd: 10,
    minimumTopUpUsd: 5,
    supportedTokens: ["USDC"],
    supportedChains: ["base", "solana"],
    topUpInstructions: Offer.topUpInstructions,
    siwxChallenge: Offer.signIn(signIn)
  }, Offer.header(Offer.paymentRequired(Errors.PaymentRequired.defaultMessage, path, signIn)))
}

const denials: Readonly<Record<Denial, () => VeniceError.VeniceError>> = {
  balance: () => new Errors.InsufficientBalance(),
  diemLimit: () => new Errors.ApiKeyDiemSpendLimitExceeded(),
  usdLimit: () => new Errors.ApiKeyUsdSpendLimitExceeded()
}

const checkBalance = (call: Call, { ledger }: State, price: Price): Refuse.Refusing<void> => {
  const { caller, operation } = call
  if (caller.kind === "wallet" && ledger.wallet(caller.id) < walletMinimum) {
    return lowBalance(call, ledger.wallet(caller.id), `/api/v1${operation.slice(operation.indexOf(" ") + 1)}`)
  }
  const denial = price.usd > 0 ? ledger.denial(call, price) : undefined
  return denial === undefined ? Effect.void : Refuse.error(denials[denial]())
}

/** Admits a wallet that has fewer than five requests running. */
const walletSlot = ({ caller, now }: Call, { slots }: State): Refuse.Refusing<Slot> => {
  const slot = slots.take(`wallet ${caller.id}`, caller.kind === "wallet" ? walletConcurrency : undefined, now)
  return slot === undefined
    ? Refuse.body(429, { error: "Too many concurrent requests", code: "X402_CONCURRENCY_LIMIT" })
    : Effect.succeed(slot)
}

const modelSlot = ({ now }: Call, { slots }: State, { capacity, id }: Dynamics.Model): Refuse.Refusing<Slot> => {
  const slot = slots.take(`model ${id}`, capacity?.concurrent, now)
  return slot === undefined
    ? Refuse.error(overloaded(capacity?.retryAfter ?? defaultWait, capacity?.error))
    : Effect.succeed(slot)
}

/** What an operation without a model leaves: a charge, if the caller can pay. */
export const charged = (call: Call, state: State, price: Price, answer: Answering): Answering =>
  Effect.gen(function*() {
    const wallet = yield* walletSlot(call, state)
    return yield* checkBalance(call, state, price).pipe(
      Effect.andThen(answer),
      Effect.map(({ finish, response }) => ({
        response: withHeaders(response, state.ledger.headers(call.caller)),
        finish: (now: number, until: number) => {
          state.ledger.charge(call, undefined, price, { at: now })
          wallet.release(until)
          finish?.(now, until)
        }
      })),
      Effect.tapError(() => Effect.sync(() => wallet.release(call.now)))
    )
  })

export interface Options {
  readonly model: Dynamics.Model
  /** What the request takes from the window of tokens. */
  readonly tokens?: number | undefined
  readonly price: Price
  /** A job is charged before its answer, everything else when its run ends. */
  readonly charge?: "before" | "after"
  readonly details?: Partial<Charge> | undefined
}

export const withHeaders = (response: WireResponse, headers: Readonly<Record<string, string>>): WireResponse => ({
  ...response,
  headers: { ...headers, ...response.headers }
})

const refuseWith = (headers: Readonly<Record<string, string>>) => <A>(self: Refuse.Refusing<A>): Refuse.Refusing<A> =>
  Effect.mapError(self, ({ counted, response }) => ({ counted, response: withHeaders(response, headers) }))

/** Runs a model: checks whether the caller may, takes what it needs, and answers. */
export const run = (call: Call, state: State, options: Options, answer: Answering): Answering =>
  Effect.gen(function*() {
    const { model, price } = options
    const { ledger, limits } = state
    yield* checkKey(call, model)
    yield* checkOutage(call, state, model)
    const common = { ...ledger.headers(call.caller), ...state.catalogue.deprecationHeaders(model) }
    const taken = limits.take(call.caller.id, model.id, model.tier, options.tokens ?? 0, call.now)
    const headers = { ...common, ...taken.headers }
    if (taken.breach !== undefined) {
      state.breaches.add(call, model.id, taken.breach)
      return yield* refuseWith(headers)(Refuse.error(new Errors.RateLimitExceeded()))
    }
    const wallet = yield* refuseWith(headers)(walletSlot(call, state))
    const admitted = checkBalance(call, state, price).pipe(Effect.andThen(modelSlot(call, state, model)))
    const slot = yield* refuseWith(headers)(
      Effect.tapError(admitted, () => Effect.sync(() => wallet.release(call.now)))
    )
    const release = (until: number) => {
      slot.release(until)
      wallet.release(until)
    }
    const { finish, response } = yield* refuseWith(headers)(
      Effect.tapError(answer, () => Effect.sync(() => release(call.now)))
    )
    if (options.charge === "before") ledger.charge(call, model.id, price, options.details)
    return {
      response: withHeaders(response, headers),
      finish: (now: number, until: number) => {
        if (options.charge !== "before") ledger.charge(call, model.id, price, { ...options.details, at: now })
        release(until)
        finish?.(now, until)
      }
    }
  })
