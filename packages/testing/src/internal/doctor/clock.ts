/**
 * The check of the clock of this machine against that of the server, from the `Date` header.
 *
 * @internal
 */
import { type Check, check, failure, ok, skipped, warning } from "./check.ts"
import type { Head } from "./reading.ts"

/** `Date` has whole seconds, so a smaller difference means nothing. */
const tolerable = 5000

/** The time for which a sign-in of a wallet is valid. */
const harmful = 5 * 60_000

/** How far the local clock is ahead, in milliseconds, as far from zero as is certain. */
export const skewOf = ({ headers, receivedAt, sentAt }: Head): number | undefined => {
  const date = Date.parse(headers.date ?? "")
  if (Number.isNaN(date)) return undefined
  // The server wrote the date between the two local times, in the second that begins with it.
  if (sentAt >= date + 1000) return sentAt - (date + 1000)
  return receivedAt < date ? receivedAt - date : 0
}

export const checkClock = (heads: ReadonlyArray<Head>): Check => {
  const skews = heads.map(skewOf).filter((skew) => skew !== undefined)
  if (skews.length === 0) return check("clock", [skipped("No response has a date.")])
  // The delay of a request adds to the skew of its response.
  const skewMillis = skews.reduce((least, skew) => Math.abs(skew) < Math.abs(least) ? skew : least)
  const seconds = Math.round(Math.abs(skewMillis) / 1000)
  const found = `The clock of this machine is ${seconds} s ${skewMillis > 0 ? "ahead of" : "behind"} the server's.`
  const remedy = "Synchronize the clock (NTP): hints with a time of day are read against it, and sign-ins expire by it."
  const finding = seconds * 1000 >= harmful
    ? failure(found, remedy)
    : seconds * 1000 > tolerable
    ? warning(found, remedy)
    : ok("The clock of this machine agrees with the server's.")
  return check("clock", [finding], { skewMillis })
}
