/**
 * The factory of the error classes: a row of `Errors` becomes a tagged, yieldable class with a schema.
 *
 * Decoded errors do not go through the constructor of the class, because validation and stack capture cost more than
 * the rest of decoding: {@link fromWire} builds them, inside {@link withoutStacks}.
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
import { LazyError, membersOf } from "./LazyError.ts"
import { oneLine, printable } from "./redaction/excerpt.ts"
import { pageOf } from "./site.ts"

export const TypeId = "~@effect-venice/core/VeniceError"

export const MatchedBy = Schema.Literals(["code", "message", "shape", "status", "none"])

/** A row of the table: everything the decoder and the encoder need to know about one error. */
export interface Row<
  Status extends number = number,
  C extends Category = Category,
  Fields extends Readonly<Record<string, Field<any>>> = Readonly<Record<string, Field<any>>>
> {
  /** The documented status. */
  readonly status: Status
  /** The error has no documented status: `status` of an instance is `response.status`. */
  readonly isStatusOfResponse?: true
  readonly category: C
  /** The documented message, verbatim. */
  readonly message: string
  /** Venice documents no message: `message` is this library's, and the decoder does not recognize the error by it. */
  readonly hasUndocumentedMessage?: true
  /** The log level in Venice's table, or `Info` if it has none. */
  readonly severity?: LogLevel.Severity
  /** Other machine codes that mean this error. */
  readonly aliases?: ReadonlyArray<string>
  /** Every machine code that starts with this means this error. */
  readonly codePrefix?: string
  /** The values of `error.type` that mean this error if no machine code does. */
  readonly types?: ReadonlyArray<string>
  /** Other statuses with which Venice, or a gateway in front of it, sends the same messages. */
  readonly otherStatuses?: ReadonlyArray<number>
  /**
   * Other messages that mean this error: a beginning in lower case, or a pattern that is anchored at the start and
   * takes time linear in the message. Fields can read the named groups of a pattern.
   */
  readonly wordings?: ReadonlyArray<string | RegExp>
  /** What may precede the part of a message that a pattern matches. It is removed first, even if it is empty. */
  readonly patternsFollow?: RegExp
  /** What every message that matches a pattern contains. It is looked for first where there are many patterns. */
  readonly patternsContain?: RegExp
  /** Whether the shape of a response means this error, if neither code nor message identify one. */
  readonly shape?: (received: Received) => boolean
  /**
   * This error is the default for its status, if nothing else identifies the response: `shape` for Venice-shaped
   * bodies, `status` for any body.
   */
  readonly fallback?: "shape" | "status"
  /** The fields of the error besides the common ones. */
  readonly fields?: Fields
}

// The context and the history are named here, so that an editor shows their names in the parameters of a constructor.
export interface ResponseField extends Schema.withConstructorDefault<typeof ResponseContext> {
  readonly "~type.make": ResponseContext
}

export interface AttemptsField extends Schema.optionalKey<typeof Attempts> {
  readonly "~type.make": Attempts
}

export interface CommonFields {
  /** The server's message, verbatim. */
  readonly message: Schema.withConstructorDefault<Schema.String>
  /** How the decoder identified the error; `code` for an error that you construct. */
  readonly matchedBy: Schema.withConstructorDefault<typeof MatchedBy>
  /** What is known of the response: actual status, ids, hint, budgets, redacted body. */
  readonly response: ResponseField
  /** The attempts that a policy made, and why it gave up. */
  readonly attempts: AttemptsField
}

/** The constants of the row, which every instance has on its prototype. */
export interface Constants<Status extends number, C extends Category> {
  readonly [TypeId]: typeof TypeId
  /** The documented status; `response.status` is the actual one. */
  readonly status: Status
  /** What the caller can do about the error. */
  readonly category: C
  /** The URL of the page about the error: what happened, what to do, whether it is retried. */
  readonly docs: string
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
  readonly docs: string
  readonly defaultMessage: string
  readonly "~row": Row
  /** The place of the row in the table. */
  readonly "~place": number
}

type MissingSelfGeneric = "Missing `Self` generic - use `class Self extends ApiError<Self>()(...)`"

interface Printable {
  readonly _tag: string
  readonly message: string
  readonly response: ResponseContext
}

// `Duration.format` calculates with big integers, which is slow. Most hints are whole seconds below a minute.
const formatHint = (hint: Duration.Duration): string => {
  const seconds = hint.value._tag === "Millis" ? hint.value.millis / 1000 : 0
  return seconds >= 1 && seconds < 60 && Number.isInteger(seconds) ? `${seconds}s` : Duration.format(hint)
}

const origin = (
  { operation, requestId, retryAfter, status }: ResponseContext,
  cut: (text: string, length: number) => string
): string => {
  let out = operation === undefined ? `HTTP ${status}` : `HTTP ${status} from ${cut(operation, 100)}`
  if (requestId !== undefined) out += `, request ${cut(requestId, 200)}`
  if (retryAfter !== undefined) out += `, retry after ${formatHint(retryAfter)}`
  return out
}

/** One line: code, message, actual status, operation, request id, hint. */
export const print = (error: Printable): string =>
  `${error._tag}: ${oneLine(error.message, 500)} (${origin(error.response, oneLine)})`

// The decoder has put operation and request id on one line already.
const shorten = (text: string, length: number): string => text.length > length ? oneLine(text, length) : text

/**
 * A stack whose frames are the origin of the response and the page about the error. Every logger prints the stack, and
 * the decoder's own frames would tell nothing.
 */
