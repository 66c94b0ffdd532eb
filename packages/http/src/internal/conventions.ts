/**
 * Calls of Venice in the words of OpenTelemetry's conventions for generative AI and for HTTP. What Venice alone has is
 * under `venice.`.
 *
 * @internal
 */
import * as Fingerprint from "@effect-venice/core/Fingerprint"
import type { Operation } from "@effect-venice/core/Operation"
import { isCode, isVeniceError } from "@effect-venice/core/VeniceError"
import type { GenAITelemetryAttributeOptions, WellKnownOutputType } from "effect/ai/Telemetry"
import { isHttpClientError } from "effect/http/HttpClientError"
import * as Predicate from "effect/Predicate"
import { JsonRpcError } from "../JsonRpc.ts"
import { UnexpectedBody } from "../UnexpectedBody.ts"
import { UnfinishedStream } from "../UnfinishedStream.ts"

interface Genre {
  readonly name: "chat" | "embeddings" | "generate_content"
  readonly output?: WellKnownOutputType
}

const image: Genre = { name: "generate_content", output: "image" }
const speech: Genre = { name: "generate_content", output: "speech" }
const media: Genre = { name: "generate_content" }

const genres: Readonly<Partial<Record<Operation, Genre>>> = {
  "POST /chat/completions": { name: "chat" },
  "POST /responses": { name: "chat" },
  "POST /embeddings": { name: "embeddings" },
  "POST /image/background-remove": image,
  "POST /image/edit": image,
  "POST /image/generate": image,
  "POST /image/multi-edit": image,
  "POST /image/upscale": image,
  "POST /images/generations": image,
  "POST /audio/speech": speech,
  "POST /audio/transcriptions": { name: "generate_content", output: "text" },
  "POST /audio/queue": media,
  "POST /audio/voice-changer/queue": media,
  "POST /video/queue": media
}

/** What the conventions call the operation, if it makes a model generate something. */
export const genreOf = (operation: string): Genre | undefined =>
  (genres as Readonly<Record<string, Genre | undefined>>)[operation]

type Fields = Readonly<Record<string, unknown>>

const number = (value: unknown): number | undefined => typeof value === "number" ? value : undefined

const text = (value: unknown): string | undefined => typeof value === "string" ? value : undefined

const texts = (value: unknown): ReadonlyArray<string> | undefined =>
  Array.isArray(value) ? value.filter((item) => typeof item === "string") : undefined

/** The model a body asks for. */
export const modelOf = (body: unknown): string | undefined => {
  const model = Predicate.isObject(body) ? text((body as Fields).model) : undefined
  return model?.slice(0, 200)
}

/** `chat llama-3.3-70b`; for what generates nothing, the operation. */
export const spanName = (operation: string, model: string | undefined): string => {
  const genre = genreOf(operation)
  return genre === undefined ? operation : model === undefined ? genre.name : `${genre.name} ${model}`
}

/** What is known before the request is sent, of the operation and of the body's settings; no content. */
export const requestAttributes = (operation: string, body: unknown): GenAITelemetryAttributeOptions | undefined => {
  const genre = genreOf(operation)
  if (genre === undefined) return undefined
  const settings = (Predicate.isObject(body) ? body : {}) as Fields
  return {
    provider: { name: "venice" },
    operation: { name: genre.name },
    output: { type: genre.output },
    request: {
      model: modelOf(body),
      temperature: number(settings.temperature),
      topP: number(settings.top_p),
      topK: number(settings.top_k),
      maxTokens: number(settings.max_completion_tokens ?? settings.max_tokens ?? settings.max_output_tokens),
      stopSequences: texts(settings.stop),
      frequencyPenalty: number(settings.frequency_penalty),
      presencePenalty: number(settings.presence_penalty),
      seed: number(settings.seed)
    }
  }
}

/** What an answer, or an event of a stream, says besides its content. */
export const responseAttributes = (json: unknown): Omit<GenAITelemetryAttributeOptions, "request"> | undefined => {
  if (!Predicate.isObject(json)) return undefined
  const outer = json as Fields
  // The last event of `/responses` holds the response.
  const answer = (Predicate.isObject(outer.response) ? outer.response : outer) as Fields
  const usage = (Predicate.isObject(answer.usage) ? answer.usage : {}) as Fields
  const finishReasons = Array.isArray(answer.choices)
    ? texts(answer.choices.map((choice) => Predicate.isObject(choice) ? (choice as Fields).finish_reason : undefined))
    : undefined
  return {
    response: {
      id: text(answer.id),
      model: text(answer.model),
      finishReasons: finishReasons?.length === 0 ? undefined : finishReasons
    },
    usage: {
      inputTokens: number(usage.prompt_tokens ?? usage.input_tokens),
      outputTokens: number(usage.completion_tokens ?? usage.output_tokens)
    }
  }
}

const tagOf = (failure: unknown): string => {
  const tag = Predicate.isObject(failure) ? (failure as Fields)._tag : undefined
  return typeof tag === "string" ? tag : "_OTHER"
}

/** `error.type`: Venice's code, the kind of a failure without an answer, or the tag of any other. */
export const errorType = (failure: unknown): string => {
  if (isHttpClientError(failure)) return failure.reason._tag
  // A code that is not expected of the operation is in the place of one that is unknown, and keeps its name.
  const code = isVeniceError(failure) && failure._tag === "UNRECOGNIZED_RESPONSE" ? failure.code : undefined
  return code !== undefined && isCode(code) ? code : tagOf(failure)
}

const contextOf = (failure: unknown) =>
  isVeniceError(failure) || failure instanceof UnexpectedBody || failure instanceof UnfinishedStream
    || failure instanceof JsonRpcError
    ? failure.response
    : undefined

/** The fingerprint of an answer that nobody has described. */
export const fingerprintOf = (failure: unknown): string | undefined => {
  const isUnknown = failure instanceof UnexpectedBody
    || (isVeniceError(failure) && failure._tag === "UNRECOGNIZED_RESPONSE" && failure.matchedBy === "none")
  return isUnknown ? Fingerprint.make(failure.response) : undefined
}

/** The category, or why there is none. */
export const categoryOf = (failure: unknown): string =>
  isVeniceError(failure)
    ? failure.category
    : isHttpClientError(failure)
    ? "Transport"
    : failure instanceof JsonRpcError
    ? "Node"
    : "Unreadable"

/** What is said of a failure on a span. */
export const failureAttributes = (failure: unknown): Readonly<Record<string, string | number>> => {
  const context = contextOf(failure)
  const fingerprint = fingerprintOf(failure)
  return {
    "error.type": errorType(failure),
    ...(context !== undefined && { "http.response.status_code": context.status }),
    ...(isVeniceError(failure) && { "venice.error.category": failure.category }),
    ...(isVeniceError(failure) && failure._tag === "UNRECOGNIZED_RESPONSE" && failure.code !== undefined && {
      "venice.error.code": failure.code
    }),
    ...(context?.requestId !== undefined && { "venice.request.id": context.requestId }),
    ...(fingerprint !== undefined && { "venice.response.fingerprint": fingerprint })
  }
}
