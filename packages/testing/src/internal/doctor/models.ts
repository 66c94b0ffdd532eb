/**
 * The check of the models in use: offered, not deprecated, not offline.
 *
 * @internal
 */
import { ResponseHeaders } from "@effect-venice/core"
import type { Success } from "@effect-venice/http"
import { didYouMean, nearest } from "../nearest.ts"
import { type Check, check, failure, type Finding, ok, skipped, warning } from "./check.ts"
import type { Head } from "./reading.ts"

/** The id of a model without the settings behind it: `llama-3.3-70b:enable_web_search=on`. */
export const idOf = (model: string): string => model.trim().split(/:(?=[a-z_]+=)/, 1)[0]!

export interface Catalogue {
  readonly models: Success.Models["data"]
  /** Traits and the names of other providers, with the id of the model that each means. */
  readonly names: ReadonlyMap<string, string>
}

const findingOf = (used: string, { models, names }: Catalogue, now: number): Finding => {
  const given = idOf(used)
  const id = names.get(given) ?? given
  const label = id === given ? id : `${given} (${id})`
  const model = models.find((other) => other.id === id)
  if (model === undefined) {
    const similar = nearest(given, models.map((other) => other.id))
    return failure(
      `${label} is not offered${didYouMean(similar) || "."}`,
      "Use a model that `GET /models` lists; a key with a privacy setting sees fewer."
    )
  }
  const { deprecation, offline } = model.model_spec
  if (deprecation != null) {
    const retiresAt = Date.parse(deprecation.date)
    const replace = `Replace ${label}: requests to it fail once it is retired.`
    return retiresAt <= now
      ? failure(`${label} was to be retired on ${deprecation.date}.`, replace)
      : warning(`${label} is deprecated, and is retired on ${deprecation.date}.`, replace)
  }
  return offline === true
    ? warning(`${label} is offline.`, "Use another model until it is back.")
    : ok(`${label} is offered.`)
}

/** What the headers say about the model of a request. The doctor's reads have none, but a gateway may add it. */
const noticed = (heads: ReadonlyArray<Head>): ReadonlyArray<Finding> =>
  heads.flatMap(({ headers }) => {
    const notice = ResponseHeaders.deprecation(headers)
    if (notice === undefined) return []
    const { date, replacement, warning: text } = notice
    return [warning(
      `${text ?? "A model is deprecated"}${date === undefined ? "" : ` (${date})`}`,
      replacement === undefined ? undefined : `Use ${replacement}.`
    )]
  })

export const checkModels = (
  used: ReadonlyArray<string>,
  catalogue: Catalogue | undefined,
  heads: ReadonlyArray<Head>,
  now: number
): Check => {
  if (catalogue === undefined) return check("models", [skipped("The list of models could not be read.")])
  const deprecated = catalogue.models.filter(({ model_spec }) => model_spec.deprecation != null).map(({ id }) => id)
  const findings = used.length === 0
    ? [skipped("No model is named: use --models, or VENICE_MODELS, both separated by commas.")]
    : used.map((model) => findingOf(model, catalogue, now))
  return check("models", [...findings, ...noticed(heads)], {
    used,
    offered: catalogue.models.length,
    deprecated: deprecated.filter((id) =>
      used.some((model) => (catalogue.names.get(idOf(model)) ?? idOf(model)) === id)
    )
  })
}
