import { assert, describe, it } from "@effect/vitest"
import { HttpClientRequest } from "effect/http"
import { secretsOf } from "../src/internal/credentials.ts"

const value = "a-secret-value"

describe("the secrets of a request", () => {
  it.each([
    "x-rapidapi-key",
    "x-auth-key",
    "x-secret-key",
    "x-functions-key",
    "x-access-key",
    "x-master-key",
    "x-litellm-key",
    "x-portkey-virtual-key",
    "x-key",
    "x-bfl-key",
    "api_key",
    "x-jwt",
    "x-password",
    "authentication"
  ])("have the header %s", (name) => {
    const request = HttpClientRequest.get("/", { headers: { [name]: value } })

    assert.include(secretsOf(request), value)
    assert.include(secretsOf(HttpClientRequest.setHeader(request, name, `Bearer ${value}`)), value)
  })

  it.each(["subscription-key", "client_secret", "code", "access_key", "jwt", "secret_key"])(
    "have the parameter %s",
    (name) => {
      assert.include(secretsOf(HttpClientRequest.get(`https://gateway.test/?${name}=${value}`)), value)
      assert.include(secretsOf(HttpClientRequest.get("/", { urlParams: { [name]: value } })), value)
    }
  )

  it.each(["idempotency-key", "x-cache-key", "x-keyboard"])("have no header %s", (name) => {
    assert.notInclude(secretsOf(HttpClientRequest.get("/", { headers: { [name]: value } })), value)
  })
})
