/**
 * How the providers behind Venice word a context overflow: Venice passes their message on.
 *
 * Each pattern is anchored, and of two patterns of a provider the one that captures more comes first. The sentences were
 * collected from the providers' sources, documentation and client test suites.
 *
 * @internal
 */
import { lazy } from "../lazy.ts"

/** A count, with or without commas between the thousands. */
const input = "(?<inputTokens>\\d[\\d,]{0,14})"
const max = "(?<maxTokens>\\d[\\d,]{0,14})"
const count = "\\d[\\d,]{0,14}"

/**
 * What a gateway or a provider may put before the sentence. It is no part of the patterns, because each would have to be
 * compiled with it.
 */
export const overflowPrefix = new RegExp(
  "^(?:provider returned error: |input validation error: |invalid (?:request|params)[:,] "
    + "|(?:<400> )?internalerror\\.algo\\.invalidparameter: |error: |error code: \\d{3} - |\\d{3} |messages: "
    + "|validationexception: |an error occurred \\(validationexception\\) when calling the \\w{1,40} operation: )?"
    + "(?:the model returned the following errors: )?",
  "i"
)

/** OpenAI's first sentence, which DeepSeek, vLLM, OpenRouter and others repeat. */
const openAi = `(?:'?max_(?:completion_)?tokens'?(?: or '?max_completion_tokens'?)? is too large: ${count}\\. )?`
  + `this (?:model|endpoint)'s maximum context length is ${max} tokens`

const sentences: ReadonlyArray<string> = [
  // Together and SGLang.
  `the input \\(${input} tokens\\) is longer than the model's context length \\(${max} tokens\\)`,
  // Venice's embeddings.
  `input text exceeds the maximum token limit of ${max} tokens`,
  // OpenAI, DeepSeek, vLLM and OpenRouter: with the length of the input, of the whole request, or without.
  `${openAi}.{0,200}?\\b${input} (?:input tokens|in the messages|in your prompt|of text input)`,
  `${openAi}.{0,200}?\\b(?:resulted in|you requested(?: about)?) ${input} tokens`,
  openAi,
  `invalid 'input(?:\\[\\d{1,6}\\])?': maximum context length is ${max} tokens`,
  `the maximum context length of .{1,200}? is ${max}\\b`,
  "your input exceeds the context window of this model",
  `input tokens exceed the configured limit of ${max} tokens\\. your messages resulted in ${input} tokens`,
  `input tokens exceed the configured limit of ${max} tokens`,
  // Anthropic, also on Bedrock and Vertex.
  `prompt is too long: ${input} tokens > ${max} maximum`,
  `input length and \`?max_tokens\`? exceed context limit: ${input} \\+ ${count} > ${max}`,
  // Fireworks.
  `the prompt is too long: ${input}, model maximum context length: ${max}`,
  "(?:the )?prompt is too long\\b",
  // Google.
  `the input token count \\(${input}\\) exceeds the maximum number of tokens allowed \\(${max}\\)`,
  `the input token count exceeds the maximum number of tokens allowed \\(?${max}\\)?`,
  `unable to submit request because the input token count is ${input} but (?:the )?model only supports up to ${max}`,
  // xAI.
  `this model's maximum prompt length is ${max} but the request contains ${input} tokens`,
  // Cerebras, then Groq, whose sentence is the beginning of the former.
  `please reduce the length of the messages or completion\\. current length is ${input} while limit is ${max}`,
  "please reduce the length of the messages or completion",
  // Mistral.
  `prompt contains ${input} tokens.{0,40}?, too large for model with ${max} maximum context length`,
  // MiniMax.
  "context window exceeds limit",
  // Qwen on DashScope.
  `range of input length should be \\[\\d{1,3}, ?${max}\\]`,
  // Bedrock.
  "input tokens exceeded: number of input tokens exceeds maximum length",
  "input is too long for requested model",
  `too many input tokens\\. max input tokens: ${max}, request input token count: ${input}`,
  // Moonshot (Kimi).
  `your request exceeded model token limit: ${max} \\(requested: ${input}\\)`,
  `your request exceeded model token limit: ${max}`,
  // Z.ai (GLM).
  "prompt exceeds max(?:imum)? (?:context )?length\\b",
  "prompt ?\u8d85\u957f",
  // Cohere.
  `too many tokens: total number of tokens in the prompt cannot exceed ${max}(?: - received ${input})?`,
  `total number of tokens \\(input and prediction\\) cannot exceed ${max}(?: - received ${input})?`,
  "too many tokens: (?:the )?(?:total )?(?:number of tokens|size limit exceeded|prompt)\\b",
  // Poolside.
  `input length ${input} exceeds the maximum allowed input length of ${max} tokens`,
  // SGLang.
  `input length \\(${input}(?: tokens)?\\) exceeds (?:the )?(?:model's )?maximum (?:context|allowed) length \\(${max}`,
  `requested token count exceeds the model's maximum context length of ${max} tokens\\. `
  + `you requested a total of ${count} tokens: ${input} tokens from the input messages`,
  `requested token count exceeds the model's maximum context length of ${max} tokens`,
  "multimodal prompt is too long after expanding",
  // vLLM, new and old.
  `you passed ${input} input tokens.{0,60}?\\. however, the model's context length is only ${max} tokens`,
  `you passed ${count} input characters\\. however, the model's context length is only ${max} tokens`,
  `the (?:decoder|encoder|engine) prompt \\(length ${input}\\) is longer than the maximum model length of ${max}`,
  `the (?:decoder|encoder|engine) prompt length ${input} exceeds the max_model_len ${max}`,
  `the prompt \\(total length ${input}\\) is too long to fit into the model \\(context length ${max}\\)`,
  `prompt length of ${input} is longer than the maximum model length of ${max}`,
  // llama.cpp, new and old.
  `(?:the )?request \\(${input} tokens\\) exceeds the available context size \\(${max} tokens\\)`,
  "the request exceeds the available context size",
  `prompt has ${input} tokens?, but the configured context size is ${max} tokens?`,
  // TGI, also at Together.
  `\`?inputs\`? tokens \\+ \`?max_new_tokens\`? must be <= ${max}\\. given: ${input} \`?inputs\`? tokens`,
  `\`?inputs\`? tokens \\+ \`?max_new_tokens\`? must be <= ${max}`,
  `\`?inputs\`? must have less than ${max} tokens\\. given: ${input}`,
  // llama-cpp-python, LM Studio, DeepInfra and others.
  `requested tokens \\(${input}\\) exceed context window of ${max}`,
  `input \\(${input} tokens\\) is too large to process`,
  "trying to keep the first \\d{1,9} tokens when context the overflows",
  "tokens to keep from the initial prompt is greater than the context length",
  `requested input length ${input} exceeds maximum input length ${max}`,
  "tokens in request more than max tokens allowed",
  // Ollama and GitHub Models.
  "(?:the )?input length exceeds the context length",
  `prompt too long; exceeded (?:max )?context length by ${count} tokens`,
  `prompt token count of ${input} exceeds the limit of ${max}`
]

/** Compiled when a message is first matched. */
export const contextOverflow: () => ReadonlyArray<RegExp> = lazy(() =>
  sentences.map((sentence) => new RegExp(`^${sentence}`, "i"))
)
