/** The names in the dashboard and the alert rules are those that a process exports. */
import { Category, VeniceError } from "@effect-venice/core"
import { Emulator } from "@effect-venice/testing"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Exit } from "effect"
import { PrometheusMetrics } from "effect/observability"
import { globSync, readFileSync } from "node:fs"
import { join } from "node:path"
import { homepage, root } from "../../generate/page.ts"
import { busy, script } from "../busy.ts"
import { virtually } from "../virtual.ts"
import { type Family, parseExposition } from "./exposition.ts"
import { drawn, panels, rules, ruleTests, sent } from "./files.ts"
import { parseExpression, type Selector } from "./promql.ts"

/** What a process exports after everything happened. */
const exported = Effect.runPromise(
  virtually(Effect.andThen(busy, PrometheusMetrics.format())).pipe(
    Effect.provide(Emulator.layerInProcessWith({ script }))
  )
).then((exit) => {
  if (Exit.isFailure(exit)) throw new Error(String(exit.cause))
  return parseExposition(exit.value)
})

/** Labels that Prometheus adds to what it scrapes. */
const ofTarget = new Set(["job", "instance"])

const familyOf = (families: ReadonlyArray<Family>, metric: string): Family => {
  const family = families.find(({ samples }) => samples.has(metric))
  if (family === undefined) throw new Error(`No process exports ${metric}`)
  return family
}

/** The values that a label can have beside those that were exported. */
const known: Readonly<Record<string, ReadonlySet<string>>> = {
  error_type: new Set([...VeniceError.byCode.keys(), "interrupted", "CIRCUIT_OPEN"]),
  venice_error_category: new Set<string>(Category.all)
}

const checkSelector = (families: ReadonlyArray<Family>, { matchers, metric }: Selector): void => {
  const { labels } = familyOf(families, metric)
  for (const { label, operator, value } of matchers) {
    if (ofTarget.has(label)) continue
    assert.isTrue(labels.has(label), `${metric} has no label ${label}`)
    const values = operator.endsWith("~") ? value.split("|") : [value]
    for (const one of values.filter((one) => one !== "")) {
      assert.isTrue(labels.get(label)!.has(one) || known[label]?.has(one), `${label} of ${metric} is never ${one}`)
    }
  }
}

/** Checks an expression, and that the texts about its results name only labels that these have. */
const checkExpression = (families: ReadonlyArray<Family>, expr: string, texts: string): ReadonlyArray<string> => {
  const { grouped, selectors } = parseExpression(expr)
  assert.isAbove(selectors.length, 0, expr)
  for (const selector of selectors) checkSelector(families, selector)
  const labels = new Set(selectors.flatMap(({ metric }) => [...familyOf(families, metric).labels.keys()]))
  for (const label of grouped) assert.isTrue(labels.has(label) || ofTarget.has(label), `${label} in ${expr}`)
  for (const [, label] of texts.matchAll(/\{\{ *(?:\$labels\.)?([a-z]\w*) *\}\}/g)) {
    assert.isTrue(grouped.has(label!), `${label} is not in the results of ${expr}`)
  }
  return selectors.map(({ metric }) => familyOf(families, metric).name)
}

const prometheusName = (name: string): string => name.replaceAll(".", "_")

/** The metrics in the sources of the packages. */
const inSources = globSync("packages/*/src/**/*.ts", { cwd: root }).flatMap((file) =>
  [
    ...readFileSync(join(root, file), "utf8").matchAll(
      /^export const .*Metric\.(?:counter|gauge|histogram|frequency|summary|timer)\("([\w.]+)"/gm
    )
  ].map(([, name]) => prometheusName(name!))
)

describe("a process", () => {
  it("exports every metric of the packages", async () => {
    const names = (await exported).map(({ name }) => name)

    assert.isAbove(inSources.length, 0)
    assert.deepStrictEqual(names.toSorted(), inSources.toSorted())
  })

  it("exports only what can be read without ambiguity: no name twice", async () => {
    const samples = (await exported).flatMap((family) => [...family.samples])
    assert.strictEqual(new Set(samples).size, samples.length)
  })
})

describe("the dashboard", () => {
  it("names metrics and labels that are exported, and all metrics", async () => {
    const families = await exported
    const used = drawn.flatMap(({ targets = [] }) =>
      targets.flatMap(({ expr, legendFormat }) => checkExpression(families, sent(expr, "5m"), legendFormat))
    )
    assert.deepStrictEqual([...new Set(used)].toSorted(), families.map(({ name }) => name).toSorted())
  })

  it("says of each panel what it shows", () => {
    for (const { description, targets, title } of drawn) {
      assert.isDefined(description, title)
      assert.isAbove(targets?.length ?? 0, 0, title)
    }
    assert.strictEqual(new Set(panels.map(({ id }) => id)).size, panels.length)
    assert.strictEqual(new Set(panels.map(({ title }) => title)).size, panels.length)
  })

  it("has no panel on top of another one", () => {
    const cells = panels.flatMap(({ gridPos: { h, w, x, y } }) =>
      Array.from({ length: h * w }, (_, i) => `${x + (i % w)},${y + Math.floor(i / w)}`)
    )
    assert.strictEqual(new Set(cells).size, cells.length)
    assert.isTrue(panels.every(({ gridPos: { w, x } }) => x + w <= 24))
  })
})

describe("the alert rules", () => {
  it("name metrics and labels that are exported, and all metrics", async () => {
    const families = await exported
    const used = rules.flatMap(({ annotations, expr }) =>
      checkExpression(families, expr, Object.values(annotations).join(" "))
    )
    assert.deepStrictEqual([...new Set(used)].toSorted(), families.map(({ name }) => name).toSorted())
  })

  it("are each tested", () => {
    for (const { alert } of rules) assert.include(ruleTests, `alertname="${alert}"`)
    assert.strictEqual(new Set(rules.map(({ alert }) => alert)).size, rules.length)
  })

  it("say what happened and what to do, and name panels and pages that exist", () => {
    for (const { alert, annotations: { description, runbook_url: page, summary } } of rules) {
      assert.isDefined(summary, alert)
      assert.isDefined(description, alert)
      const [, panel] = /panel "([^"]+)"/.exec(description!) ?? []
      if (panel !== undefined) assert.include(panels.map(({ title }) => title), panel)
      const [, code] = /\/errors\/(?:\{\{ \$labels\.error_type \}\}|(\w+))\/$/.exec(page ?? "") ?? []
      if (page !== undefined) assert.isTrue(page.startsWith(`${homepage}/errors/`))
      if (code !== undefined) assert.isTrue(VeniceError.byCode.has(code))
    }
  })
})
