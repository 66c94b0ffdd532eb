/**
 * A connection to Redis that is made when it is first needed, and made again when it is of no use any more.
 *
 * @internal
 */
import * as Cause from "effect/Cause"
import * as Context from "effect/Context"
import * as Deferred from "effect/Deferred"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import { Redis, RedisError } from "effect/persistence/Redis"
import * as Scope from "effect/Scope"

type Service = Redis["Service"]

interface Connection {
  readonly scope: Scope.Closeable
  readonly made: Deferred.Deferred<Service, RedisError>
}

/** How long making a connection may take, and how long a broken one may refuse commands before it is replaced. */
export const patience = Duration.seconds(10)

/** Closes a scope in the background: a driver may wait for the responses of commands that never come. */
const release = (scope: Scope.Closeable) => Effect.forkDetach(Scope.close(scope, Exit.void))

export interface Connector {
  /** The connection, made now if there is none. Interrupting it interrupts the waiting only. */
  readonly get: Effect.Effect<Service, RedisError>
  /** Drops the connection, so that the next `get` makes one. */
  readonly drop: Effect.Effect<void>
}

export const makeConnector = Effect.fnUntraced(function*<E, R>(
  layer: Layer.Layer<Redis, E, R>,
  context: Context.Context<R>,
  longestClose: Duration.Duration
) {
  const owner = yield* Effect.scope
  let current: Connection | undefined

  const drop = Effect.suspend(() => {
    const dropped = current
    current = undefined
    return dropped === undefined ? Effect.void : Effect.asVoid(release(dropped.scope))
  })

  yield* Effect.addFinalizer(() =>
    Effect.suspend(() =>
      current === undefined
        ? Effect.void
        : Effect.flatMap(release(current.scope), (closing) => Effect.timeoutOption(Fiber.await(closing), longestClose))
    )
  )

  const build = (connection: Connection) => {
    const { made, scope } = connection
    return Layer.buildWithScope(Layer.fresh(layer), scope).pipe(
      Effect.provideContext(context),
      Effect.timeout(patience),
      Effect.matchCauseEffect({
        onSuccess: (services) => Deferred.succeed(made, Context.get(services, Redis)),
        onFailure: (cause) => {
          // It may have been dropped while it was made, and another one begun.
          if (current === connection) current = undefined
          const error = Cause.squash(cause)
          const failure = error instanceof RedisError ? error : new RedisError({ cause: error })
          return Effect.andThen(Deferred.fail(made, failure), release(scope))
        }
      })
    )
  }

  const get = Effect.suspend(() => {
    if (current !== undefined) return Deferred.await(current.made)
    const connection: Connection = { scope: Scope.makeUnsafe(), made: Deferred.makeUnsafe() }
    current = connection
    return Effect.andThen(Effect.forkIn(build(connection), owner), Deferred.await(connection.made))
  })

  const connector: Connector = { get, drop }
  return connector
})
