/** Checks that run on every runtime: plain JavaScript and `fetch`, without a test runner. */

/** Each has a name, and gets the base URL of an emulated Venice of its own. */
export type Checks = Readonly<Record<string, (baseUrl: string) => Promise<void>>>

/** What a program prints: for each check its name, and how it failed. */
export interface Outcome {
  readonly name: string
  readonly failure: string | null
}

const failureOf = (check: () => Promise<void>): Promise<string | null> =>
  check().then(() => null, (error) => error instanceof Error ? error.stack ?? String(error) : String(error))

/** All at once: some wait for a second. */
export const run = (checks: Checks, urls: Readonly<Record<string, string>>): Promise<ReadonlyArray<Outcome>> =>
  Promise.all(
    Object.entries(checks).map(async ([name, check]) => ({ name, failure: await failureOf(() => check(urls[name]!)) }))
  )

export const equal = (actual: unknown, expected: unknown): void => {
  const [one, other] = [JSON.stringify(actual), JSON.stringify(expected)]
  if (one !== other) throw new Error(`${one} is not ${other}`)
}
