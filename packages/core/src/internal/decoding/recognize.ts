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

/** The class that a machine code names. Venice's codes win over aliases, even over aliases in more reliable members. */
const classOfCodes = ({ codes, error }: ErrorBody, status: number): VeniceErrorClass | undefined => {
  for (const code of codes) {
    const Class = byCode.get(code)
    if (Class !== undefined) return Class
  }
  for (const code of codes) {
    const Class = classOfCode(code, status)
    if (Class !== undefined) return Class
  }
  return typeof error.type === "string" ? byType.get(error.type) : undefined
}

const none: Captured = {}

/** Recognizes a response. Total: without a match, the class is `UnrecognizedResponse`. */
export const recognize = (received: Received): Recognition => {
  const { errorBody, input: { status } } = received
  const { message, shape } = errorBody
  const classByCode = classOfCodes(errorBody, status)
  if (classByCode !== undefined) {
    return {
      Class: classByCode,
      matchedBy: "code",
      captured: (message && Wordings.capture(classByCode, message)) || none
    }
  }
  const wording = shape === "venice" && message !== undefined
    ? Wordings.match(message, status, isSuccess(status))
    : undefined
  if (wording !== undefined) return { Class: wording.Class, matchedBy: "message", captured: wording.captured }
  const onItsOwn = isSuccess(status) ? impliedStatus(errorBody) ?? status : status
  const classByShape = byShape.find(([matches]) => matches(received))?.[1]
    // An unknown failure of a server in a stream stays unrecognized, with its category.
    ?? (shape === "venice" && (onItsOwn < 500 || onItsOwn === status) ? byVeniceStatus.get(onItsOwn) : undefined)
  if (classByShape !== undefined) return { Class: classByShape, matchedBy: "shape", captured: none }
  const classByStatus = byStatus.get(onItsOwn < 500 || onItsOwn === status ? onItsOwn : status)
  return classByStatus === undefined
    ? { Class: Errors.UnrecognizedResponse, matchedBy: "none", captured: none }
    : { Class: classByStatus, matchedBy: "status", captured: none }
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
