/**
 * LangChain's OpenAI model on Venice, with Venice's errors.
 *
 *     VENICE_API_KEY=… node examples/langchain.ts "Why is the sky blue?"
 */
import { errorOf, make } from "@effect-venice/fetch"
import { ChatOpenAI } from "@langchain/openai"

export interface Settings {
  readonly apiKey: string
  readonly baseURL: string
}

/** Asks a model, and another one if the first is busy. */
export const ask = async (
  { apiKey, baseURL }: Settings,
  question: string,
  [model, ...others]: readonly [string, ...Array<string>] = ["llama-3.3-70b", "qwen3-235b"]
): Promise<string> => {
  const chat = new ChatOpenAI({
    model,
    apiKey,
    configuration: {
      baseURL,
      fetch: make({ retry: { preset: "standard", only: ["RateLimit", "Server", "Upstream"] } })
    },
    // LangChain would repeat what may be billed twice, and does not know when Venice allows it.
    maxRetries: 0
  })
  try {
    return (await chat.invoke(question)).text
  } catch (thrown) {
    const [next, ...rest] = others
    if (errorOf(thrown)?.category !== "Capacity" || next === undefined) throw thrown
    return ask({ apiKey, baseURL }, question, [next, ...rest])
  }
}

if (import.meta.main) {
  const { VENICE_API_KEY: apiKey = "", VENICE_BASE_URL: baseURL = "https://api.venice.ai/api/v1" } = process.env
  console.log(await ask({ apiKey, baseURL }, process.argv[2] ?? "Hello"))
}
