/** The dashboard and the alert rules, as the tests read them. */
import { Schema } from "effect"
import { readFileSync } from "node:fs"
import { join } from "node:path"
import { parse } from "yaml"

export const folder = join(import.meta.dirname, "..")

const Target = Schema.Struct({ expr: Schema.String, legendFormat: Schema.String })

const Panel = Schema.Struct({
  id: Schema.Int,
  type: Schema.Literals(["row", "stat", "table", "timeseries"]),
  title: Schema.String,
  description: Schema.optionalKey(Schema.String),
  gridPos: Schema.Struct({ x: Schema.Int, y: Schema.Int, w: Schema.Int, h: Schema.Int }),
  targets: Schema.optionalKey(Schema.Array(Target))
})

const Dashboard = Schema.Struct({ panels: Schema.Array(Panel) })

const Rule = Schema.Struct({
  alert: Schema.String,
  expr: Schema.String,
  labels: Schema.Struct({ severity: Schema.Literals(["critical", "warning", "info"]) }),
  annotations: Schema.Record(Schema.String, Schema.String)
})

const Rules = Schema.Struct({ groups: Schema.Array(Schema.Struct({ rules: Schema.Array(Rule) })) })

const read = (name: string): string => readFileSync(join(folder, name), "utf8")

export const { panels } = Schema.decodeUnknownSync(Dashboard)(JSON.parse(read("grafana-dashboard.json")))

/** The panels that draw something, by title. */
export const drawn = panels.filter(({ type }) => type !== "row")

export const rules = Schema.decodeUnknownSync(Rules)(parse(read("alerts.yml"))).groups.flatMap(({ rules }) => rules)

export const ruleTests = read("alerts.test.yml")

/** An expression of the dashboard as Grafana sends it, with its variables replaced. */
export const sent = (expr: string, interval: string): string =>
  expr.replaceAll("$job", ".*").replaceAll("$__rate_interval", interval)
