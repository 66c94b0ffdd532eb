/**
 * Recognition: which error a response is, according to the rows of `Errors`.
 *
 * A machine code decides first, then the most specific wording under its status, then the shape of the response, then
 * the status alone. If two rows match equally, the first in the table wins.
 *
 * @internal
 */
import * as Errors from "../../Errors.ts"
import type { VeniceError, VeniceErrorClass } from "../../VeniceError.ts"
import { byCode } from "../../VeniceError.ts"
import type { ErrorBody } from "./errorBody.ts"
import type { Captured } from "./fields.ts"
import { impliedStatus } from "./impliedStatus.ts"
import { isSuccess, type Received } from "./received.ts"
import * as Wordings from "./wordings.ts"

export interface Recognition {
  readonly Class: VeniceErrorClass
  readonly matchedBy: VeniceError["matchedBy"]
  readonly captured: Captured
  /**
   * What decided: the machine code, the wording, the predicate of the shape, or the status whose default the class is.
   * Nothing did if the class is `UnrecognizedResponse`.
   */
  readonly evidence: string | RegExp | ((received: Received) => boolean) | number | undefined
}

const byAlias = new Map<string, VeniceErrorClass>()
const byPrefix: Array<readonly [prefix: string, Class: VeniceErrorClass]> = []
const byType = new Map<string, VeniceErrorClass>()
const byShape: Array<readonly [matches: (received: Received) => boolean, Class: VeniceErrorClass]> = []
const byVeniceStatus = new Map<number, VeniceErrorClass>()
const byStatus = new Map<number, VeniceErrorClass>()

for (const Class of byCode.values()) {
  const { aliases = [], codePrefix, fallback, shape, types = [] } = Class["~row"]
  for (const alias of aliases) byAlias.set(alias, Class)
  for (const type of types) byType.set(type, Class)
  if (codePrefix !== undefined) byPrefix.push([codePrefix, Class])
  if (shape !== undefined) byShape.push([shape, Class])
  if (fallback === "shape") byVeniceStatus.set(Class.status, Class)
  if (fallback === "status") byStatus.set(Class.status, Class)
}

const classOfCode = (code: string, status: number): VeniceErrorClass | undefined => {
  const aliased = byAlias.get(code) ?? byPrefix.find(([prefix]) => code.startsWith(prefix))?.[1]
  if (aliased !== undefined) return aliased
  // Streams have Venice's codes in lower case (`model_overloaded`). Elsewhere another vendor may use the same word, so
  // the status must agree.
  const Class = byCode.get(code.toUpperCase())
  return Class !== undefined && Class !== Errors.UnrecognizedResponse && (isSuccess(status) || Class.status === status)
    ? Class
    : undefined
}

const none: Captured = {}

const ofCode = (Class: VeniceErrorClass, code: string, { message }: ErrorBody): Recognition => ({
  Class,
  matchedBy: "code",
  captured: (message && Wordings.capture(Class, message)) || none,
  evidence: code
})

/** What a machine code names. Venice's codes win over aliases, even over aliases in more reliable members. */
const byCodes = (errorBody: ErrorBody, status: number): Recognition | undefined => {
  const { codes, error: { type } } = errorBody
  for (const code of codes) {
    const Class = byCode.get(code)
    if (Class !== undefined) return ofCode(Class, code, errorBody)
  }
  for (const code of codes) {
    const Class = classOfCode(code, status)
    if (Class !== undefined) return ofCode(Class, code, errorBody)
  }
  const Class = byType.get(type as string)
  return Class && ofCode(Class, type as string, errorBody)
}

/** Recognizes a response. Total: without a match, the class is `UnrecognizedResponse`. */
export const recognize = (received: Received): Recognition => {
  const { errorBody, input: { status } } = received
  const { message, shape } = errorBody
  const coded = byCodes(errorBody, status)
  if (coded !== undefined) return coded
  const worded = shape === "venice" && message !== undefined
    ? Wordings.match(message, status, isSuccess(status))
    : undefined
  if (worded !== undefined) {
    return { Class: worded.Class, matchedBy: "message", captured: worded.captured, evidence: worded.wording }
  }
  const shaped = byShape.find(([matches]) => matches(received))
  if (shaped !== undefined) return { Class: shaped[1], matchedBy: "shape", captured: none, evidence: shaped[0] }
  const implied = isSuccess(status) ? impliedStatus(errorBody) : undefined
  // An unknown failure of a server in a stream stays unrecognized, with its category.
  const decisive = implied !== undefined && implied < 500 ? implied : status
  const ofVenice = shape === "venice" ? byVeniceStatus.get(decisive) : undefined
  if (ofVenice !== undefined) return { Class: ofVenice, matchedBy: "shape", captured: none, evidence: decisive }
  const classByStatus = byStatus.get(decisive)
  return classByStatus === undefined
    ? { Class: Errors.UnrecognizedResponse, matchedBy: "none", captured: none, evidence: undefined }
    : { Class: classByStatus, matchedBy: "status", captured: none, evidence: decisive }
}

/** The fields of the recognized class, or nothing if the class declares none. */
export const fieldsOf = (
  { Class, captured, matchedBy }: Recognition,
  received: Received
): Readonly<Record<string, unknown>> | undefined => {
  const { fields } = Class["~row"]
  if (fields === undefined) return undefined
  const source = { received, matchedBy, captured }
  const out: Record<string, unknown> = {}
  for (const name in fields) {
    const value: unknown = fields[name]!.read(source)
    // An optional key of a schema may be absent, but not `undefined`.
    if (value !== undefined) out[name] = value
  }
  return out
}
