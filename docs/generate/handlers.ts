/** What an example handler does about an error: the result of the call instead. */
import type { Category, VeniceError } from "@effect-venice/core"
import type { RequestBody } from "@effect-venice/http"

interface Handler {
  /** The parameter of the function, if it uses the error. */
  readonly parameter: string
  readonly body: string
}

const say = (text: string): Handler => ({ parameter: "", body: `Effect.succeed(${JSON.stringify(text)})` })

const tell = (template: string): Handler => ({ parameter: "error", body: `Effect.succeed(\`${template}\`)` })

const byCategory: Readonly<Record<Category.Category, Handler>> = {
  Authentication: tell("Ask for another key: ${error.message}"),
  Permission: tell("Ask the owner of the key: ${error.message}"),
  Billing: tell("Ask the owner of the account: ${error.message}"),
  InvalidRequest: tell("A mistake of ours: ${error.message}"),
  InvalidMedia: tell("Please choose another file: ${error.message}"),
  ContextLength: say("Please shorten your text"),
  NotFound: tell("Not there: ${error.message}"),
  ContentPolicy: say("Please change your prompt"),
  RateLimit: say("Please come back later"),
  Capacity: say("The model is busy. Please try another one."),
  Server: tell("Failed at ${error.response.requestId ?? \"an unknown request\"}. Please try again."),
  Upstream: tell("Failed at ${error.response.requestId ?? \"an unknown request\"}. Please try again."),
  Timeout: say("That took too long. Please ask for less.")
}

const byCode: Readonly<Partial<Record<VeniceError.Code, Handler>>> = {
  INVALID_REQUEST: tell(
    "Wrong: ${error.issues.map(({ path, message }) => `${path.join(\".\")} ${message}`).join(\", \")}"
  ),
  TOO_MANY_TOKENS: tell("Please write at most ${error.maxTokens ?? \"a few thousand\"} tokens"),
  MODEL_NOT_FOUND: tell("Please use ${error.suggestions?.join(\" or \") ?? \"another model\"}"),
  CONTENT_POLICY_VIOLATION: tell("Please try this: ${error.suggestedPrompt ?? \"another prompt\"}"),
  RATE_LIMIT_EXCEEDED: tell("Please come back in ${Duration.format(error.response.retryAfter ?? Duration.minutes(1))}"),
  MODEL_OVERLOADED: tell("Busy for ${Duration.format(error.response.retryAfter ?? Duration.seconds(30))}"),
  PAYMENT_REQUIRED: tell("${error.reason === \"authentication\" ? \"Set VENICE_API_KEY\" : \"Top up the wallet\"}"),
  CONSENT_REQUIRED: tell("Please read ${error.docsUrl ?? \"the terms\"}, and give your consent"),
  GONE: tell("Moved to ${error.successor ?? \"nowhere\"}"),
  UNRECOGNIZED_RESPONSE: tell("${error.category}: ${error.response.body ?? error.message}")
}

const path = (operation: string): string => {
  const names = [...operation.matchAll(/\{(\w+)\}/g)].map(([, name]) =>
    `${name}: ${name === "network" ? "\"base\"" : "\"…\""}`
  )
  return names.length === 0 ? "" : `path: { ${names.join(", ")} }`
}

const typedBodies = [
  "POST /chat/completions",
  "POST /responses",
  "POST /embeddings",
  "POST /image/generate",
  "POST /images/generations"
] as const satisfies ReadonlyArray<RequestBody.Operation>

const bodyType = (operation: string): string =>
  typedBodies.some((typed) => typed === operation) ? `RequestBody.Of<${JSON.stringify(operation)}>` : "object"

/** A call of an operation that catches one error. */
export const handlerOf = (code: VeniceError.Code, category: Category.Category, operation: string): string => {
  const { body, parameter } = byCode[code] ?? byCategory[category]
  const options = [path(operation), ...(operation.startsWith("GET ") ? [] : ["body"])].filter((option) => option !== "")
  const given = options.length === 0 ? "" : `, { ${options.join(", ")} }`
  const parameters = operation.startsWith("GET ") ? "" : `body: ${bodyType(operation)}`
  const type = parameters.includes("RequestBody.") ? "type RequestBody, " : ""
  return `import { ${type}VeniceClient } from "@effect-venice/http"
import { ${body.includes("Duration.") ? "Duration, Effect" : "Effect"} } from "effect"

const call = (${parameters}) =>
  Effect.gen(function*() {
    const venice = yield* VeniceClient
    const response = yield* venice.request(${JSON.stringify(operation)}${given})
    return yield* response.text
  }).pipe(
    Effect.catchTag(${JSON.stringify(code)}, (${parameter}) => ${body})
  )`
}
