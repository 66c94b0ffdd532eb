/**
 * A workflow engine for one execution, whose storage is text: it outlives the process that a test ends by interruption.
 */
import { Clock, Deferred, Duration, Effect, Exit, Option, Schema } from "effect"
import { Workflow, WorkflowEngine } from "effect/workflow"

/** What outlives a process. */
export interface Storage {
  /** The results of activities by name, as JSON. */
  readonly results: Map<string, string>
  /** When clocks end, in epoch milliseconds. */
  readonly clocks: Map<string, number>
}

export const emptyStorage = (): Storage => ({ results: new Map(), clocks: new Map() })

/** Ends the process when an activity is about to begin, or when its result is stored. */
export interface Kill {
  readonly activity: string
  readonly when: "before" | "after"
}

/** As the cluster of Effect stores it. */
const encodeExit = Schema.encodeSync(Schema.toCodecJson(Schema.Exit(Schema.Any, Schema.Any, Schema.Defect())))

/** Runs a body as one process does, until it ends or is killed: then the result is nothing. */
export const runProcess = <A, E, R>(
  body: Effect.Effect<A, E, R>,
  storage: Storage,
  kill?: Kill
) =>
  Effect.gen(function*() {
    const killed = yield* Deferred.make<void>()
    const passes = (activity: string, when: Kill["when"]) =>
      kill?.activity === activity && kill.when === when
        ? Effect.andThen(Deferred.succeed(killed, undefined), Effect.never)
        : Effect.void

    const workflow = Workflow.make("Test", { payload: {}, idempotencyKey: () => "" })

    const engine = WorkflowEngine.makeUnsafe({
      register: () => Effect.die("not needed"),
      execute: () => Effect.die("not needed"),
      poll: () => Effect.die("not needed"),
      interrupt: () => Effect.die("not needed"),
      interruptUnsafe: () => Effect.die("not needed"),
      resume: () => Effect.die("not needed"),
      deferredDone: () => Effect.die("not needed"),
      activityExecute: Effect.fnUntraced(function*(activity) {
        const stored = storage.results.get(activity.name)
        if (stored !== undefined) {
          const { value } = JSON.parse(stored)
          return new Workflow.Complete({ exit: Exit.succeed(value) })
        }
        yield* passes(activity.name, "before")
        const result = yield* activity.executeEncoded.pipe(
          Workflow.intoResult,
          Effect.provideService(
            WorkflowEngine.WorkflowInstance,
            WorkflowEngine.WorkflowInstance.initial(workflow, "execution")
          )
        )
        if (result._tag === "Complete" && Exit.isSuccess(result.exit)) {
          storage.results.set(activity.name, JSON.stringify({ value: result.exit.value ?? null }))
          yield* passes(activity.name, "after")
        } else if (result._tag === "Complete") {
          storage.results.set(`${activity.name}/failure`, JSON.stringify(encodeExit(result.exit)))
        }
        return result
      }),
      deferredResult: (deferred) =>
        Effect.map(Clock.currentTimeMillis, (now) => {
          const end = storage.clocks.get(deferred.name)
          return end !== undefined && end <= now ? Option.some(Exit.void) : Option.none()
        }),
      scheduleClock: (_, { clock }) =>
        Effect.map(Clock.currentTimeMillis, (now) => {
          const { name } = clock.deferred
          if (!storage.clocks.has(name)) storage.clocks.set(name, now + Duration.toMillis(clock.duration))
        })
    })

    const run = Effect.gen(function*() {
      for (;;) {
        const result = yield* body.pipe(
          Workflow.intoResult,
          Effect.provideService(WorkflowEngine.WorkflowEngine, engine),
          Effect.provideService(
            WorkflowEngine.WorkflowInstance,
            WorkflowEngine.WorkflowInstance.initial(workflow, "execution")
          )
        )
        if (result._tag === "Complete") return result.exit
        const now = yield* Clock.currentTimeMillis
        const next = Math.min(...[...storage.clocks.values()].filter((end) => end > now))
        yield* Effect.sleep(next - now)
      }
    })
    return yield* Effect.raceFirst(run, Effect.as(Deferred.await(killed), undefined))
  })
