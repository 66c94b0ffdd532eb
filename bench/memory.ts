/** The memory that a million decoded errors leave behind, and the memory that the error of a long body holds. */
import * as Decode from "@effect-venice/core/Decode"
import { bodies, headers } from "./bodies.ts"
import { isQuick, report } from "./measure.ts"

const megabyte = 1024 * 1024

const used = (): number => {
  for (let i = 0; i < 3; i++) globalThis.gc!()
  return process.memoryUsage().heapUsed / megabyte
}

const texts = Object.values(bodies)
const statuses = [400, 401, 402, 403, 404, 429, 500, 503]

/** Messages differ, as real ones do, so that a cache by text would show as growth. */
const decode = (i: number): unknown =>
  Decode.response({
    status: statuses[i % statuses.length]!,
    headers: { ...headers, "cf-ray": `${(i * 7919).toString(16).padStart(16, "0")}-EWR`, "content-type": `a/${i}` },
    body: i % 2 === 0 ? texts[i % texts.length]! : JSON.stringify({ error: `Failed at ${i}` }),
    operation: `POST /operations/${i}`,
    now: i
  })

const times = isQuick ? 100_000 : 1_000_000
for (let i = 0; i < 10_000; i++) decode(i)
const before = used()
for (let i = 0; i < times; i++) decode(i)
const left = used() - before

// Each body is a different text of the longest length that the client reads. Nothing reads `response.body`.
const errors: Array<unknown> = []
const empty = used()
for (let i = 0; i < 100; i++) {
  errors.push(Decode.response({ status: 502, headers, body: `<html>${i} ${"page ".repeat(52_000)}`.trim(), now: i }))
}
const kept = ((used() - empty) * 1024) / errors.length

report({ "memory/million": left, "memory/long": kept })
