/**
 * What a read that failed says about the way to Venice, and about the key.
 *
 * @internal
 */
import { Category } from "@effect-venice/core"
import type { ExecuteFailure } from "@effect-venice/http"
import { failure, type Finding, warning } from "./check.ts"
import type { Reading } from "./reading.ts"

/** The codes of the operating system, of DNS and of TLS in a failure and its causes, which name no secret. */
const codesOf = (error: unknown): ReadonlyArray<string> => {
  const codes: Array<string> = []
  const seen = new Set<unknown>()
  const visit = (cause: unknown): void => {
    if (typeof cause !== "object" || cause === null || seen.has(cause) || seen.size >= 20) return
    seen.add(cause)
    const { code } = cause as { readonly code?: unknown }
    if (typeof code === "string" && /^[A-Z][A-Z0-9_]{2,60}$/.test(code) && !codes.includes(code)) codes.push(code)
    visit((cause as { readonly cause?: unknown }).cause)
    visit((cause as { readonly reason?: unknown }).reason)
    for (const other of (cause as { readonly errors?: ReadonlyArray<unknown> }).errors ?? []) visit(other)
  }
  visit(error)
  return codes
}

const transportRemedies: ReadonlyArray<readonly [RegExp, string]> = [
  [/CERT|SELF_SIGNED|TLS|SSL|ALTNAME/, "Trust the certificate with NODE_EXTRA_CA_CERTS, or correct the host name."],
  [/ENOTFOUND|EAI_AGAIN/, "Correct the host name in VENICE_BASE_URL, or the DNS of this machine."],
  [/ECONNREFUSED|EHOSTUNREACH|ENETUNREACH/, "Check the port, the firewall and the proxy between here and the host."]
]

const transportRemedy = (codes: ReadonlyArray<string>, description: string): string =>
  transportRemedies.find(([pattern]) => codes.some((code) => pattern.test(code)))?.[1]
    ?? (description.includes("within")
      ? "Check the firewall and the proxy between here and the host, or give it more time with --timeout."
      : "Check the network and the proxy between here and the host.")

const baseUrlRemedy = "Set VENICE_BASE_URL to the address of the API: its path usually ends with /api/v1."

/** What a failed read means. */
export const failedRead = (reading: Reading<unknown>, error: ExecuteFailure): Finding => {
  const { operation } = reading
  switch (error._tag) {
    case "HttpClientError": {
      const codes = codesOf(error)
      const reason = "description" in error.reason ? error.reason.description : undefined
      const text = reason ?? error.message
      return failure(
        `${operation}: ${text}${codes.length === 0 ? "" : ` (${codes.join(", ")})`}`,
        error.reason._tag === "InvalidUrlError" ? baseUrlRemedy : transportRemedy(codes, text)
      )
    }
    case "UnexpectedBody":
      return failure(`${operation}: this is no response of Venice: ${error.message}`, baseUrlRemedy)
    case "UNRECOGNIZED_RESPONSE": {
      const { status } = error.response
      if (status < 300 || status >= 400) break
      return failure(
        `${operation}: the host answers with a redirect (HTTP ${status}), which is not followed`,
        baseUrlRemedy
      )
    }
  }
  if (!("category" in error)) return failure(`${operation}: ${error.message}`)
  const { _tag, category, message, response } = error
  const found = `${operation}: ${_tag} (HTTP ${response.status}): ${message}`
  const remedy = `${Category.remedies[category]}: \`effect-venice explain ${_tag}\` says more.`
  // A failure that a retry may end.
  return Category.retryable.some((other) => other === category) ? warning(found, remedy) : failure(found, remedy)
}
