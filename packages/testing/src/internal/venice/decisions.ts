/**
 * `POST /decisions` and its alias: answers to typed questions.
 *
 * @internal
 */
import { Errors } from "@effect-venice/core"
import * as Effect from "effect/Effect"
import { z } from "zod/v3"
import { memberOf } from "./call.ts"
import * as Check from "./check.ts"
import { priceOf } from "./completion.ts"
import { hash, sequence } from "./draw.ts"
import * as Refuse from "./refusal.ts"
import type { Handler } from "./run.ts"
import { ok, run } from "./run.ts"
import * as Text from "./text.ts"

const text = z.union([z.string().min(1), z.record(z.unknown()), z.array(z.unknown()).min(1)])

const question = z.discriminatedUnion("type", [
  z.object({
    type: z.literal("noul"),
    instructions: text,
    criteria: z.object({ true: z.string().optional(), false: z.string().optional() }).optional()
  }),
  z.object({
    type: z.literal("choice"),
    instructions: text,
    criteria: z.record(z.string().nullable()).refine((criteria) => Object.keys(criteria).length > 0, {
      message: "criteria must have at least 1 option"
    })
  }),
  z.object({ type: z.literal("score"), instructions: text, criteria: z.array(z.string()).min(2) })
])

type Question = z.infer<typeof question>

const body = z.object({
  model: z.string(),
  state: text,
  questions: z.record(question).refine((questions) => Object.keys(questions).length > 0, {
    message: "questions must have at least 1 entry"
  })
}).strict()

const rounded = (value: number): number => Math.round(value * 100) / 100

/** Probabilities that sum to 1, the same for the same question and state. */
const probabilities = (names: ReadonlyArray<string>, seed: string): ReadonlyArray<readonly [string, number]> => {
  const next = sequence(hash(seed))
  const weights = names.map(() => next() ** 3 + 0.01)
  const sum = weights.reduce((sum, weight) => sum + weight, 0)
  const shares = weights.map((weight) => rounded(weight / sum))
  const rest = 1 - shares.slice(1).reduce((sum, share) => sum + share, 0)
  return names.map((name, i) => [name, i === 0 ? rounded(rest) : shares[i]!])
}

const answerTo = (question: Question, state: string) => {
  const seed = `${state} ${JSON.stringify(question.instructions)}`
  switch (question.type) {
    case "noul":
      return { type: "noul", noul: rounded(sequence(hash(seed))()) }
    case "choice": {
      const shares = probabilities(Object.keys(question.criteria), seed)
      const [choice, confidence] = shares.reduce((best, share) => share[1] > best[1] ? share : best)
      return { type: "choice", choice, probabilities: Object.fromEntries(shares), confidence }
    }
    case "score": {
      const shares = probabilities(question.criteria.map((_, level) => String(level)), seed)
      return {
        type: "score",
        score: rounded(shares.reduce((sum, [level, share]) => sum + Number(level) * share, 0)),
        legend: Object.fromEntries(question.criteria.map((description, level) => [String(level), description])),
        probabilities: Object.fromEntries(shares),
        confidence: Math.max(...shares.map(([, share]) => share))
      }
    }
  }
}

export const decisions: Handler = (call, state) =>
  Effect.gen(function*() {
    const { model } = yield* state.catalogue.find(memberOf(call.body, "model"), ["decision"], call.now)
    const given = yield* Check.body(call, body)
    const context = JSON.stringify(given.state)
    const inputTokens = Text.tokensOf(context.length + JSON.stringify(given.questions).length)
    const { maxTotalTokens } = model.model_spec
    if (maxTotalTokens !== undefined && inputTokens > maxTotalTokens) {
      return yield* Refuse.error(new Errors.TooManyTokens())
    }
    const answers = Object.entries(given.questions).map(([id, question]) => [id, answerTo(question, context)] as const)
    const outputTokens = answers.length * 8
    return yield* run(
      call,
      state,
      {
        model,
        tokens: inputTokens + outputTokens,
        price: { usd: priceOf(model, inputTokens, outputTokens), isQuoted: false },
        details: { promptTokens: inputTokens, completionTokens: outputTokens }
      },
      ok({
        model: model.id,
        answers: Object.fromEntries(answers),
        usage: { input_tokens: inputTokens, output_tokens: outputTokens }
      })
    )
  })
