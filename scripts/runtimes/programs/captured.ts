/** Responses of Venice that somebody received and published: those that a caller meets first. */
import data from "../../../packages/testing/src/fixtures.json" with { type: "json" }

export interface Captured {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
  readonly code: string
  readonly category: string
  readonly retryAfterMillis?: number
}

export const receivedAt: string = data.receivedAt

export const captured: ReadonlyArray<Captured> = (data.fixtures as ReadonlyArray<Captured & { provenance: string }>)
  .filter(({ provenance, status }) => provenance === "captured" && (status === 402 || status === 429))
