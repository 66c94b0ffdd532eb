/**
 * `POST /crypto/rpc/{network}`: single requests and batches, notifications, idempotency keys, and a limit of its own.
 *
 * @internal
 */
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import { json } from "../wire/response.ts"
import { type Call, memberOf } from "./call.ts"
import { count } from "./counters.ts"
import * as Refuse from "./refusal.ts"
import * as Rpc from "./rpc.ts"
import type { Answering, Handler } from "./run.ts"
import { charged, ok } from "./run.ts"
import type { State } from "./state.ts"
import { wall } from "./wallClock.ts"

export const listNetworks: Handler = () => ok({ networks: Rpc.networks })

const maxBatch = 100

interface Item {
  /** Absent in a notification, which gets no answer. */
  readonly id: unknown
  readonly method: string
  readonly params: unknown
}

const itemOf = (value: unknown): Item | undefined => {
  const method = memberOf(value, "method")
  return typeof method === "string"
    ? { id: memberOf(value, "id"), method, params: memberOf(value, "params") }
    : undefined
}

const itemsOf = ({ body, text }: Call): Refuse.Refusing<ReadonlyArray<Item>> => {
  if (text === "") return Refuse.message(400, "Request body is required")
  const given: ReadonlyArray<unknown> = Array.isArray(body) ? body : [body]
  if (given.length === 0) return Refuse.message(400, "Batch must contain at least 1 request")
  if (given.length > maxBatch) return Refuse.message(400, `Batch must contain at most ${maxBatch} requests`)
  const items = given.map(itemOf)
  return items.every((item) => item !== undefined)
    ? Effect.succeed(items)
    : Refuse.message(400, "Each request must have a string method")
}

const checkMethods = (items: ReadonlyArray<Item>, network: string): Refuse.Refusing<void> => {
  const socket = items.find(({ method }) => Rpc.isSocketOnly(method))
  if (socket !== undefined) {
    return Refuse.message(400, `Method ${socket.method.slice(0, 100)} is only available over WebSocket`)
  }
  const unsupported = items.filter(({ method }) => !Rpc.isSupported(method, network))
  return unsupported.length === 0 ? Effect.void : Refuse.message(
    400,
    `Unsupported method(s): ${unsupported.map(({ method }) => method.slice(0, 100)).join(", ")}`
  )
}

const answerTo = ({ id, method, params }: Item, network: string, now: number) => {
  const result = Rpc.resultOf(method, params, network, now)
  return result === undefined
    ? { jsonrpc: "2.0", id, error: { code: -32_601, message: `the method ${method} does not exist/is not available` } }
    : { jsonrpc: "2.0", id, result }
}

const seconds = (millis: number): string => String(Math.ceil(millis / 1000))

/** The limit of its own, and the queue of one: only with the dynamics that have them. */
const admit = (call: Call, state: State): Refuse.Refusing<void> => {
  const config = state.dynamics.cryptoRpc
  if (config === undefined) return Effect.void
  const counted = count(state, `rpc ${call.caller.id}`, config.requests, config.window, call.now)
  if (counted.isAllowed) return Effect.void
  state.breaches.add(call, "endpoint:api/v1/crypto/rpc", "RPM")
  return Refuse.body(429, { error: "Rate limit exceeded" }, {
    "x-ratelimit-limit": String(config.requests),
    "x-ratelimit-remaining": "0",
    "x-ratelimit-reset": seconds(wall(counted.resetAt))
  })
}

const keyPattern = /^[A-Za-z0-9_-]{1,255}$/

const memory = Duration.toMillis(Duration.hours(24))

/** The answer that a request with the same key got before. */
const replayOf = (call: Call, { replays }: State, name: string): Refuse.Refusing<Answering | undefined> => {
  const known = replays.get(name)
  if (known === undefined || call.now - known.at >= memory) return Effect.succeed(undefined)
  if (known.body !== call.text) {
    return Refuse.message(400, "Idempotency-Key was already used with a different request body")
  }
  const { headers, ...response } = known.response
  return Effect.succeed(
    Effect.succeed({ response: { ...response, headers: { ...headers, "idempotent-replayed": "true" } } })
  )
}

const execute = (
  call: Call,
  state: State,
  items: ReadonlyArray<Item>,
  network: string,
  name: string | undefined
): Answering =>
  Effect.suspend(() => {
    const answers = items.map((item) => answerTo(item, network, call.now))
    const credits = items.reduce(
      (sum, { method }, i) => sum + ("error" in answers[i]! ? Rpc.errorCredits : Rpc.creditsOf(method, network)),
      0
    )
    const usd = credits * Rpc.usdPerCredit
    // A notification has no id, and gets no answer.
    const shown = answers.filter((_, i) => items[i]!.id !== undefined)
    const headers = {
      "x-venice-rpc-credits": String(credits),
      "x-venice-rpc-cost-usd": usd.toFixed(8),
      "x-request-id": call.draw.hex(32)
    }
    const response = shown.length === 0
      ? { status: 204, headers, body: "" }
      : json(200, Array.isArray(call.body) ? shown : shown[0], headers)
    if (name !== undefined) state.replays.set(name, { at: call.now, body: call.text, response })
    return charged(call, state, { usd, isQuoted: false }, Effect.succeed({ response }))
  })

/** Requests of one caller run one at a time. */
const alone = (call: Call, state: State, answering: Answering): Answering => {
  const limit = state.dynamics.cryptoRpc === undefined ? undefined : 1
  const slot = state.slots.take(`rpc ${call.caller.id}`, limit, call.now)
  if (slot === undefined) return Refuse.message(429, "Another request for this user is in flight")
  return answering.pipe(
    Effect.map(({ finish, response }) => ({
      response,
      finish: (now: number, until: number) => {
        slot.release(now)
        finish?.(now, until)
      }
    })),
    Effect.tapError(() => Effect.sync(() => slot.release(call.now)))
  )
}

export const post: Handler = (call, state) =>
  Effect.gen(function*() {
    const { network = "" } = call.parameters
    yield* admit(call, state)
    if (!Rpc.networks.includes(network)) {
      return yield* Refuse.message(400, `Unsupported network: ${network.slice(0, 100)}`)
    }
    const items = yield* itemsOf(call)
    yield* checkMethods(items, network)
    const key = call.headers["idempotency-key"]
    const name = key !== undefined && keyPattern.test(key) ? `${call.caller.id} ${network} ${key}` : undefined
    const replay = name === undefined ? undefined : yield* replayOf(call, state, name)
    return yield* replay ?? alone(call, state, execute(call, state, items, network, name))
  })
