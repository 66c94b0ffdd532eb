import { Decode, ResponseContext, VeniceError } from "@effect-venice/core"
import { assert } from "@effect/vitest"
import { Duration, Schema } from "effect"

/** The wait that an error asks for, in milliseconds. */
export const millis = (error: VeniceError.VeniceError): number | undefined =>
  error.response.retryAfter === undefined ? undefined : Duration.toMillis(error.response.retryAfter)

/** Asserts what holds for the error of any response, and returns it. */
export const isTotal = (input: Decode.Input): VeniceError.VeniceError => {
  const error = Decode.response(input)

  assert.isTrue(VeniceError.isVeniceError(error))
  assert.instanceOf(error, Error)
  assert.strictEqual(error.response.status, input.status)
  assert.isAtMost(error.message.length, ResponseContext.maxMessageLength)
  assert.isAtMost(error.response.body?.length ?? 0, ResponseContext.maxBodyLength)
  const wait = millis(error)
  assert.isTrue(wait === undefined || (wait >= 0 && Number.isFinite(wait)))
  // Whatever was read can be written, read again, and printed.
  const text = JSON.stringify(error)
  const again = Schema.decodeUnknownSync(VeniceError.VeniceError)(JSON.parse(text))
  assert.strictEqual(JSON.stringify(again), text)
  assert.notMatch(String(error), /[\u0000-\u001f]/)
  return error
}
