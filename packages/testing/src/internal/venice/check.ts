/**
 * Checking of bodies and queries by schemas of the library that Venice uses, in the version whose issues Venice sends.
 *
 * @internal
 */
import * as Effect from "effect/Effect"
import type { z } from "zod/v3"
import type { Call } from "./call.ts"
import * as Refuse from "./refusal.ts"

type Schema<A> = z.ZodType<A, z.ZodTypeDef, unknown>

const parse = <A>(schema: Schema<A>, value: unknown): Refuse.Refusing<A> => {
  const result = schema.safeParse(value)
  return result.success ? Effect.succeed(result.data) : Refuse.invalid(result.error)
}

/** The body of the request, if it is as the schema says. */
export const body = <A>(call: Call, schema: Schema<A>): Refuse.Refusing<A> => parse(schema, call.body)

/** The query of the request. A parameter that is sent several times is a list. */
export const query = <A>({ query }: Call, schema: Schema<A>): Refuse.Refusing<A> =>
  parse(
    schema,
    Object.fromEntries(
      Array.from(new Set(query.keys()), (name) => {
        const values = query.getAll(name)
        return [name, values.length === 1 ? values[0] : values]
      })
    )
  )

/** Checks an option whose values depend on the model. A model that lists none takes any. */
export const option = (
  name: string,
  value: string | undefined,
  options: ReadonlyArray<string> | undefined
): Refuse.Refusing<void> =>
  value === undefined || options === undefined || options.includes(value)
    ? Effect.void
    : Refuse.invalidField(
      [name],
      `Invalid enum value. Expected ${options.map((option) => `'${option}'`).join(" | ")}, received '${value}'`,
      "failures",
      { code: "invalid_enum_value", options: [...options], received: value } as const
    )