const wireStack = (error: Printable): string =>
  `${error._tag}: ${printable(error.message)}\n    at ${origin(error.response, shorten)}\n    see ${pageOf(error._tag)}`

// An error that was decoded from its own encoding, or built from another, has a server's message in its stack too.
const printStack = (error: LazyError): void => {
  const line = printable(error.message)
  if (line === error.message) return
  // A program may have its stacks as lists of frames, by `Error.prepareStackTrace`.
  const stack: unknown = error.stack
  if (typeof stack === "string") error.stack = stack.replace(error.message, () => line)
}

class Base extends LazyError {
  constructor(...args: ReadonlyArray<unknown>) {
    super(...args)
    printStack(this)
  }
}

Object.assign(Base.prototype, {
  [TypeId]: TypeId,
  toString(this: Printable) {
    return print(this)
  },
  toJSON(this: Printable & { readonly constructor: Schema.Codec<unknown> }) {
    return Schema.encodeUnknownSync(Schema.toCodecJson(this.constructor))(this)
  },
  [Inspectable.NodeInspectSymbol](this: Printable) {
    return `${print(this)}\n    see ${pageOf(this._tag)}`
  }
})

Object.defineProperty(Base.prototype, ErrorReporter.attributes, {
  get(this: Printable & Constants<number, Category>) {
    const { operation, requestId, status } = this.response
    return {
      code: this._tag,
      category: this.category,
      status,
      ...(operation === undefined ? undefined : { operation }),
      ...(requestId === undefined ? undefined : { requestId })
    }
  }
})

const matchedBy = MatchedBy.pipe(Schema.withConstructorDefault(Effect.succeed("code" as const)))

const attempts = Schema.optionalKey(Attempts)

const responseStatus = {
  get(this: Printable) {
    return this.response.status
  }
}

const schemasOf = (fields: Readonly<Record<string, Field<Schema.Constraint>>> = {}): Schema.Struct.Fields =>
  Record.map(fields, ({ schema }) => schema)

const declare = (tag: string, row: Row): Schema.Class<any, any, any> =>
  Schema.TaggedError<any, {}>()(tag, {
    message: Schema.String.pipe(Schema.withConstructorDefault(Effect.succeed(row.message))),
    matchedBy,
    response: ResponseContext.pipe(Schema.withConstructorDefault(Effect.succeed({ status: row.status }))),
    attempts,
    ...schemasOf(row.fields)
  }, {
    description: row.message,
    // For `effect/http-api`: an endpoint that declares the error responds with its documented status.
    httpApiStatus: row.status
  })

// Counted, because the namespace of a module has its exports in alphabetical order.
let rows = 0

/** Declares one error. Its constants are on the prototype. */
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
  class Declared extends Base {}
  const constants = { status: row.status, category: row.category, docs: pageOf(tag) }
  Object.assign(Declared.prototype, membersOf(tag), constants, { [ErrorReporter.severity]: row.severity ?? "Info" })
  if (row.isStatusOfResponse === true) Object.defineProperty(Declared.prototype, "status", responseStatus)
  return Object.assign(Declared, constants, {
    code: tag,
    defaultMessage: row.message,
    "~declare": () => declare(tag, row),
    "~row": row,
    "~place": rows++
  }) as never
}

// Some hardened environments freeze `Error`, at any time. Stacks are captured there, at their cost.
const stopCapturing = (): boolean => {
  try {
    // With a limit of zero V8 still builds a stack without frames; without a limit it builds none.
    Error.stackTraceLimit = undefined!
    return true
  } catch {
    return false
  }
}

/**
 * Runs a synchronous function in which errors capture no stack. Inside an effect the frames are the runtime's, and
 * capturing them costs more than the rest of decoding, both for errors that are made and for those that are caught.
 */
export const withoutStacks = <A>(f: () => A): A => {
  const limit = Error.stackTraceLimit
  if (!stopCapturing()) return f()
  try {
    return f()
  } catch (cause) {
    // A getter in the input failed, or the input has a wrong type. Error reporters rely on a stack.
    Error.stackTraceLimit = limit
    if (cause instanceof Error && cause.stack === undefined) captureStack(cause, withoutStacks)
    throw cause
  } finally {
    Error.stackTraceLimit = limit
  }
}

/** Gives an error the frames of the caller of `below`, if the engine supports it. */
export const captureStack = (error: Error, below: (...args: Array<any>) => unknown): void => {
  // Not every engine has it. Without it, the error keeps the line with the origin of the response.
  if (typeof Error.captureStackTrace === "function") Error.captureStackTrace(error, below)
}

/** Builds an error from decoded parts, without the validation of the constructor. */
export const fromWire = <E extends Error>(
  Class: new(...args: Array<any>) => E,
  common: Printable & { readonly matchedBy: string },
  fields: Readonly<Record<string, unknown>> | undefined
): E => {
  const error = Reflect.construct(Error, [common.message], Class) as E & Record<keyof typeof common, unknown>
  error._tag = common._tag
  error.matchedBy = common.matchedBy
  error.response = common.response
  if (fields !== undefined) Object.assign(error, fields)
  const stack = wireStack(common)
  // JavaScriptCore gives no stack to an error that is constructed by reflection; V8 does.
  if (Object.hasOwn(error, "stack")) error.stack = stack
  else Object.defineProperty(error, "stack", { value: stack, writable: true, configurable: true })
  return error
}
