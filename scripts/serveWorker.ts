/** Serves a worker, a module whose default export has a `fetch`, on Node: `node scripts/serveWorker.ts FILE`. */
import { NodeHttpServer, NodeRuntime } from "@effect/platform-node"
import { Effect, Layer } from "effect"
import { HttpServer, HttpServerRequest, HttpServerResponse } from "effect/http"
import { createServer } from "node:http"
import { resolve } from "node:path"
import { pathToFileURL } from "node:url"

interface Worker {
  readonly default: { readonly fetch: (request: Request, env: unknown) => Promise<Response> }
}

const { default: worker } = await import(pathToFileURL(resolve(process.argv[2] ?? "")).href) as Worker

const handler = Effect.gen(function*() {
  const received = yield* HttpServerRequest.HttpServerRequest
  // A user who goes away aborts the request of the worker.
  const controller = new AbortController()
  yield* Effect.addFinalizer(() => Effect.sync(() => controller.abort()))
  const request = yield* HttpServerRequest.toWeb(received, { signal: controller.signal })
  return HttpServerResponse.fromWeb(yield* Effect.promise(() => worker.fetch(request, process.env)))
})

HttpServer.serve(handler).pipe(
  HttpServer.withLogAddress,
  Layer.provide(NodeHttpServer.layer(createServer, { port: Number(process.env.PORT ?? 3000) })),
  Layer.launch,
  NodeRuntime.runMain
)
