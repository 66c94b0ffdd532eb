/**
 * Errors of other libraries, described by an error of our own.
 *
 * An error of a platform can hold the request it failed on, throw from its getters, or be a proxy. Its description has
 * the name, message, code, system call, stack and causes of the original, as far as they can be read, redacted and
 * bounded, and keeps no reference to the original.
 *
 * @internal
 */
import * as Cause from "effect/Cause"
import * as Predicate from "effect/Predicate"
import * as Record from "effect/Record"
import { excerpt, printable } from "./excerpt.ts"

const maxName = 100
const maxMessage = 2048
const maxStack = 8192
// Longer than any kept text, also after long secrets in it became short marks.
const maxRead = 128 * 1024
const maxDepth = 5
const maxErrors = 8
const maxTotal = 24

/** Runs a function on a value of somebody else, and gives the fallback if it throws. */
export const attempt = <A>(f: () => A, fallback: A): A => {
  try {
    return f()
  } catch {
    return fallback
  }
}

/** The property of a value of somebody else; `undefined` if it has none, or if reading it throws. */
export const property = (value: unknown, name: string): unknown =>
  (typeof value === "object" && value !== null) || typeof value === "function"
    ? attempt(() => Reflect.get(value, name) as unknown, undefined)
    : undefined

/** Takes known secrets out of a text, also the beginning of one at its end if the text is cut. */
type Clean = (text: string, isCut: boolean) => string

interface Reader {
  readonly clean: Clean
  /** How many errors may still be described: an error can hold itself, and others that do. */
  left: number
}

const raw = (value: unknown): string => typeof value === "string" ? value : ""

/** The beginning of a text without secrets. It is cut a second time only after it was cleaned. */
const cleaned = (text: string, { clean }: Reader, length: number): string =>
  excerpt(clean(text.slice(0, maxRead), text.length > maxRead), length)

/** A text without secrets, on one line: it is printed with the stack. */
const text = (value: unknown, reader: Reader, length: number): string | undefined =>
  printable(cleaned(raw(value), reader, length)) || undefined

/** The errors of an `AggregateError`. A longer list ends with a text, so that it does not pass for the whole. */
const itemsOf = (errors: unknown): ReadonlyArray<unknown> => {
  const length = attempt(() => Array.isArray(errors) ? errors.length : 0, 0)
  const items = Array.from({ length: Math.min(length, maxErrors) }, (_, i) => property(errors, String(i)))
  return length > maxErrors ? [...items, "more errors"] : items
}

/** The frames of a stack. What stands before them repeats the message, which may look like a frame. */
const framesOf = (stack: string, message: string, reader: Reader): string => {
  // The message follows the name: to search further can take long.
  const start = stack.slice(0, message.length + 256).indexOf(message)
  const frames = start < 0 ? stack : stack.slice(start + message.length)
  return cleaned(frames, reader, maxStack)
    .split("\n")
    .filter((line) => /^\s+at /.test(line))
    .map((line) => `\n    ${printable(line.trim())}`)
    .join("")
}

const isOwnTimeout = (cause: object): boolean =>
  attempt(() => Object.getPrototypeOf(cause) === Cause.TimeoutError.prototype, false)

const describeObject = (error: object, reader: Reader, depth: number): Error => {
  const rawMessage = raw(property(error, "message"))
  const message = text(rawMessage, reader, maxMessage) ?? ""
  if (isOwnTimeout(error)) return new Cause.TimeoutError(message)
  const name = text(property(error, "name"), reader, maxName) ?? text(property(error, "_tag"), reader, maxName) ??
    "Error"
  const cause = property(error, "cause")
  const errors = itemsOf(property(error, "errors"))
  const described = new Error(
    message,
    cause === undefined ? undefined : { cause: describeAt(cause, reader, depth + 1) }
  )
  const stack = `${name}: ${message}${framesOf(raw(property(error, "stack")), rawMessage, reader)}`
  // As on any error, these two are no enumerable properties.
  for (const [key, value] of Object.entries({ name, stack })) {
    Object.defineProperty(described, key, { value, configurable: true, writable: true, enumerable: false })
  }
  const details = {
    code: text(property(error, "code"), reader, maxName),
    syscall: text(property(error, "syscall"), reader, maxName),
    errors: errors.length === 0 ? undefined : errors.map((inner) => describeAt(inner, reader, depth + 1))
  }
  return Object.assign(described, Record.filter(details, Predicate.isNotUndefined))
}

// What is neither an object nor a text is its own description, if JSON can write it.
const describeAt = (cause: unknown, reader: Reader, depth: number): unknown => {
  switch (typeof cause) {
    case "string":
      return text(cause, reader, maxMessage) ?? ""
    case "symbol":
      return "a symbol"
    case "function":
      return "a function"
    case "bigint":
      return String(cause)
    case "object":
      if (cause === null) return null
      return depth > maxDepth || reader.left-- <= 0 ? "a deeper cause" : describeObject(cause, reader, depth)
    default:
      return cause
  }
}

/**
 * Describes what stands in a `cause`. Total, for any value: `clean` takes known secrets out, and credentials are
 * recognized by their form.
 */
export const describe = (cause: unknown, clean: Clean): unknown => describeAt(cause, { clean, left: maxTotal }, 0)
