/**
 * A batch of embeddings whose delays survive the process, on Effect's cluster with PostgreSQL.
 *
 * ```sh
 * export VENICE_API_KEY=… DATABASE_URL=postgres://user@localhost/batches
 * node examples/durable-batch.ts march "first text" "second text"
 * ```
 *
 * It prints a line of JSON for each text. Killed and started again with the name of the batch, it goes on where it was: no
 * request is paid twice, and no delay begins anew. A request that was in flight when the process was killed may have been
 * billed, so it is reported as lost.
 */
import { Retry } from "@effect-venice/core"
import { VeniceClient } from "@effect-venice/http"
import { DurableRetry } from "@effect-venice/http/resilience"
import { NodeCrypto, NodeRuntime } from "@effect/platform-node"
import { PgClient } from "@effect/sql-pg"
import { Config, Console, Effect, Layer, Schema } from "effect"
import { ClusterWorkflowEngine, SingleRunner } from "effect/cluster"
import { Workflow } from "effect/workflow"

const Embeddings = Schema.Struct({ data: Schema.Array(Schema.Struct({ embedding: Schema.Array(Schema.Finite) })) })

/** What became of a text: the length of its embedding, or why it has none. */
const Outcome = Schema.Union([
  Schema.TaggedStruct("Embedded", { dimensions: Schema.Finite }),
  Schema.TaggedStruct("Lost", { attempt: Schema.Finite }),
  Schema.TaggedStruct("Failed", { reason: Schema.String })
])

type Outcome = typeof Outcome.Type

// A workflow for each text: one that waits for an hour does not hold up the others.
const Embed = Workflow.make("Embed", {
  payload: { batch: Schema.String, text: Schema.String },
  idempotencyKey: ({ batch, text }) => `${batch}/${text}`,
  success: Outcome
})

const embed = Effect.fn("embed")(function*(text: string) {
  const venice = yield* VeniceClient
  return yield* venice.execute("POST /embeddings", {
    body: { model: "text-embedding-bge-m3", input: text },
    success: Embeddings
  })
})

const EmbedLive = Embed.toLayer(({ text }) =>
  embed(text).pipe(
    DurableRetry.retry({
      name: "embed",
      operation: "POST /embeddings",
      policy: Retry.patient,
      success: Embeddings
    }),
    Effect.map(({ data }): Outcome => ({ _tag: "Embedded", dimensions: data[0]?.embedding.length ?? 0 })),
    Effect.catchTag("ATTEMPT_LOST", ({ attempt }) => Effect.succeed<Outcome>({ _tag: "Lost", attempt })),
    Effect.catch(({ _tag }) => Effect.succeed<Outcome>({ _tag: "Failed", reason: _tag }))
  )
)

// One process at a time. For many, see `NodeClusterSocket` of the platform.
const ClusterLive = ClusterWorkflowEngine.layer.pipe(
  Layer.provideMerge(SingleRunner.layer({
    runnerStorage: "memory",
    // How late a durable clock may be: 10 seconds by default.
    shardingConfig: { entityMessagePollInterval: "1 second" }
  })),
  Layer.provide(PgClient.layerConfig({ url: Config.Redacted("DATABASE_URL") })),
  Layer.provide(NodeCrypto.layer)
)

const batch = Effect.fn("batch")(function*(name: string, texts: ReadonlyArray<string>) {
  yield* Effect.forEach(
    texts,
    (text) =>
      Effect.flatMap(
        Embed.execute({ batch: name, text }),
        (outcome) => Console.log(JSON.stringify({ text, ...outcome }))
      ),
    { concurrency: "unbounded", discard: true }
  )
})

const [name, ...texts] = process.argv.slice(2)
if (name === undefined) throw new Error("usage: durable-batch.ts <name of the batch> <text>…")

batch(name, texts).pipe(
  Effect.provide(EmbedLive.pipe(Layer.provideMerge(ClusterLive), Layer.provide(VeniceClient.layer))),
  NodeRuntime.runMain
)
