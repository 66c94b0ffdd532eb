/**
 * Balances and charges. Amounts are whole billionths of a dollar, so that sums are exact.
 *
 * A charge goes to one currency, in Venice's order: DIEM, earned credits, bundled credits, USD. A price that is known in
 * advance takes the first one that covers it; a run that is billed afterwards takes the first one with anything left.
 *
 * @internal
 */
import type { Operation } from "@effect-venice/core"
import * as BigDecimal from "effect/BigDecimal"
import type * as Dynamics from "../../Dynamics.ts"
import { BoundedMap } from "./boundedMap.ts"
import type { Call, Key } from "./call.ts"

export type Currency = "DIEM" | "EARNED_CREDITS" | "BUNDLED_CREDITS" | "USD"

/** What one request cost, or got back. */
export interface Charge {
  /** The id of the request, its `CF-RAY`. A refund has that of the request it refunds. */
  readonly id: string
  /** Who pays: the id of the key or the address of the wallet. */
  readonly payer: string
  readonly operation: Operation.Operation
  readonly model: string | undefined
  /** Epoch milliseconds. */
  readonly at: number
  /** In dollars; a DIEM is worth one. Negative for a refund. */
  readonly amount: number
  readonly currency: Currency
  /** The requests of a job have its queue id. */
  readonly job?: string | undefined
  /** The id in the body of the answer, such as `chatcmpl-…`. */
  readonly requestId?: string | undefined
  readonly promptTokens?: number | undefined
  readonly completionTokens?: number | undefined
}

/** What a request will cost. */
export interface Price {
  readonly usd: number
  /** The price is known before the run. */
  readonly isQuoted: boolean
}

const order: ReadonlyArray<Currency> = ["DIEM", "EARNED_CREDITS", "BUNDLED_CREDITS", "USD"]

const nano = (usd: number): number => Math.round(usd * 1e9)
const dollars = (nanos: number): number => nanos / 1e9

/** A decimal without an exponent. */
export const format = (usd: number): string =>
  BigDecimal.format(BigDecimal.normalize(BigDecimal.make(BigInt(nano(usd)), 9)))

export const maxCharges = 10_000
const maxPayers = 10_000

/** An entry of the ledger of a wallet. */
interface Transaction {
  readonly wallet: string
  readonly id: string
  /** Negative for a charge. */
  readonly amount: number
  readonly balanceAfter: number
  readonly type: "TOP_UP" | "CHARGE" | "REFUND"
  readonly createdAt: number
  readonly requestId: string | null
  readonly modelId: string | null
}

export type Denial = "balance" | "diemLimit" | "usdLimit"

export class Ledger {
  readonly #isUnlimited: boolean
  readonly #allocation: number
  #account: Record<Currency, number>
  readonly #wallets = new BoundedMap<string, number>(maxPayers)
  readonly #spent = new BoundedMap<string, { readonly diem: number; readonly usd: number }>(maxPayers)
  /** The charges of jobs that may be refunded, by queue id. */
  readonly #refundable = new BoundedMap<string, Charge>(maxCharges)
  #charges: Array<Charge> = []
  #transactions: Array<Transaction> = []

