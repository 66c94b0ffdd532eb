/**
 * The models that the emulator has by default for everything but text: embeddings, images, audio, video, decisions.
 *
 * @internal
 */
import type * as Dynamics from "../../Dynamics.ts"
import { image, other, price } from "./modelEntry.ts"

const wan = (id: string, name: string, model_type: string): Dynamics.Model =>
  other(id, "video", name, {
    privacy: "anonymized",
    constraints: {
      model_type,
      aspect_ratios: ["16:9", "9:16", "1:1"],
      resolutions: ["480p", "720p", "1080p"],
      durations: ["5s", "10s", "15s"],
      audio: true,
      audio_configurable: true,
      prompt_character_limit: 2500
    }
  })

export const mediaModels: ReadonlyArray<Dynamics.Model> = [
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
  wan("wan-2-7-text-to-video", "Wan 2.7 Text to Video", "text-to-video"),
  wan("wan-2-7-image-to-video", "Wan 2.7 Image to Video", "image-to-video"),
  other("jev-latest", "decision", "Jev", {
    privacy: "anonymized",
    betaModel: true,
    maxStateTokens: 100_000,
    maxTotalTokens: 120_000,
    pricing: { input: price(1), output: price(0) }
  }, "S")
]
