/**
 * What the errors of some codes have besides their message and their response, read off the body and the headers.
 *
 * @internal
 */
import type * as Headers from "effect/http/Headers"
import * as Predicate from "effect/Predicate"
import * as Record from "effect/Record"
import * as Category from "../../Category.ts"
import type { Input } from "../../Decode.ts"
import * as Errors from "../../Errors.ts"
import type * as ResponseBody from "../../ResponseBody.ts"
import type { RateLimit } from "../../ResponseContext.ts"
import { maxMessageLength } from "../../ResponseContext.ts"
import * as ResponseHeaders from "../../ResponseHeaders.ts"
import { excerpt } from "../redaction/excerpt.ts"
import { excerptJson, number } from "../redaction/json.ts"
import { isSuccess, type Verdict } from "./recognize.ts"
import { Validation } from "./validation.ts"
import * as Wordings from "./wordings.ts"

type Fields = Readonly<Record<string, unknown>>

/** Beyond this, what a validation failure says of its fields is left to the excerpt of the body. */
const maxValidationBody = 1024 * 1024

const text = (value: unknown, length = 500): string | undefined =>
  typeof value === "string" && value !== "" ? excerpt(value, length) : undefined

const texts = (value: unknown): ReadonlyArray<string> | undefined =>
  Array.isArray(value)
    ? value.filter((item) => typeof item === "string").slice(0, 50).map((item) => excerpt(item, 200))
    : undefined

const json = (value: unknown) => value === undefined ? undefined : excerptJson(value)

/** The first of two values that is a list, or the second where the first is an empty one. */
const fuller = (a: unknown, b: unknown): unknown =>
  Array.isArray(a) && (a.length > 0 || !Array.isArray(b) || b.length === 0) ? a : Array.isArray(b) ? b : undefined

/** What a validator said, wherever it stands. */
export const validationOf = (
  { body }: ResponseBody.Reading
): { readonly details?: unknown; readonly issues?: unknown } => {
  const context = body.context as { readonly issues?: unknown } | null | undefined
  return { details: body.details, issues: fuller(fuller(body.issues, body.error), context?.issues) }
}

const paymentOption = (value: unknown) => {
  const option = (Predicate.isObject(value) ? value : {}) as Fields
  return defined({
    scheme: text(option.scheme),
    network: text(option.network),
    // Version 1 of x402 has another name for it.
    amount: text(option.amount ?? option.maxAmountRequired),
    asset: text(option.asset),
    payTo: text(option.payTo),
    maxTimeoutSeconds: number(option.maxTimeoutSeconds),
    extra: json(option.extra)
  })
}

const paymentOffer = (value: unknown) => {
  if (!Predicate.isObject(value)) return undefined
  const offer = value as Fields
  if (!Array.isArray(offer.accepts)) return undefined
  return defined({
    x402Version: number(offer.x402Version),
    resource: json(offer.resource),
    accepts: offer.accepts.slice(0, 50).map(paymentOption)
  })
}

const reasonOf = ({ reason, x402Version }: Fields, message: string | undefined) => {
  if (reason === "authentication" || reason === "insufficient_balance") return reason
  const asksForCredentials = x402Version !== undefined || /^authentication required/i.test(message ?? "")
  return reason !== null && asksForCredentials ? "authentication" : undefined
}

const listOf = (prose: string | undefined): ReadonlyArray<string> | undefined =>
  prose?.split(/,\s|\sor\s/, 50).map(unquoted).filter((id) => id !== "")

