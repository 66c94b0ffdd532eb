/**
 * The options of an emulator, and what they mean.
 *
 * @internal
 */
import type { Options } from "../../Emulator.ts"
import { scriptToSettings } from "../script/script.ts"
import { defaultLimits, type Limits } from "./log.ts"
import { defaultSettings, type Settings } from "./sandbox.ts"

export const settingsOf = ({ script }: Options): Settings =>
  script === undefined ? defaultSettings : scriptToSettings(script)

export const limitsOf = ({ journal: { body, bytes, entries } = {} }: Options): Limits => ({
  entries: entries ?? defaultLimits.entries,
  bytes: bytes ?? defaultLimits.bytes,
  body: body ?? defaultLimits.body
})
