import { Operation } from "@effect-venice/core"
import { assert, describe, it } from "@effect/vitest"
import { readFileSync } from "node:fs"
import { stringify } from "yaml"
import type { Change } from "../compare.ts"
import { comparedWith, compareOperations } from "../compare.ts"
import type { Fields } from "../description.ts"
import { readDescription } from "../description.ts"
import { editFor } from "../edits.ts"
import { read as readFacts, recorded } from "../facts.ts"

const shapes = readFileSync(new URL("fixtures/description.yaml", import.meta.url), "utf8")
const facts = readFacts()

type Json = Record<string, any>

const schemaOf = (names: ReadonlyArray<string>): Json => {
  const root: Json = { type: "object", properties: {} }
  for (const name of names) {
    let { properties } = root
    for (const part of name.split(".")) {
      const schema = properties[part.replace("[]", "")] ??= {}
      const parent = part.endsWith("[]") ? schema.items ??= {} : schema
      properties = parent.properties ??= {}
    }
  }
  return root
}

const body = (names: ReadonlyArray<string>): Json => ({
  description: "",
  content: { "application/json": { schema: schemaOf(names) } }
})

const nothing: Fields = { query: [], request: [], response: [], failure: [] }

/** The description as it is known: operations and statuses of the rows, fields on record. */
const known = (): Json => {
  const paths: Json = {}
  for (const operation of Operation.all) {
    if (facts.operations.elsewhere.includes(operation)) continue
    const [method, path] = operation.split(" ") as [string, string]
    const fields = facts.fields.operations[operation] ?? nothing
    const failures = Operation.operations[operation].documented.map((status) => [status, body(fields.failure)])
    paths[path] = {
      ...paths[path],
      [method.toLowerCase()]: {
        parameters: fields.query.map((name) => ({ in: "query", name })),
        requestBody: body(fields.request),
        responses: { 200: body(fields.response), ...Object.fromEntries(failures) }
      }
    }
  }
  return { openapi: "3.0.0", info: { version: "1" }, paths }
}

const changes = (text: string): ReadonlyArray<Change> => compareOperations(readDescription(text), facts)

const after = (edit: (description: Json) => void): ReadonlyArray<Change> => {
  const description = known()
  edit(description)
  return changes(JSON.stringify(description))
}

describe("today's description", () => {
  // Fields of failures cannot be written for an operation without a documented failure.
  it("has no drift, as YAML and as JSON", () => {
    assert.deepStrictEqual(changes(stringify(known())), [])
    assert.deepStrictEqual(changes(JSON.stringify(known())), [])
  })

  it("may have paths below the base of the API", () => {
    const { paths, ...rest } = known()
    const below = Object.fromEntries(Object.entries(paths as Json).map(([path, item]) => [`/api/v1${path}`, item]))

    assert.deepStrictEqual(changes(JSON.stringify({ ...rest, paths: below })), [])
  })
})

describe("the fields of an operation", () => {
  const { operations, version } = readDescription(shapes)

  it("are those of all media types, alternatives and parts, down to members of members", () => {
    assert.deepStrictEqual(operations.get("POST /image/edit"), {
      statuses: [],
      fields: { query: [], request: ["image", "mask", "modelId", "prompt"], response: [], failure: [] }
    })
    assert.deepStrictEqual(operations.get("POST /chat/completions"), {
      statuses: [400, 503],
      fields: {
        query: [],
        request: [
          "messages",
          "messages[].content",
          "messages[].replyTo",
          "messages[].tool_call_id",
          "metadata",
          "model",
          "venice_parameters",
          "venice_parameters.character_slug"
        ],
        response: ["choices", "choices[].index", "choices[].message", "usage", "usage.total_tokens"],
        failure: ["details", "error"]
      }
    })
  })

  it("include the query parameters of the operation and of its path", () => {
    assert.deepStrictEqual(operations.get("GET /characters/{slug}"), {
      statuses: [404],
      fields: { query: ["limit", "locale"], request: [], response: ["slug"], failure: [] }
    })
    assert.strictEqual(version, "20260821.120000")
  })
})

