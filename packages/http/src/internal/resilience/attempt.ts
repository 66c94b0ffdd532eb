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
import type * as Fiber from "effect/Fiber"
import type { HttpClientError } from "effect/http/HttpClientError"
import * as Option from "effect/Option"
import * as Scope from "effect/Scope"
import * as Sink from "effect/Sink"
import * as Stream from "effect/Stream"
import type { CircuitOpen, LockoutAhead, PaceExceeded } from "../../Failure.ts"
import { type Balance, ofExit as balanceOfExit } from "../../resilience/Balance.ts"
import type { Breaker } from "../../resilience/Breaker.ts"
import type { Call as GuardCall, LockoutGuard } from "../../resilience/LockoutGuard.ts"
import type { Call as PacingCall, Pacing } from "../../resilience/Pacing.ts"
import { count } from "../metrics.ts"
import { Collector, type Metadata } from "../responseMetadata.ts"
import { overdue, timeoutOf } from "../timeout.ts"
import { type Asking, isAsking, nothingLeft } from "./asking.ts"
import type { Permit } from "./circuits.ts"
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
  readonly balance: Balance["Service"] | undefined
}

/** What the parts need to know of a call. */
export interface Call {
  readonly operation: string
  readonly guard: GuardCall
  readonly pacing: PacingCall
  readonly circuit: string
  /** In milliseconds. */
  readonly timeout: number | undefined
}

type AnyFiber = Fiber.Fiber<unknown, unknown>

type Unsent = LockoutAhead | CircuitOpen | PaceExceeded

const counted = <E>(acquire: Effect.Effect<void, E>, operation: string) =>
  acquire === nothingLeft ? acquire : Effect.tapError(acquire, (failure) => count(failure, operation))

/** What one attempt takes of each part, and gives back. */
class Attempt {
  private readonly parts: Parts
  private readonly call: Call
  private ticket: Ticket | undefined
  private permit: Permit | undefined
  private turn: Turn | undefined
  isSent = false

  constructor(parts: Parts, call: Call) {
    this.parts = parts
    this.call = call
    this.ticket = parts.guard?.ticket(call.guard)
    this.takeInner()
  }

  private takeInner(): void {
    this.permit = this.parts.breaker?.permit?.(this.call.circuit)
    this.turn = this.parts.pacing?.turn(this.call.pacing)
  }

  /** Sends the attempt when all parts let it pass, the outermost first. */
  send<A, E, R>(self: Effect.Effect<A, E, R>): Effect.Effect<A, E | Unsent | HttpClientError, R> {
    const { parts: { breaker } } = this
    const inTime = this.inTime(self)
    // Another breaker may have no permits, but an `execute` around what stands inside of it.
    if (breaker !== undefined && this.permit === undefined) {
      const paced = Effect.flatMap(Effect.suspend(() => this.turnTaken), () => inTime)
      return Effect.flatMap(this.ticketTaken, () => breaker.execute(this.call.circuit)(paced))
    }
    return Effect.flatMap(Effect.withFiber((fiber) => this.admission(fiber)), () => inTime)
  }

  private get ticketTaken(): Effect.Effect<void, LockoutAhead> {
    return this.ticket === undefined ? Effect.void : counted(this.ticket.acquire, this.call.operation)
  }

  private get turnTaken(): Effect.Effect<void, PaceExceeded> {
    return this.turn === undefined ? Effect.void : counted(this.turn.acquire, this.call.operation)
  }

  private admission(fiber: AnyFiber): Effect.Effect<void, Unsent> {
    const { permit, ticket, turn } = this
    const all: Array<Asking<Unsent>> = []
    for (const part of [ticket, permit, turn]) {
      if (part === undefined) continue
      // Who has to wait in its process does so before the parts inside are asked.
      if (!isAsking<Unsent>(part) || !part.tryEnter(fiber)) {
        return Effect.andThen(this.ticketTaken, this.innerTaken)
      }
      all.push(part)
    }
    return this.together(all)
  }

  /** Breaker and pacing, one after another. */
  private get innerTaken(): Effect.Effect<void, CircuitOpen | PaceExceeded> {
    return Effect.suspend(() =>
      this.permit === undefined
        ? this.turnTaken
        : Effect.flatMap(this.permit.acquire, () => this.turnTaken)
    )
  }

