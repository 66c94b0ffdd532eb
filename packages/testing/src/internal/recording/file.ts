/**
 * The file of a recording: appended to line by line, so that a process that is killed loses half a line at most.
 *
 * @internal
 */
import { Redact } from "@effect-venice/core"
import * as DateTime from "effect/DateTime"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as FileSystem from "effect/FileSystem"
import type { PlatformError } from "effect/PlatformError"
import * as Semaphore from "effect/Semaphore"
import * as Format from "./format.ts"
import { secretsOfUrl } from "./secrets.ts"

export interface Writer {
  /** Writes a line. Fails of no write: `failed` does. */
  readonly write: (line: string) => Effect.Effect<void>
  /** Fails with the first write that failed. */
  readonly failed: Effect.Effect<never, PlatformError>
}

const newline = 10

const encoder = new TextEncoder()

const withoutSecrets = (url: URL): string => {
  const shown = new URL(url)
  shown.username = ""
  shown.password = ""
  return Redact.text(Redact.secrets(secretsOfUrl(url))(shown.href))
}

/** Opens a file to append a session to. A line that was cut by a kill stays, on a line of its own. */
export const append = Effect.fnUntraced(function*(path: string, upstream: URL | undefined) {
  const fs = yield* FileSystem.FileSystem
  const file = yield* fs.open(path, { flag: "a+" })
  const { size } = yield* file.stat
  const last = new Uint8Array([newline])
  if (size > 0n) yield* file.read(last, { position: size - 1n })
  const failed = yield* Deferred.make<never, PlatformError>()
  const semaphore = yield* Semaphore.make(1)
  const put = (text: string) => semaphore.withPermits(1)(file.writeAll(encoder.encode(text)))
  const session = Format.encodeSession({
    recording: "effect-venice",
    version: Format.version,
    startedAt: yield* DateTime.now,
    ...(upstream !== undefined && { upstream: withoutSecrets(upstream) })
  })
  yield* put(`${last[0] !== newline ? "\n" : ""}${JSON.stringify(session)}\n`)
  const writer: Writer = {
    write: (line) =>
      Effect.uninterruptible(
        Effect.catch(put(line), (error) =>
          Effect.flatMap(
            Deferred.fail(failed, error),
            (isFirst) => isFirst ? Effect.logError(`cannot write the recording: ${error.message}`) : Effect.void
          ))
      ),
    failed: Deferred.await(failed)
  }
  return writer
})
