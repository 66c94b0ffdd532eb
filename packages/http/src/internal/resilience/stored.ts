/**
 * The failures of a call in the form that a workflow engine stores: the schemas of those that have none.
 *
 * A policy decides the same about a failure that was stored and read again: the kind, the operation and the outcome of it
 * are kept. Its request is not: headers, query and body may hold secrets.
 *
 * @internal
 */
import * as Redact from "@effect-venice/core/Redact"
import { VeniceError } from "@effect-venice/core/VeniceError"
import * as Cause from "effect/Cause"
import * as HttpClientError from "effect/http/HttpClientError"
import * as HttpClientRequest from "effect/http/HttpClientRequest"
import * as HttpClientResponse from "effect/http/HttpClientResponse"
import type { HttpMethod } from "effect/http/HttpMethod"
import * as Schema from "effect/Schema"
import * as SchemaGetter from "effect/SchemaGetter"
import {
  CircuitOpen,
  JsonRpcError,
  LockoutAhead,
  PaceExceeded,
  UnexpectedBody,
  UnfinishedStream
} from "../../Failure.ts"
import { secretsOf } from "../credentials.ts"

/** What stands in the `cause` of an error, as `Redact.cause` describes it. */
interface StoredCause {
  readonly name?: string | undefined
  readonly message: string
  readonly code?: string | undefined
  readonly syscall?: string | undefined
  readonly cause?: StoredCause | undefined
  readonly errors?: ReadonlyArray<StoredCause> | undefined
}

const StoredCause: Schema.Codec<StoredCause> = Schema.Struct({
  /** Absent if the cause is a text. */
  name: Schema.optional(Schema.String),
  message: Schema.String,
  code: Schema.optional(Schema.String),
  syscall: Schema.optional(Schema.String),
  cause: Schema.optional(Schema.suspend(() => StoredCause)),
  errors: Schema.optional(Schema.Array(Schema.suspend(() => StoredCause)))
})

const textOf = (value: object, key: string): string | undefined => {
  const text: unknown = Reflect.get(value, key)
  return typeof text === "string" ? text : undefined
}

/** `described` is made by `Redact.cause`, so it is bounded and safe to read. */
const storeCause = (described: unknown): StoredCause => {
  if (!(described instanceof Error)) return { message: String(described) }
  const { cause, message, name } = described
  const errors: unknown = Reflect.get(described, "errors")
  return {
    name,
    message,
    code: textOf(described, "code"),
    syscall: textOf(described, "syscall"),
    cause: cause === undefined ? undefined : storeCause(cause),
    errors: Array.isArray(errors) ? errors.map(storeCause) : undefined
  }
}

const readCause = ({ cause, code, errors, message, name, syscall }: StoredCause): unknown => {
  if (name === undefined) return message
  if (name === "TimeoutError" && code === undefined) return new Cause.TimeoutError(message)
  const read = new Error(message, cause === undefined ? undefined : { cause: readCause(cause) })
  read.name = name
  return Object.assign(
    read,
    code !== undefined && { code },
    syscall !== undefined && { syscall },
    errors !== undefined && { errors: errors.map(readCause) }
  )
}

const reasons = {
  TransportError: HttpClientError.TransportError,
  EncodeError: HttpClientError.EncodeError,
  InvalidUrlError: HttpClientError.InvalidUrlError,
  StatusCodeError: HttpClientError.StatusCodeError,
  DecodeError: HttpClientError.DecodeError,
  EmptyBodyError: HttpClientError.EmptyBodyError
}

type ReasonTag = keyof typeof reasons

const StoredHttpClientError = Schema.Struct({
  _tag: Schema.tag("HttpClientError"),
  reason: Schema.Literals([
    "TransportError",
    "EncodeError",
    "InvalidUrlError",
    "StatusCodeError",
    "DecodeError",
    "EmptyBodyError"
  ]),
  method: Schema.String,
  url: Schema.String,
  status: Schema.optional(Schema.Finite),
  description: Schema.optional(Schema.String),
  cause: Schema.optional(StoredCause)
})

/** The origin and the path. A query and a user may be secret. */
const withoutQuery = (url: string): string => {
  const path = url.split(/[?#]/, 1)[0]!
  const parsed = URL.canParse(path) ? new URL(path) : undefined
  return parsed === undefined ? path : `${parsed.protocol}//${parsed.host}${parsed.pathname}`
}

/** A text without secrets, on one line and of a bounded length. */
const storeText = (text: string, secrets: ReadonlyArray<string> = []): string => String(Redact.cause(text, secrets))

const storeHttpClientError = (error: HttpClientError.HttpClientError): typeof StoredHttpClientError.Type => {
  const { reason, request, response } = error
  const secrets = secretsOf(request)
  const cause = reason.cause === undefined ? undefined : storeCause(Redact.cause(reason.cause, secrets))
  return {
    _tag: "HttpClientError",
    reason: reason._tag,
    method: request.method,
    url: storeText(withoutQuery(request.url), secrets),
    status: response?.status,
    description: reason.description === undefined ? undefined : storeText(reason.description, secrets),
    cause
  }
}

const readReason = (
  stored: typeof StoredHttpClientError.Type
): HttpClientError.HttpClientErrorReason => {
  const request = HttpClientRequest.make(stored.method as HttpMethod)(stored.url)
  // The constructor of a response takes no other status.
  const status = stored.status !== undefined && stored.status >= 200 && stored.status <= 599 ? stored.status : 200
  const Reason = reasons[stored.reason satisfies ReasonTag] as new(
    fields: object
  ) => HttpClientError.HttpClientErrorReason
  return new Reason({
    request,
    ...(stored.status !== undefined && {
      response: HttpClientResponse.fromWeb(request, new Response(null, { status }))
    }),
    ...(stored.description !== undefined && { description: stored.description }),
    ...(stored.cause !== undefined && { cause: readCause(stored.cause) })
  })
}

const HttpClientErrors = Schema.declare(
  (u): u is HttpClientError.HttpClientError => HttpClientError.isHttpClientError(u)
).pipe(
  Schema.encodeTo(StoredHttpClientError, {
    decode: SchemaGetter.transform((stored) => new HttpClientError.HttpClientError({ reason: readReason(stored) })),
    encode: SchemaGetter.transform(storeHttpClientError)
  })
)

const Timeouts = Schema.declare((u): u is Cause.TimeoutError => Cause.isTimeoutError(u)).pipe(
  Schema.encodeTo(Schema.Struct({ _tag: Schema.tag("TimeoutError"), message: Schema.String }), {
    decode: SchemaGetter.transform(({ message }) => new Cause.TimeoutError(message)),
    encode: SchemaGetter.transform(({ message }: Cause.TimeoutError) => ({
      _tag: "TimeoutError" as const,
      message: storeText(message)
    }))
  })
)

/** The failures of a call that can be stored. */
export const Storable = Schema.Union([
  HttpClientErrors,
  Timeouts,
  UnexpectedBody,
  UnfinishedStream,
  JsonRpcError,
  LockoutAhead,
  CircuitOpen,
  PaceExceeded,
  VeniceError
])

/** A failure of a call that can be stored. */
export type Storable = typeof Storable.Type
