/**
 * The names under which what belongs to an API key is kept: hashes, because the state outlives a call, and may lie in a
 * Redis that others read.
 *
 * @internal
 */
import * as Digest from "effect/crypto/Digest"
import * as Effect from "effect/Effect"
import type * as Fiber from "effect/Fiber"
import * as Redacted from "effect/Redacted"

const digestHex = (bytes: Uint8Array) =>
  Effect.provide(
    Effect.flatMap(Digest.Digest, (digest) => digest.digestHex(Digest.sha256, bytes)),
    Digest.layerWebCrypto
  )

/** A hash of a text, in hexadecimal digits: the first 128 bits of its SHA-256. */
export const hash = (text: string): Effect.Effect<string> =>
  Effect.map(digestHex(new TextEncoder().encode(text)), (hex) => hex.slice(0, 32))

const names = new WeakMap<Redacted.Redacted, string>()

/** The name of a key, if it was computed before. The calls of a process without a key share one. */
export const knownKeyName = (key: Redacted.Redacted | undefined): string | undefined =>
  key === undefined ? "" : names.get(key)

/** The name of a key, computed when it is first needed. */
export const keyNameOf = (key: Redacted.Redacted | undefined): Effect.Effect<string> => {
  const known = knownKeyName(key)
  if (key === undefined || known !== undefined) return Effect.succeed(known!)
  return Effect.map(hash(Redacted.value(key)), (name) => {
    names.set(key, name)
    return name
  })
}

/** Goes on with the name of a key, at once if it is known. */
export const withKeyName = <A, E>(
  key: Redacted.Redacted | undefined,
  f: (name: string, fiber: Fiber.Fiber<unknown, unknown>) => Effect.Effect<A, E>
): Effect.Effect<A, E> =>
  Effect.withFiber((fiber) => {
    const name = knownKeyName(key)
    return name === undefined ? Effect.flatMap(keyNameOf(key), (name) => f(name, fiber)) : f(name, fiber)
  })
