/**
 * What a test controls an emulator with.
 *
 * @internal
 */
import * as Clock from "effect/Clock"
import * as DateTime from "effect/DateTime"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type { Service } from "../../Emulator.ts"
import type { Filter } from "../../Journal.ts"
import * as Script from "../../Script.ts"
import { scriptToSettings } from "../script/script.ts"
import { type Emulation, maxScopes, scopeBase } from "./emulation.ts"
import type { Sandbox } from "./sandbox.ts"

let scopes = 0

const forSandbox = (emulation: Emulation, sandbox: Sandbox, baseUrl: () => string): Service => {
  const page = (filter: Filter = {}) => Effect.sync(() => sandbox.log.page(filter))
  return {
    get baseUrl() {
      return baseUrl()
    },
    reply: (...replies) => Effect.sync(() => sandbox.reply(replies)),
    on: (target, options) => Effect.sync(() => sandbox.add([Script.on(target, options)])),
    script: (script) => Effect.suspend(() => sandbox.load(scriptToSettings(script))),
    reset: sandbox.reset,
    verify: Effect.suspend(() => {
      const unmet = sandbox.unmet()
      return unmet.unused.length + unmet.unmatched.length === 0
        ? Effect.void
        : Effect.fail(new Script.UnmetExpectations(unmet))
    }),
    received: Effect.sync(() => sandbox.log.received()),
    journal: (filter) => Effect.map(page(filter), ({ entries }) => entries),
    journalPage: page,
    advance: (duration) => Effect.suspend(() => sandbox.clock.advance(Duration.fromInputUnsafe(duration))),
    setTime: (moment) =>
      Effect.flatMap(
        Clock.Clock,
        (base) => sandbox.clock.set(base, DateTime.toEpochMillis(DateTime.makeUnsafe(moment)))
      ),
    scoped: (script) =>
      Effect.gen(function*() {
        const name = `scope-${++scopes}`
        const own = yield* emulation.scope(name, script === undefined ? undefined : scriptToSettings(script))
        if (own === undefined) return yield* Effect.die(new Error(`There are ${maxScopes} scopes already`))
        yield* Effect.addFinalizer(() => Effect.sync(() => emulation.drop(name)))
        return forSandbox(emulation, own, () => scopeBase(emulation.origin(), name))
      })
  }
}

export const make = (emulation: Emulation, path: string): Service =>
  forSandbox(emulation, emulation.root, () => `${emulation.origin()}${path}`)
