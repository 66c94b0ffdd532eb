/** The known responses of Venice with their sources. */
import { Decode, type VeniceError } from "@effect-venice/core"
import { Fixtures, WireResponse } from "@effect-venice/testing"

/** A response that decodes to a code, and where it comes from. */
export type Evidence = Pick<Fixtures.Fixture, "provenance" | "source">

/** The known responses of a code, one of each source. */
export const evidenceOf = (code: VeniceError.Code): ReadonlyArray<Evidence> => [
  ...new Map(Fixtures.of(code).map((fixture) => [fixture.source, fixture])).values()
]

/** The response by which the page of a code shows it. It must decode to the code, or the build fails. */
export const exampleOf = (code: VeniceError.Code) => {
  const { body, headers, status } = WireResponse.fromError(Fixtures.error(code))
  if (typeof body !== "string") throw new Error(`The example of ${code} is no text`)
  const operation = Fixtures.operation(code)
  const decoded = Decode.response({ status, headers, body, operation, now: 0 })
  if (decoded._tag !== code) throw new Error(`The example of ${code} decodes to ${decoded._tag}`)
  return { status, headers, body, operation }
}