  constructor(balance: Dynamics.Balance | undefined) {
    this.#isUnlimited = balance === undefined
    this.#allocation = balance?.diem ?? 0
    this.#account = {
      DIEM: nano(balance?.diem ?? 0),
      EARNED_CREDITS: nano(balance?.earnedCredits ?? 0),
      BUNDLED_CREDITS: nano(balance?.bundledCredits ?? 0),
      USD: nano(balance?.usd ?? 0)
    }
  }

  get isUnlimited(): boolean {
    return this.#isUnlimited
  }

  /** The DIEM of the epoch. */
  get allocation(): number {
    return this.#allocation
  }

  get charges(): ReadonlyArray<Charge> {
    return this.#charges.slice(-maxCharges)
  }

  balance(currency: Currency): number {
    return dollars(this.#account[currency])
  }

  wallet(address: string): number {
    return dollars(this.#wallets.get(address) ?? 0)
  }

  topUp(address: string, usd: number, id: string, at: number): number {
    this.#credit(address, nano(usd))
    this.#remember({
      wallet: address,
      id,
      amount: usd,
      balanceAfter: this.wallet(address),
      type: "TOP_UP",
      createdAt: at,
      requestId: null,
      modelId: null
    })
    return this.wallet(address)
  }

  #credit(address: string, nanos: number): void {
    this.#wallets.set(address, (this.#wallets.get(address) ?? 0) + nanos)
  }

  #remember(transaction: Transaction): void {
    this.#transactions.push(transaction)
    if (this.#transactions.length > 2 * maxCharges) this.#transactions = this.#transactions.slice(-maxCharges)
  }

  /** The transactions of a wallet, the newest first. */
  transactions(address: string): ReadonlyArray<object> {
    return this.#transactions.filter(({ wallet }) => wallet === address).toReversed().map((transaction) => {
      const { wallet: _, ...entry } = transaction
      return { ...entry, createdAt: new Date(entry.createdAt).toISOString() }
    })
  }

  spent(payer: string): { readonly diem: number; readonly usd: number } {
    return this.#spent.get(payer) ?? { diem: 0, usd: 0 }
  }

  /** The headers of a response: the balance before the request, without what is zero. */
  headers({ kind }: Call["caller"]): Readonly<Record<string, string>> {
    if (this.#isUnlimited || kind !== "key") return {}
    return {
      ...(this.#account.USD > 0 && { "x-venice-balance-usd": format(this.balance("USD")) }),
      ...(this.#account.DIEM > 0 && { "x-venice-balance-diem": format(this.balance("DIEM")) })
    }
  }

  /** Why a request may not run, or nothing. */
  denial({ caller }: Call, price: Price): Denial | undefined {
    if (caller.kind === "wallet") {
      return price.isQuoted && nano(price.usd) > (this.#wallets.get(caller.id) ?? 0) ? "balance" : undefined
    }
    if (caller.kind !== "key") return undefined
    const payable = this.#currencyFor(price)
    if (payable === undefined) return "balance"
    return this.#exceeded(caller.key, payable)
  }

  #exceeded({ id, limits }: Key, currency: Currency): Denial | undefined {
    const spent = this.spent(id)
    if (currency === "DIEM") return limits.diem !== undefined && spent.diem >= limits.diem ? "diemLimit" : undefined
    return limits.usd !== undefined && spent.usd >= limits.usd ? "usdLimit" : undefined
  }

  #currencyFor(price: Price): Currency | undefined {
    if (this.#isUnlimited) return "USD"
    return order.find((currency) => {
      const left = this.#account[currency]
      return price.isQuoted ? left > 0 && left >= nano(price.usd) : left > 0
    })
  }

  /** Charges a request. What ran is billed even if nothing is left: the last currency goes below zero. */
  charge(call: Call, model: string | undefined, price: Price, details: Partial<Charge> = {}): void {
    if (price.usd <= 0 || call.caller.kind === "anonymous") return
    const currency = call.caller.kind === "wallet" ? "USD" : this.#currencyFor(price) ?? "USD"
    const usd = call.caller.kind === "wallet" ? Math.min(price.usd, this.wallet(call.caller.id)) : price.usd
    const charge: Charge = {
      id: call.id,
      payer: call.caller.id,
      operation: call.operation,
      model,
      at: call.now,
      amount: dollars(nano(usd)),
      currency,
      ...details
    }
    this.#record(charge, call.caller.kind === "wallet")
    if (charge.job !== undefined) this.#refundable.set(charge.job, charge)
  }

  /** Gives the charge of a job back, once. Returns whether there was one. */
  refund(job: string, at: number): boolean {
    const charge = this.#refundable.get(job)
    if (charge === undefined) return false
    this.#refundable.delete(job)
    this.#record({ ...charge, at, amount: -charge.amount }, this.#wallets.has(charge.payer))
    return true
  }

  #record(charge: Charge, isWallet: boolean): void {
    const amount = nano(charge.amount)
    if (isWallet) {
      this.#credit(charge.payer, -amount)
      this.#remember({
        wallet: charge.payer,
        id: `${charge.id}${amount < 0 ? "-refund" : ""}`,
        amount: -charge.amount,
        balanceAfter: this.wallet(charge.payer),
        type: amount < 0 ? "REFUND" : "CHARGE",
        createdAt: charge.at,
        requestId: charge.requestId ?? charge.id,
        modelId: charge.model ?? null
      })
    }
    if (!isWallet && !this.#isUnlimited) this.#account[charge.currency] -= amount
    const { diem, usd } = this.spent(charge.payer)
    this.#spent.set(
      charge.payer,
      charge.currency === "DIEM"
        ? { diem: dollars(nano(diem) + amount), usd }
        : { diem, usd: dollars(nano(usd) + amount) }
    )
    this.#charges.push(charge)
    // Cut rarely, because cutting copies.
    if (this.#charges.length > 2 * maxCharges) this.#charges = this.#charges.slice(-maxCharges)
  }
}
