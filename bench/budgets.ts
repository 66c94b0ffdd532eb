/**
 * The budgets of the library: the size of bundles, their modules, and the work of the type checker. Part of `pnpm
 * check`.
 *
 * The figures are deterministic, so a figure over its budget is an error. If a budget is above the original target, the
 * table has both. The packages must have been built, since the program is checked against their declarations.
 */
import { build, type Plugin } from "esbuild"
import { readFileSync } from "node:fs"
import { join } from "node:path"
import { gzipSync } from "node:zlib"
import { algebra, calls, instantiations } from "./instantiations.ts"

interface Bundle {
  readonly kilobytes: number
  /** The modules of which the bundle contains code. */
  readonly modules: ReadonlyArray<string>
}

/** The packages as they are published. `pnpm build` marks calls without effects, so that bundlers can remove them. */
const published: Plugin = {
  name: "published",
  setup: ({ onResolve }) => {
    onResolve({ filter: /^@effect-venice\// }, ({ path }) => {
      const [, name, ...module] = path.split("/")
      return {
        path: join(import.meta.dirname, `../packages/${name}/dist/${module.join("/") || "index"}.js`),
        sideEffects: false
      }
    })
  }
}

const withoutCore: Plugin = {
  name: "without core",
  setup: ({ onResolve }) => {
    onResolve({ filter: /^@effect-venice\/core/ }, ({ path }) => ({ path, external: true }))
  }
}

const bundle = async (contents: string, external: ReadonlyArray<string> = []): Promise<Bundle> => {
  const { metafile, outputFiles } = await build({
    stdin: { contents, resolveDir: import.meta.dirname },
    bundle: true,
    minify: true,
    format: "esm",
    platform: "browser",
    external: ["effect"].filter((name) => external.includes(name)),
    plugins: external.includes("@effect-venice/core") ? [withoutCore, published] : [published],
    write: false,
    metafile: true,
    logLevel: "error"
  })
  const [output] = Object.values(metafile.outputs)
  return {
    kilobytes: gzipSync(outputFiles[0]!.contents, { level: 9 }).length / 1024,
    modules: Object.entries(output!.inputs).filter(([, { bytesInOutput }]) => bytesInOutput > 0).map(([path]) => path)
  }
}

/** The size of files of a package as they are published. */
const publishedSize = (name: string, ...files: ReadonlyArray<string>): number =>
  files.reduce((sum, file) => {
    const contents = readFileSync(join(import.meta.dirname, `../packages/${name}/dist/${file}`))
    return sum + gzipSync(contents, { level: 9 }).length / 1024
  }, 0)

/** An application that calls Venice, retries, and decodes what another client received. */
const application = `
  import { VeniceClient } from "@effect-venice/http/VeniceClient"
  import * as Decode from "@effect-venice/core/Decode"
  import * as Retry from "@effect-venice/core/Retry"
  console.log(VeniceClient.layer, Decode.response, Retry.standard)
`

/** A worker that calls by `fetch`, decodes what fails, and retries. */
const worker = `
  import * as Decode from "@effect-venice/core/Decode"
  import * as Retry from "@effect-venice/core/Retry"
  import * as Effect from "effect/Effect"
  const operation = "POST /chat/completions"
  const call = (body) => Effect.gen(function*() {
    const response = yield* Effect.tryPromise((signal) =>
      fetch("https://api.venice.ai/api/v1/chat/completions", { method: "POST", body, signal }))
    const text = yield* Effect.promise(() => response.text())
    if (response.ok) return text
    return yield* Decode.response({
      status: response.status, headers: response.headers, body: text, operation, now: Date.now()
    })
  })
  export default {
    fetch: async (request) => {
      const body = await request.text()
      return new Response(await Effect.runPromise(Effect.retry(call(body), Retry.standard)))
    }
  }
`

/** A backend that makes one call, retries it, and handles one failure; then the same on the usual client. */
const backend = `
  import { VeniceClient } from "@effect-venice/http/VeniceClient"
  import * as Success from "@effect-venice/http/Success"
  import * as Retry from "@effect-venice/core/Retry"
  import * as Effect from "effect/Effect"
  const body = { model: "llama-3.3-70b", messages: [{ role: "user", content: "Why is the sky blue?" }] }
  const program = Effect.gen(function*() {
    const venice = yield* VeniceClient
    const completion = yield* venice.execute("POST /chat/completions", { body, success: Success.ChatCompletion })
    return completion.choices[0].message.content
  }).pipe(
    Effect.retry(Retry.standard),
    Effect.catchTag("TOO_MANY_TOKENS", () => Effect.succeed("fewer tokens, please")),
    Effect.provide(VeniceClient.layer)
  )
  console.log(await Effect.runPromise(program))
`

const backendOnOpenAi = `
  import OpenAI from "openai"
  import pRetry from "p-retry"
  const client = new OpenAI({ baseURL: "https://api.venice.ai/api/v1", apiKey: process.env.VENICE_API_KEY, maxRetries: 0 })
  const body = { model: "llama-3.3-70b", messages: [{ role: "user", content: "Why is the sky blue?" }] }
  const call = async () => (await client.chat.completions.create(body)).choices[0].message.content
  const text = await pRetry(call, { retries: 4 }).catch((error) => {
    if (error instanceof OpenAI.APIError && error.code === "context_length_exceeded") return "fewer tokens, please"
    throw error
  })
  console.log(text)
`

