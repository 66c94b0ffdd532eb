/**
 * Which errors an operation can answer with.
 *
 * Derived from three facts: the failing statuses of the operation (documented, and seen besides), the status of each
 * code, and what the code means: a speech call does not answer with an image's size. The last is the table below.
 *
 * **Details**
 *
 * A code outside of the set is not lost: {@link narrow} hands it over as an `UnrecognizedResponse` that keeps the code,
 * its category and the response.
 *
 * @since 0.1.0
 */
import { UnrecognizedResponse } from "./Errors.ts"
import type { Operation, operations } from "./Operation.ts"
import * as Operations from "./Operation.ts"
import type { Code, VeniceError } from "./VeniceError.ts"
import { byCode } from "./VeniceError.ts"

const text = ["POST /chat/completions", "POST /responses", "POST /decisions"] as const satisfies ReadonlyArray<
  Operation
>

const images = [
  "POST /image/background-remove",
  "POST /image/edit",
  "POST /image/generate",
  "POST /image/multi-edit",
  "POST /image/upscale",
  "POST /images/generations"
] as const satisfies ReadonlyArray<Operation>

const retrievals = [
  "POST /audio/retrieve",
  "POST /audio/complete",
  "POST /audio/voice-changer/retrieve",
  "POST /audio/voice-changer/complete",
  "POST /video/retrieve",
  "POST /video/complete"
] as const satisfies ReadonlyArray<Operation>

const models = [
  ...text,
  ...images,
  ...retrievals,
  "POST /embeddings",
  "POST /audio/queue",
  "POST /audio/quote",
  "POST /audio/speech",
  "POST /audio/transcriptions",
  "POST /audio/voice-changer/queue",
  "POST /audio/voice-changer/quote",
  "POST /audio/voices",
  "POST /video/queue",
  "POST /video/quote"
] as const satisfies ReadonlyArray<Operation>

const billed = [
  ...models,
  "POST /augment/scrape",
  "POST /augment/search",
  "POST /augment/text-parser",
  "POST /crypto/rpc/{network}"
] as const satisfies ReadonlyArray<Operation>

const wallets = [
  ...billed,
  "GET /x402/balance/{walletAddress}",
  "GET /x402/transactions/{walletAddress}",
  "POST /x402/top-up"
] as const satisfies ReadonlyArray<Operation>

const seeing = [...images, "POST /chat/completions", "POST /responses", "POST /video/queue"] as const

const hearing = [
  "POST /audio/queue",
  "POST /audio/transcriptions",
  "POST /audio/voice-changer/queue",
  "POST /audio/voices",
  "POST /chat/completions",
  "POST /responses",
  "POST /video/queue"
] as const satisfies ReadonlyArray<Operation>

type Write = Exclude<Operation, `GET ${string}`>

const isWrite = (operation: Operation): operation is Write => !operation.startsWith("GET ")

const writes: ReadonlyArray<Write> = Operations.all.filter(isWrite)

/** The codes that mean something to some operations only, and those operations. */
const meanings = {
  X402_INVALID_SIGN_IN: wallets,
  PRO_ONLY_MODEL: models,
  INSUFFICIENT_BALANCE: billed,
  API_KEY_DIEM_SPEND_LIMIT_EXCEEDED: billed,
  API_KEY_USD_SPEND_LIMIT_EXCEEDED: billed,
  X402_WALLET_MISMATCH: ["GET /x402/balance/{walletAddress}", "GET /x402/transactions/{walletAddress}"],
  INVALID_MODEL: models,
  REQUEST_ID_NOT_FOUND: retrievals,
  INVALID_AUDIO_FORMAT: hearing,
  INVALID_VIDEO_FORMAT: ["POST /chat/completions", "POST /responses", "POST /video/queue"],
  CORRUPTED_IMAGE: seeing,
  IMAGE_TOO_SMALL: seeing,
  IMAGE_TOO_LARGE: seeing,
  TOO_MANY_TOKENS: [...text, "POST /embeddings"],
  CHARACTER_NOT_FOUND: [
    "GET /characters/{slug}",
    "GET /characters/{slug}/reviews",
    "POST /chat/completions",
    "POST /responses"
  ],
  MODEL_NOT_FOUND: models,
  MEDIA_NOT_FOUND: retrievals,
  PAYLOAD_TOO_LARGE: writes,
  INVALID_CONTENT_TYPE: writes,
  VIDEO_DURATION_TOO_LONG: ["POST /chat/completions", "POST /responses", "POST /video/queue"],
  VIDEO_DURATION_TOO_SHORT: ["POST /chat/completions", "POST /responses", "POST /video/queue"],
  CONTENT_POLICY_VIOLATION: models,
  ASR_UPSTREAM_VALIDATION_FAILED: ["POST /audio/transcriptions"],
  MODEL_OVERLOADED: models,
  INFERENCE_FAILED: models,
  UPSCALE_FAILED: ["POST /image/upscale"],
  IMAGE_EDIT_ERROR: ["POST /image/background-remove", "POST /image/edit", "POST /image/multi-edit"],
  TEE_ATTESTATION_FAILED: ["GET /tee/attestation"],
  TEE_SIGNATURE_FAILED: ["GET /tee/signature"],
  ASR_UPSTREAM_FAILED: ["POST /audio/transcriptions"],
  MODEL_OFFLINE: models,
  MODEL_AT_CAPACITY: models,
  CONSENT_REQUIRED: ["POST /video/queue"]
} as const satisfies Readonly<Partial<Record<Code, ReadonlyArray<Operation>>>>

