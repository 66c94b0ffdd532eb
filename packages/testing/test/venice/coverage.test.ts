import { Operation } from "@effect-venice/core"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Schema } from "effect"
import type { Answer } from "./ask.ts"
import { make } from "./ask.ts"
import { request, type Row, table } from "./successes.ts"

const memberAt = (json: any, path: string): unknown => path.split(".").reduce((node, name) => node?.[name], json)

const assertAnswer = (
  operation: Operation.Operation,
  row: Row,
  { error, headers, json, status, text }: Answer
): void => {
  assert.strictEqual(status, row.status ?? 200, `${operation}: ${text.slice(0, 300)}`)
  assert.strictEqual(error?._tag, row.status === 410 ? "GONE" : undefined)
  assert.match(headers["cf-ray"] ?? "", /^[0-9a-f]{16}-VCE$/)
  if (row.type !== undefined) assert.strictEqual(headers["content-type"], row.type)
  if (row.schema !== undefined) assert.isObject(Schema.decodeUnknownSync(row.schema)(json))
  for (const path of row.has ?? []) assert.notStrictEqual(memberAt(json, path), undefined, `${operation} has ${path}`)
}

describe("the emulated Venice", () => {
  it.effect.each(Operation.all)("answers %s with a success of its own", (operation) =>
    Effect.gen(function*() {
      assertAnswer(operation, table[operation], yield* request(yield* make(), operation))
    }))

  it("has a documented member in every answer, or a type of its own", () => {
    for (const [operation, row] of Object.entries(table)) {
      assert.isTrue(
        row.status === 410 || row.type !== undefined || row.schema !== undefined || (row.has ?? []).length > 0,
        operation
      )
    }
  })
})
