/**
 * A program on openai's client, as many are: the one that `after.ts` replaces.
 *
 *     VENICE_API_KEY=… node examples/from-openai/before.ts "Why is the sky blue?"
 */
import OpenAI, { BadRequestError, RateLimitError } from "openai"

export interface Settings {
  readonly apiKey: string
  readonly baseURL: string
}

/** Answers a question, or says what the user can do. */
export const ask = async (settings: Settings, question: string, model = "llama-3.3-70b"): Promise<string> => {
  const client = new OpenAI({ ...settings, timeout: 60_000 })
  try {
    const { choices: [choice] } = await client.chat.completions.create({
      model,
      messages: [{ role: "user", content: question }]
    })
    return choice?.message.content ?? ""
  } catch (error) {
    if (error instanceof RateLimitError) return "Too many questions. Try again later."
    if (error instanceof BadRequestError) return "Your question is too long."
    throw error
  }
}

if (import.meta.main) {
  const { VENICE_API_KEY: apiKey = "", VENICE_BASE_URL: baseURL = "https://api.venice.ai/api/v1" } = process.env
  console.log(await ask({ apiKey, baseURL }, process.argv[2] ?? "Hello"))
}
