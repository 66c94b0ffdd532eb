/**
 * The field `offer` of a `PAYMENT_REQUIRED`: the ways to pay for a request by x402.
 *
 * @internal
 */
import * as Predicate from "effect/Predicate"
import * as Record from "effect/Record"
import * as Schema from "effect/Schema"
import { type Field, parseJson, parseNumber, parseText, writeJson } from "./fields.ts"
import { parsePaymentRequired } from "./headers.ts"

/** One way to pay, with the member names of the x402 protocol, so that a wallet accepts it unchanged. */
const PaymentOption = Schema.Struct({
  scheme: Schema.optionalKey(Schema.String),
  network: Schema.optionalKey(Schema.String),
  /** In base units of the asset: `"5000000"` is 5 USDC. */
  amount: Schema.optionalKey(Schema.String),
  asset: Schema.optionalKey(Schema.String),
  payTo: Schema.optionalKey(Schema.String),
  maxTimeoutSeconds: Schema.optionalKey(Schema.Finite),
  extra: Schema.optionalKey(Schema.Json)
})

/** The x402 offer of a 402, from its body or from the `PAYMENT-REQUIRED` header. */
const PaymentOffer = Schema.Struct({
  x402Version: Schema.optionalKey(Schema.Finite),
  resource: Schema.optionalKey(Schema.Json),
  accepts: Schema.Array(PaymentOption)
})

type Members = Readonly<Record<string, unknown>>

/** Leaves out absent members: an optional key of a schema may be absent, but not `undefined`. */
const present = <A extends Members>(members: A): A => Record.filter(members, Predicate.isNotUndefined) as A

const maxOptions = 50

const parseOption = (value: unknown) => {
  const option = (Predicate.isObject(value) ? value : {}) as Members
  return present({
    scheme: parseText(option.scheme),
    network: parseText(option.network),
    // Version 1 of x402 calls it `maxAmountRequired`.
    amount: parseText(option.amount ?? option.maxAmountRequired),
    asset: parseText(option.asset),
    payTo: parseText(option.payTo),
    maxTimeoutSeconds: parseNumber(option.maxTimeoutSeconds),
    extra: parseJson(option.extra)
  })
}

const parseOffer = (value: unknown) => {
  if (!Predicate.isObject(value)) return undefined
  const { accepts, resource, x402Version } = value as Members
  if (!Array.isArray(accepts)) return undefined
  return present({
    x402Version: parseNumber(x402Version),
    resource: parseJson(resource),
    accepts: accepts.slice(0, maxOptions).map(parseOption)
  }) as typeof PaymentOffer.Type
}

export const paymentOffer: Field<Schema.optionalKey<typeof PaymentOffer>> = {
  get schema() {
    return Schema.optionalKey(PaymentOffer)
  },
  read: ({ received: { errorBody, headers } }) =>
    parseOffer(errorBody.body) ?? parseOffer(parsePaymentRequired(headers["payment-required"])),
  write: (offer) =>
    offer === undefined ? {} : {
      x402Version: offer.x402Version,
      resource: offer.resource === undefined ? undefined : writeJson(offer.resource),
      accepts: writeJson(offer.accepts)
    }
}
