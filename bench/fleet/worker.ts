/** A process of the fleet: makes its planned calls, each at its moment whether the calls before have ended or not. */
import { readdirSync, readlinkSync } from "node:fs"
import { monitorEventLoopDelay } from "node:perf_hooks"
import { setTimeout as sleep } from "node:timers/promises"
import type { FromWorker, Task, ToWorker } from "./messages.ts"
import { connect } from "./subjects.ts"

// The AI SDK warns about itself.
console.warn = () => {}

const tell = (message: FromWorker) => process.send!(message)

const messages: Array<ToWorker> = []
let wake = () => {}
process.on("message", (message: ToWorker) => {
  messages.push(message)
  wake()
})
process.on("disconnect", () => process.exit())

const next = async (): Promise<ToWorker> => {
  while (messages.length === 0) await new Promise<void>((resolve) => wake = resolve)
  return messages.shift()!
}

const sockets = (): number =>
  readdirSync("/proc/self/fd").filter((file) => {
    try {
      return readlinkSync(`/proc/self/fd/${file}`).startsWith("socket:")
    } catch {
      // It was closed after the directory was read.
      return false
    }
  }).length

const sample = () => {
  globalThis.gc?.()
  const { external, heapUsed } = process.memoryUsage()
  tell({ sample: { at: Date.now(), memory: heapUsed + external, sockets: sockets() } })
}

const run = async (task: Task, startAt: number) => {
  const client = await connect(task.subject, task)
  const delay = monitorEventLoopDelay({ resolution: 10 })
  delay.enable()
  const sampling = task.sampleEvery === undefined ? undefined : setInterval(sample, task.sampleEvery)
  await Promise.all(task.calls.map(async (planned) => {
    await sleep(Math.max(0, startAt + planned.at - Date.now()))
    const start = Date.now()
    const outcome = await client.call(planned)
    tell({ ended: { id: planned.id, start, end: Date.now(), outcome } })
  }))
  clearInterval(sampling)
  // A layer that uses Redis closes its connection, which may be frozen.
  await Promise.race([client.close(), sleep(2000)])
  tell({ done: { longestPause: delay.max / 1e6 } })
}

const first = await next()
if ("task" in first) {
  // Loads what the subject needs before the start.
  await (await connect(first.task.subject, first.task)).close()
  tell({ ready: true })
  const second = await next()
  if ("startAt" in second) await run(first.task, second.startAt)
}
process.disconnect()
process.exit()
