/**
 * A script of a part in Redis. Everything but a reply of the expected form is a failure, after which the process decides:
 * a part must not fail because of Redis.
 *
 * @internal
 */
import * as Effect from "effect/Effect"
import { type Redis, RedisError, type Script } from "effect/persistence/Redis"

const unexpected = (reply: unknown) => new RedisError({ cause: reply })

/** Whether a reply is a number, in whichever form the driver gives it. */
export const isNumeric = (reply: unknown): boolean =>
  (typeof reply === "number" || typeof reply === "string") && Number.isFinite(Number(reply))

/** Runs a script. A defect of the driver, and a reply of another form, are failures as well. */
export const evaluate = <Config extends { readonly params: ReadonlyArray<unknown>; readonly result: unknown }>(
  redis: Redis["Service"],
  script: Script<Config>,
  isReply: (reply: unknown) => boolean
): (...params: Config["params"]) => Effect.Effect<Config["result"], RedisError> => {
  const run = redis.eval(script)
  return (...params) =>
    Effect.suspend(() => run(...params)).pipe(
      Effect.catchDefect((defect) => Effect.fail(new RedisError({ cause: defect }))),
      Effect.filterOrFail(isReply, unexpected)
    )
}
