/**
 * Processes that work through a list. One that is silent for longer than it said is killed, and another goes on with what
 * is left.
 */
import type { ChildProcess } from "node:child_process"
import { spawn } from "node:child_process"
import { closeSync, openSync, readSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import type { Program } from "./program.ts"
import type { Job, Line } from "./runner.ts"

const root = join(import.meta.dirname, "../..")

/** How much longer than it said a process may be silent. In milliseconds. */
const patience = 30_000

/** What a process may take to start. In milliseconds. */
const starting = 300_000

export interface Work {
  readonly store: string
  readonly program: Program
  readonly workers: number
  readonly items: ReadonlyArray<string>
  readonly job: (items: ReadonlyArray<string>) => Omit<Job, "out" | "size">
  /** The item that the line ends. */
  readonly onLine: (line: Line) => string | undefined
  /** Called with the item at which a process was silent, or came down. */
  readonly onHang: (item: string) => void
  readonly isOver: () => boolean
}

class Tail {
  readonly #file: number
  #at = 0
  #rest = ""

  constructor(path: string) {
    this.#file = openSync(path, "r")
  }

  lines(): ReadonlyArray<Line> {
    const buffer = Buffer.alloc(1 << 20)
    let text = this.#rest
    for (;;) {
      const length = readSync(this.#file, buffer, 0, buffer.length, this.#at)
      if (length === 0) break
      this.#at += length
      text += buffer.toString("latin1", 0, length)
    }
    const lines = text.split("\n")
    this.#rest = lines.pop()!
    return lines.map((line) => JSON.parse(Buffer.from(line, "latin1").toString("utf8")) as Line)
  }

  close(): void {
    closeSync(this.#file)
  }
}

const pause = () => new Promise((resolve) => setTimeout(resolve, 100))

const workOn = async (work: Work, nth: number, items: ReadonlyArray<string>): Promise<void> => {
  const left = new Set(items)
  let failures = 0
  while (left.size > 0 && !work.isOver()) {
    const out = join(work.store, `worker-${nth}.jsonl`)
    const job = join(work.store, `job-${nth}.json`)
    writeFileSync(out, "")
    writeFileSync(job, JSON.stringify({ ...work.job([...left]), out, size: work.program.mutants.length } satisfies Job))
    const tail = new Tail(out)
    const child: ChildProcess = spawn(
      process.execPath,
      [join(import.meta.dirname, "process.ts"), join(work.store, "instrumented.json"), job],
      // The process ends when this pipe is closed, also if this one is killed.
      { cwd: root, stdio: ["pipe", "ignore", "inherit"] }
    )
    const ended = new Promise<void>((resolve) => child.once("exit", () => resolve()))
    const isRunning = () => child.exitCode === null && child.signalCode === null
    const before = left.size
    let current: string | undefined
    let due = Date.now() + starting
    const take = () => {
      for (const line of tail.lines()) {
        due = Date.now() + ("wait" in line ? line.wait : 0) + patience
        if ("begin" in line) current = line.begin
        const item = work.onLine(line)
        if (item === undefined) continue
        left.delete(item)
        current = undefined
      }
    }
    while (isRunning() && Date.now() < due && !work.isOver()) {
      await pause()
      take()
    }
    const isSilent = isRunning() && !work.isOver()
    child.kill("SIGKILL")
    await ended
    take()
    tail.close()
    if (work.isOver()) return
    // A mutant that brings its process down has been noticed.
    const isDown = child.exitCode !== 0
    if (current !== undefined && (isSilent || isDown)) {
      work.onHang(current)
      left.delete(current)
    }
    failures = left.size === before ? failures + 1 : 0
    if (failures === 3) throw new Error("the processes of the tests do not get on")
  }
}

export const work = async (work: Work): Promise<void> => {
  writeFileSync(join(work.store, "instrumented.json"), JSON.stringify(work.program.instrumented))
  const parts = Array.from({ length: work.workers }, (_, nth) => work.items.filter((_, i) => i % work.workers === nth))
  await Promise.all(parts.map((part, nth) => workOn(work, nth, part)))
}