const whole = "export * from \"@effect-venice/core\"\nexport * as http from \"@effect-venice/http\""

// The modules that must not be in the bundle of that application, and why.
const absences: ReadonlyArray<readonly [RegExp, string]> = [
  [/effect\/dist\/index\.js$/, "a barrel keeps what nobody imported"],
  [/effect\/dist\/(?:.*arbitrary|FastCheck|testing\/)/i, "random values are for tests"],
  [/effect\/dist\/.*(?:JsonSchema|OpenApi)/i, "describing schemas is for servers"],
  [/effect\/dist\/http-api\//, "declaring an API is for servers"],
  [/effect\/dist\/http\/(?:HttpServer|HttpRouter|HttpApp|Multipart|Etag|Template)/, "a client serves nothing"],
  [/effect\/dist\/(?:cluster|workflow|sql|rpc|cli|persistence|eventlog|reactivity)\//, "no part of it is used"],
  [/effect\/dist\/ai\/(?!Telemetry)/, "models are for those who have one; the names of span attributes are for all"],
  [/http\/dist\/(?:Gateway|AiFailure|Job)\.js$/, "answering users, models and jobs is for those who do"],
  [
    /http\/dist\/(?:VeniceFetch|internal\/fetch\/)|core\/dist\/Plain\.js$/,
    "other clients and plain objects are for those who have them"
  ],
  [/http\/dist\/Success\.js$/, "a schema of a success is for those who name it"],
  [/effect\/dist\/internal\/schema\/(?:codegen|arbitrary)\.js$/, "compiling schemas is the application's choice"],
  [/platform-node|(?:^|\/)node:/, "the library runs in browsers, workers and on the edge"],
  [/packages\/testing\//, "a Venice that fails on demand is for tests"],
  [/core\/dist\/internal\/retrying\/(?:chart|simulation)\.js$/, "looking at a policy is for its author"],
  [/(?:core|http)\/dist\/index\.js$/, "a barrel keeps what nobody imported"]
]

interface Budget {
  readonly what: string
  readonly value: number
  readonly budget: number
  /** The original target, if the budget is above it. */
  readonly aim?: number
  readonly unit: string
}

const effect = ["effect"]
const core = await bundle("export * from \"@effect-venice/core\"", effect)
const http = await bundle("export * from \"@effect-venice/http\"", ["effect", "@effect-venice/core"])
const oneClass = await bundle("export { ModelOverloaded } from \"@effect-venice/core/Errors\"", effect)
const used = await bundle(application, effect)
const everything = await bundle(whole)
const inWorker = await bundle(worker)
const inBackend = await bundle(backend)
const inBackendOnOpenAi = await bundle(backendOnOpenAi)
const openai = await bundle("import OpenAI from \"openai\"\nconsole.log(OpenAI)")

const budgets: ReadonlyArray<Budget> = [
  { what: "core, our part", value: core.kilobytes, budget: 36, aim: 7, unit: "KB" },
  { what: "http, our part", value: http.kilobytes, budget: 22.5, aim: 7, unit: "KB" },
  { what: "a client, decoding and retries, our part", value: used.kilobytes, budget: 38.75, unit: "KB" },
  { what: "one error class, our part", value: oneClass.kilobytes, budget: 2.25, aim: 0.7, unit: "KB" },
  { what: "core and http whole, with Effect", value: everything.kilobytes, budget: 118.25, aim: 52, unit: "KB" },
  {
    what: "the same, against openai whole",
    value: everything.kilobytes / openai.kilobytes,
    budget: 1.41,
    aim: 0.62,
    unit: "×"
  },
  {
    what: "a worker that decodes and retries, with Effect",
    value: inWorker.kilobytes,
    budget: 60.75,
    aim: 50,
    unit: "KB"
  },
  {
    what: "a backend with one call, against openai and p-retry",
    value: inBackend.kilobytes / inBackendOnOpenAi.kilobytes,
    budget: 1.1,
    aim: 0.9,
    unit: "×"
  },
  {
    what: "fetch, with Effect",
    value: publishedSize("fetch", "index.js", "shared.js"),
    budget: 85,
    unit: "KB"
  },
  {
    what: "fetch/plain, with Effect",
    value: publishedSize("fetch", "plain.js", "shared.js"),
    budget: 67.25,
    unit: "KB"
  },
  {
    what: "types: classes, union, match, 100 catchTag",
    value: instantiations(algebra) / 1000,
    budget: 51,
    unit: "k instantiations"
  },
  {
    what: "types: a call of every operation",
    value: instantiations(calls) / 1000,
    budget: 43.25,
    unit: "k instantiations"
  }
]

let ok = true
for (const { aim, budget, unit, value, what } of budgets) {
  const isOver = value > budget
  ok &&= !isOver
  const aimed = aim === undefined ? "" : `, aimed at ${aim}`
  process.stdout.write(
    `${isOver ? "OVER " : ""}${what}: ${value.toFixed(2)} ${unit} (budget ${budget}${aimed})\n`
  )
}

const { modules } = await bundle(application)
for (const [pattern, reason] of absences) {
  for (const module of modules) {
    if (!pattern.test(module)) continue
    ok = false
    process.stderr.write(`${module} must not be in the bundle: ${reason}\n`)
  }
}
process.stdout.write(ok ? "budgets: kept\n" : "budgets: see above\n")
if (!ok) process.exit(1)
