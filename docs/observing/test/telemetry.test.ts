/** The tables of `docs/reference/telemetry.md` are what is recorded, and the pictures are what is drawn. */
import { Retry } from "@effect-venice/core"
import { VeniceClient } from "@effect-venice/http"
import { Hedge } from "@effect-venice/http/resilience"
import { Emulator, Script, WireResponse } from "@effect-venice/testing"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Exit, Metric, Schema } from "effect"
import { PrometheusMetrics } from "effect/observability"
import { readFileSync } from "node:fs"
import { join } from "node:path"
import { root } from "../../generate/page.ts"
import { busy, script } from "../busy.ts"
import { record, type Recorded, type Scenario } from "../record.ts"
import { scenarios } from "../scenarios.ts"
import { virtually } from "../virtual.ts"
import { draw } from "../waterfall.ts"
import { parseExposition } from "./exposition.ts"

const success = Schema.Unknown

/** What the pictures do not show: every setting, other operations, unknown answers, and a hedge. */
const wide: Scenario = {
  name: "wide",
  title: "Everything else",
  script: { rules: [Script.on("GET /models", { times: 1, delay: "2 seconds" })] },
  program: Effect.gen(function*() {
    const emulator = yield* Emulator.Emulator
    const venice = yield* VeniceClient
    yield* venice.execute("GET /models", { success, query: { type: "all" } }).pipe(
      Hedge.hedge("GET /models", { after: "1 second" }),
      Effect.withSpan("list")
    )
    const body = { model: "llama-3.3-70b", messages: [{ role: "user", content: "Why?" }] }
    const settings = {
      temperature: 0.5,
      top_p: 0.5,
      top_k: 3,
      max_tokens: 9,
      stop: ["a"],
      frequency_penalty: 0.1,
      presence_penalty: 0.2,
      seed: 4
    }
    yield* venice.execute("POST /chat/completions", { body: { ...body, ...settings }, success })
    const image = { model: "z-image-turbo", prompt: "Venice" }
    yield* Effect.exit(venice.execute("POST /image/generate", { body: image, success }))
    yield* emulator.reply(
      WireResponse.text(418, "a teapot"),
      WireResponse.json(418, { error: "No", code: "NEW_CODE" })
    )
    const chat = venice.execute("POST /chat/completions", { body, success }).pipe(Effect.retry(Retry.never))
    yield* Effect.exit(chat)
    yield* Effect.exit(chat)
  })
}

const traces = Promise.all(
  [...scenarios, wide].map(async (scenario) => [scenario, await Effect.runPromise(record(scenario))] as const)
)

const spans = traces.then((all) => all.flatMap(([, trace]) => trace))

const pageOf = (path: string): string => readFileSync(join(root, "docs", path), "utf8")

/** The rows of the first table below a heading. */
const rowsOf = (heading: string, path = "reference/telemetry.md"): ReadonlyArray<ReadonlyArray<string>> => {
  const section = pageOf(path).split(`\n${heading}\n`)[1]
  if (section === undefined) throw new Error(`There is no heading ${heading}`)
  const lines = /(?:^\|.*\n)+/m.exec(section)![0].trim().split("\n").slice(2)
  return lines.map((line) => line.split("|").slice(1, -1).map((cell) => cell.trim()))
}

