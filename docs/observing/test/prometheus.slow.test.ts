/** The rules and the dashboard in Prometheus itself. */
import { Emulator } from "@effect-venice/testing"
import { NodeHttpServer } from "@effect/platform-node"
import { assert, it } from "@effect/vitest"
import { Effect, Layer, Logger, Metric, Schedule, Schema } from "effect"
import { FetchHttpClient, HttpClient, HttpClientResponse, HttpRouter, HttpServer } from "effect/http"
import { PrometheusMetrics } from "effect/observability"
import { writeFileSync } from "node:fs"
import { createServer } from "node:http"
import { join } from "node:path"
import { busy, script } from "../busy.ts"
import { drawn, folder, rules, sent } from "./files.ts"
import { describePrometheus, promtool, serve, temporary } from "./prometheus.ts"

const alerts = join(folder, "alerts.yml")

const Vector = Schema.Struct({
  data: Schema.Struct({
    result: Schema.Array(Schema.Struct({
      metric: Schema.Record(Schema.String, Schema.String),
      value: Schema.Tuple([Schema.Number, Schema.String])
    }))
  })
})

const Rules = Schema.Struct({
  data: Schema.Struct({
    groups: Schema.Array(Schema.Struct({
      rules: Schema.Array(
        Schema.Struct({ name: Schema.String, health: Schema.String, lastError: Schema.optionalKey(Schema.String) })
      )
    }))
  })
})

const get = <S extends Schema.Constraint>(url: string, schema: S) =>
  Effect.flatMap(HttpClient.get(url), HttpClientResponse.schemaBodyJson(schema))

const query = (url: string, expr: string) =>
  Effect.map(get(`${url}/api/v1/query?query=${encodeURIComponent(expr)}`, Vector), ({ data }) =>
    // A quantile of no calls is NaN, which Grafana does not draw.
    data.result.filter(({ value: [, value] }) => value !== "NaN"))

/** Asks every second until there is nothing left, or for the last time after a minute. A Prometheus that starts answers nothing. */
const eventuallyNone = <A, E, R>(left: Effect.Effect<ReadonlyArray<A>, E, R>) =>
  Effect.repeat(Effect.catch(left, (error) => Effect.succeed([error])), {
    schedule: Schedule.spaced("1 second"),
    until: ({ length }) => length === 0,
    times: 60
  })

/** The metrics of this process on a free port, as an application serves them. */
const metrics = HttpRouter.serve(PrometheusMetrics.layerHttp(), { disableLogger: true, disableListenLog: true }).pipe(
  Layer.provideMerge(NodeHttpServer.layer(() => createServer(), { host: "127.0.0.1", port: 0 }))
)

describePrometheus("Prometheus", () => {
  it("finds the alert rules valid", () => {
    const { status, text } = promtool("check", "rules", alerts)

    assert.strictEqual(status, 0, text)
    assert.include(text, `${rules.length} rules found`)
  })

  it("finds that the alert rules do what their tests say", () => {
    const { status, text } = promtool("test", "rules", join(folder, "alerts.test.yml"))
    assert.strictEqual(status, 0, text)
  })

  it.effect("can parse every expression of the dashboard", () =>
    Effect.gen(function*() {
      const file = join(yield* temporary, "dashboard.yml")
      const recorded = drawn.flatMap(({ targets = [] }) => targets).map(({ expr }, i) => ({
        record: `panel:${i}`,
        expr: sent(expr, "5m")
      }))
      writeFileSync(file, JSON.stringify({ groups: [{ name: "dashboard", rules: recorded }] }))
      const { status, text } = promtool("check", "rules", file)

      assert.strictEqual(status, 0, text)
      assert.include(text, `${recorded.length} rules found`)
    }))

  it.live("has data for every panel of the dashboard, and evaluates every rule", () =>
    Effect.gen(function*() {
      const { address } = yield* HttpServer.HttpServer
      const url = yield* serve(HttpServer.formatAddress(address).replace("http://", ""), alerts)
      yield* Effect.forkScoped(Effect.forever(Effect.andThen(Effect.exit(busy), Effect.sleep("200 millis"))))

      const expressions = drawn.flatMap(({ targets = [], title }) => targets.map(({ expr }) => ({ expr, title })))
      const withoutData = Effect.filter(
        expressions,
        ({ expr }) => Effect.map(query(url, sent(expr, "30s")), ({ length }) => length === 0)
      )
      assert.deepStrictEqual(yield* eventuallyNone(withoutData), [])

      const unhealthy = Effect.map(
        get(`${url}/api/v1/rules`, Rules),
        ({ data }) => data.groups.flatMap(({ rules }) => rules).filter(({ health }) => health !== "ok")
      )
      assert.deepStrictEqual(yield* eventuallyNone(unhealthy), [])

      const firing = query(url, "ALERTS{alertname=\"VeniceBillingFailures\", alertstate=\"firing\"}")
      const silent = Effect.map(firing, ({ length }) => length === 0 ? ["VeniceBillingFailures"] : [])
      assert.deepStrictEqual(yield* eventuallyNone(silent), [])
    }).pipe(
      Effect.provide(
        [Layer.fresh(metrics), Emulator.layerInProcessWith({ script }), FetchHttpClient.layer, Logger.layer([])]
      ),
      Effect.provideService(Metric.MetricRegistry, new Map()),
      Effect.scoped
    ), 240_000)
})
