/**
 * The laws of decoders. The subject is any function from a response to a value.
 *
 * @internal
 */
import type { Decode } from "@effect-venice/core"
import * as Duration from "effect/Duration"
import * as Formatter from "effect/Formatter"
import * as Predicate from "effect/Predicate"
import { oneOf } from "../arbitraries/choice.ts"
import type { Hostile } from "../arbitraries/hostile.ts"
import { hostile, orders } from "../arbitraries/hostile.ts"
import type { Response } from "../arbitraries/responses.ts"
import { any, venice } from "../arbitraries/responses.ts"
import * as Law from "./law.ts"
import { texts } from "./texts.ts"

export interface Subject<A> {
  readonly decode: (input: Decode.Input) => A
  /** What must not depend on the order of members. */
  readonly identify: (result: A) => unknown
  /** The length of all texts of a result, at most. */
  readonly maxLength: number
}

const now = 1_780_000_000_000

const input = (response: Response & Partial<Pick<Hostile, "secrets">>): Decode.Input => ({
  ...response,
  operation: "POST /chat/completions",
  now
})

const show = ({ body, headers, status }: Response): string =>
  [
    `HTTP ${status}`,
    ...Object.entries(headers).map(([name, value]) => `${name}: ${JSON.stringify(value)}`),
    body === "" ? "(no body)" : body
  ].join("\n")

const responses = oneOf<Response>(venice, hostile, any)

/** A code, a category and a hint, wherever a result has them. */
export const identify = (result: unknown): unknown => {
  if (!Predicate.isObjectKeyword(result)) return result
  const { _tag, category, code, response, status } = result as Record<string, any>
  const hint = Predicate.isObject(response) ? (response as Record<string, unknown>).retryAfter : undefined
  return { _tag, category, code, status, hint: Duration.isDuration(hint) ? Duration.toMillis(hint) : hint }
}

export const laws = <A>({ decode, identify, maxLength }: Subject<A>): ReadonlyArray<Law.Law> => [
  Law.make("decodes every response", {
    values: responses,
    show,
    judge: (response) => decode(input(response)) === undefined ? "it returned nothing" : undefined
  }),
  Law.make("keeps a bounded part of a response", {
    values: responses,
    show,
    judge: (response) => {
      const length = texts(decode(input(response))).reduce((sum, text) => sum + text.length, 0)
      return length > maxLength ? `the result has texts of ${length} characters, and may have ${maxLength}` : undefined
    }
  }),
  Law.make("keeps no secret of the request", {
    values: hostile,
    show,
    judge: (response) => {
      const [secret] = response.secrets
      const text = texts(decode(input(response))).find((text) => text.includes(secret))
      return text === undefined ? undefined : `the result has ${JSON.stringify(text.slice(0, 200))}`
    }
  }),
  Law.make("decodes the same bytes to the same result", {
    values: responses,
    show,
    judge: (response) => {
      const [first, second] = [decode(input(response)), decode(input(response))].map((result) =>
        texts(result).join("\n")
      )
      return first === second ? undefined : "two results differ"
    }
  }),
  Law.make("does not depend on the order of members", {
    values: oneOf<Response>(venice, hostile),
    show,
    judge: (response) => {
      const [one, another] = orders(response)?.map((response) => Formatter.format(identify(decode(input(response)))))
        ?? []
      return one === another ? undefined : `it is ${one}, and in another order ${another}`
    }
  })
]
