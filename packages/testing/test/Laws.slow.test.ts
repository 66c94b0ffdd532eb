import { Retry } from "@effect-venice/core"
import { Laws } from "@effect-venice/testing"
import { it } from "@effect/vitest"

it.effect.each([Retry.never, Retry.standard, Retry.patient, Retry.eager].flatMap((policy) => Laws.policy(policy)))(
  "$name, also after many runs",
  (law) => Laws.check(law, { runs: 800 }),
  120_000
)
