/** What the tool and the processes of a fleet tell each other. */
import type { PlannedCall } from "./plan.ts"
import type { Settings, Subject } from "./subjects.ts"

export interface Task extends Settings {
  readonly subject: Subject
  readonly calls: ReadonlyArray<PlannedCall>
  /** How often memory and sockets are measured, in milliseconds; never by default. */
  readonly sampleEvery?: number
}

/** From the tool: what to do, then when to start, in epoch milliseconds. */
export type ToWorker = { readonly task: Task } | { readonly startAt: number }

/** How a call ended. Times are in epoch milliseconds. */
export interface Ended {
  readonly id: string
  readonly start: number
  readonly end: number
  readonly outcome: string
}

export interface Sample {
  /** Epoch milliseconds. */
  readonly at: number
  /** The heap after garbage collection, and memory outside of it, in bytes. */
  readonly memory: number
  readonly sockets: number
}

/** From a process: ready, one ended call, a sample, and at the end the longest pause of its event loop, in milliseconds. */
export type FromWorker =
  | { readonly ready: true }
  | { readonly ended: Ended }
  | { readonly sample: Sample }
  | { readonly done: { readonly longestPause: number } }
