/**
 * A recording that answers requests.
 *
 * @internal
 */
import * as Arr from "effect/Array"
import * as Clock from "effect/Clock"
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as WireResponse from "../../WireResponse.ts"
import { answer, type Request } from "../emulator/emulation.ts"
import * as Received from "../emulator/received.ts"
import type { Exchange as Emulated } from "../emulator/sandbox.ts"
import type { Delivery, Part } from "../script/delivery.ts"
import type { Exchange } from "./format.ts"
import * as Matching from "./matching.ts"
import type { Numbered } from "./read.ts"
import { defaultLimits } from "./recorder.ts"
import { toBytes } from "./text.ts"

export interface Options {
  /** `recorded` by default. */
  readonly timing?: "recorded" | "immediate" | undefined
  /** Members of the JSON bodies that do not count, by their paths; `*` is any member. */
  readonly ignore?: ReadonlyArray<string> | undefined
  /** Whether the last exchange of a request is replayed again when all are. */
  readonly repeat?: boolean | undefined
}

interface Candidate extends Numbered {
  readonly matched: Matching.Matched
  used: number
}

export interface Unmet {
  /** Exchanges that no request asked for. */
  readonly unused: ReadonlyArray<string>
  /** Requests that no exchange matched, each with what differs from the nearest one. */
  readonly unmatched: ReadonlyArray<string>
}

export interface Replay {
  readonly handle: (request: Request, onMatch?: (exchange: Exchange) => void) => Effect.Effect<Emulated>
  readonly unmet: () => Unmet
  readonly reset: () => void
}

const maxUnmatched = 100

const resets = /^(?:x-ratelimit-reset|x-ratelimit-resets$)/

/** Moments in headers keep their distance from the time of the response, so that a hint is as long as it was. */
const shifted = (name: string, value: string, by: number): string => {
  if (resets.test(name)) {
    const number = Number(value)
    if (number >= 1e12) return String(number + by)
    return number >= 1e9 ? String(number + Math.round(by / 1000)) : value
  }
  if (name === "date" || (name === "retry-after" && !/^[\d.]/.test(value))) {
    const moment = Date.parse(value)
    return Number.isNaN(moment) ? value : new Date(moment + by).toUTCString()
  }
  return value
}

const rest = (exchange: Exchange, end: number): ReadonlyArray<Part> =>
  // Whoever leaves as before does not see the connection end.
  exchange.end.outcome === "completed" ? [] : [{ bytes: new Uint8Array(), due: end }]

/** How an exchange is sent again. */
export const deliveryOf = (
  exchange: Exchange,
  options: { readonly isTimed: boolean; readonly now: number }
): Delivery => {
  const { end, response } = exchange
  const due = (millis: number) => options.isTimed ? millis : 0
  if (response === undefined) {
    return { status: 502, headers: {}, delay: due(end.after), cut: "before-header", parts: [], isTimed: true }
  }
  const { body, headers, status } = response
  const by = options.now - DateTime.toEpochMillis(exchange.at)
  const isWhole = end.outcome === "completed" && body.isCut === undefined && body.isWithheld === undefined
  return {
    status,
    headers: Object.fromEntries(
      Object.entries(headers).map(([name, value]) => [name, shifted(name.toLowerCase(), value, by)])
    ),
    delay: due(response.after),
    cut: isWhole ? undefined : "after-chunks",
    parts: [
      ...body.chunks.map((chunk) => ({ bytes: toBytes(chunk), due: due(chunk.after) })),
      ...rest(exchange, due(Math.max(0, end.after - response.after)))
    ],
    isTimed: !isWhole || body.chunks.length > 1 || due(body.chunks[0]?.after ?? 0) > 0
  }
}

const times = (count: number): string => count === 1 ? "once" : `${count} times`

const describe = ({ exchange, line }: Numbered): string =>
  `exchange ${exchange.id} (line ${line}): ${exchange.request.method} ${exchange.request.path}`

export const make = (exchanges: ReadonlyArray<Numbered>, options: Options): Replay => {
  const ignored = Matching.ignoredOf(options.ignore ?? [])
  const candidates: ReadonlyArray<Candidate> = exchanges.map((numbered) => ({
    ...numbered,
    matched: Matching.ofExchange(numbered.exchange, ignored),
    used: 0
  }))
  const byKey = Arr.groupBy(candidates, ({ matched }) => Matching.keyOf(matched))
  let unmatched: Array<string> = []

  const explain = (received: Matching.Matched, same: ReadonlyArray<Candidate>): string => {
    if (same.length > 0) {
      return [
        `The recording has ${received.route} with this body ${times(same.length)}, and it was replayed.`,
        ...same.slice(0, 3).map((candidate) => `  ${describe(candidate)}`)
      ].join("\n")
    }
    const nearest = Matching.nearest(candidates, received)
    if (nearest === undefined) return `The recording is empty, and has no ${received.route}.`
    return [
      `No recorded exchange matches ${received.route}. The nearest is ${describe(nearest)}`,
      ...Matching.difference(nearest.matched, received)
    ].join("\n")
  }

  const take = ({ bytes, headers, method, target }: Request): Exchange | string => {
    const [path, query = ""] = target.split(/\?(.*)/s)
    const request = Received.make(method, path!, query, headers, bytes)
    const received = Matching.ofReceived(request, { ignored, max: defaultLimits.request })
    const same = byKey[Matching.keyOf(received)] ?? []
    const found = same.find(({ used }) => used === 0) ?? (options.repeat === true ? same.at(-1) : undefined)
    if (found !== undefined) {
      found.used++
      return found.exchange
    }
    const problem = explain(received, same)
    if (unmatched.length < maxUnmatched) unmatched.push(problem)
    return problem
  }

  const isTimed = options.timing !== "immediate"

  return {
    handle: (request, onMatch) =>
      Effect.map(Clock.Clock, (clock): Emulated => {
        const taken = take(request)
        if (typeof taken === "string") return answer(WireResponse.json(400, { error: taken }), clock)
        onMatch?.(taken)
        const delivery = deliveryOf(taken, { isTimed, now: clock.currentTimeMillisUnsafe() })
        return { delivery, clock, head: () => {}, sent: () => {}, end: () => {} }
      }),
    unmet: () => ({
      unused: candidates.filter(({ used }) => used === 0).map((candidate) => describe(candidate)),
      unmatched: [...unmatched]
    }),
    reset: () => {
      unmatched = []
      for (const candidate of candidates) candidate.used = 0
    }
  }
}
