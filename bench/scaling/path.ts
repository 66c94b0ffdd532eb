/** A path whose time is measured at several sizes. */
import { isQuick } from "../measure.ts"

/** Prepares a size, and returns what is measured. */
export interface Path {
  readonly sizes: ReadonlyArray<number>
  readonly of: (size: number) => () => unknown
  /** What the engine does for it, whose growth beyond linear is not ours. */
  readonly engine?: (size: number) => () => unknown
}

export const bytes = isQuick ? [1e3, 1e4, 1e5, 1e6] : [1e3, 1e4, 1e5, 1e6, 1e7]

export const counts = [10, 100, 1000, 10_000]

export const secret = "VENICE_INFERENCE_KEY_abcdefghijklmnop0123456789"

export const filled = (part: string, size: number): string => part.repeat(Math.ceil(size / part.length)).slice(0, size)
