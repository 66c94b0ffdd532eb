/**
 * The models that the emulator has by default: some of every type, with ids of Venice's catalogue.
 *
 * Contexts, prices and capabilities are plausible; they change too often to be copied.
 *
 * @internal
 */
import * as Duration from "effect/Duration"
import type * as Dynamics from "../../Dynamics.ts"

type Spec = Dynamics.Model["model_spec"]

const created = 1_767_225_600

const price = (usd: number) => ({ usd, diem: usd })

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

const text = (id: string, model: Text, more: Partial<Dynamics.Model> = {}): Dynamics.Model => ({
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

const other = (id: string, type: string, name: string, spec: Spec, tier?: string): Dynamics.Model => ({
  id,
  created,
  type,
  ...(tier !== undefined && { tier }),
  model_spec: { name, privacy: "private", offline: false, beta: false, ...spec }
})

const image = (id: string, name: string, usd: number, spec: Spec = {}): Dynamics.Model =>
  other(id, "image", name, {
    constraints: { promptCharacterLimit: 1500, widthHeightDivisor: 8, steps: { default: 20, max: 50 } },
    pricing: { generation: price(usd) },
    ...spec
  })

export const defaults: ReadonlyArray<Dynamics.Model> = [
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
  }),
  other("text-embedding-bge-m3", "embedding", "BGE-M3", {
    embeddingDimensions: 1024,
    maxInputTokens: 8192,
    pricing: { input: price(0.15), output: price(0.6) }
  }, "XS"),
  other("text-embedding-qwen3-8b", "embedding", "Qwen3 Embedding 8B", {
    embeddingDimensions: 4096,
    maxInputTokens: 32_768,
    supportsCustomDimensions: true,
    pricing: { input: price(0.1) }
  }, "XS"),
  other("text-embedding-3-small", "embedding", "OpenAI Embedding 3 Small", {
    privacy: "anonymized",
    embeddingDimensions: 1536,
    maxInputTokens: 8192,
    supportsCustomDimensions: true,
    pricing: { input: price(0.02) }
  }, "XS"),
  image("z-image-turbo", "Z-Image Turbo", 0.01, { traits: ["default", "fastest"] }),
  image("venice-sd35", "Venice SD 3.5", 0.01, { traits: ["eliza-default"] }),
  image("chroma", "Chroma", 0.01),
  image("flux-2-pro", "Flux 2 Pro", 0.04, {
    privacy: "anonymized",
    constraints: { promptCharacterLimit: 3000, aspectRatios: ["1:1", "16:9", "9:16", "4:3"], defaultAspectRatio: "1:1" }
  }),
  image("nano-banana-pro", "Nano Banana Pro", 0.18, {
    privacy: "anonymized",
    traits: ["highest_quality"],
    constraints: {
      promptCharacterLimit: 32_768,
      aspectRatios: ["1:1", "16:9", "9:16", "4:3"],
      defaultAspectRatio: "1:1",
      resolutions: ["1K", "2K", "4K"],
      defaultResolution: "1K"
    }
  }),
  other("bria-bg-remover", "image", "Bria Background Remover", { pricing: { generation: price(0.02) } }),
  other("firered-image-edit", "inpaint", "FireRed Image Edit", {
    traits: ["default"],
    pricing: { inpaint: price(0.04) },
    constraints: { aspectRatios: ["auto", "1:1", "16:9", "9:16"], promptCharacterLimit: 32_768 }
  }),
  other("qwen-image-2-edit", "inpaint", "Qwen Image 2 Edit", { pricing: { inpaint: price(0.04) } }),
  other("upscaler", "upscale", "Upscaler", { traits: ["default"], pricing: { generation: price(0.02) } }),
  other("tts-kokoro", "tts", "Kokoro Text to Speech", {
    traits: ["default"],
    voices: ["af_sky", "af_bella", "af_heart", "am_adam", "am_michael", "bf_emma", "bm_george"],
    default_voice: "af_sky",
    supported_formats: ["mp3", "opus", "aac", "flac", "wav", "pcm"],
    default_format: "mp3",
    pricing: { input: price(3.5) }
  }, "XS"),
  other("tts-chatterbox-hd", "tts", "Chatterbox HD", {
    voices: ["Aurora", "Britney", "Siobhan", "Vicky", "Blade", "Carl"],
    default_voice: "Aurora",
    supported_formats: ["wav"],
    default_format: "wav",
    voice_cloning: {
      mode: "zero_shot",
      accepted_formats: ["mp3", "wav", "flac", "mp4"],
      min_sample_seconds: 5,
      retention_days: 7
    },
    pricing: { input: price(30) }
  }, "S"),
  other("tts-elevenlabs-turbo-v2-5", "tts", "ElevenLabs Turbo v2.5", {
    privacy: "anonymized",
    voices: ["Rachel", "Aria", "Sarah", "Roger", "Charlie"],
    default_voice: "Rachel",
    supports_custom_voice_id: true,
    supported_formats: ["mp3"],
    default_format: "mp3",
    pricing: { input: price(60) }
  }, "partner-S"),
  other("nvidia/parakeet-tdt-0.6b-v3", "asr", "Parakeet TDT 0.6B v3", {
    traits: ["default"],
    pricing: { per_audio_second: price(0.0001) }
  }, "XS"),
  other("openai/whisper-large-v3", "asr", "Whisper Large v3", { pricing: { per_audio_second: price(0.0001) } }, "XS"),
  other("elevenlabs-music", "music", "ElevenLabs Music", {
    privacy: "anonymized",
    min_prompt_length: 10,
    prompt_character_limit: 4100,
    supports_force_instrumental: true,
    supports_lyrics: false,
    min_duration: 3,
    max_duration: 600,
    default_duration: 60,
    pricing: { per_second: price(0.0115) }
  }),
  other("minimax-music-v26", "music", "MiniMax Music 2.6", {
    privacy: "anonymized",
    min_prompt_length: 10,
    prompt_character_limit: 2000,
    supports_force_instrumental: true,
    supports_lyrics: true,
    lyrics_character_limit: 3500,
    pricing: { generation: price(0.035) }
  }),
  other("elevenlabs-voice-changer", "music", "ElevenLabs Voice Changer", {
    privacy: "anonymized",
    voice_changer: true,
    accepted_audio_formats: ["mp3", "wav", "ogg", "mp4", "aac"],
    max_source_audio_duration_seconds: 300,
    voices: ["Aria", "Roger", "Sarah"],
    default_voice: "Aria",
    pricing: { per_second: price(0.005) }
  }),
  other("wan-2-7-text-to-video", "video", "Wan 2.7 Text to Video", {
    privacy: "anonymized",
    constraints: {
      model_type: "text-to-video",
      aspect_ratios: ["16:9", "9:16", "1:1"],
      resolutions: ["480p", "720p", "1080p"],
      durations: ["5s", "10s", "15s"],
      audio: true,
      audio_configurable: true,
      prompt_character_limit: 2500
    }
  }),
  other("wan-2-7-image-to-video", "video", "Wan 2.7 Image to Video", {
    privacy: "anonymized",
    constraints: {
      model_type: "image-to-video",
      aspect_ratios: ["16:9", "9:16", "1:1"],
      resolutions: ["480p", "720p", "1080p"],
      durations: ["5s", "10s", "15s"],
      audio: true,
      audio_configurable: true,
      prompt_character_limit: 2500
    }
  }),
  other("jev-latest", "decision", "Jev", {
    privacy: "anonymized",
    betaModel: true,
    maxStateTokens: 100_000,
    maxTotalTokens: 120_000,
    pricing: { input: price(1), output: price(0) }
  }, "S")
]

/** Ids of other providers, and the models that stand for them. */
export const compatibility: Readonly<Record<string, string>> = {
  "gpt-4o": "llama-3.3-70b",
  "gpt-4o-mini": "llama-3.2-3b",
  "gpt-5.2": "openai-gpt-52",
  "claude-opus-4.7": "claude-opus-4-7",
  "text-embedding-ada-002": "text-embedding-bge-m3",
  "dall-e-3": "z-image-turbo",
  "tts-1": "tts-kokoro",
  "whisper-1": "openai/whisper-large-v3"
}
