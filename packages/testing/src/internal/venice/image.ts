/**
 * What the operations of images have in common: formats, constraints of the model, prices.
 *
 * @internal
 */
import * as Effect from "effect/Effect"
import * as Base64 from "effect/encoding/Base64"
import { z } from "zod/v3"
import type * as Dynamics from "../../Dynamics.ts"
import * as Media from "./media.ts"
import * as Refuse from "./refusal.ts"
import type { Answering } from "./run.ts"

export const format = z.enum(["webp", "png", "jpeg"])

export const binary = (format: string, headers: Readonly<Record<string, string>> = {}): Answering =>
  Effect.succeed({
    response: { status: 200, headers: { "content-type": `image/${format}`, ...headers }, body: Media.images[format]! }
  })

export const base64 = (format: string): string => Base64.encode(Media.images[format]!)

export const constraintsOf = ({ model_spec }: Dynamics.Model) =>
  (model_spec.constraints ?? {}) as {
    readonly promptCharacterLimit?: number
    readonly resolutions?: ReadonlyArray<string>
    readonly aspectRatios?: ReadonlyArray<string>
    readonly qualities?: ReadonlyArray<string>
  }

export const checkPrompt = (model: Dynamics.Model, prompt: string): Refuse.Refusing<void> => {
  const limit = constraintsOf(model).promptCharacterLimit
  return limit === undefined || prompt.length <= limit ? Effect.void : Refuse.invalidField(
    ["prompt"],
    `String must contain at most ${limit} character(s)`,
    "failures",
    { code: "too_big", maximum: limit, type: "string", inclusive: true, exact: false } as const
  )
}

export const priceOf = ({ model_spec: { pricing } }: Dynamics.Model, images = 1) => ({
  usd: (pricing?.generation?.usd ?? pricing?.inpaint?.usd ?? 0.01) * images,
  isQuoted: true
})
