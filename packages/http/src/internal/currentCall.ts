/**
 * The call that is under way: its span, and what its answer says of itself.
 *
 * @internal
 */
import { addGenAIAnnotations } from "effect/ai/Telemetry"
import * as Context from "effect/Context"
import type * as Tracer from "effect/Tracer"
import { responseAttributes } from "./openTelemetry.ts"

export interface Call {
  readonly operation: string
  /** None without a tracer. */
  readonly span: Tracer.Span | undefined
  /** The model that answered. */
  model?: string | undefined
}

export const CurrentCall = Context.Reference<Call | undefined>("@effect-venice/http/Telemetry/CurrentCall", {
  defaultValue: () => undefined
})

/** Notes what an answer, or an event of a stream, says of itself besides its content. */
export const note = (call: Call | undefined, json: unknown): void => {
  // Without a span only the model is of use, and every event names the same.
  if (call === undefined || (call.span === undefined && call.model !== undefined)) return
  const attributes = responseAttributes(json)
  if (attributes === undefined) return
  call.model = attributes.response?.model ?? call.model
  if (call.span !== undefined) addGenAIAnnotations(call.span, attributes)
}
