/**
 * The fields of an error besides the common ones: each has a schema, a reader for responses, and a writer for bodies.
 *
 * Most fields are one member of the body and are declared by its name: `Field.number("max_tokens")`. If the body has no
 * such member, the reader `or` supplies the value, for example from the message.
 *
 * @internal
 */
import * as Schema from "effect/Schema"
import { maxMessageLength } from "../../ResponseContext.ts"
import { excerpt } from "../redaction/excerpt.ts"
import { excerptJson, prune } from "../redaction/json.ts"
import type { Received } from "./received.ts"

/** The named groups of the wording that a message matched. */
export type Captured = Readonly<Record<string, string | undefined>>

export interface Source {
  readonly received: Received
  readonly matchedBy: string
  readonly captured: Captured
}

/** The members of a body for one field. */
export type Members = Readonly<Record<string, Schema.Json | undefined>>

export interface Field<S extends Schema.Constraint> {
  /** Read when the schema of the error is first used. */
  readonly schema: S
  readonly read: (source: Source) => S["Type"] | undefined
  readonly write: (value: S["Type"] | undefined) => Members
}

type Reader<A> = (source: Source) => A | undefined

/** The member of this name in `error`, else at top level. */
const member = ({ received: { errorBody } }: Source, name: string): unknown =>
  errorBody.error[name] ?? errorBody.body[name]

const optional = <S extends Schema.Constraint>(
  name: string,
  schema: () => S,
  parse: (value: unknown) => S["Type"] | undefined,
  write: (value: S["Type"]) => Schema.Json,
  or?: Reader<S["Type"]>
): Field<Schema.optionalKey<S>> => ({
  get schema() {
    return Schema.optionalKey(schema())
  },
  read: (source) => parse(member(source, name)) ?? or?.(source),
  write: (value) => ({ [name]: value === undefined ? undefined : write(value) })
})

/** A redacted text of at most `length` code units, or nothing. */
export const parseText = (value: unknown, length = 500): string | undefined =>
  typeof value === "string" && value !== "" ? excerpt(value, length) : undefined

/** A list of at most 50 redacted texts, or nothing. */
export const parseTexts = (value: unknown): ReadonlyArray<string> | undefined =>
  Array.isArray(value)
    ? value.filter((item) => typeof item === "string").slice(0, 50).map((item) => excerpt(item, 200))
    : undefined

export const parseNumber = (value: unknown): number | undefined => Number.isFinite(value) ? value as number : undefined

/** A bounded, redacted copy of a JSON value, or nothing. */
export const parseJson = (value: unknown): Schema.Json | undefined =>
  value === undefined ? undefined : excerptJson(value)

const writeText = (value: string): Schema.Json => excerpt(value, maxMessageLength)

/** Like {@link parseJson}, with larger bounds: an error that was made by hand may hold more than a decoded one. */
export const writeJson = (value: unknown): Schema.Json => prune(value, 32, { entries: 1000 })

/** A short text: an id, a URL. */
export const text = (name: string, or?: Reader<string>): Field<Schema.optionalKey<typeof Schema.String>> =>
  optional(name, () => Schema.String, (value) => parseText(value), writeText, or)

/** A text as long as a message. */
export const longText = (name: string): Field<Schema.optionalKey<typeof Schema.String>> =>
  optional(name, () => Schema.String, (value) => parseText(value, maxMessageLength), writeText)

/** A list of short texts. */
export const texts = (
  name: string,
  or?: Reader<ReadonlyArray<string>>
): Field<Schema.optionalKey<Schema.$Array<typeof Schema.String>>> =>
  optional(name, () => Schema.Array(Schema.String), parseTexts, writeJson, or)

export const number = (name: string, or?: Reader<number>): Field<Schema.optionalKey<typeof Schema.Finite>> =>
  optional(name, () => Schema.Finite, parseNumber, (value) => value, or)

export const boolean = (name: string): Field<Schema.optionalKey<typeof Schema.Boolean>> =>
  optional(
    name,
    () => Schema.Boolean,
    (value) => typeof value === "boolean" ? value : undefined,
    (value) => value
  )

/** A JSON value of any shape. */
export const json = (name: string): Field<Schema.optionalKey<typeof Schema.Json>> =>
  optional(name, () => Schema.Json, parseJson, writeJson)

/** One of a few texts. */
export const literal = <const L extends ReadonlyArray<string>>(
  name: string,
  literals: L,
  or?: Reader<L[number]>
): Field<Schema.optionalKey<Schema.Literals<L>>> =>
  optional<Schema.Literals<L>>(
    name,
    () => Schema.Literals(literals),
    (value) => literals.find((one) => one === value),
    (value) => value,
    or
  )

/**
 * A field that a response has in its headers, and `Encode` also in the body. `Encode.headers` writes the header, which
 * wins.
 */
export const header = <S extends Schema.Constraint>(
  name: string,
  schema: () => S,
  read: (headers: Received["headers"]) => S["Type"] | undefined,
  member: {
    readonly parse: (value: unknown) => S["Type"] | undefined
    readonly write: (value: S["Type"]) => Schema.Json
  }
): Field<Schema.optionalKey<S>> =>
  optional(
    name,
    schema,
    () => undefined,
    member.write,
    (source) => read(source.received.headers) ?? member.parse(source.received.errorBody.body[name])
  )

/** Reads the number in a named group of the wording. */
export const captured = (name: string): Reader<number> => ({ captured }) => {
  const digits = captured[name]?.replaceAll(",", "")
  return digits === undefined ? undefined : Number(digits)
}
