/** One run: a fleet of processes with one client, one scenario, one Redis and one emulated Venice. */
import type { Journal } from "@effect-venice/testing"
import { fork } from "node:child_process"
import { dirname } from "node:path"
import { setTimeout as sleep } from "node:timers/promises"
import type { Ended, FromWorker, Sample, Task, ToWorker } from "./messages.ts"
import type { PlannedCall } from "./plan.ts"
import { makeRedis } from "./redis.ts"
import type { Scenario } from "./scenarios.ts"
import type { Subject } from "./subjects.ts"
import { startVenice } from "./venice.ts"

export interface Options {
  readonly processes: number
  readonly seconds: number | undefined
  readonly seed: number
  /** The bundle of `worker.ts`. */
  readonly worker: string
  readonly sampleEvery?: number
  /** Whether the journal is kept; a soak reads it only so that none of it is lost. */
  readonly onEntries?: (entries: ReadonlyArray<Journal.Entry>) => void
}

/** Everything that was seen. */
export interface Run {
  readonly scenario: Scenario
  readonly subject: Subject
  readonly seconds: number
  readonly startAt: number
  readonly planned: ReadonlyMap<string, PlannedCall>
  readonly ended: ReadonlyArray<Ended & { readonly process: number }>
  readonly samples: ReadonlyArray<Sample & { readonly process: number }>
  /** The longest pause of the event loop of each process, in milliseconds. */
  readonly pauses: ReadonlyArray<number>
  readonly entries: ReadonlyArray<Journal.Entry>
  /** The charges on the account's statement. */
  readonly charges: number
  readonly problems: ReadonlyArray<string>
}

const processOf = (worker: string, task: Task, process: number) => {
  const child = fork(worker, {
    execArgv: ["--expose-gc"],
    // Compiling takes longer than all the calls of a short run.
    env: { ...globalThis.process.env, NODE_COMPILE_CACHE: dirname(worker) }
  })
  const ended: Array<Ended & { readonly process: number }> = []
  const samples: Array<Sample & { readonly process: number }> = []
  const tell = (message: ToWorker) => child.send(message)
  let isReady = () => {}
  const ready = new Promise<void>((resolve) => isReady = resolve)
  const done = new Promise<number>((resolve, reject) => {
    let pause: number | undefined
    child.on("message", (message: FromWorker) => {
      if ("ready" in message) isReady()
      if ("ended" in message) ended.push({ ...message.ended, process })
      if ("sample" in message) samples.push({ ...message.sample, process })
      if ("done" in message) pause = message.done.longestPause
    })
    child.on(
      "exit",
      (code) => pause === undefined ? reject(new Error(`process ${process} ended early, with ${code}`)) : resolve(pause)
    )
  })
  // It is awaited after the start.
  done.catch(() => isReady())
  tell({ task })
  return { ended, samples, ready, done, start: (startAt: number) => tell({ startAt }), kill: () => child.kill() }
}

export const run = async (scenario: Scenario, subject: Subject, options: Options): Promise<Run> => {
  const seconds = options.seconds ?? scenario.seconds
  const [venice, redis] = await Promise.all([startVenice(), makeRedis()])
  try {
    if (scenario.isRedisAbsent !== true) await redis.start()
    const fleet = Array.from({ length: options.processes }, (_, process) =>
      processOf(options.worker, {
        subject,
        baseUrl: venice.baseUrl,
        redisPort: redis.port,
        processes: options.processes,
        deadline: scenario.deadline,
        calls: scenario.calls(process, options.processes, seconds, options.seed),
        ...(options.sampleEvery !== undefined && { sampleEvery: options.sampleEvery })
      }, process))
    try {
      await Promise.all(fleet.map(({ ready }) => ready))
      const startAt = Date.now() + 300
      for (const { start } of fleet) start(startAt)
      await sleep(startAt - Date.now())
      await venice.load(scenario.script(options.seed, seconds))
      const problems: Array<string> = []
      const timers = (scenario.redis?.(seconds) ?? []).map(([at, act]) =>
        setTimeout(() => {
          Promise.resolve(act(redis)).catch((error: unknown) => problems.push(String(error)))
        }, Math.max(0, startAt + at * 1000 - Date.now()))
      )
      const entries: Array<Journal.Entry> = []
      const onEntries = options.onEntries ?? ((read) => entries.push(...read))
      const reader = { isOn: options.onEntries !== undefined }
      const reading = (async () => {
        while (reader.isOn) {
          onEntries(await venice.read(true))
          await sleep(5000)
        }
      })()
      const pauses = await Promise.all(fleet.map(({ done }) => done))
      reader.isOn = false
      for (const timer of timers) clearTimeout(timer)
      // A request whose caller has gone ends in Venice.
      await sleep(1500)
      await reading
      onEntries(await venice.read())
      const charges = await venice.charges()
      return {
        scenario,
        subject,
        seconds,
        startAt,
        planned: new Map(
          Array.from(
            { length: options.processes },
            (_, process) => scenario.calls(process, options.processes, seconds, options.seed)
          ).flat().map((call) => [call.id, call])
        ),
        ended: fleet.flatMap(({ ended }) => ended),
        samples: fleet.flatMap(({ samples }) => samples),
        pauses,
        entries,
        charges,
        problems
      }
    } finally {
      for (const { kill } of fleet) kill()
    }
  } finally {
    venice.stop()
    await redis.stop()
  }
}
