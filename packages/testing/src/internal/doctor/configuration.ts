/**
 * The configuration that the doctor checks: the environment, or an emulator.
 *
 * @internal
 */
import { type ClientOptions, VeniceClient } from "@effect-venice/http"
import * as Config from "effect/Config"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import * as Result from "effect/Result"
import { type Check, check, failure, ok, warning } from "./check.ts"

/** Where the reads go. */
export type Target =
  | { readonly _tag: "Venice"; readonly client: ClientOptions; readonly key: string; readonly baseUrl: string }
  | { readonly _tag: "Emulator" }
  /** The configuration cannot be used: nothing is sent. */
  | { readonly _tag: "None" }

export interface Configuration {
  readonly target: Target
  readonly models: ReadonlyArray<string>
  readonly check: Check
}

/** The address without a password or a user name. */
const printable = (url: URL): string => `${url.protocol}//${url.host}${url.pathname}`

const listOf = (text: string): ReadonlyArray<string> => [
  ...new Set(text.split(",").map((model) => model.trim()).filter((model) => model !== ""))
]

const setKey = Effect.map(
  Effect.option(Config.NonEmptyString("VENICE_API_KEY")),
  Option.filter((key) => key.trim() !== "")
)

/** Reads `VENICE_API_KEY`, `VENICE_BASE_URL`, and `VENICE_MODELS` unless models are named. */
export const configuration = Effect.fnUntraced(function*(options: {
  readonly emulator: boolean
  readonly models: Option.Option<string>
}): Effect.fn.Return<Configuration> {
  const inEnvironment = yield* Effect.option(Config.String("VENICE_MODELS"))
  const models = listOf(Option.getOrElse(Option.orElse(options.models, () => inEnvironment), () => ""))
  if (options.emulator) {
    return {
      target: { _tag: "Emulator" },
      models,
      check: check("configuration", [ok("An emulator, as --emulator says.")])
    }
  }
  const key = yield* setKey
  if (Option.isNone(key)) {
    return {
      target: { _tag: "Emulator" },
      models,
      check: check("configuration", [
        warning(
          "VENICE_API_KEY is not set, so an emulator on this machine was checked, and nothing was sent to Venice.",
          "Set VENICE_API_KEY. Create a key at https://venice.ai/settings/api"
        )
      ])
    }
  }
  const read = yield* Effect.result(VeniceClient.config)
  if (Result.isFailure(read)) {
    return {
      target: { _tag: "None" },
      models,
      check: check("configuration", [
        failure(`The configuration cannot be used: ${read.failure.cause.message}`, "Correct the variable.")
      ])
    }
  }
  const { apiKey, baseUrl } = read.success
  const address = printable(baseUrl)
  return {
    target: { _tag: "Venice", client: read.success, key: Redacted.value(apiKey), baseUrl: address },
    models,
    check: check("configuration", [
      ok("VENICE_API_KEY is set."),
      ok(`The base URL is ${address}.`),
      ...(baseUrl.protocol === "http:" && !/^(localhost|127\..*|\[::1\])$/.test(baseUrl.hostname)
        ? [warning("The base URL is not encrypted: the key can be read on the way.", "Use https in VENICE_BASE_URL.")]
        : []),
      ...(baseUrl.username + baseUrl.password === ""
        ? []
        : [warning("The base URL has a user name or a password.", "Remove them: the key is the only credential.")])
    ], { baseUrl: address })
  }
})