const namesIn = (cell: string): ReadonlyArray<string> => [...cell.matchAll(/`([^`]+)`/g)].map(([, name]) => name!)

const firstNames = (heading: string): ReadonlyArray<string> => rowsOf(heading).flatMap(([name]) => namesIn(name!))

const isRequest = ({ name }: Recorded): boolean => name === "GET" || name === "POST"

const attributesOf = (spans: ReadonlyArray<Recorded>): ReadonlyArray<string> =>
  [...new Set(spans.flatMap(({ attributes }) => Object.keys(attributes)))].toSorted()

describe("the tables", () => {
  it("name all attributes of a call, and no other", async () => {
    const recorded = attributesOf((await spans).filter((span) => !isRequest(span)))
    assert.deepStrictEqual(firstNames("### Attributes of a call"), recorded)
  })

  it("name all attributes of a request, and no other", async () => {
    const recorded = attributesOf((await spans).filter(isRequest))
    assert.deepStrictEqual(firstNames("### Attributes of a request"), recorded)
  })

  it("name all span events with their attributes", async () => {
    const recorded = new Map<string, Set<string>>()
    for (const { attributes, name } of (await spans).flatMap(({ events }) => events)) {
      recorded.set(name, new Set([...recorded.get(name) ?? [], ...Object.keys(attributes)]))
    }
    assert.deepStrictEqual(
      rowsOf("## Span events").map(([event, attributes]) => [...namesIn(event!), ...namesIn(attributes!)]),
      [...recorded].map(([name, attributes]) => [name, ...[...attributes].toSorted()]).toSorted()
    )
  })

  it("name all metrics with type, unit and attributes, and what Prometheus calls them", async () => {
    const measured = Effect.all([Metric.snapshot, PrometheusMetrics.format()])
    const exit = await Effect.runPromise(
      virtually(Effect.andThen(busy, measured)).pipe(Effect.provide(Emulator.layerInProcessWith({ script })))
    )
    if (Exit.isFailure(exit)) throw new Error(String(exit.cause))
    const [snapshot, text] = exit.value
    const ids = [...new Set(snapshot.map(({ id }) => id))].toSorted()
    const families = parseExposition(text)

    const described = ids.map((id) => {
      const series = snapshot.filter((metric) => metric.id === id)
      const { attributes = {}, type } = series[0]!
      const names = new Set(series.flatMap(({ attributes = {} }) => Object.keys(attributes)))
      names.delete("unit")
      return [id, type.toLowerCase(), attributes["unit"], ...[...names].toSorted()]
    })
    assert.deepStrictEqual(
      rowsOf("## Metrics").map(([name, type, unit, attributes]) => [
        ...namesIn(name!),
        type,
        ...namesIn(unit!),
        ...namesIn(attributes!)
      ]),
      described
    )

    const inGuide = rowsOf("## Metrics", "guides/observing.md").flatMap(([name]) => namesIn(name!))
    assert.deepStrictEqual(inGuide.toSorted(), ids)

    // The suffixes of OpenTelemetry's specification: the unit, unless it is in braces, and `_total`.
    const named = described.map(([id, type, unit]) => {
      const name = families.find(({ name }) => name === id!.replaceAll(".", "_"))?.name
      return [id, name, `${name}${unit === "s" ? "_seconds" : ""}${type === "counter" ? "_total" : ""}`]
    })
    assert.deepStrictEqual(rowsOf("### Names in Prometheus").map((cells) => cells.flatMap(namesIn)), named)
  })
})

describe("the pictures", () => {
  it("are what `pnpm docs:traces` draws", async () => {
    for (const [{ name, title }, trace] of (await traces).filter(([scenario]) => scenario !== wide)) {
      const committed = readFileSync(join(root, "docs/observing", `${name}.svg`), "utf8")
      assert.strictEqual(draw(title, trace), committed, `${name}.svg: run pnpm docs:traces`)
    }
  })

  it("say in words what they show", async () => {
    for (const [{ title }, trace] of (await traces).filter(([scenario]) => scenario !== wide)) {
      const [, description = ""] = /<desc[^>]*>(.*)<\/desc>/.exec(draw(title, trace)) ?? []
      for (const { events, name } of trace) {
        assert.include(description, name)
        for (const event of events) assert.include(description, event.name)
      }
    }
  })

  it("escape what they show", () => {
    const span = { name: "<x> & \"y\"", kind: "client", parent: undefined, start: 0, end: 1, isOk: true } as const
    assert.notInclude(draw("a < b", [{ ...span, attributes: {}, events: [] }]), "<x>")
  })
})