/** The statuses a code is answered with besides the documented one. A blocked image is a success by its status. */
const statuses = {
  INVALID_CONTENT_TYPE: [400],
  CONTENT_POLICY_VIOLATION: [200]
} as const satisfies Readonly<Partial<Record<Code, ReadonlyArray<number>>>>

/**
 * What any operation can answer, whatever is documented: the limits and lockouts of the key, missing credentials, and
 * what nobody has seen before.
 */
const always = ["RATE_LIMIT_EXCEEDED", "PAYMENT_REQUIRED", "UNRECOGNIZED_RESPONSE"] as const satisfies ReadonlyArray<
  Code
>

type Meanings = typeof meanings

type Statuses = typeof statuses

type StatusOf<Op extends Operation> =
  | 200
  | (typeof operations)[Op]["documented"][number]
  | (typeof operations)[Op]["alsoSeen"][number]

type IsMeant<C extends Code, Op extends Operation> = C extends keyof Meanings ? Op extends Meanings[C][number] ? C
  : never
  : C

type InStatus<E extends VeniceError, S> = E extends { readonly status: infer D; readonly _tag: infer C }
  ? (D | (C extends keyof Statuses ? Statuses[C][number] : never)) & S extends never ? never : C
  : never

/**
 * The codes an operation can answer with.
 *
 * @category models
 * @since 0.1.0
 */
export type CodeOf<Op extends Operation> = (typeof always)[number] | IsMeant<InStatus<VeniceError, StatusOf<Op>>, Op>

/**
 * The errors an operation can answer with; for anything that is no operation of Venice's documentation, all.
 *
 * @category models
 * @since 0.1.0
 */
export type Of<Op extends string> = Op extends Operation ? Extract<VeniceError, { readonly _tag: CodeOf<Op> }>
  : VeniceError

const isMeant = (code: Code, operation: Operation): boolean => {
  const meant: Readonly<Partial<Record<Code, ReadonlyArray<Operation>>>> = meanings
  return meant[code]?.includes(operation) ?? true
}

const answers = (code: Code, operation: Operation): boolean => {
  if ((always as ReadonlyArray<Code>).includes(code)) return true
  const { alsoSeen, documented }: Operations.Facts = Operations.operations[operation]
  const others: Readonly<Partial<Record<Code, ReadonlyArray<number>>>> = statuses
  const possible = [byCode.get(code)!.status, ...(others[code] ?? [])]
  const isKnown = (status: number) => status === 200 || documented.includes(status) || alsoSeen.includes(status)
  return isMeant(code, operation) && possible.some(isKnown)
}

/**
 * The codes an operation can answer with, as a set.
 *
 * **Example** (Asking what a speech call can answer)
 *
 * ```ts
 * import { OperationFailure } from "@effect-venice/core"
 *
 * const codes = OperationFailure.codes("POST /audio/speech")
 *
 * codes.has("MODEL_OVERLOADED") // => true
 * codes.has("IMAGE_TOO_SMALL") // => false
 * ```
 *
 * @category reading
 * @since 0.1.0
 */
export const codes = (operation: Operation): ReadonlySet<Code> =>
  new Set((Array.from(byCode.keys()) as ReadonlyArray<Code>).filter((code) => answers(code, operation)))

/**
 * An error as the operation's channel has it: itself, or an `UnrecognizedResponse` in its place that keeps its code, its
 * category and its response.
 *
 * @category converting
 * @since 0.1.0
 */
export const narrow = <Op extends string>(operation: Op, error: VeniceError): Of<Op> => {
  if (!Operations.isOperation(operation) || answers(error._tag, operation)) return error as Of<Op>
  const { category, matchedBy, message, response } = error
  const unexpected: VeniceError = new UnrecognizedResponse({ category, code: error._tag, matchedBy, message, response })
  return unexpected as Of<Op>
}
