/**
 * The call that is in progress: its span, and the metadata of its response.
 *
 * @internal
 */
import * as Redact from "@effect-venice/core/Redact"
import { addGenAIAnnotations } from "effect/ai/Telemetry"
import * as Context from "effect/Context"
import type * as Tracer from "effect/Tracer"
import { responseAttributes } from "./openTelemetry.ts"

export interface Call {
  readonly operation: string
  /** Absent without a tracer. */
  readonly span: Tracer.Span | undefined
  /** The model that the response names first. */
  model?: string | undefined
}

export const CurrentCall = Context.Reference<Call | undefined>("@effect-venice/http/Telemetry/CurrentCall", {
  defaultValue: () => undefined
})

/** Records the metadata (model, usage, …) of a response, or of an event of a stream, on the call and its span. */
export const recordResponse = (
  call: Call | undefined,
  json: unknown,
  getSecrets: () => ReadonlyArray<string> | undefined
): void => {
  // Without a span only the model is needed, which is the first that is named.
  if (call === undefined || (call.span === undefined && call.model !== undefined)) return
  const attributes = responseAttributes(json, Redact.secrets(getSecrets() ?? []))
  if (attributes === undefined) return
  call.model ??= attributes.response.model
  if (call.span !== undefined) addGenAIAnnotations(call.span, attributes)
}
