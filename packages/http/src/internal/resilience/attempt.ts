/**
 * One attempt through the parts of `resilience`: guard, breaker, pacing, timeout.
 *
 * Each part alone installs a collector for the metadata of the response and watches the end of the attempt. Here one
 * does both for all.
 *
 * @internal
 */
import { Deadline } from "@effect-venice/core/Retry"
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import type { HttpClientError } from "effect/http/HttpClientError"
import * as Option from "effect/Option"
import type * as Redacted from "effect/Redacted"
import * as Scope from "effect/Scope"
import * as Sink from "effect/Sink"
import * as Stream from "effect/Stream"
import type { CircuitOpen, LockoutAhead, PaceExceeded } from "../../Failure.ts"
import type { Breaker } from "../../resilience/Breaker.ts"
import { callOf as guardCallOf, type LockoutGuard } from "../../resilience/LockoutGuard.ts"
import { callOf as pacingCallOf, type Pacing } from "../../resilience/Pacing.ts"
import { count } from "../metrics.ts"
import { Collector } from "../responseMetadata.ts"
import { timeoutOf } from "../timeout.ts"
import { makeCollected } from "./collected.ts"
import type { Ticket } from "./failureBudgets.ts"
import * as GuardAnswer from "./guardAnswer.ts"
import type { Turn } from "./lanes.ts"
import * as PaceAnswer from "./paceAnswer.ts"
import { usageOf } from "./tokens.ts"

/** The parts that are there. */
export interface Parts {
  readonly guard: LockoutGuard["Service"] | undefined
  readonly breaker: Breaker["Service"] | undefined
  readonly pacing: Pacing["Service"] | undefined
}

/** What the parts need to know of a call. */
export interface Call {
  readonly operation: string
  readonly body: unknown
  readonly key: Redacted.Redacted | undefined
  readonly circuit: string
  /** In milliseconds. */
  readonly timeout: number | undefined
}

type Unsent = LockoutAhead | CircuitOpen | PaceExceeded

const counted = <E>(acquire: Effect.Effect<void, E>, operation: string) =>
  Exit.isExit(acquire) ? acquire : Effect.tapError(acquire, (failure) => count(failure, operation))

/** What one attempt takes of each part, and gives back. */
class Attempt {
  private readonly parts: Parts
  private readonly call: Call
  private ticket: Ticket | undefined
  private turn: Turn | undefined
  isSent = false

  constructor(parts: Parts, call: Call) {
    this.parts = parts
    this.call = call
  }

  /** Sends the attempt when all parts let it pass, the outermost first. */
  send<A, E, R>(self: Effect.Effect<A, E, R>): Effect.Effect<A, E | Unsent | HttpClientError, R> {
    const { call: { body, circuit, key, operation }, parts: { breaker, guard, pacing } } = this
    let sent: Effect.Effect<A, E | Unsent | HttpClientError, R> = this.inTime(self)
    if (pacing !== undefined) {
      const turn = pacing.turn(pacingCallOf(body, key))
      this.turn = turn
      const inTime = sent
      sent = Effect.flatMap(Effect.suspend(() => counted(turn.acquire, operation)), () => inTime)
    }
    if (breaker !== undefined) sent = breaker.execute(circuit)(sent)
    if (guard !== undefined) {
      const ticket = guard.ticket(guardCallOf(body, key))
      this.ticket = ticket
      const through = sent
      sent = Effect.flatMap(counted(ticket.acquire, operation), () => through)
    }
    return sent
  }

  /** The attempt within its timeout, and the time that is left of the call. */
  private inTime<A, E, R>(self: Effect.Effect<A, E, R>): Effect.Effect<A, E | HttpClientError, R> {
    const { operation, timeout = Infinity } = this.call
    return Effect.withFiber((fiber) => {
      this.isSent = true
      const deadline = fiber.getRef(Deadline)
      if (deadline === undefined && timeout === Infinity) return self
      const left = (deadline ?? Infinity) - fiber.getRef(Clock.Clock).currentTimeMillisUnsafe()
      return timeoutOf(self, operation, Duration.millis(Math.max(0, Math.min(timeout, left))))
    })
  }

  settleTicket(answer: () => ReturnType<typeof GuardAnswer.answerOfExit>): Effect.Effect<void> {
    return this.ticket === undefined ? Effect.void : this.ticket.settle(this.isSent ? answer() : undefined)
  }

  settleTurn(answer: () => ReturnType<typeof PaceAnswer.answerOfExit>): Effect.Effect<void> {
    return this.turn === undefined ? Effect.void : this.turn.settle(this.isSent ? answer() : PaceAnswer.unsent)
  }
}

/** Sends one attempt of a call. */
export const send =
  (parts: Parts, call: Call) =>
  <A, E, R>(self: Effect.Effect<A, E, R>): Effect.Effect<A, E | Unsent | HttpClientError, R> =>
    Effect.withFiber((fiber) => {
      const collected = makeCollected(fiber)
      const attempt = new Attempt(parts, call)
      return Effect.onExit(attempt.send(Effect.provideService(self, Collector, collected)), (exit) =>
        Effect.andThen(
          attempt.settleTurn(() => PaceAnswer.answerOfExit(exit, collected.latest)),
          attempt.settleTicket(() => GuardAnswer.answerOfExit(exit, collected.latest))
        ))
    })

/** Sends one attempt of a stream. It succeeds with the stream when the first event is there. */
export const begin = (parts: Parts, call: Call) =>
<A, E, R>(
  self: Stream.Stream<A, E, R>
): Effect.Effect<Stream.Stream<A, E>, E | Unsent | HttpClientError, R | Scope.Scope> =>
  Effect.gen(function*() {
    const collected = yield* Effect.withFiber((fiber) => Effect.succeed(makeCollected(fiber)))
    const attempt = new Attempt(parts, call)
    // An attempt that fails ends before the next one begins. One that succeeds ends with the stream.
    const scope = yield* Scope.fork(yield* Effect.scope)
    let tokens: number | undefined
    yield* Scope.addFinalizerExit(scope, (exit) =>
      attempt.settleTurn(() => PaceAnswer.answerOfStream(exit, collected.latest, tokens)))
    const collecting = Stream.provideService(self, Collector, collected)
    const peeled = Scope.provide(Stream.peel(collecting, Sink.head<A>()), scope)
    const [first, rest] = yield* Effect.onExit(attempt.send(peeled), (exit) =>
      Effect.andThen(
        attempt.settleTicket(() =>
          GuardAnswer.answerOfExit(exit, collected.latest)
        ),
        Exit.isFailure(exit) ? Scope.close(scope, exit) : Effect.void
      ))
    const all = Option.isSome(first) ? Stream.concat(Stream.succeed(first.value), rest) : rest
    return Stream.map(all, (event) => {
      tokens = usageOf(event) ?? tokens
      return event
    })
  })
