/**
 * What the command writes: text that cannot paint the terminal, and writes that may fail.
 *
 * @internal
 */
import * as Cause from "effect/Cause"
import * as Console from "effect/Console"
import * as Data from "effect/Data"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Sink from "effect/Sink"
import * as Stdio from "effect/Stdio"
import { oneLine } from "../internal/pasted/printable.ts"

/** The width that every terminal has. */
export const columns = 80

// Marks above and below a letter take no column.
const widthOf = (text: string): number => text.replace(/\p{Mn}/gu, "").length

/** Breaks one line into lines of at most `width` columns, between words. Code between backticks is one word. */
export const wrap = (line: string, width: number): ReadonlyArray<string> => {
  const words = line.match(/`[^`]*`\S*|\S+/g) ?? []
  const lines: Array<string> = []
  for (const word of words) {
    const last = lines.at(-1)
    if (last !== undefined && widthOf(last) + 1 + widthOf(word) <= width) lines[lines.length - 1] = `${last} ${word}`
    else lines.push(...word.match(new RegExp(`.{1,${width}}`, "gsu")) ?? [])
  }
  return lines
}

/** Prints a problem as one line on standard error. */
export const complain = (problem: string): Effect.Effect<void> => Console.error(`effect-venice: ${oneLine(problem)}`)

/** Standard output takes no more. */
export class OutputFailure extends Data.TaggedError("OutputFailure")<{ readonly cause: unknown }> {
  override get message(): string {
    return `cannot write the output: ${this.cause instanceof Error ? this.cause.message : String(this.cause)}`
  }

  /** Whether the reader has what it wants, as `head` does. */
  get isBrokenPipe(): boolean {
    return this.cause instanceof Error && "code" in this.cause && this.cause.code === "EPIPE"
  }
}

/** Standard output as a sink. */
export const stdout: Sink.Sink<void, string, never, OutputFailure, Stdio.Stdio> = Sink.unwrap(
  Effect.map(
    Stdio.Stdio,
    (stdio) => Sink.mapError(stdio.stdout(), ({ reason }) => new OutputFailure({ cause: reason.cause }))
  )
)

/**
 * Fails when a write to standard output does. `Console` reports no failure of a write, and without a listener the
 * process ends with a stack trace. The listeners stay: a later failure must not end the process either.
 */
const failing = Effect.callback<never, OutputFailure>((resume) => {
  process.stdout.on("error", (cause) => resume(Effect.fail(new OutputFailure({ cause }))))
  // There is nowhere left to report that standard error is closed.
  process.stderr.on("error", () => {})
})

/** Waits until everything is written: where pipes are asynchronous, the process would exit before. */
const flushed = Effect.callback<void, OutputFailure>((resume) => {
  process.stdout.write("", (error) => {
    const cause = process.stdout.errored ?? error
    resume(cause === null || cause === undefined ? Effect.void : Effect.fail(new OutputFailure({ cause })))
  })
})

/** Ends an effect with an `OutputFailure` as soon as a write to standard output fails. */
export const watched = <A, E, R>(self: Effect.Effect<A, E, R>): Effect.Effect<A, E | OutputFailure, R> =>
  self.pipe(
    Effect.exit,
    Effect.flatMap((exit) =>
      Exit.isFailure(exit) && Cause.hasInterruptsOnly(exit.cause) ? exit : Effect.andThen(flushed, exit)
    ),
    Effect.raceFirst(failing)
  )
