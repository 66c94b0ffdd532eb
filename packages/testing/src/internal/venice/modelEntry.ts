/**
 * Entries of the catalogue, made of what differs between the models of a type.
 *
 * @internal
 */
import type * as Dynamics from "../../Dynamics.ts"

type Spec = Dynamics.Model["model_spec"]

const created = 1_767_225_600

export const price = (usd: number) => ({ usd, diem: usd })

interface Text {
  readonly name: string
  readonly tier: string
  readonly context?: number
  readonly output?: number
  readonly input?: number
  readonly answer?: number
  readonly privacy?: "private" | "anonymized"
  readonly can?: ReadonlyArray<
    | "Vision"
    | "Reasoning"
    | "WebSearch"
    | "LogProbs"
    | "AudioInput"
    | "VideoInput"
    | "TeeAttestation"
    | "E2EE"
    | "XSearch"
  >
  readonly cannot?: ReadonlyArray<"FunctionCalling" | "ResponseSchema">
  readonly traits?: ReadonlyArray<string>
}

export const text = (id: string, model: Text, more: Partial<Dynamics.Model> = {}): Dynamics.Model => ({
  id,
  created,
  type: "text",
  tier: model.tier,
  model_spec: {
    name: model.name,
    availableContextTokens: model.context ?? 131_072,
    maxCompletionTokens: model.output ?? 32_768,
    privacy: model.privacy ?? "private",
    offline: false,
    beta: false,
    traits: model.traits ?? [],
    capabilities: {
      optimizedForCode: id.includes("coder"),
      quantization: "fp8",
      supportsFunctionCalling: model.cannot?.includes("FunctionCalling") !== true,
      supportsResponseSchema: model.cannot?.includes("ResponseSchema") !== true,
      supportsReasoning: model.can?.includes("Reasoning") === true,
      supportsReasoningEffort: model.can?.includes("Reasoning") === true,
      supportsVision: model.can?.includes("Vision") === true,
      supportsMultipleImages: false,
      supportsVideoInput: model.can?.includes("VideoInput") === true,
      supportsAudioInput: model.can?.includes("AudioInput") === true,
      supportsWebSearch: true,
      supportsXSearch: model.can?.includes("XSearch") === true,
      supportsLogProbs: model.can?.includes("LogProbs") === true,
      supportsTeeAttestation: model.can?.includes("TeeAttestation") === true,
      supportsE2EE: model.can?.includes("E2EE") === true
    },
    constraints: { temperature: { default: 0.7 }, top_p: { default: 0.9 } },
    pricing: { input: price(model.input ?? 0.5), output: price(model.answer ?? 2) }
  },
  ...more
})

export const other = (id: string, type: string, name: string, spec: Spec, tier?: string): Dynamics.Model => ({
  id,
  created,
  type,
  ...(tier !== undefined && { tier }),
  model_spec: { name, privacy: "private", offline: false, beta: false, ...spec }
})

export const image = (id: string, name: string, usd: number, spec: Spec = {}): Dynamics.Model =>
  other(id, "image", name, {
    constraints: { promptCharacterLimit: 1500, widthHeightDivisor: 8, steps: { default: 20, max: 50 } },
    pricing: { generation: price(usd) },
    ...spec
  })
