/** The values by their keys, in the order in which the keys come first. */
export const groupBy = <A, K>(values: ReadonlyArray<A>, key: (value: A) => K): ReadonlyMap<K, ReadonlyArray<A>> => {
  const out = new Map<K, Array<A>>()
  for (const value of values) {
    const group = out.get(key(value))
    if (group === undefined) out.set(key(value), [value])
    else group.push(value)
  }
  return out
}
