/**
 * The catalogue of models: finding a model by what a request calls it, and describing it in `GET /models`.
 *
 * @internal
 */
import { Errors } from "@effect-venice/core"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type * as Dynamics from "../../Dynamics.ts"
import * as Defaults from "./models.ts"
import * as Refuse from "./refusal.ts"

export interface Found {
  readonly model: Dynamics.Model
  /** Venice's parameters in the suffix of the id: `model:enable_web_search=on`. */
  readonly suffix: Readonly<Record<string, string>>
}

/** Venice tolerates dots, underscores and spaces in place of hyphens. */
const normalize = (id: string): string => id.toLowerCase().replace(/[._ ]/g, "-")

/** The number of edits between two short texts. */
const distance = (a: string, b: string): number => {
  let previous = Array.from({ length: b.length + 1 }, (_, i) => i)
  for (let i = 1; i <= a.length; i++) {
    const current = [i]
    for (let j = 1; j <= b.length; j++) {
      const replaced = previous[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1)
      current.push(Math.min(replaced, previous[j]! + 1, current[j - 1]! + 1))
    }
    previous = current
  }
  return previous[b.length]!
}

const maxNameLength = 100

export class Catalogue {
  readonly #models: ReadonlyArray<Dynamics.Model>
  readonly #byId: ReadonlyMap<string, Dynamics.Model>
  readonly #acceptsUnknown: boolean
  readonly #startedAt: number

  constructor(dynamics: Dynamics.Dynamics, startedAt: number) {
    this.#models = dynamics.models ?? Defaults.defaults
    this.#byId = new Map(this.#models.map((model) => [normalize(model.id), model]))
    this.#acceptsUnknown = dynamics.acceptsUnknownModels === true
    this.#startedAt = startedAt
  }

  /** The models of a type, without those that are retired. */
  all(type: string | undefined, now: number): ReadonlyArray<Dynamics.Model> {
    return this.#models.filter((model) => {
      if (this.#isRetired(model, now)) return false
      if (type === undefined || type === "all") return true
      return type === "code" ? model.model_spec.capabilities?.optimizedForCode === true : model.type === type
    })
  }

  #retirement({ retires }: Dynamics.Model): number | undefined {
    return retires === undefined ? undefined : this.#startedAt + Duration.toMillis(retires)
  }

  #isRetired(model: Dynamics.Model, now: number): boolean {
    const retirement = this.#retirement(model)
    return retirement !== undefined && retirement <= now
  }

  #deprecation(model: Dynamics.Model): string | undefined {
    const retirement = this.#retirement(model)
    return retirement === undefined ? model.model_spec.deprecation?.date : new Date(retirement).toISOString()
  }

  /** The entry in `GET /models`. */
  describe(model: Dynamics.Model): object {
    const { capacity: _, isProOnly: __, replacement: ___, retires: ____, tier: _____, ...entry } = model
    const date = this.#deprecation(model)
    return {
      object: "model",
      owned_by: "venice.ai",
      ...entry,
      model_spec: { ...model.model_spec, ...(date !== undefined && { deprecation: { date } }) }
    }
  }

  /** What the responses of a deprecated model say. */
  deprecationHeaders(model: Dynamics.Model): Readonly<Record<string, string>> {
    const date = this.#deprecation(model)
    if (date === undefined) return {}
    return {
      "x-venice-model-deprecation-warning": `The model ${model.id} will be retired on ${date}.`,
      "x-venice-model-deprecation-date": date,
      ...(model.replacement !== undefined && { "x-venice-deprecated-replacement": model.replacement })
    }
  }

  /** The models by trait, of one type. */
  traits(type: string, now: number): Readonly<Record<string, string>> {
    return Object.fromEntries(
      this.all(type, now).flatMap(({ id, model_spec }) => (model_spec.traits ?? []).map((trait) => [trait, id]))
    )
  }

  compatibility(type: string, now: number): Readonly<Record<string, string>> {
    const ids = new Set(this.all(type, now).map(({ id }) => id))
    return Object.fromEntries(Object.entries(Defaults.compatibility).filter(([, id]) => ids.has(id)))
  }

  /** The model of a request, by id, trait, or the name another provider gives it. */
  find(given: unknown, types: ReadonlyArray<string>, now: number): Refuse.Refusing<Found> {
    if (given === undefined || given === "") return Refuse.message(400, "model is required")
    if (typeof given !== "string") return Refuse.message(400, "model must be a string")
    const [name = "", parameters = ""] = given.split(/:(?=[a-z_]+=)/, 2)
    const suffix = Object.fromEntries(new URLSearchParams(parameters))
    const model = this.#resolve(name, types, now)
    if (model === undefined) return this.#unknown(name, types, now)
    if (this.#isRetired(model, now)) {
      const message = model.replacement === undefined
        ? `Specified model not found: ${model.id}`
        : `${model.id} has been deprecated. Please use ${model.replacement} instead.`
      return Refuse.error(new Errors.ModelNotFound({ message }))
    }
    return types.includes(model.type ?? "")
      ? Effect.succeed({ model, suffix })
      : Refuse.error(new Errors.InvalidModel({ message: "Invalid model specified" }))
  }

  #resolve(name: string, types: ReadonlyArray<string>, now: number): Dynamics.Model | undefined {
    const id = normalize(name)
    const known = this.#byId.get(id) ?? this.#byId.get(id.replace(/^venice-/, ""))
    if (known !== undefined) return known
    const alias = Object.entries(Defaults.compatibility).find(([other]) => normalize(other) === id)?.[1]
    if (alias !== undefined && this.#byId.has(normalize(alias))) return this.#byId.get(normalize(alias))
    return this.#models.find((model) =>
      types.includes(model.type ?? "") && !this.#isRetired(model, now)
      && (model.model_spec.traits ?? []).some((trait) => normalize(trait) === id)
    )
  }

  #unknown(name: string, types: ReadonlyArray<string>, now: number): Refuse.Refusing<Found> {
    const similar = this.#models.filter((model) => types.includes(model.type ?? "") && !this.#isRetired(model, now))
    if (this.#acceptsUnknown && similar[0] !== undefined) {
      return Effect.succeed({ model: { ...similar[0], id: name }, suffix: {} })
    }
    const asked = normalize(name.slice(0, maxNameLength))
    const suggestions = similar
      .map(({ id }) => ({ id, edits: distance(asked, normalize(id)) }))
      .filter(({ edits, id }) => edits <= Math.max(2, asked.length / 3) || normalize(id).startsWith(asked))
      .sort((a, b) => a.edits - b.edits)
      .slice(0, 3)
      .map(({ id }) => id)
    const question = suggestions.length === 0 ? "" : `. Did you mean: ${suggestions.join(", ")}?`
    return Refuse.error(
      new Errors.ModelNotFound({ message: `Specified model not found: ${name.slice(0, maxNameLength)}${question}` })
    )
  }
}
