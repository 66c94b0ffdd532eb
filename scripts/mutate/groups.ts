/** The values by their keys, in the order in which the keys come first. */
export const groupBy = <A>(
  values: ReadonlyArray<A>,
  key: (value: A) => string
): ReadonlyMap<string, ReadonlyArray<A>> => {
  const out = new Map<string, Array<A>>()
  for (const value of values) {
    const group = out.get(key(value))
    if (group === undefined) out.set(key(value), [value])
    else group.push(value)
  }
  return out
}
