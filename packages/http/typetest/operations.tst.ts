import { Operation, type OperationFailure, type VeniceError } from "@effect-venice/core"
import type { AnyOperation, RequestFailure, RequestOptions, Service, Success, VeniceClient } from "@effect-venice/http"
import type { Effect, Stream } from "effect"
import type { HttpBody, HttpClientResponse } from "effect/http"
import { describe, expect, test } from "tstyche"

declare const venice: VeniceClient["Service"]
declare const success: typeof Success.ChatCompletion
declare const event: typeof Success.ChatCompletionChunk
declare const encoded: HttpBody.HttpBody

const chat = { model: "m", messages: [{ role: "user", content: "hi" }] }

describe("an operation", () => {
  test("that is mistyped is an error that names the operations like it", () => {
    // @ts-expect-error Argument of type '"POST /chat/completion"' is not assignable to parameter of type '"POST /chat/completions" | `Not documented by Venice: Operation.custom("${string}")`'.
    venice.execute("POST /chat/completion", { body: chat, success })
    // @ts-expect-error '"POST /chat/completions" | `Not documented
    venice.stream("POST /chat/compeltions", { body: chat, event })
    // @ts-expect-error '"POST /chat/completions" | `Not documented
    venice.request("POST /chat/completionss", { body: chat })
    // @ts-expect-error '"POST /chat/completions" | `Not documented
    venice.request("GET /chat/completions")
    // @ts-expect-error '"POST /embeddings" | `Not documented
    venice.request("POST /embedding")
  })

  test("that Venice does not document says how to ask for it", () => {
    // @ts-expect-error parameter of type '`Not documented by Venice: Operation.custom("${string}")`'.
    venice.request("POST /something/new")
  })

  test("of your own can fail with every error", () => {
    expect(venice.request(Operation.custom("POST /something/new"))).type.toBe<
      Effect.Effect<
        HttpClientResponse.HttpClientResponse,
        RequestFailure<Operation.Custom<"POST /something/new">>
      >
    >()
    expect<OperationFailure.Of<Operation.Custom<"POST /something/new">>>().type.toBe<VeniceError.VeniceError>()
  })

  test("of your own has a method and a path", () => {
    expect(Operation.custom).type.not.toBeCallableWith("/something/new")
    expect(Operation.custom).type.not.toBeCallableWith("SEND /something/new")
  })

  test("may be known at run time only", () => {
    const any = (operation: AnyOperation, options: RequestOptions) => venice.request(operation, options)
    expect(any).type.toBeCallableWith("GET /characters/{slug}", { path: { slug: "x" }, body: {} })
  })

  test("can be the parameter of a function of your own", () => {
    const count = <const Op extends Operation.AnyOperation>(
      operation: Operation.Checked<Op>,
      options: RequestOptions<Op> & { readonly success: typeof Success.ChatCompletion }
    ) => venice.execute(operation, options)

    expect(count).type.toBeCallableWith("POST /chat/completions", { body: chat, success })
    expect(count).type.not.toBeCallableWith("POST /chat/completion", { body: chat, success })
  })
})

describe("path", () => {
  test("has exactly the parameters of the operation", () => {
    expect(venice.request).type.toBeCallableWith("GET /characters/{slug}", { path: { slug: "alan-watts" } })
    expect(venice.request).type.toBeCallableWith("GET /api_keys/{id}", { path: { id: 1 } })
    // @ts-expect-error 'sluq' does not exist in type '{ readonly slug: string | number; }'
    venice.request("GET /characters/{slug}", { path: { sluq: "alan-watts" } })
    // @ts-expect-error 'name' does not exist in type '{ readonly slug: string | number; }'
    venice.request("GET /characters/{slug}", { path: { slug: "alan-watts", name: "x" } })
    // @ts-expect-error Type '{ slug: string; }' is not assignable to type 'undefined'
    venice.request("GET /models", { path: { slug: "alan-watts" } })
  })

  test("is needed where there are any", () => {
    // @ts-expect-error Property 'path' is missing in type '{}' but required in type 'PathOf<"slug">'
    venice.request("GET /characters/{slug}", {})
    // @ts-expect-error Expected 2 arguments, but got 1
    venice.request("GET /characters/{slug}")
    // @ts-expect-error Property 'path' is missing
    venice.request(Operation.custom("GET /something/{id}"), {})
    expect(venice.request).type.toBeCallableWith(Operation.custom("GET /a/{id}/b/{name}"), {
      path: { id: 1, name: "x" }
    })
  })
})

describe("body", () => {
  test("has the required fields, known fields of their type, and any others", () => {
    expect(venice.execute).type.toBeCallableWith("POST /chat/completions", {
      body: { ...chat, temperature: 0, venice_parameters: { enable_web_search: "on" }, some_new_field: true },
      success
    })
    // @ts-expect-error Property 'messages' is missing in type '{ model: string; }' but required in type 'ChatCompletion'
    venice.execute("POST /chat/completions", { body: { model: "m" }, success })
    // @ts-expect-error Type 'string' is not assignable to type 'number'
    venice.execute("POST /chat/completions", { body: { ...chat, temperature: "hot" }, success })
    // @ts-expect-error Property 'body' is missing in type
    venice.execute("POST /chat/completions", { success })
  })

  test("may be encoded already", () => {
    expect(venice.execute).type.toBeCallableWith("POST /chat/completions", { body: encoded, success })
  })

  test("of another operation is anything", () => {
    expect(venice.request).type.toBeCallableWith("POST /audio/transcriptions", { body: new FormData() })
    expect(venice.request).type.toBeCallableWith("POST /audio/transcriptions")
  })
})

describe("a success", () => {
  test("is that of the schema", () => {
    expect<Effect.Success<ReturnType<typeof completed>>>().type.toBe<Success.ChatCompletion>()
    expect<Stream.Success<ReturnType<typeof streamed>>>().type.toBe<Success.ChatCompletionChunk>()
  })
})

const completed = () => venice.execute("POST /chat/completions", { body: chat, success })
const streamed = () => venice.stream("POST /chat/completions", { body: chat, event })

describe("a fake", () => {
  test("implements the methods", () => {
    expect<Pick<Service, "request">>().type.toBe<Pick<VeniceClient["Service"], "request">>()
  })
})
