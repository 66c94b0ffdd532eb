/**
 * A map that forgets its oldest entries, so that the emulator's memory does not grow with the number of its requests.
 *
 * The entries are in two generations. When the young one is full it becomes the old one, and the old one is forgotten:
 * to look for the oldest entry of a `Map` that has lost many takes long.
 *
 * @internal
 */
export class BoundedMap<K, V> {
  readonly #generation: number
  #young = new Map<K, V>()
  #old = new Map<K, V>()

  /** Between half of `max` and `max` of the youngest entries are kept. */
  constructor(max: number) {
    this.#generation = Math.ceil(max / 2)
  }

  get(key: K): V | undefined {
    return this.#young.get(key) ?? this.#old.get(key)
  }

  has(key: K): boolean {
    return this.#young.has(key) || this.#old.has(key)
  }

  /** Sets an entry, which is then the youngest. */
  set(key: K, value: V): void {
    this.#old.delete(key)
    this.#young.set(key, value)
    if (this.#young.size < this.#generation) return
    this.#old = this.#young
    this.#young = new Map()
  }

  delete(key: K): void {
    this.#young.delete(key)
    this.#old.delete(key)
  }

  /** The entries, those of the old generation first. */
  entries(): ReadonlyArray<readonly [K, V]> {
    return [...this.#old, ...this.#young]
  }
}
