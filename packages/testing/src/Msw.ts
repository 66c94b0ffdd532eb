/**
 * Handlers for Mock Service Worker: the emulator inside of a browser, or of a test that intercepts requests.
 *
 * The emulator runs in the page, or in the process of the test; msw hands it the requests to Venice. It does what the
 * one behind a socket does, but for a disconnect: before or within the header it is msw's network error, in the body an
 * error of the stream.
 *
 * **When to use**
 *
 * To test a frontend, or a client that you cannot point to another URL. Needs `msw`, version 2.10 or later.
 *
 * **Example** (Failing a request in a test that intercepts)
 *
 * ```ts
 * import * as Msw from "@effect-venice/testing/Msw"
 * import { Effect } from "effect"
 *
 * const venice = Msw.make()
 *
 * // In a test: `setupServer(...venice.handlers).listen()`, in a browser: `setupWorker(...venice.handlers).start()`
 * await Effect.runPromise(venice.emulator.on("GET /models", { times: 1, fail: "MODEL_OFFLINE" }))
 *
 * venice.handlers.length // => 2
 * ```
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import { http, type HttpHandler } from "msw"
import type { Options as EmulatorOptions, Service } from "./Emulator.ts"
import * as Emulation from "./internal/emulator/emulation.ts"
import { prefix } from "./internal/emulator/received.ts"
import * as internal from "./internal/emulator/service.ts"
import { limitsOf, settingsOf } from "./internal/emulator/settings.ts"
import * as WebHandler from "./internal/emulator/webHandler.ts"

/**
 * The options of {@link make}.
 *
 * @category models
 * @since 0.1.0
 */
export interface Options extends EmulatorOptions {
  /** The origin whose requests are intercepted; that of Venice by default. */
  readonly origin?: string | undefined
}

/**
 * An emulator behind msw: the handlers to set up, and the service that controls it.
 *
 * @category models
 * @since 0.1.0
 */
export interface Intercepted {
  readonly handlers: ReadonlyArray<HttpHandler>
  readonly emulator: Service
}

/**
 * Makes an emulator and the handlers of msw that pass it the requests to Venice. Call it once in the setup of the tests,
 * and `emulator.reset` between them.
 *
 * @category constructors
 * @since 0.1.0
 */
export const make = (options: Options = {}): Intercepted => {
  const origin = (options.origin ?? "https://api.venice.ai").replace(/\/$/, "")
  const emulation = Effect.runSync(
    Emulation.make(settingsOf(options), { limits: limitsOf(options), origin: () => origin })
  )
  const respond = WebHandler.make(emulation)
  return {
    handlers: [`${prefix}/*`, `${Emulation.adminPath}/*`].map((path) =>
      http.all(`${origin}${path}`, ({ request }) => respond(request))
    ),
    emulator: internal.make(emulation, prefix)
  }
}
