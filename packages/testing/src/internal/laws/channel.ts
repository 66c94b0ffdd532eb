/**
 * The laws of what handles the failures of a call.
 *
 * @internal
 */
import type { Operation } from "@effect-venice/core"
import { Category, Errors, OperationFailure, VeniceError } from "@effect-venice/core"
import { Failure } from "@effect-venice/http"
import * as Arbitrary from "effect/Arbitrary"
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as HttpClientError from "effect/http/HttpClientError"
import * as Call from "../../Call.ts"
import type { Fault } from "../arbitraries/attempts.ts"
import { failureOf } from "../arbitraries/attempts.ts"
import { pick } from "../arbitraries/choice.ts"
import * as Law from "./law.ts"

/** What a call can be, as it decides what it can fail with. */
export type Kind = "execute" | "request" | "stream"

export interface Subject {
  readonly handle: (call: Effect.Effect<any, any>) => Effect.Effect<unknown, unknown>
  readonly operation: Operation.Operation | undefined
  readonly kind: Kind
  /** The tags of the failures that the handler passes on. */
  readonly passesOn: ReadonlyArray<string>
}

/** A member of a failure channel, and how it may look. */
interface Member {
  readonly tag: string
  readonly name: string
  readonly values: Arbitrary.Arbitrary<{ readonly _tag: string }>
}

const errorsOf = (code: VeniceError.Code): Member => ({
  tag: code,
  name: code,
  values: Arbitrary.schema(VeniceError.byCode.get(code)!)
})

/** An unrecognized response may be of any category, and a handler by category has to take them all. */
const unrecognized: ReadonlyArray<Member> = Category.all.map((category) => ({
  tag: "UNRECOGNIZED_RESPONSE",
  name: `UNRECOGNIZED_RESPONSE in ${category}`,
  values: Arbitrary.map(
    Arbitrary.schema(Errors.UnrecognizedResponse),
    (error) => new Errors.UnrecognizedResponse({ ...error, category })
  )
}))

const lost = (operation: Operation.Operation): Member => ({
  tag: "HttpClientError",
  name: "HttpClientError",
  values: Arbitrary.map(
    pick<Fault>("CONNECTION_REFUSED", "CONNECTION_LOST"),
    (fault) => failureOf({ fault, hint: undefined, operation, took: 0 })
  )
})

const of = (Class: typeof Failure.UnexpectedBody | typeof Failure.UnfinishedStream | typeof Failure.JsonRpcError) => ({
  tag: Class.identifier,
  name: Class.identifier,
  values: Arbitrary.schema(Class) as Arbitrary.Arbitrary<{ readonly _tag: string }>
})

const members = ({ kind, operation }: Subject): ReadonlyArray<Member> => {
  const codes = operation === undefined
    ? new Set(Array.from(VeniceError.byCode.keys()) as ReadonlyArray<VeniceError.Code>)
    : OperationFailure.codes(operation)
  return [
    ...Array.from(codes).filter((code) => code !== "UNRECOGNIZED_RESPONSE").map(errorsOf),
    ...unrecognized,
    lost(operation ?? "POST /chat/completions"),
    ...(kind === "request" ? [] : [of(Failure.UnexpectedBody)]),
    ...(kind === "stream" ? [of(Failure.UnfinishedStream)] : []),
    ...(kind === "execute" && operation === "POST /crypto/rpc/{network}" ? [of(Failure.JsonRpcError)] : [])
  ]
}

const isOfChannel = (failure: unknown): boolean =>
  VeniceError.isVeniceError(failure) || HttpClientError.isHttpClientError(failure)
  || failure instanceof Failure.UnexpectedBody || failure instanceof Failure.UnfinishedStream
  || failure instanceof Failure.JsonRpcError

const firstLine = (text: string): string => text.split("\n", 1)[0]!

const verdictOf = (exit: Exit.Exit<unknown, unknown>): string | undefined => {
  if (Exit.isSuccess(exit)) return undefined
  for (const reason of exit.cause.reasons) {
    if (Cause.isInterruptReason(reason)) return "the handler was interrupted"
    if (Cause.isDieReason(reason)) return `the handler died with ${firstLine(String(reason.defect))}`
    if (isOfChannel(reason.error)) return `the handler failed with ${firstLine(String(reason.error))}`
  }
  return undefined
}

/** Runs a handler on virtual time, since it may wait. */
const handled = ({ handle }: Subject, call: Effect.Effect<unknown, unknown>) =>
  Effect.map(
    Effect.exit(Call.observe(call, handle)),
    (exit) => verdictOf(Exit.isSuccess(exit) ? exit.value.exit : exit)
  )

// A member with random fields looks much the same each time, and there are many members.
const share = 0.1

export const laws = (subject: Subject): ReadonlyArray<Law.Law> => [
  ...members(subject).filter(({ tag }) => !subject.passesOn.includes(tag)).map(({ name, values }) =>
    Law.make(`handles ${name}`, {
      values,
      show: String,
      share,
      judge: (failure) => handled(subject, Effect.fail(failure))
    })
  ),
  Law.make("leaves a success alone", {
    values: pick<unknown>({}, 1, "text", undefined),
    show: (value) => `a success with ${JSON.stringify(value)}`,
    share,
    judge: (value) => handled(subject, Effect.succeed(value))
  })
]
