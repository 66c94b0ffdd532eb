/**
 * The models that the emulator has by default: some of every type, with ids of Venice's catalogue.
 *
 * Contexts, prices and capabilities are plausible; they change too often to be copied.
 *
 * @internal
 */
import type * as Dynamics from "../../Dynamics.ts"
import { mediaModels } from "./mediaModels.ts"
import { textModels } from "./textModels.ts"

export const defaults: ReadonlyArray<Dynamics.Model> = [...textModels, ...mediaModels]

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
