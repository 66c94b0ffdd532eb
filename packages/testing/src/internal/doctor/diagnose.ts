/**
 * The doctor: all checks of a configuration, from free reads.
 *
 * @internal
 */
import { Redact } from "@effect-venice/core"
import { type ClientOptions, Success } from "@effect-venice/http"
import * as Clock from "effect/Clock"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type { HttpClient } from "effect/http/HttpClient"
import type * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import * as Result from "effect/Result"
import * as Emulator from "../../Emulator.ts"
import { checkBalance, checkKey, checkLimits, kindOf } from "./account.ts"
import { type Check, check, ok, skipped, type Status, subjects, worst } from "./check.ts"
import { checkClock } from "./clock.ts"
import { type Configuration, configuration } from "./configuration.ts"
import { failedRead } from "./failed.ts"
import { type Catalogue, checkModels, idOf } from "./models.ts"
import { Names, RateLimits, read, type Reading } from "./reading.ts"
import { checkVersions, type Versions } from "./versions.ts"

export interface Diagnosis {
  readonly status: Exclude<Status, "skipped">
  /** Whether an emulator was checked instead of Venice. */
  readonly emulated: boolean
  readonly checks: ReadonlyArray<Check>
}

export interface Options {
  readonly emulator: boolean
  readonly models: Option.Option<string>
  /** The longest time for each read, of which there are at most two after one another. */
  readonly timeout: Duration.Duration
  readonly versions: Versions
}

const reachability = (reading: Reading<Success.Models>): Check => {
  const { head, operation, result } = reading
  if (Result.isFailure(result)) return check("reachability", [failedRead(reading, result.failure)])
  const millis = head === undefined ? 0 : head.receivedAt - head.sentAt
  return check("reachability", [ok(`${operation} answers in ${millis} ms.`)], { millis })
}

/** The names of models other than their ids, which are read only if a model is not listed by its id. */
const otherNames = Effect.fnUntraced(function*(client: ClientOptions, timeout: Duration.Duration) {
  const query = { type: "all" }
  const readings = yield* Effect.all([
    read("GET /models/compatibility_mapping", { client, timeout, query, success: Names }),
    read("GET /models/traits", { client, timeout, query, success: Names })
  ], { concurrency: 2 })
  return new Map(readings.flatMap(({ result }) => Result.isSuccess(result) ? Object.entries(result.success.data) : []))
})

/** The checks for which requests are sent. */
const remote = Effect.fnUntraced(function*(
  client: ClientOptions & { readonly apiKey: Redacted.Redacted },
  models: ReadonlyArray<string>,
  timeout: Duration.Duration
) {
  const [listed, limits] = yield* Effect.all([
    read("GET /models", { client, timeout, query: { type: "all" }, success: Success.Models }),
    read("GET /api_keys/rate_limits", { client, timeout, success: RateLimits })
  ], { concurrency: 2 })
  let catalogue: Catalogue | undefined
  if (Result.isSuccess(listed.result)) {
    const { data } = listed.result.success
    const isListed = (model: string) => data.some(({ id }) => id === idOf(model))
    const names = models.every(isListed) ? new Map<string, string>() : yield* otherNames(client, timeout)
    catalogue = { models: data, names }
  }
  const heads = [limits.head, listed.head].filter((head) => head !== undefined)
  const now = yield* Clock.currentTimeMillis
  return [
    reachability(listed),
    checkKey(limits, kindOf(Redacted.value(client.apiKey)), now),
    checkBalance(limits, heads),
    checkLimits(limits, heads, models.map((model) => catalogue?.names.get(idOf(model)) ?? idOf(model)), now),
    checkModels(models, catalogue, heads, now),
    checkClock(heads)
  ]
})

const emulatedKey = Redacted.make("VENICE_INFERENCE_KEY_emulated")

const ofTarget = (
  { models, target }: Configuration,
  timeout: Duration.Duration
): Effect.Effect<ReadonlyArray<Check>, never, HttpClient> => {
  switch (target._tag) {
    case "Venice":
      return remote({ ...target.client, apiKey: Redacted.make(target.key) }, models, timeout)
    case "Emulator":
      return Effect.flatMap(
        Emulator.Emulator,
        ({ baseUrl }) => remote({ apiKey: emulatedKey, baseUrl }, models, timeout)
      )
        .pipe(Effect.provide(Emulator.layer))
    case "None":
      return Effect.succeed(
        subjects.filter((subject) => subject !== "configuration" && subject !== "versions").map((subject) =>
          check(subject, [skipped("Nothing was sent.")])
        )
      )
  }
}

/** A copy without the key, which a server may have sent back. */
const without = (key: string, diagnosis: Diagnosis): Diagnosis => {
  const clean = Redact.secrets([key])
  return JSON.parse(JSON.stringify(diagnosis, (_, value: unknown) => typeof value === "string" ? clean(value) : value))
}

/** Makes all checks. It never fails: what is wrong is in the diagnosis. */
export const diagnose = Effect.fnUntraced(function*(options: Options): Effect.fn.Return<Diagnosis, never, HttpClient> {
  const configured = yield* configuration(options)
  const { target } = configured
  const checks = [
    configured.check,
    ...(yield* ofTarget(configured, options.timeout)),
    checkVersions(options.versions)
  ]
  const status = worst(checks.map((made) => made.status)) as Diagnosis["status"]
  const diagnosis: Diagnosis = { status, emulated: target._tag === "Emulator", checks }
  return target._tag === "Venice" ? without(target.key, diagnosis) : diagnosis
})
