/**
 * The factory behind the rows of the error table.
 *
 * @internal
 */
import type * as Cause from "effect/Cause"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as ErrorReporter from "effect/ErrorReporter"
import * as Inspectable from "effect/Inspectable"
import type * as LogLevel from "effect/LogLevel"
import * as Record from "effect/Record"
import * as Schema from "effect/Schema"
import { Attempts } from "../Attempts.ts"
import type { Category } from "../Category.ts"
import { ResponseContext } from "../ResponseContext.ts"
import type { Field } from "./decoding/fields.ts"
import type { Received } from "./decoding/received.ts"
import { oneLine } from "./redaction/excerpt.ts"

export const TypeId = "~@effect-venice/core/VeniceError"

export const MatchedBy = Schema.Literals(["code", "message", "shape", "status", "none"])

/** A row of the table: everything there is to know about one error. */
export interface Row<
  Status extends number = number,
  C extends Category = Category,
  Fields extends Readonly<Record<string, Field<any>>> = Readonly<Record<string, Field<any>>>
> {
  /** The documented status. */
  readonly status: Status
  /** The error has no documented status: the status of an instance is the one of its response. */
  readonly isStatusAnswered?: true
  readonly category: C
  /** The documented message, verbatim. */
  readonly message: string
  /** Venice documents no message for this error: `message` is ours, and no response is recognized by it. */
  readonly hasOwnMessage?: true
  /** Venice's log level; `Info` if its table has none. */
  readonly severity?: LogLevel.Severity
  /** Other machine codes that mean this error. */
  readonly aliases?: ReadonlyArray<string>
  /** Every machine code that starts like this means this error. */
  readonly codePrefix?: string
  /** The values of `error.type` that mean this error, whatever the message is. */
  readonly types?: ReadonlyArray<string>
  /** Other statuses that Venice, or a gateway before it, answers the same messages with. */
  readonly alsoAnswered?: ReadonlyArray<number>
  /**
   * How Venice words the error besides `message`: the beginning of a message in lower case, or a pattern anchored at the
   * start that takes time linear in the message. The named groups of a pattern are handed to the fields.
   */
  readonly wordings?: ReadonlyArray<string | RegExp>
  /** Whether a response without a known code or message has a shape that means this error. */
  readonly shape?: (received: Received) => boolean
  /**
   * Whether a response that nothing else identifies is this error by its status: `shape` if its body is Venice-shaped,
   * `status` whatever its body is.
   */
  readonly fallback?: "shape" | "status"
  /** The fields of the error besides its message and its response. */
  readonly fields?: Fields
}

export interface CommonFields {
  readonly message: Schema.withConstructorDefault<Schema.String>
  readonly matchedBy: Schema.withConstructorDefault<typeof MatchedBy>
  readonly response: Schema.withConstructorDefault<typeof ResponseContext>
  readonly attempts: Schema.optionalKey<typeof Attempts>
}

/** What every instance has besides its fields: the constants of its row. */
export interface Constants<Status extends number, C extends Category> {
  readonly [TypeId]: typeof TypeId
  /** The documented status; `response.status` is the one that was answered. */
  readonly status: Status
  readonly category: C
}

export interface ApiErrorClass<
  Self,
  Tag extends string,
  Status extends number,
  C extends Category,
  Fields extends Readonly<Record<string, Field<any>>>
> extends
  Schema.Class<
    Self,
    Schema.TaggedStruct<Tag, CommonFields & { readonly [K in keyof Fields]: Fields[K]["schema"] }>,
    Cause.YieldableError & Constants<Status, C>
  >
{
  /** Venice's code, which is the tag. */
  readonly code: Tag
  readonly status: Status
  readonly category: C
  readonly defaultMessage: string
  /** The row of the table. */
  readonly "~row": Row
}

type MissingSelfGeneric = "Missing `Self` generic - use `class Self extends ApiError<Self>()(...)`"

interface Printed {
  readonly _tag: string
  readonly message: string
  readonly response: ResponseContext
}

// Most waits are whole seconds below a minute, which the platform would take apart as big integers.
const formatWait = (wait: Duration.Duration): string => {
  const seconds = wait.value._tag === "Millis" ? wait.value.millis / 1000 : 0
  return seconds >= 1 && seconds < 60 && Number.isInteger(seconds) ? `${seconds}s` : Duration.format(wait)
}

const origin = (
  { operation, requestId, retryAfter, status }: ResponseContext,
  cut: (text: string, length: number) => string
): string => {
  let out = operation === undefined ? `HTTP ${status}` : `HTTP ${status} from ${cut(operation, 100)}`
  if (requestId !== undefined) out += `, request ${cut(requestId, 200)}`
  if (retryAfter !== undefined) out += `, retry after ${formatWait(retryAfter)}`
  return out
}

/** One line: code, message, answered status, operation, request id, wait. */
export const print = (error: Printed): string =>
  `${error._tag}: ${oneLine(error.message, 500)} (${origin(error.response, oneLine)})`

// What was read off the wire is on one line already.
const asRead = (text: string, length: number): string => text.length > length ? oneLine(text, length) : text

