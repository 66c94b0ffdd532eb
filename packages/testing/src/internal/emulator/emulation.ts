/**
 * The emulator behind every way in: it finds the scope of a request, and answers those of its own API itself.
 *
 * @internal
 */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import type * as Headers from "effect/http/Headers"
import * as Fixtures from "../../Fixtures.ts"
import * as WireResponse from "../../WireResponse.ts"
import { plan } from "../script/delivery.ts"
import * as Admin from "./admin.ts"
import type * as Log from "./log.ts"
import * as Received from "./received.ts"
import { type Exchange, make as makeSandbox, type Sandbox, type Settings } from "./sandbox.ts"

/** The path of the API of the emulator itself. */
export const adminPath = "/__emulator"

export interface Request {
  readonly method: string
  /** Path and query. */
  readonly target: string
  readonly headers: Headers.Headers
  readonly bytes: Uint8Array
}

export interface Emulation {
  readonly handle: (request: Request) => Effect.Effect<Exchange>
  readonly root: Sandbox
  /** The scope of this name, made at the first use. Nothing if there are too many. */
  readonly scope: (name: string, settings?: Settings) => Effect.Effect<Sandbox | undefined>
  readonly drop: (name: string) => void
  readonly origin: () => string
}

export const maxScopes = 1000

/** No request of Venice is larger than 35 MB. */
export const maxBody = 64 * 2 ** 20

const scopePath = new RegExp(`^${adminPath}/scopes/([^/?]+)(/.*)?$`)

/** An answer of the emulator itself, which no journal has. */
export const answer = (wire: WireResponse.WireResponse, clock: Clock.Clock): Exchange => ({
  delivery: plan(wire, undefined, () => 0),
  clock,
  head: () => {},
  sent: () => {},
  end: () => {}
})

export const scopeBase = (origin: string, name: string): string =>
  `${origin}${adminPath}/scopes/${encodeURIComponent(name)}${Received.prefix}`

const decodeName = (text: string): string => {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}

export const make = Effect.fnUntraced(function*(
  settings: Settings,
  options: { readonly limits: Log.Limits; readonly origin: () => string }
) {
  const root = yield* makeSandbox(settings, options)
  const scopes = new Map<string, Sandbox>()

  const scope = Effect.fnUntraced(function*(name: string, own: Settings = settings) {
    const known = scopes.get(name)
    if (known !== undefined) return known
    if (scopes.size >= maxScopes) return undefined
    const made = yield* makeSandbox(own, options)
    scopes.set(name, made)
    return made
  })

  const handle = Effect.fnUntraced(function*(request: Request) {
    const clock = yield* Clock.Clock
    const respond = (wire: WireResponse.WireResponse) => answer(wire, clock)
    const [target, query = ""] = request.target.split(/\?(.*)/s)
    const [, name, rest] = scopePath.exec(target!) ?? []
    const scopeName = name === undefined ? request.headers["x-emulate-scope"] : decodeName(name)
    const path = name === undefined ? target! : rest ?? "/"
    if (name !== undefined && rest === undefined && request.method === "DELETE") {
      scopes.delete(scopeName!)
      return respond({ status: 204, headers: {}, body: "" })
    }
    const sandbox = scopeName === undefined ? root : yield* scope(scopeName)
    if (sandbox === undefined) {
      return respond(WireResponse.json(429, {
        error: `There are ${maxScopes} scopes already. Delete one: DELETE ${adminPath}/scopes/<name>`
      }))
    }
    const own = name !== undefined && !path.startsWith(`${Received.prefix}/`)
      ? path
      : path === adminPath || path.startsWith(`${adminPath}/`)
      ? path.slice(adminPath.length)
      : undefined
    if (own !== undefined) {
      const base = name === undefined && scopeName === undefined
        ? `${options.origin()}${Received.prefix}`
        : scopeBase(options.origin(), scopeName!)
      return respond(yield* Admin.respond({ ...request, path: own, query }, { sandbox, base, scopes: scopes.size }))
    }
    if (request.bytes.length > maxBody) return respond(WireResponse.fromError(Fixtures.error("PAYLOAD_TOO_LARGE")))
    return yield* sandbox.handle(
      Received.make(request.method, path, query, request.headers, request.bytes)
    )
  })

  const emulation: Emulation = {
    handle,
    root,
    scope,
    drop: (name) => {
      scopes.delete(name)
    },
    origin: options.origin
  }
  return emulation
})
