/**
 * Processes that judge mutants. One that takes too long is killed, and another takes its place.
 */
import type { ChildProcess } from "node:child_process"
import { fork } from "node:child_process"
import { join } from "node:path"
import type { Job, Verdict } from "./runner.ts"

const root = join(import.meta.dirname, "../..")

/** A process keeps something of every run; after so many of them it starts anew. */
const longestLife = 250

export class Worker {
  #child: ChildProcess | undefined
  #jobs = 0

  async #started(): Promise<ChildProcess> {
    if (this.#child !== undefined && this.#jobs < longestLife) return this.#child
    this.stop()
    const child = fork(join(import.meta.dirname, "runner.ts"), [], {
      cwd: root,
      stdio: ["ignore", "ignore", "inherit", "ipc"]
    })
    this.#child = child
    this.#jobs = 0
    await new Promise<void>((resolve, reject) => {
      child.once("message", () => resolve())
      child.once("exit", (code) => reject(new Error(`a runner did not start: ${code}`)))
    })
    return child
  }

  /** `undefined` for one that did not end in time. */
  async judge(job: Job, milliseconds: number): Promise<Verdict | undefined> {
    const child = await this.#started()
    this.#jobs++
    return new Promise((resolve) => {
      const done = (verdict: Verdict | undefined) => {
        clearTimeout(timer)
        child.removeAllListeners()
        if (verdict === undefined) this.stop()
        resolve(verdict)
      }
      const timer = setTimeout(() => done(undefined), milliseconds)
      child.once("message", (verdict) => done(verdict as Verdict))
      // A process that a mutant brings down has noticed it.
      child.once("exit", () => done(undefined))
      child.send(job)
    })
  }

  stop(): void {
    this.#child?.kill("SIGKILL")
    this.#child = undefined
  }
}

/** A single job, in a process of its own. */
export const judgeAll = async (job: Job): Promise<Verdict> => {
  const worker = new Worker()
  const verdict = await worker.judge(job, 20 * 60_000)
  worker.stop()
  if (verdict === undefined) throw new Error("the tests without a mutant did not end")
  return verdict
}
