/**
 * `POST /chat/completions`.
 *
 * @internal
 */
import { Errors } from "@effect-venice/core"
import * as Effect from "effect/Effect"
import type * as Dynamics from "../../Dynamics.ts"
import { type Call, memberOf } from "./call.ts"
import { find } from "./characters.ts"
import { choiceOf, eventsOf, usageOf } from "./chatAnswer.ts"
import type { ChatBody, VeniceParameters } from "./chatBody.ts"
import { chatBody, rewritten } from "./chatBody.ts"
import { callsOf, checkFeatures, checkLength, positive, promptLength, promptOf } from "./chatChecks.ts"
import * as Check from "./check.ts"
import type { Asked, Tool } from "./completion.ts"
import { complete, priceOf } from "./completion.ts"
import * as Refuse from "./refusal.ts"
import type { Handler } from "./run.ts"
import { ok, run } from "./run.ts"
import { stream } from "./sse.ts"
import type { State } from "./state.ts"
import * as Text from "./text.ts"

const parametersOf = (body: ChatBody, suffix: Readonly<Record<string, string>>): VeniceParameters => ({
  ...body.venice_parameters,
  ...Object.fromEntries(
    Object.entries(suffix).map(([name, value]) => [name, value === "true" ? true : value === "false" ? false : value])
  )
})

const citation = {
  title: "Emulated result",
  url: "https://example.com/emulated",
  content: "A result of an emulated search.",
  date: "2026-01-01"
}

const effective = (parameters: VeniceParameters) => ({
  enable_web_search: "off",
  enable_web_citations: false,
  enable_web_scraping: false,
  include_venice_system_prompt: true,
  include_search_results_in_stream: false,
  return_search_results_as_documents: false,
  strip_thinking_response: false,
  disable_thinking: false,
  ...parameters,
  web_search_citations: parameters.enable_web_search === "on" ? [citation] : []
})

const isReasoning = (body: ChatBody, parameters: VeniceParameters, { model_spec }: Dynamics.Model): boolean => {
  const effort = body.reasoning_effort ?? body.reasoning?.effort
  return model_spec.capabilities?.supportsReasoning === true && effort !== "none"
    && (effort !== undefined || body.reasoning?.enabled !== false)
    && parameters.disable_thinking !== true && parameters.strip_thinking_response !== true
}

const stopsOf = ({ stop }: ChatBody): ReadonlyArray<string> =>
  stop == null ? [] : typeof stop === "string" ? [stop] : stop

const schemaOf = ({ response_format: format }: ChatBody): unknown =>
  format?.type === "json_schema" ? format.json_schema.schema ?? {} : format?.type === "json_object" ? {} : undefined

const askedOf = (
  body: ChatBody,
  model: Dynamics.Model,
  parameters: VeniceParameters,
  calls: ReadonlyArray<Tool>
): Asked => ({
  prompt: promptOf(body.messages),
  model,
  calls,
  maxTokens: positive(body.max_completion_tokens) ?? positive(body.max_tokens),
  stops: stopsOf(body),
  isReasoning: isReasoning(body, parameters, model),
  schema: schemaOf(body)
})

const checkCharacter = (slug: string | undefined): Refuse.Refusing<void> =>
  slug === undefined || find(slug) !== undefined ? Effect.void : Refuse.error(new Errors.CharacterNotFound())

/** What a model with a trusted environment adds, and what `GET /tee/signature` needs to know. */
const teeHeaders = (state: State, { id, model_spec }: Dynamics.Model, requestId: string) => {
  if (model_spec.capabilities?.supportsTeeAttestation !== true) return {}
  state.attested.set(requestId, id)
  return { "x-venice-tee": "true", "x-venice-tee-provider": "emulated" }
}

const costOf = (call: Call, state: State, usd: number) => {
  const isDiem = call.caller.kind === "key" && state.ledger.balance("DIEM") > 0
  return { usd: isDiem ? 0 : usd, diem: isDiem ? usd : 0 }
}

export const chatCompletions: Handler = (call, state) =>
  Effect.gen(function*() {
    const given = rewritten(call.body)
    const { model, suffix } = yield* state.catalogue.find(memberOf(given, "model"), ["text"], call.now)
    const body = yield* Check.body({ ...call, body: given }, chatBody)
    const parameters = parametersOf(body, suffix)
    yield* checkFeatures(body, model)
    yield* checkCharacter(parameters.character_slug)
    const calls = yield* callsOf(body)
    const request = askedOf(body, model, parameters, calls)
    const promptTokens = Text.tokensOf(promptLength(body))
    const limit = body.max_completion_tokens != null ? "max_completion_tokens" : "max_tokens"
    yield* checkLength(model, promptTokens, request.maxTokens, limit)
    const completions = Array.from({ length: body.n ?? 1 }, () => complete(request, call.draw))
    const usage = usageOf(promptTokens, completions)
    const id = `chatcmpl-${call.draw.hex(32)}`
    const usd = priceOf(model, promptTokens, usage.completion_tokens)
    const common = { id, created: Math.floor(call.now / 1000), model: model.id }
    const cost = costOf(call, state, usd)
    const venice = effective(parameters)
    return yield* run(
      call,
      state,
      {
        model,
        tokens: usage.total_tokens,
        price: { usd, isQuoted: false },
        details: { requestId: id, promptTokens, completionTokens: usage.completion_tokens }
      },
      Effect.suspend(() => {
        const headers = teeHeaders(state, model, id)
        if (body.stream !== true) {
          const choices = completions.map((completion, index) => choiceOf(completion, index, body))
          return ok(
            { ...common, object: "chat.completion", choices, usage, cost, venice_parameters: venice },
            headers
          )
        }
        const search = parameters.include_search_results_in_stream === true ? venice : undefined
        const events = eventsOf(completions, { ...common, object: "chat.completion.chunk" }, { usage, cost }, search)
        const response = stream(events, state.dynamics.streaming?.every)
        return Effect.succeed({ response: { ...response, headers: { ...response.headers, ...headers } } })
      })
    )
  })
