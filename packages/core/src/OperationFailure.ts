/**
 * The errors that each operation can respond with.
 *
 * They follow from three facts: the failing statuses of the operation, the statuses of each code, and the operations to
 * which a code applies (the table below): a speech call never fails with `IMAGE_TOO_SMALL`.
 *
 * **Gotchas**
 *
 * A response outside of this set is not lost: {@link narrow} replaces its error by an `UnrecognizedResponse` with the
 * same code, category and response.
 *
 * @since 0.1.0
 */
import { UnrecognizedResponse } from "./Errors.ts"
import type { Operation, operations } from "./Operation.ts"
import * as Operations from "./Operation.ts"
import type { Code, VeniceError } from "./VeniceError.ts"
import { byCode } from "./VeniceError.ts"

const textRuns = [
  "POST /chat/completions",
  "POST /responses",
  "POST /decisions",
  "POST /systemone"
] as const satisfies ReadonlyArray<
  Operation
>

const imageRuns = [
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

const modelRuns = [
  ...textRuns,
  ...imageRuns,
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

const billedCalls = [
  ...modelRuns,
  "POST /augment/scrape",
  "POST /augment/search",
  "POST /augment/text-parser",
  "POST /crypto/rpc/{network}"
] as const satisfies ReadonlyArray<Operation>

const walletCalls = [
  ...billedCalls,
  "GET /x402/balance/{walletAddress}",
  "GET /x402/transactions/{walletAddress}"
] as const satisfies ReadonlyArray<Operation>

const imageInputs = [...imageRuns, "POST /chat/completions", "POST /responses", "POST /video/queue"] as const

const audioInputs = [
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

/** The codes that apply to some operations only, and those operations. */
const operationsOf = {
  X402_INVALID_SIGN_IN: walletCalls,
  PRO_ONLY_MODEL: modelRuns,
  INSUFFICIENT_BALANCE: billedCalls,
  API_KEY_DIEM_SPEND_LIMIT_EXCEEDED: billedCalls,
  API_KEY_USD_SPEND_LIMIT_EXCEEDED: billedCalls,
  X402_WALLET_MISMATCH: ["GET /x402/balance/{walletAddress}", "GET /x402/transactions/{walletAddress}"],
  INVALID_MODEL: modelRuns,
  REQUEST_ID_NOT_FOUND: retrievals,
  INVALID_AUDIO_FORMAT: audioInputs,
  INVALID_VIDEO_FORMAT: ["POST /chat/completions", "POST /responses", "POST /video/queue"],
  CORRUPTED_IMAGE: imageInputs,
  IMAGE_TOO_SMALL: imageInputs,
  IMAGE_TOO_LARGE: imageInputs,
  TOO_MANY_TOKENS: [...textRuns, "POST /embeddings"],
  CHARACTER_NOT_FOUND: [
    "GET /characters/{slug}",
    "GET /characters/{slug}/reviews",
    "POST /chat/completions",
    "POST /responses"
  ],
  MODEL_NOT_FOUND: modelRuns,
  MEDIA_NOT_FOUND: retrievals,
  PAYLOAD_TOO_LARGE: writes,
  INVALID_CONTENT_TYPE: writes,
  VIDEO_DURATION_TOO_LONG: ["POST /chat/completions", "POST /responses", "POST /video/queue"],
  VIDEO_DURATION_TOO_SHORT: ["POST /chat/completions", "POST /responses", "POST /video/queue"],
  CONTENT_POLICY_VIOLATION: modelRuns,
  ASR_UPSTREAM_VALIDATION_FAILED: ["POST /audio/transcriptions"],
  MODEL_OVERLOADED: modelRuns,
  INFERENCE_FAILED: modelRuns,
  UPSCALE_FAILED: ["POST /image/upscale"],
  IMAGE_EDIT_ERROR: ["POST /image/background-remove", "POST /image/edit", "POST /image/multi-edit"],
  TEE_ATTESTATION_FAILED: ["GET /tee/attestation"],
  TEE_SIGNATURE_FAILED: ["GET /tee/signature"],
  ASR_UPSTREAM_FAILED: ["POST /audio/transcriptions"],
  MODEL_OFFLINE: modelRuns,
  MODEL_AT_CAPACITY: modelRuns,
  CONSENT_REQUIRED: ["POST /video/queue"]
} as const satisfies Readonly<Partial<Record<Code, ReadonlyArray<Operation>>>>

/** The statuses of a code besides the documented one. A blocked image has the status 200. */
const extraStatuses = {
  INVALID_CONTENT_TYPE: [400],
  CONTENT_POLICY_VIOLATION: [200]
} as const satisfies Readonly<Partial<Record<Code, ReadonlyArray<number>>>>

/**
 * The codes that any operation can respond with: limits and lockouts of the key, missing credentials, unrecognized
 * responses.
 */
const unconditional = [
  "RATE_LIMIT_EXCEEDED",
  "PAYMENT_REQUIRED",
  "UNRECOGNIZED_RESPONSE"
] as const satisfies ReadonlyArray<
  Code
>

type OperationsOf = typeof operationsOf

type ExtraStatuses = typeof extraStatuses

type StatusOf<Op extends Operation> =
  | 200
  | (typeof operations)[Op]["documented"][number]
  | (typeof operations)[Op]["alsoSeen"][number]

// Tables, which the compiler makes once. To compare every code with every operation takes five times the work.
type ByCode = { readonly [E in VeniceError as E["_tag"]]: E }

type StatusesOf = {
  readonly [C in Code]: ByCode[C]["status"] | (C extends keyof ExtraStatuses ? ExtraStatuses[C][number] : never)
}

type CodesByStatus = { readonly [C in Code as StatusesOf[C]]: C }

type RestrictedTo = { readonly [C in keyof OperationsOf as OperationsOf[C][number]]: C }

type Unrestricted = Exclude<Code, keyof OperationsOf>

type Applicable<Op extends Operation> = Unrestricted | RestrictedTo[Op & keyof RestrictedTo]

/**
 * The codes that an operation can respond with. Use it to type a function that handles the codes of one operation.
 *
 * @category models
 * @since 0.1.0
 */
export type CodeOf<Op extends Operation> =
  | (typeof unconditional)[number]
  | (CodesByStatus[StatusOf<Op> & keyof CodesByStatus] & Applicable<Op>)

/**
 * The errors that an operation can respond with; all errors if the text is no operation of Venice. Every call of
 * `VeniceClient` has it in its failure channel; use it in the signature of a function around such a call.
 *
 * @category models
 * @since 0.1.0
 */
export type Of<Op extends string> = UnrecognizedResponse | OtherOf<Op>

// `Of` is a union with the error that every operation has, so that editors show its name and not its members.
type OtherOf<Op extends string> = Op extends Operation ? ByCode[CodeOf<Op>] : VeniceError

const isApplicable = (code: Code, operation: Operation): boolean => {
  const restrictions: Readonly<Partial<Record<Code, ReadonlyArray<Operation>>>> = operationsOf
  return restrictions[code]?.includes(operation) ?? true
}

const respondsWith = (code: Code, operation: Operation): boolean => {
  if ((unconditional as ReadonlyArray<Code>).includes(code)) return true
  const { alsoSeen, documented }: Operations.Facts = Operations.operations[operation]
  const extra: Readonly<Partial<Record<Code, ReadonlyArray<number>>>> = extraStatuses
  const possible = [byCode.get(code)!.status, ...(extra[code] ?? [])]
  const isFromOperation = (status: number) => status === 200 || documented.includes(status) || alsoSeen.includes(status)
  return isApplicable(code, operation) && possible.some(isFromOperation)
}

/**
 * Lists the codes that an operation can respond with. A gateway declares the errors of its endpoints with it; `CodeOf`
 * is the same at the level of types.
 *
 * **Example** (Asking what a speech call can fail with)
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
  new Set((Array.from(byCode.keys()) as ReadonlyArray<Code>).filter((code) => respondsWith(code, operation)))

/**
 * Narrows an error to those that the operation can respond with. Any other error becomes an `UnrecognizedResponse` with
 * the same code, category and response.
 *
 * **When to use**
 *
 * In a client of your own, to give its calls the failure channel {@link Of}. `VeniceClient` does it for every call.
 *
 * @category converting
 * @since 0.1.0
 */
export const narrow = <Op extends string>(operation: Op, error: VeniceError): Of<Op> => {
  if (!Operations.isOperation(operation) || respondsWith(error._tag, operation)) return error as Of<Op>
  const { category, matchedBy, message, response } = error
  const unexpected: VeniceError = new UnrecognizedResponse({ category, code: error._tag, matchedBy, message, response })
  return unexpected as Of<Op>
}
