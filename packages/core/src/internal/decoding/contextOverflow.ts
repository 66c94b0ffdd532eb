/**
 * How the providers behind Venice word a context overflow: Venice passes their message on.
 *
 * Each pattern is anchored, and of two patterns of a provider the one that captures more comes first. The sentences were
 * collected from the providers' sources, documentation and client test suites.
 *
 * @internal
 */

/** A count, with or without commas between the thousands. */
const input = "(?<inputTokens>\\d[\\d,]{0,14})"
const max = "(?<maxTokens>\\d[\\d,]{0,14})"
const count = "\\d[\\d,]{0,14}"

/** What a gateway or a provider may put before the sentence. */
const prefix = "(?:provider returned error: |input validation error: |invalid (?:request|params)[:,] "
  + "|(?:<400> )?internalerror\\.algo\\.invalidparameter: |error: |error code: \\d{3} - |\\d{3} |messages: "
  + "|validationexception: |an error occurred \\(validationexception\\) when calling the \\w{1,40} operation: )?"
  + "(?:the model returned the following errors: )?"

const sentence = (pattern: string): RegExp => new RegExp(`^${prefix}${pattern}`, "i")

/** OpenAI's first sentence, which DeepSeek, vLLM, OpenRouter and others repeat. */
const openAi = `(?:'?max_(?:completion_)?tokens'?(?: or '?max_completion_tokens'?)? is too large: ${count}\\. )?`
  + `this (?:model|endpoint)'s maximum context length is ${max} tokens`

