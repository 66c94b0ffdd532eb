/**
 * Failed attempts of a call, described so that a counterexample can be read, and made anew for every use: a policy adds
 * its history to the failures that it sees.
 *
 * @internal
 */
import { Category, Decode, Errors, Operation, VeniceError } from "@effect-venice/core"
import * as Arbitrary from "effect/Arbitrary"
import * as Cause from "effect/Cause"
import * as Duration from "effect/Duration"
import * as HttpClientError from "effect/http/HttpClientError"
import * as HttpClientRequest from "effect/http/HttpClientRequest"
import type { HttpMethod } from "effect/http/HttpMethod"
import { int, pick } from "./choice.ts"

/**
 * What can go wrong in an attempt: an error of Venice, a proxy in front of it, or the way there. `DO_NOT_RETRY` is a
 * busy model with `x-should-retry: false`, and `CUT_STREAM` a stream that failed after some events.
 */
export type Fault =
  | VeniceError.Code
  | "BAD_GATEWAY"
  | "CONNECTION_REFUSED"
  | "CONNECTION_LOST"
  | "TIMEOUT"
  | "DO_NOT_RETRY"
  | "CUT_STREAM"

/** One failed attempt of a call, as it is drawn. */
export interface Attempt {
  readonly fault: Fault
  /** How long the server asks to wait, in milliseconds. */
  readonly hint: number | undefined
  readonly operation: Operation.Operation
  /** How long the attempt takes, in milliseconds. */
  readonly took: number
}

const requestOf = (operation: Operation.Operation): HttpClientRequest.HttpClientRequest => {
  const [method, path] = operation.split(" ") as [HttpMethod, string]
  return HttpClientRequest.make(method)(`https://api.venice.ai/api/v1${path.replace(/\{(\w+)\}/g, "$1")}`)
}

const transportFailure = (operation: Operation.Operation, code: string): HttpClientError.HttpClientError =>
  new HttpClientError.HttpClientError({
    reason: new HttpClientError.TransportError({
      request: requestOf(operation),
      description: code,
      cause: Object.assign(new Error(code), { code })
    })
  })

const ofCode = (code: VeniceError.Code, hint: number | undefined, input: Partial<Decode.Input>) =>
  Decode.response({
    status: VeniceError.byCode.get(code)!.status,
    body: JSON.stringify({ error: code }),
    now: 0,
    ...input,
    headers: { ...input.headers as {}, ...(hint !== undefined && { "retry-after-ms": String(hint) }) }
  })

/** Makes the failure of an attempt. Errors of Venice come out of the decoder, as in a client. */
export const failureOf = (
  { fault, hint, operation }: Attempt
): VeniceError.VeniceError | HttpClientError.HttpClientError | Cause.TimeoutError => {
  switch (fault) {
    case "CONNECTION_REFUSED":
      return transportFailure(operation, "ECONNREFUSED")
    case "CONNECTION_LOST":
      return transportFailure(operation, "ECONNRESET")
    case "TIMEOUT":
      return new Cause.TimeoutError(`${operation} timed out`)
    case "BAD_GATEWAY":
      return Decode.response({ status: 502, body: "<html><h1>502 Bad Gateway</h1></html>", operation, now: 0 })
    case "DO_NOT_RETRY":
      return ofCode("MODEL_OVERLOADED", hint, { operation, headers: { "x-should-retry": "false" } })
    case "CUT_STREAM":
      return ofCode("INFERENCE_FAILED", hint, { operation, status: 200, delivered: 3 })
    default:
      return ofCode(fault, hint, { operation })
  }
}

const codes = Object.values(Errors).sort((a, b) => a["~place"] - b["~place"])

const isTransient = (category: Category.Category): boolean => Category.isRetryable(category)

const codesWhere = (isTransientCode: boolean): ReadonlyArray<VeniceError.Code> =>
  codes.filter(({ category }) => isTransient(category) === isTransientCode).map(({ code }) => code)

const others: ReadonlyArray<Fault> = ["BAD_GATEWAY", "CONNECTION_REFUSED", "CONNECTION_LOST", "TIMEOUT"]

/** Whether a fault comes with what the server says. */
export const mayHaveHint = (fault: Fault): boolean => !others.includes(fault)

/** Faults that a policy may repeat after, and faults that are final; the usual ones first. */
export const transient: readonly [Fault, ...ReadonlyArray<Fault>] = [
  "RATE_LIMIT_EXCEEDED",
  ...codesWhere(true).filter((code) => code !== "RATE_LIMIT_EXCEEDED"),
  ...others
]

export const final: readonly [Fault, ...ReadonlyArray<Fault>] = [
  "INVALID_REQUEST",
  ...codesWhere(false).filter((code) => code !== "INVALID_REQUEST"),
  "DO_NOT_RETRY",
  "CUT_STREAM"
]

const operation = pick<Operation.Operation>(
  "POST /chat/completions",
  ...Operation.all.filter((operation) => operation !== "POST /chat/completions")
)

// Venice asks for 30 seconds by default.
const hint = Arbitrary.map(
  Arbitrary.all([int(0, 5), pick(1000, 2000, 5000, 10_000, 30_000, 60_000), int(1, 90_000)]),
  ([when, usual, any]) => when < 2 ? undefined : when === 2 ? 0 : when === 3 ? any : usual
)

const attemptOf = (
  fault: Arbitrary.Arbitrary<Fault>,
  of: Arbitrary.Arbitrary<Operation.Operation>
): Arbitrary.Arbitrary<Attempt> =>
  Arbitrary.map(
    Arbitrary.all([fault, hint, of, int(0, 20_000)]),
    ([fault, hint, operation, took]) => ({
      fault,
      hint: mayHaveHint(fault) ? hint : undefined,
      operation,
      took
    })
  )

// A final fault ends a call, so most are transient.
const fault = pick<Fault>(transient[0], ...Array.from({ length: 8 }, () => transient).flat(), ...final)

/** The attempts of one call: mostly transient faults, and sometimes a final one. */
export const attempts = (maxLength: number, of = operation): Arbitrary.Arbitrary<ReadonlyArray<Attempt>> =>
  Arbitrary.flatMap(
    of,
    (operation) =>
      Arbitrary.array(
        attemptOf(fault, Arbitrary.Constant(operation)),
        { minLength: 1, maxLength }
      )
  )

/** An attempt on one line. */
export const shown = ({ fault, hint, operation, took }: Attempt): string =>
  `${fault} from ${operation}${took === 0 ? "" : ` after ${Duration.format(Duration.millis(took))}`}${
    hint === undefined ? "" : `, which asks for ${Duration.format(Duration.millis(hint))}`
  }`
