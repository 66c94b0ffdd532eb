/**
 * The AI SDK on Venice, with Venice's errors, also those inside a stream.
 *
 *     VENICE_API_KEY=… node examples/ai-sdk.ts "Why is the sky blue?"
 */
import { createOpenAICompatible } from "@ai-sdk/openai-compatible"
import { errorOf, fetch } from "@effect-venice/fetch"
import { streamText } from "ai"

export interface Settings {
  readonly apiKey: string
  readonly baseURL: string
}

/** The text of a model as it arrives. An error of Venice ends it with a line about it. */
export async function* tell(
  { apiKey, baseURL }: Settings,
  prompt: string,
  model = "llama-3.3-70b"
): AsyncGenerator<string> {
  const venice = createOpenAICompatible({ name: "venice", apiKey, baseURL, fetch })
  const { fullStream } = streamText({ model: venice(model), prompt, onError: () => {} })
  for await (const part of fullStream) {
    if (part.type === "text-delta") yield part.text
    if (part.type !== "error") continue
    const error = errorOf(part.error)
    if (error === undefined) throw part.error
    const wait = error.retryAfterMillis === undefined ? "" : `, in ${error.retryAfterMillis / 1000} s`
    yield `\n${error.code}: ${error.remedy}${error.retryable ? wait : ""}`
  }
}

if (import.meta.main) {
  const { VENICE_API_KEY: apiKey = "", VENICE_BASE_URL: baseURL = "https://api.venice.ai/api/v1" } = process.env
  for await (const text of tell({ apiKey, baseURL }, process.argv[2] ?? "Hello")) process.stdout.write(text)
}