const unquoted = (id: string): string => excerpt(id.trim().replace(/^["'`]+/, "").replace(/["'`]{1,3}$/, ""), 200)

const limits = ["requests", "tokens", "concurrency", "failures"] as const

const limitOf = (value: unknown) => limits.find((limit) => limit === value)

const limitKind = (message: string, codes: ReadonlyArray<string>, snapshot: RateLimit | undefined) => {
  const said = /^(?:(too many failed attempts)|too many concurrent|another request for this user)/i.exec(message)
  if (said?.[1] !== undefined) return "failures"
  if (said !== null || codes.includes("X402_CONCURRENCY_LIMIT")) return "concurrency"
  return snapshot === undefined ? undefined : ResponseHeaders.exhausted(snapshot)?.kind
}

/** Leaves out what is not there, since a schema's optional key may be absent but not undefined. */
const defined = <A extends Fields>(fields: A): A => Record.filter(fields, Predicate.isNotUndefined) as A

/** The fields of the class, or nothing where it has none of its own. */
export const fieldsOf = (
  { Class, groups, matchedBy }: Verdict,
  reading: ResponseBody.Reading,
  input: Input,
  headers: Headers.Headers,
  snapshot: RateLimit | undefined
): Fields | undefined => {
  const { body, error } = reading
  // Members that no message can say better: Venice's own where it sends them, else those of `Encode`.
  switch (Class) {
    case Errors.InvalidRequest: {
      if (input.body.length > maxValidationBody) return undefined
      const raw = validationOf(reading)
      return raw.details === undefined && raw.issues === undefined ? undefined : { validation: new Validation(raw) }
    }
    case Errors.TooManyTokens: {
      const found = groups ?? (reading.message === undefined ? undefined : Wordings.tokens(reading.message))
      return defined({
        inputTokens: number(body.input_tokens) ?? (found?.inputTokens && Number(found.inputTokens)),
        maxTokens: number(body.max_tokens) ?? (found?.maxTokens && Number(found.maxTokens))
      })
    }
    case Errors.ModelNotFound: {
      const named = texts(body.suggestions) ?? listOf(groups?.suggestions)
      const recommended = text(error.recommended_model)
      return defined({
        model: text(body.model) ?? (groups?.model && unquoted(groups.model)),
        suggestions: recommended === undefined ? named : [recommended, ...(named ?? [])]
      })
    }
    case Errors.ContentPolicyViolation: {
      const refunded = error.credits_refunded ?? body.credits_refunded
      return defined({
        creditsRefunded: typeof refunded === "boolean" ? refunded : undefined,
        recommendedModel: text(error.recommended_model ?? body.recommended_model),
        suggestedPrompt: text(error.suggested_prompt ?? body.suggested_prompt, maxMessageLength),
        hint: text(error.hint ?? body.hint, maxMessageLength)
      })
    }
    case Errors.RateLimitExceeded: {
      const limit = limitOf(body.limit) ?? limitKind(reading.message ?? "", reading.codes, snapshot)
      return limit && { limit }
    }
    case Errors.PaymentRequired: {
      const offer = paymentOffer(body)
        ?? paymentOffer(ResponseHeaders.parsePaymentRequired(headers["payment-required"]))
      return defined({
        reason: reasonOf(body, reading.message),
        offer,
        currentBalanceUsd: number(body.currentBalanceUsd),
        minimumBalanceUsd: number(body.minimumBalanceUsd),
        suggestedTopUpUsd: number(body.suggestedTopUpUsd),
        minimumTopUpUsd: number(body.minimumTopUpUsd),
        supportedTokens: texts(body.supportedTokens),
        supportedChains: texts(body.supportedChains)
      })
    }
    case Errors.ConsentRequired:
      return defined({
        consentFlow: json(body.consent_flow),
        faceMediaRoles: json(body.face_media_roles),
        consent: json(body.consent),
        docsUrl: text(body.docs_url)
      })
    case Errors.Gone:
      return defined({
        successor: ResponseHeaders.parseLink(headers.link, "successor-version"),
        sunset: ResponseHeaders.parseMoment(headers.sunset),
        deprecated: ResponseHeaders.parseMoment(headers.deprecation)
      })
    case Errors.UnrecognizedResponse: {
      // By its code, the error of a gateway that did not recognize the response either.
      const relayed = matchedBy === "code"
      const said = Category.all.find((category) => relayed && category === body.category)
      return defined({
        category: said ?? categoryOf(reading, input.status),
        code: text(relayed ? body.upstream_code : reading.codes[0], 100)
      })
    }
  }
  return undefined
}

/** An error inside a success is the server's; one that names its upstream is the upstream's. */
const categoryOf = (reading: ResponseBody.Reading, status: number): Category.Category => {
  if (!isSuccess(status) || reading.shape !== "venice") return Category.fromStatus(status)
  return reading.codes.includes("upstream_error") ? "Upstream" : "Server"
}