describe("a newer description", () => {
  it("proposes a row for a new operation, with the safe answer about a second request", () => {
    const [read, run, ...others] = after(({ paths }) => {
      paths["/music/styles"] = { get: { responses: { 200: body([]), 401: body(["error"]) } } }
      paths["/music/generate"] = { post: { responses: { 200: body([]), 503: body([]), 400: body([]) } } }
    })

    assert.lengthOf(others, 0)
    assert.include(editFor(read!).proposal, "  onReplay: \"free\",")
    assert.strictEqual(editFor(run!).file, "packages/core/src/Operation.ts")
    assert.deepStrictEqual(editFor(run!).proposal.slice(2, 7), [
      "\"POST /music/generate\": {",
      "  onReplay: \"creates\" /* the safe choice: find out what a second request costs */,",
      "  documented: [400, 503],",
      "  alsoSeen: []",
      "},"
    ])
  })

  it("retires an operation that is gone, and never removes it", () => {
    const [change, ...others] = after(({ paths }) => delete paths["/video/quote"])

    assert.lengthOf(others, 0)
    assert.deepStrictEqual(change, { kind: "operation removed", operation: "POST /video/quote" })
    assert.include(editFor(change!).proposal, "  onReplay: \"retired\",")
  })

  it("keeps a status that is gone among those that were seen", () => {
    const [change, ...others] = after(({ paths }) => {
      const { responses } = paths["/audio/quote"].post
      delete responses[500]
      responses[404] = body(["error"])
    })

    assert.lengthOf(others, 0)
    assert.deepStrictEqual(editFor(change!), {
      file: "packages/core/src/Operation.ts",
      summary: "POST /audio/quote: other failing statuses (404 new, 500 gone)",
      proposal: [
        "\"POST /audio/quote\": {",
        "  onReplay: \"free\",",
        "  documented: [400, 404],",
        "  alsoSeen: [500]",
        "},"
      ]
    })
  })

  it("names the declaration of a field that is new or gone", () => {
    const [change, ...others] = after(({ paths }) => {
      const { properties } = paths["/chat/completions"].post.requestBody.content["application/json"].schema
      delete properties.seed
      properties.venice_parameters.properties.enable_tools = {}
    })

    assert.lengthOf(others, 0)
    assert.deepStrictEqual(editFor(change!), {
      file: "packages/http/src/RequestBody.ts",
      summary: "POST /chat/completions: the request has other fields (new: venice_parameters.enable_tools; gone: seed)",
      proposal: [
        "add venice_parameters.enable_tools to ChatCompletion, as optional",
        "remove seed, if ChatCompletion declares it"
      ]
    })
  })

  it("points at the rows for a new field of a failure", () => {
    const [change] = after(({ paths }) => {
      paths["/video/queue"].post.responses[422] = body(["error", "credits_refunded"])
    })

    assert.strictEqual(change?.kind, "fields changed")
    assert.strictEqual(editFor(change!).file, "packages/core/src/Errors.ts")
  })

  it("reports no operation that is documented elsewhere as gone", () => {
    assert.include(facts.operations.elsewhere, "GET /tee/attestation")
    assert.isEmpty(after(() => {}).filter(({ kind }) => kind === "operation removed"))
  })
})

describe("an unusable description", () => {
  const today = stringify(known())
  const deep = `openapi: 3.0.0\npaths:\n  /a:\n    get:\n      responses: ${"[".repeat(5000)}${"]".repeat(5000)}\n`
  const bomb = [
    "openapi: 3.0.0",
    "a: &a [1, 1, 1, 1, 1, 1, 1, 1, 1, 1]",
    ...Array.from({ length: 9 }, (_, i) => {
      const before = String.fromCharCode(97 + i)
      return `${String.fromCharCode(98 + i)}: &${String.fromCharCode(98 + i)} [${
        Array(10).fill(`*${before}`).join(", ")
      }]`
    })
  ].join("\n")

  const cases: ReadonlyArray<readonly [string, string, RegExp]> = [
    ["that is a page", "<html><body>Not found</body></html>", /is HTML or XML/],
    ["that is prose", "# Changelog\n\nNothing happened.", /is no OpenAPI description|neither YAML nor JSON/],
    ["that is a list", "[1, 2]", /is no OpenAPI description/],
    ["of Swagger 2", "swagger: \"2.0\"\npaths: {}", /Swagger 2\.0/],
    ["without paths", "openapi: 3.1.0\ninfo: {}", /`openapi` or `paths` is missing/],
    ["whose JSON is cut off", JSON.stringify(known()).slice(0, 5000), /neither YAML nor JSON/],
    [
      "that is cut off between operations",
      today.slice(0, today.indexOf("  /audio/")),
      /known operations: it may be cut off/
    ],
    [
      "that is cut off within an operation",
      today.slice(0, today.indexOf("responses:", today.indexOf("/x402/balance"))),
      /describes no response of GET \/x402\/balance/
    ],
    [
      "with a reference into nothing",
      shapes.replace("schemas/DetailedError\"", "schemas/Missing\""),
      /what is not in it/
    ],
    ["with a reference to a file", shapes.replace("#/components/schemas/DetailedError", "other.yaml"), /another file/],
    [
      "with a reference to itself",
      shapes.replace(
        /StandardError:\n.*\n.*\n.*\n.*\n/,
        "StandardError: { $ref: \"#/components/schemas/StandardError\" }\n"
      ),
      /refers to itself/
    ],
    ["that is nested deeply", deep, /nested too deeply|neither YAML nor JSON/],
    ["with aliases that grow", bomb, /neither YAML nor JSON: .*alias/i],
    ["with a tab for an indentation", "openapi: 3.0.0\npaths:\n\t/a: {}\n", /neither YAML nor JSON/]
  ]

  it.each(cases)("%s", (_, text, problem) => {
    assert.throws(() => changes(text), problem)
  })
})

describe("an older description", () => {
  const copy = (version: string) => readDescription(JSON.stringify({ ...known(), info: { version } }))
  const record = /version (\d{8}[.\d]*)/.exec(facts.operations.source)![1]!

  it("is compared, and named as older than the one on record", () => {
    assert.strictEqual(comparedWith({ openapi: copy("20250101.120000") }, facts).newerOnRecord, record)
    assert.isUndefined(comparedWith({ openapi: copy(`${record}.1`) }, facts).newerOnRecord)
    assert.isUndefined(comparedWith({ openapi: copy(record) }, facts).newerOnRecord)
    assert.isUndefined(comparedWith({ openapi: copy("unknown") }, facts).newerOnRecord)
  })

  it("is not recorded", () => {
    assert.throws(() => recorded(facts, { openapi: copy("20250101.120000") }, "2025-01-02"), "is not recorded")
    assert.include(recorded(facts, { openapi: copy("20990101") }, "2099-01-02").operations.source, "20990101")
  })
})
