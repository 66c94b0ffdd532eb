/**
 * A map that forgets its oldest entries, so that the emulator's memory does not grow with the number of its requests.
 *
 * @internal
 */
export class BoundedMap<K, V> extends Map<K, V> {
  readonly #max: number
  constructor(max: number) {
    super()
    this.#max = max
  }
  /** Sets an entry. A new one is the youngest; an old one keeps its age. */
  override set(key: K, value: V): this {
    super.set(key, value)
    if (this.size > this.#max) this.delete(this.keys().next().value as K)
    return this
  }
}
