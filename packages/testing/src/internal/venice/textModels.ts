/**
 * The text models that the emulator has by default.
 *
 * @internal
 */
import * as Duration from "effect/Duration"
import type * as Dynamics from "../../Dynamics.ts"
import { text } from "./modelEntry.ts"

export const textModels: ReadonlyArray<Dynamics.Model> = [
  text("llama-3.3-70b", {
    name: "Llama 3.3 70B",
    tier: "M",
    can: ["LogProbs"],
    traits: ["default", "function_calling_default"],
    input: 0.7,
    answer: 2.8
  }),
  text("llama-3.2-3b", { name: "Llama 3.2 3B", tier: "XS", traits: ["fastest"], input: 0.15, answer: 0.6 }),
  text("qwen3-4b", {
    name: "Venice Small",
    tier: "XS",
    context: 32_768,
    output: 4096,
    can: ["Reasoning"],
    input: 0.05,
    answer: 0.15
  }),
  text("venice-uncensored", {
    name: "Venice Uncensored",
    tier: "S",
    context: 32_768,
    output: 8192,
    cannot: ["FunctionCalling"],
    traits: ["most_uncensored"]
  }),
  text("venice-uncensored-1-2", {
    name: "Venice Uncensored 1.2",
    tier: "S",
    context: 32_768,
    cannot: ["FunctionCalling"]
  }),
  text("mistral-31-24b", { name: "Venice Medium", tier: "S", can: ["Vision"], traits: ["default_vision"] }),
  text("qwen3-235b", {
    name: "Venice Large",
    tier: "L",
    can: ["Reasoning"],
    traits: ["default_reasoning"],
    input: 0.9,
    answer: 4.5
  }),
  text("qwen3-coder-480b-a35b-instruct", {
    name: "Qwen 3 Coder 480B",
    tier: "L",
    context: 262_144,
    traits: ["default_code"]
  }),
  text("deepseek-v3.2", { name: "DeepSeek V3.2", tier: "L", can: ["Reasoning"], context: 163_840 }),
  text("zai-org-glm-5-1", {
    name: "GLM 5.1",
    tier: "L",
    context: 200_000,
    can: ["Reasoning"],
    traits: ["most_intelligent"]
  }),
  text("zai-org-glm-5-2", { name: "GLM 5.2", tier: "L", context: 200_000, can: ["Reasoning"] }),
  text("kimi-k2-6", { name: "Kimi K2.6", tier: "L", context: 262_144, can: ["Reasoning", "Vision"] }),
  text("openai-gpt-oss-120b", { name: "OpenAI GPT OSS 120B", tier: "M", can: ["Reasoning"] }),
  text("openai-gpt-52", {
    name: "GPT-5.2",
    tier: "partner-M",
    context: 262_144,
    privacy: "anonymized",
    can: ["Reasoning", "Vision"],
    input: 2.2,
    answer: 17.5
  }),
  text("claude-opus-4-7", {
    name: "Claude Opus 4.7",
    tier: "partner-L",
    context: 200_000,
    privacy: "anonymized",
    can: ["Reasoning", "Vision"],
    input: 6,
    answer: 30
  }, { isProOnly: true }),
  text("grok-41-fast", {
    name: "Grok 4.1 Fast",
    tier: "partner-XS",
    context: 262_144,
    privacy: "anonymized",
    can: ["Reasoning", "Vision", "XSearch"]
  }),
  text("gemini-3-pro-preview", {
    name: "Gemini 3 Pro Preview",
    tier: "partner-S",
    context: 202_752,
    privacy: "anonymized",
    can: ["Reasoning", "Vision", "AudioInput", "VideoInput"]
  }),
  text("e2ee-qwen3-5-122b-a10b", {
    name: "Qwen 3.5 122B (E2EE)",
    tier: "M",
    can: ["TeeAttestation", "E2EE"],
    cannot: ["FunctionCalling"]
  }),
  text("llama-3.1-405b", { name: "Llama 3.1 405B", tier: "L", context: 65_536 }, {
    retires: Duration.days(14),
    replacement: "qwen3-235b"
  })
]