/**
 * A stack that says where the answer came from instead of the decoder's own frames, in the place where every logger
 * looks.
 */
const wireStack = (error: Printed): string =>
  `${error._tag}: ${error.message}\n    at ${origin(error.response, asRead)}`

const prototype = {
  [TypeId]: TypeId,
  toString(this: Printed) {
    return print(this)
  },
  toJSON(this: Printed & { readonly constructor: Schema.Codec<unknown> }) {
    return Schema.encodeUnknownSync(Schema.toCodecJson(this.constructor))(this)
  },
  [Inspectable.NodeInspectSymbol](this: Printed) {
    return print(this)
  }
}

const attributes = {
  get(this: Printed & Constants<number, Category>) {
    const { operation, requestId, status } = this.response
    return {
      code: this._tag,
      category: this.category,
      status,
      ...(operation === undefined ? undefined : { operation }),
      ...(requestId === undefined ? undefined : { requestId })
    }
  },
  configurable: true
}

const matchedBy = MatchedBy.pipe(Schema.withConstructorDefault(Effect.succeed("code" as const)))

const attempts = Schema.optionalKey(Attempts)

const answeredStatus = {
  get(this: Printed) {
    return this.response.status
  },
  configurable: true
}

const schemasOf = (fields: Readonly<Record<string, Field<Schema.Constraint>>> = {}): Schema.Struct.Fields =>
  Record.map(fields, ({ schema }) => schema)

/** Declares one error of the algebra: a tagged, yieldable, schema-backed class whose row is on the prototype. */
export const ApiError = <Self = never>() =>
<
  const Tag extends string,
  const Status extends number,
  const C extends Category,
  const Fields extends Readonly<Record<string, Field<any>>> = {}
>(
  tag: Tag,
  row: Row<Status, C, Fields>
): [Self] extends [never] ? MissingSelfGeneric : ApiErrorClass<Self, Tag, Status, C, Fields> => {
  const Base = Schema.TaggedError<any, {}>()(tag, {
    message: Schema.String.pipe(Schema.withConstructorDefault(Effect.succeed(row.message))),
    matchedBy,
    response: ResponseContext.pipe(Schema.withConstructorDefault(Effect.succeed({ status: row.status }))),
    attempts,
    ...schemasOf(row.fields)
  }, {
    description: row.message,
    // Read by `effect/http-api`: an endpoint that declares the error answers with its documented status.
    httpApiStatus: row.status
  })
  const constants = { status: row.status, category: row.category }
  Object.assign(Base.prototype, prototype, constants, { [ErrorReporter.severity]: row.severity ?? "Info" })
  Object.defineProperty(Base.prototype, ErrorReporter.attributes, attributes)
  if (row.isStatusAnswered === true) Object.defineProperty(Base.prototype, "status", answeredStatus)
  return Object.assign(Base, constants, { code: tag, defaultMessage: row.message, "~row": row }) as never
}

// Some hardened environments freeze `Error`; there the stack is captured, and costs what it costs.
const stackIsAdjustable = (() => {
  const descriptor = Object.getOwnPropertyDescriptor(Error, "stackTraceLimit")
  return descriptor === undefined ? Object.isExtensible(Error) : descriptor.writable === true
})()

/**
 * Runs a synchronous function in which errors capture no stack. A decoder's frames belong to the runtime, and capturing
 * them costs more than all the rest, for the errors it makes and for those it catches.
 */
export const withoutStacks = <A>(f: () => A): A => {
  if (!stackIsAdjustable) return f()
  const limit = Error.stackTraceLimit
  // With a limit of zero V8 captures no frames; with none it does not even begin to.
  Error.stackTraceLimit = undefined!
  try {
    return f()
  } catch (cause) {
    // Not ours: somebody's getter, or an input that is not of its type. Reporters take a stack for granted.
    Error.stackTraceLimit = limit
    if (cause instanceof Error && cause.stack === undefined) captureStack(cause, withoutStacks)
    throw cause
  } finally {
    Error.stackTraceLimit = limit
  }
}

/** Gives an error the frames of whoever called `below`, where the engine can. */
export const captureStack = (error: Error, below: (...args: Array<any>) => unknown): void => {
  // Not in every engine yet; elsewhere the line that says where the answer came from stays.
  if (typeof Error.captureStackTrace === "function") Error.captureStackTrace(error, below)
}

/** Builds an error from what was read off the wire, past the validating constructor. */
export const fromWire = <E extends Error>(
  Class: new(...args: Array<any>) => E,
  common: Printed & { readonly matchedBy: string },
  fields: Readonly<Record<string, unknown>> | undefined
): E => {
  const error = Reflect.construct(Error, [common.message], Class) as E & Record<keyof typeof common, unknown>
  error._tag = common._tag
  error.matchedBy = common.matchedBy
  error.response = common.response
  if (fields !== undefined) Object.assign(error, fields)
  const stack = wireStack(common)
  // V8 gives every error a stack, but JavaScriptCore none to one that is constructed by reflection.
  if (Object.hasOwn(error, "stack")) error.stack = stack
  else Object.defineProperty(error, "stack", { value: stack, writable: true, configurable: true })
  return error
}
