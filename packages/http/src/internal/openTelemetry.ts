/**
 * The attributes of calls by OpenTelemetry's conventions for generative AI and for HTTP. The attributes that only
 * Venice has begin with `venice.`.
 *
 * @internal
 */
import * as Classification from "@effect-venice/core/Classification"
import * as Fingerprint from "@effect-venice/core/Fingerprint"
import type { Operation } from "@effect-venice/core/Operation"
import * as Redact from "@effect-venice/core/Redact"
import { isCode, isVeniceError } from "@effect-venice/core/VeniceError"
import type { GenAITelemetryAttributeOptions, WellKnownOutputType } from "effect/ai/Telemetry"
import { isTimeoutError } from "effect/Cause"
import { isHttpClientError } from "effect/http/HttpClientError"
import * as Predicate from "effect/Predicate"
import { JsonRpcError, UnexpectedBody, UnfinishedStream } from "../Failure.ts"

interface Generation {
  readonly name: "chat" | "embeddings" | "generate_content"
  readonly output?: WellKnownOutputType
}

const image: Generation = { name: "generate_content", output: "image" }
const speech: Generation = { name: "generate_content", output: "speech" }
const media: Generation = { name: "generate_content" }

const generations: Readonly<Partial<Record<Operation, Generation>>> = {
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

/** The name and output of the operation in the conventions, if a model generates something in it. */
export const generationOf = (operation: string): Generation | undefined =>
  Object.hasOwn(generations, operation) ? generations[operation as Operation] : undefined

type Members = Readonly<Record<string, unknown>>

const number = (value: unknown): number | undefined => typeof value === "number" ? value : undefined

// Requests and responses may contain texts and lists of any length.
const maxText = 200
const maxTexts = 16

// What looks like a credential is replaced before the text is cut, which could leave a part of one.
const text = (value: unknown, clean = (text: string) => text): string | undefined =>
  typeof value === "string" ? String(Redact.json(clean(value))).slice(0, maxText) : undefined

const texts = (value: unknown, clean?: (text: string) => string): ReadonlyArray<string> | undefined =>
  Array.isArray(value)
    ? value.slice(0, maxTexts).map((item) => text(item, clean)).filter((item) => item !== undefined)
    : undefined

/** The model that a request body names. */
export const modelOf = (body: unknown): string | undefined =>
  Predicate.isObject(body) ? text((body as Members).model) : undefined

/** `chat llama-3.3-70b`, or the operation if it generates nothing. */
export const spanName = (operation: string, model: string | undefined): string => {
  const generation = generationOf(operation)
  return generation === undefined ? operation : model === undefined ? generation.name : `${generation.name} ${model}`
}

/** The attributes of the operation and of the settings in the request body, without its content. */
export const requestAttributes = (operation: string, body: unknown): GenAITelemetryAttributeOptions | undefined => {
  const generation = generationOf(operation)
  if (generation === undefined) return undefined
  const settings = (Predicate.isObject(body) ? body : {}) as Members
  return {
    provider: { name: "venice" },
    operation: { name: generation.name },
    output: { type: generation.output },
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

/** The attributes of a response, or of an event of a stream, without its content. `clean` takes known secrets out. */
export const responseAttributes = (json: unknown, clean: (text: string) => string) => {
  if (!Predicate.isObject(json)) return undefined
  const outer = json as Members
  // The last event of `/responses` contains the whole response.
  const response = (Predicate.isObject(outer.response) ? outer.response : outer) as Members
  const usage = (Predicate.isObject(response.usage) ? response.usage : {}) as Members
  const finishReasons = Array.isArray(response.choices)
    ? texts(
      response.choices.slice(0, maxTexts).map((choice) =>
        Predicate.isObject(choice) ? (choice as Members).finish_reason : undefined
      ),
      clean
    )
    : undefined
  return {
    response: {
      id: text(response.id, clean),
      model: text(response.model, clean),
      finishReasons: finishReasons?.length === 0 ? undefined : finishReasons
    },
    usage: {
      inputTokens: number(usage.prompt_tokens ?? usage.input_tokens),
      outputTokens: number(usage.completion_tokens ?? usage.output_tokens)
    }
  }
}

/** The reason of a failed job, or the failure itself. */
const reasonOf = (failure: unknown): unknown =>
  tagOf(failure) === "JobFailure" ? (failure as { readonly reason?: unknown }).reason : failure

const tagOf = (failure: unknown): string => {
  const tag = Predicate.isObject(failure) ? (failure as Members)._tag : undefined
  return typeof tag === "string" ? tag : "_OTHER"
}

/** The `error.type`: Venice's code, the reason of an `HttpClientError`, or the tag of any other failure. */
export const errorType = (failure: unknown): string => {
  const reason = reasonOf(failure)
  if (isHttpClientError(reason)) return reason.reason._tag
  // A code that is not documented for the operation is an `UnrecognizedResponse`, and is counted under its own name.
  const code = isVeniceError(reason) && reason._tag === "UNRECOGNIZED_RESPONSE" ? reason.code : undefined
  return code !== undefined && isCode(code) ? code : tagOf(reason)
}

const contextOf = (failure: unknown) =>
  isVeniceError(failure) || failure instanceof UnexpectedBody || failure instanceof UnfinishedStream
    || failure instanceof JsonRpcError
    ? failure.response
    : undefined

/** The fingerprint of an unrecognized response. */
export const fingerprintOf = (failure: unknown): string | undefined => {
  const reason = reasonOf(failure)
  const isUnrecognized = reason instanceof UnexpectedBody
    || (isVeniceError(reason) && reason._tag === "UNRECOGNIZED_RESPONSE" && reason.matchedBy === "none")
  return isUnrecognized ? Fingerprint.make(reason.response) : undefined
}

/** The category of an error, or a name in its place for the other failures. */
export const categoryOf = (failure: unknown): string => {
  const reason = reasonOf(failure)
  if (isVeniceError(reason)) return reason.category
  if (reason instanceof JsonRpcError) return "Node"
  const classified = Classification.of(reason)
  if (classified !== undefined) return classified.category
  const hasNoResponse = isTimeoutError(reason)
    || (isHttpClientError(reason) && reason.reason._tag !== "DecodeError" && reason.reason._tag !== "EmptyBodyError")
  return hasNoResponse ? "Transport" : "Unreadable"
}

/** The attributes of a failure on a span. */
export const failureAttributes = (failure: unknown): Readonly<Record<string, string | number>> => {
  const reason = reasonOf(failure)
  const context = contextOf(reason)
  const fingerprint = fingerprintOf(reason)
  return {
    "error.type": errorType(reason),
    ...(context !== undefined && { "http.response.status_code": context.status }),
    ...((isVeniceError(reason) || Classification.of(reason) !== undefined) && {
      "venice.error.category": categoryOf(reason)
    }),
    ...(isVeniceError(reason) && reason._tag === "UNRECOGNIZED_RESPONSE" && reason.code !== undefined && {
      "venice.error.code": reason.code
    }),
    ...(context?.requestId !== undefined && { "venice.request.id": context.requestId }),
    ...(fingerprint !== undefined && { "venice.response.fingerprint": fingerprint })
  }
}
