/**
 * `GET /models`, traits and the compatibility mapping.
 *
 * @internal
 */
import * as Effect from "effect/Effect"
import { z } from "zod/v3"
import * as Check from "./check.ts"
import type { Handler } from "./run.ts"
import { isAllowed, ok } from "./run.ts"

const type = z.union([
  z.enum(["asr", "decision", "embedding", "image", "music", "text", "tts", "upscale", "inpaint", "video"]),
  z.enum(["all", "code"])
])

const query = z.object({ type: type.default("text") })

export const list: Handler = (call, state) =>
  Effect.gen(function*() {
    const { type } = yield* Check.query(call, query)
    const { caller, now } = call
    // A restricted key sees the models that it may call.
    const models = state.catalogue.all(type, now).filter((model) =>
      caller.kind !== "key" || isAllowed(caller.key.privacy, model)
    )
    return yield* ok({ object: "list", type, data: models.map((model) => state.catalogue.describe(model)) })
  })

export const traits: Handler = (call, state) =>
  Effect.gen(function*() {
    const { type } = yield* Check.query(call, query)
    return yield* ok({ object: "list", type, data: state.catalogue.traits(type, call.now) })
  })

export const compatibility: Handler = (call, state) =>
  Effect.gen(function*() {
    const { type } = yield* Check.query(call, query)
    return yield* ok({ object: "list", type, data: state.catalogue.compatibility(type, call.now) })
  })
