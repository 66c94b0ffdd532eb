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
import { isTimeoutError } from "effect/Cause"
import { isHttpClientError } from "effect/http/HttpClientError"
import * as Predicate from "effect/Predicate"
import { JsonRpcError, UnexpectedBody, UnfinishedStream } from "../Failure.ts"

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

// Both sides of a call may say anything of any length.
const maxText = 200
const maxTexts = 16

const text = (value: unknown): string | undefined => typeof value === "string" ? value.slice(0, maxText) : undefined

const texts = (value: unknown): ReadonlyArray<string> | undefined =>
  Array.isArray(value)
    ? value.slice(0, maxTexts).map(text).filter((item) => item !== undefined)
    : undefined

/** The model a body asks for. */
export const modelOf = (body: unknown): string | undefined =>
  Predicate.isObject(body) ? text((body as Fields).model) : undefined

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
    ? texts(
      answer.choices.slice(0, maxTexts).map((choice) =>
        Predicate.isObject(choice) ? (choice as Fields).finish_reason : undefined
      )
    )
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

/** What failed, of a job that failed. */
const behind = (failure: unknown): unknown =>
  tagOf(failure) === "JobFailure" ? (failure as { readonly reason?: unknown }).reason : failure

const tagOf = (failure: unknown): string => {
  const tag = Predicate.isObject(failure) ? (failure as Fields)._tag : undefined
  return typeof tag === "string" ? tag : "_OTHER"
}

/** `error.type`: Venice's code, the kind of a failure without an answer, or the tag of any other. */
export const errorType = (failure: unknown): string => {
  const reason = behind(failure)
  if (isHttpClientError(reason)) return reason.reason._tag
  // A code that is not expected of the operation is in the place of one that is unknown, and keeps its name.
  const code = isVeniceError(reason) && reason._tag === "UNRECOGNIZED_RESPONSE" ? reason.code : undefined
  return code !== undefined && isCode(code) ? code : tagOf(reason)
}

const contextOf = (failure: unknown) =>
  isVeniceError(failure) || failure instanceof UnexpectedBody || failure instanceof UnfinishedStream
    || failure instanceof JsonRpcError
    ? failure.response
    : undefined

/** The fingerprint of an answer that nobody has described. */
export const fingerprintOf = (failure: unknown): string | undefined => {
  const reason = behind(failure)
  const isUnknown = reason instanceof UnexpectedBody
    || (isVeniceError(reason) && reason._tag === "UNRECOGNIZED_RESPONSE" && reason.matchedBy === "none")
  return isUnknown ? Fingerprint.make(reason.response) : undefined
}

/** The category, or why there is none. */
export const categoryOf = (failure: unknown): string => {
  const reason = behind(failure)
  if (isVeniceError(reason)) return reason.category
  if (reason instanceof JsonRpcError) return "Node"
  const isUnanswered = isTimeoutError(reason)
    || (isHttpClientError(reason) && reason.reason._tag !== "DecodeError" && reason.reason._tag !== "EmptyBodyError")
  return isUnanswered ? "Transport" : "Unreadable"
}

/** What is said of a failure on a span. */
export const failureAttributes = (failure: unknown): Readonly<Record<string, string | number>> => {
  const reason = behind(failure)
  const context = contextOf(reason)
  const fingerprint = fingerprintOf(reason)
  return {
    "error.type": errorType(reason),
    ...(context !== undefined && { "http.response.status_code": context.status }),
    ...(isVeniceError(reason) && { "venice.error.category": reason.category }),
    ...(isVeniceError(reason) && reason._tag === "UNRECOGNIZED_RESPONSE" && reason.code !== undefined && {
      "venice.error.code": reason.code
    }),
    ...(context?.requestId !== undefined && { "venice.request.id": context.requestId }),
    ...(fingerprint !== undefined && { "venice.response.fingerprint": fingerprint })
  }
}
