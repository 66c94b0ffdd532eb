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
    "authentication",
    "cookie",
    "set-cookie",
    "sign-in-with-x",
    "x-sign-in-with-x",
    "payment-signature",
    "x-402-payment",
    "x-payment",
    "authorization",
    "proxy-authorization",
    "cf-aig-authorization",
    "x_authorization",
    "auth",
    "_auth",
    "x-auth",
    "apikey",
    "api-key",
    "x-api-key",
    "rapidapi_key",
    "authkey",
    "secretkey",
    "subscription-key",
    "ocp-apim-subscription-key",
    "virtual-key",
    "token",
    "x-auth-token",
    "secret",
    "x-client-secret",
    "signature",
    "x-hub-signature",
    "jwt",
    "password"
  ])("have the header %s", (name) => {
    const request = HttpClientRequest.get("/", { headers: { [name]: value } })

    assert.include(secretsOf(request), value)
    assert.include(secretsOf(HttpClientRequest.setHeader(request, name, `Bearer ${value}`)), value)
  })

  it.each([
    "subscription-key",
    "client_secret",
    "code",
    "access_key",
    "jwt",
    "secret_key",
    "key",
    "Key",
    "sig",
    "apikey",
    "API_KEY",
    "api-key",
    "x-api-key",
    "auth_key",
    "master_key",
    "token",
    "access_token",
    "secret",
    "signature",
    "X-Amz-Signature",
    "password",
    "user_password"
  ])(
    "have the parameter %s",
    (name) => {
      assert.include(secretsOf(HttpClientRequest.get(`https://gateway.test/?${name}=${value}`)), value)
      assert.include(secretsOf(HttpClientRequest.get("/", { urlParams: { [name]: value } })), value)
    }
  )

  it.each([
    "idempotency-key",
    "x-cache-key",
    "x-keyboard",
    "x-payment-id",
    "my-x-payment",
    "my-x-key",
    "key",
    "xauth",
    "author",
    "x-tokens",
    "mytoken",
    "cookies",
    "x-sign-in-with-x-time",
    "a-sign-in-with-x"
  ])("have no header %s", (name) => {
    assert.notInclude(secretsOf(HttpClientRequest.get("/", { headers: { [name]: value } })), value)
  })

  it.each(["keys", "monkey", "codex", "zipcode", "sigma", "mytoken", "tokens", "a.token", "cache_key", "passwords"])(
    "have no parameter %s",
    (name) => {
      assert.notInclude(secretsOf(HttpClientRequest.get(`https://gateway.test/?${name}=${value}`)), value)
      assert.notInclude(secretsOf(HttpClientRequest.get("/", { urlParams: { [name]: value } })), value)
    }
  )
})
