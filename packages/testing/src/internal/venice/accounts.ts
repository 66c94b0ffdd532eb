/**
 * The API keys of the account: those of the configuration, and those that requests create.
 *
 * @internal
 */
import type * as Dynamics from "../../Dynamics.ts"
import { BoundedMap } from "./boundedMap.ts"
import type { Key } from "./call.ts"
import type { Draw } from "./draw.ts"
import { Draw as Drawn, hash } from "./draw.ts"

/** Venice allows 500 active keys. */
export const maxKeys = 500

const maxSeen = 10_000

const typeOf = (secret: string): Key["type"] => secret.startsWith("VENICE_INFERENCE_KEY_") ? "INFERENCE" : "ADMIN"

/** The same key has the same id in every run, and the id does not tell the key. */
const idOf = (secret: string): string => new Drawn(hash(secret)).uuid()

/** Of a short key, the last characters would tell too much. */
const last6Of = (secret: string): string => secret.length < 20 ? "******" : secret.slice(-6)

const configured = (key: Dynamics.Key, createdAt: number): Key => ({
  id: idOf(key.value),
  type: key.type ?? typeOf(key.value),
  description: "Emulated key",
  createdAt,
  expiresAt: undefined,
  last6: last6Of(key.value),
  isInactive: key.isInactive === true,
  isFree: key.isFree === true,
  limits: key.limits ?? {},
  limitPeriod: "LIFETIME",
  privacy: key.privacy ?? "ALL"
})

export class Accounts {
  readonly #acceptsAny: boolean
  /** Configured, or created by a request: at most {@link maxKeys} more than are configured. */
  readonly #known = new Map<string, Key>()
  /** Any other, where any is valid. */
  readonly #seen = new BoundedMap<string, Key>(maxSeen)
  readonly #revoked = new BoundedMap<string, true>(maxSeen)
  readonly #startedAt: number
  readonly #lastUsed = new BoundedMap<string, number>(maxSeen)

  constructor(keys: ReadonlyArray<Dynamics.Key> | undefined, startedAt: number) {
    this.#acceptsAny = keys === undefined
    this.#startedAt = startedAt
    for (const key of keys ?? []) this.#known.set(key.value, configured(key, startedAt))
  }

  /** The key with this secret, or nothing if it is unknown, expired or revoked. */
  authenticate(secret: string, now: number): Key | undefined {
    if (secret === "") return undefined
    const known = this.#known.get(secret) ?? this.#seen.get(secret)
    const key = known ?? (this.#acceptsAny ? this.#remember(secret) : undefined)
    if (key === undefined || this.#revoked.has(key.id)) return undefined
    if (key.expiresAt !== undefined && key.expiresAt <= now) return undefined
    this.#lastUsed.set(key.id, now)
    return key
  }

  #remember(secret: string): Key {
    const key = configured({ value: secret }, this.#startedAt)
    this.#seen.set(secret, key)
    return key
  }

  lastUsed(id: string): number | undefined {
    return this.#lastUsed.get(id)
  }

  /** The keys that are active, the newest first. */
  list(now: number): ReadonlyArray<Key> {
    return [...this.#known, ...this.#seen.entries()]
      .map(([, key]) => key)
      .filter(({ expiresAt, id }) => !this.#revoked.has(id) && (expiresAt === undefined || expiresAt > now))
      .sort((a, b) => b.createdAt - a.createdAt)
  }

  find(id: string, now: number): Key | undefined {
    return this.list(now).find((key) => key.id === id)
  }

  /** Creates a key, and returns it with its secret, which nothing else ever tells. */
  create(key: Omit<Key, "id" | "last6" | "isFree" | "isInactive">, draw: Draw): readonly [key: Key, secret: string] {
    for (const [secret, { expiresAt = Infinity }] of this.#known) {
      if (expiresAt <= key.createdAt) this.#forget(secret)
    }
    const secret = `VENICE_${key.type}_KEY_${draw.hex(44)}`
    const created: Key = { ...key, id: draw.uuid(), last6: last6Of(secret), isFree: false, isInactive: false }
    this.#known.set(secret, created)
    return [created, secret]
  }

  update(key: Key): void {
    for (const [secret, { id }] of this.#known) if (id === key.id) this.#known.set(secret, key)
    for (const [secret, { id }] of this.#seen.entries()) if (id === key.id) this.#seen.set(secret, key)
  }

  revoke(id: string): void {
    this.#revoked.set(id, true)
    for (const [secret, known] of this.#known) if (known.id === id) this.#forget(secret)
  }

  /** Forgets a key that is not valid any more, also where any other key is. */
  #forget(secret: string): void {
    this.#known.delete(secret)
    this.#revoked.set(idOf(secret), true)
  }
}
