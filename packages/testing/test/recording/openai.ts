import { createRequire } from "node:module"
import { join } from "node:path"
import { pathToFileURL } from "node:url"

const fromBench = createRequire(join(import.meta.dirname, "../../../../bench/package.json"))

/** OpenAI's client, which nobody here wrote. */
export const openai = async (baseURL: string, apiKey = "sk-test-abcdefgh12345678") => {
  const { default: OpenAI } = await import(pathToFileURL(fromBench.resolve("openai")).href)
  return new OpenAI({ baseURL, apiKey, maxRetries: 0 })
}