export const contextOverflow: ReadonlyArray<RegExp> = [
  // Together and SGLang.
  sentence(`the input \\(${input} tokens\\) is longer than the model's context length \\(${max} tokens\\)`),
  // Venice's embeddings.
  sentence(`input text exceeds the maximum token limit of ${max} tokens`),
  // OpenAI, DeepSeek, vLLM and OpenRouter: with the length of the input, of the whole request, or without.
  sentence(`${openAi}.{0,200}?\\b${input} (?:input tokens|in the messages|in your prompt|of text input)`),
  sentence(`${openAi}.{0,200}?\\b(?:resulted in|you requested(?: about)?) ${input} tokens`),
  sentence(openAi),
  sentence(`invalid 'input(?:\\[\\d{1,6}\\])?': maximum context length is ${max} tokens`),
  sentence(`the maximum context length of .{1,200}? is ${max}\\b`),
  sentence("your input exceeds the context window of this model"),
  sentence(`input tokens exceed the configured limit of ${max} tokens\\. your messages resulted in ${input} tokens`),
  sentence(`input tokens exceed the configured limit of ${max} tokens`),
  // Anthropic, also on Bedrock and Vertex.
  sentence(`prompt is too long: ${input} tokens > ${max} maximum`),
  sentence(`input length and \`?max_tokens\`? exceed context limit: ${input} \\+ ${count} > ${max}`),
  // Fireworks.
  sentence(`the prompt is too long: ${input}, model maximum context length: ${max}`),
  sentence("(?:the )?prompt is too long\\b"),
  // Google.
  sentence(`the input token count \\(${input}\\) exceeds the maximum number of tokens allowed \\(${max}\\)`),
  sentence(`the input token count exceeds the maximum number of tokens allowed \\(?${max}\\)?`),
  sentence(
    `unable to submit request because the input token count is ${input} but (?:the )?model only supports up to ${max}`
  ),
  // xAI.
  sentence(`this model's maximum prompt length is ${max} but the request contains ${input} tokens`),
  // Cerebras, then Groq, whose sentence is the beginning of the former.
  sentence(
    `please reduce the length of the messages or completion\\. current length is ${input} while limit is ${max}`
  ),
  sentence("please reduce the length of the messages or completion"),
  // Mistral.
  sentence(`prompt contains ${input} tokens.{0,40}?, too large for model with ${max} maximum context length`),
  // MiniMax.
  sentence("context window exceeds limit"),
  // Qwen on DashScope.
  sentence(`range of input length should be \\[\\d{1,3}, ?${max}\\]`),
  // Bedrock.
  sentence("input tokens exceeded: number of input tokens exceeds maximum length"),
  sentence("input is too long for requested model"),
  sentence(`too many input tokens\\. max input tokens: ${max}, request input token count: ${input}`),
  // Moonshot (Kimi).
  sentence(`your request exceeded model token limit: ${max} \\(requested: ${input}\\)`),
  sentence(`your request exceeded model token limit: ${max}`),
  // Z.ai (GLM).
  sentence("prompt exceeds max(?:imum)? (?:context )?length\\b"),
  sentence("prompt ?\u8d85\u957f"),
  // Cohere.
  sentence(
    `too many tokens: total number of tokens in the prompt cannot exceed ${max}(?: - received ${input})?`
  ),
  sentence(`total number of tokens \\(input and prediction\\) cannot exceed ${max}(?: - received ${input})?`),
  sentence("too many tokens: (?:the )?(?:total )?(?:number of tokens|size limit exceeded|prompt)\\b"),
  // Poolside.
  sentence(`input length ${input} exceeds the maximum allowed input length of ${max} tokens`),
  // SGLang.
  sentence(
    `input length \\(${input}(?: tokens)?\\) exceeds (?:the )?(?:model's )?maximum (?:context|allowed) length \\(${max}`
  ),
  sentence(
    `requested token count exceeds the model's maximum context length of ${max} tokens\\. `
      + `you requested a total of ${count} tokens: ${input} tokens from the input messages`
  ),
  sentence(`requested token count exceeds the model's maximum context length of ${max} tokens`),
  sentence("multimodal prompt is too long after expanding"),
  // vLLM, new and old.
  sentence(
    `you passed ${input} input tokens.{0,60}?\\. however, the model's context length is only ${max} tokens`
  ),
  sentence(`you passed ${count} input characters\\. however, the model's context length is only ${max} tokens`),
  sentence(
    `the (?:decoder|encoder|engine) prompt \\(length ${input}\\) is longer than the maximum model length of ${max}`
  ),
  sentence(`the (?:decoder|encoder|engine) prompt length ${input} exceeds the max_model_len ${max}`),
  sentence(`the prompt \\(total length ${input}\\) is too long to fit into the model \\(context length ${max}\\)`),
  sentence(`prompt length of ${input} is longer than the maximum model length of ${max}`),
  // llama.cpp, new and old.
  sentence(`(?:the )?request \\(${input} tokens\\) exceeds the available context size \\(${max} tokens\\)`),
  sentence("the request exceeds the available context size"),
  sentence(`prompt has ${input} tokens?, but the configured context size is ${max} tokens?`),
  // TGI, also at Together.
  sentence(`\`?inputs\`? tokens \\+ \`?max_new_tokens\`? must be <= ${max}\\. given: ${input} \`?inputs\`? tokens`),
  sentence(`\`?inputs\`? tokens \\+ \`?max_new_tokens\`? must be <= ${max}`),
  sentence(`\`?inputs\`? must have less than ${max} tokens\\. given: ${input}`),
  // llama-cpp-python, LM Studio, DeepInfra and others.
  sentence(`requested tokens \\(${input}\\) exceed context window of ${max}`),
  sentence(`input \\(${input} tokens\\) is too large to process`),
  sentence("trying to keep the first \\d{1,9} tokens when context the overflows"),
  sentence("tokens to keep from the initial prompt is greater than the context length"),
  sentence(`requested input length ${input} exceeds maximum input length ${max}`),
  sentence("tokens in request more than max tokens allowed"),
  // Ollama and GitHub Models.
  sentence("(?:the )?input length exceeds the context length"),
  sentence(`prompt too long; exceeded (?:max )?context length by ${count} tokens`),
  sentence(`prompt token count of ${input} exceeds the limit of ${max}`)
]