  /** Asks Redis for all parts at the same time. */
  private together(all: ReadonlyArray<Asking<Unsent>>): Effect.Effect<void, Unsent> {
    const { call: { operation }, ticket } = this
    if (all.length < 2) return Effect.andThen(this.ticketTaken, this.innerTaken)
    return Effect.flatMap(
      Effect.forEach(all, ({ ask }) => ask, { concurrency: "unbounded" }),
      (left) => {
        const first = left.findIndex((rest) => rest !== nothingLeft)
        if (first < 0) return Effect.void
        // What stands inside takes no place while a call waits for the guard.
        if (all[first] === ticket) {
          const held = counted(left[first]!, operation)
          return Effect.andThen(this.innerGivenBack, Effect.andThen(held, this.innerTaken))
        }
        const rests = left.map((rest, i) => all[i] === this.permit ? rest : counted(rest, operation))
        return Effect.forEach(rests, (rest) => rest, { discard: true })
      }
    )
  }

  private get innerGivenBack(): Effect.Effect<void> {
    return Effect.uninterruptible(Effect.suspend(() => {
      const { permit, turn } = this
      this.takeInner()
      return Effect.andThen(turn?.settle(PaceAnswer.unsent) ?? Effect.void, permit?.settle() ?? Effect.void)
    }))
  }

  /** The attempt within its timeout, and the time that is left of the call. */
  private inTime<A, E, R>(self: Effect.Effect<A, E, R>): Effect.Effect<A, E | HttpClientError, R> {
    const { operation, timeout = Infinity } = this.call
    return Effect.withFiber((fiber) => {
      const deadline = fiber.getRef(Deadline)
      const left = deadline === undefined ? Infinity : deadline - fiber.getRef(Clock.Clock).currentTimeMillisUnsafe()
      // The parts may have taken the rest of the time.
      if (left <= 0) return Effect.fail(overdue(operation))
      this.isSent = true
      const limit = Math.min(timeout, left)
      return limit === Infinity ? self : timeoutOf(self, operation, Duration.millis(limit))
    })
  }

  /** What is known when the response has begun. */
  settle(exit: Exit.Exit<unknown, unknown>, latest: Metadata): Effect.Effect<void> {
    const { isSent, parts: { balance }, permit, ticket } = this
    const settled = ticket === undefined
      ? Effect.void
      : ticket.settle(isSent ? GuardAnswer.answerOfExit(exit, latest) : undefined)
    const known = permit === undefined ? settled : Effect.andThen(settled, permit.settle(isSent ? exit : undefined))
    return balance === undefined || !isSent
      ? known
      : Effect.andThen(known, balance.record(balanceOfExit(exit, latest)))
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
      const attempt = new Attempt(parts, call)
      const { balance, breaker, guard, pacing } = parts
      if (guard === undefined && pacing === undefined && balance === undefined) {
        const sent = attempt.send(self)
        return breaker === undefined ? sent : Effect.onExit(sent, (exit) => attempt.settle(exit, {}))
      }
      const collected = makeCollected(fiber, balance !== undefined)
      return Effect.onExit(attempt.send(Effect.provideService(self, Collector, collected)), (exit) =>
        Effect.andThen(
          attempt.settle(exit, collected.latest),
          // A success of the caller's own may throw when it is read. Then the guard has its answer already.
          Effect.suspend(() => attempt.settleTurn(() => PaceAnswer.answerOfExit(exit, collected.latest)))
        ))
    })

/** Sends one attempt of a stream. It succeeds with the stream when the first event is there. */
export const begin = (parts: Parts, call: Call) =>
<A, E, R>(
  self: Stream.Stream<A, E, R>
): Effect.Effect<Stream.Stream<A, E>, E | Unsent | HttpClientError, R | Scope.Scope> =>
  Effect.gen(function*() {
    const collected = yield* Effect.withFiber((fiber) =>
      Effect.succeed(makeCollected(fiber, parts.balance !== undefined))
    )
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
        attempt.settle(exit, collected.latest),
        Exit.isFailure(exit) ? Scope.close(scope, exit) : Effect.void
      ))
    const all = Option.isSome(first) ? Stream.concat(Stream.succeed(first.value), rest) : rest
    return Stream.map(all, (event) => {
      tokens = usageOf(event) ?? tokens
      return event
    })
  })
