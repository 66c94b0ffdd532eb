/**
 * openai's client on Venice, with Venice's errors.
 *
 *     VENICE_API_KEY=… node examples/openai.ts "Why is the sky blue?"
 */
import { errorOf, make } from "@effect-venice/fetch"
import OpenAI from "openai"

export interface Settings {
  readonly apiKey: string
  readonly baseURL: string
}

const clientOf = ({ apiKey, baseURL }: Settings): OpenAI =>
  new OpenAI({
    apiKey,
    baseURL,
    fetch: make({
      retry: "standard",
      onRetry: ({ delayMillis, error }) =>
        console.warn(`${error?.message ?? "no response"}: again in ${delayMillis} ms`)
    }),
    // The policy retries, and knows what a repeat costs.
    maxRetries: 0
  })

/** Asks a model, and answers with advice if Venice says what is wrong. */
export const ask = async (settings: Settings, question: string, model = "llama-3.3-70b"): Promise<string> => {
  const messages = [{ role: "user" as const, content: question }]
  try {
    const { choices: [choice] } = await clientOf(settings).chat.completions.create({ model, messages })
    return choice?.message.content ?? ""
  } catch (thrown) {
    const error = errorOf(thrown)
    if (error === undefined) throw thrown
    switch (error.code) {
      case "MODEL_NOT_FOUND":
        return `use ${error.suggestions?.[0] ?? "another model"}`
      case "TOO_MANY_TOKENS":
        return `at most ${error.maxTokens ?? "fewer"} tokens, please`
      default:
        return `${error.remedy} (${error.code}, request ${error.requestId ?? "unknown"})`
    }
  }
}

if (import.meta.main) {
  const { VENICE_API_KEY: apiKey = "", VENICE_BASE_URL: baseURL = "https://api.venice.ai/api/v1" } = process.env
  console.log(await ask({ apiKey, baseURL }, process.argv[2] ?? "Hello"))
}
