import { Redact } from "@effect-venice/core"
import { assert, describe, it } from "@effect/vitest"

const random = "k4Zp9Lw2Qx7Vt1Bn8Rc3"

describe("a credential", () => {
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
  ])("stands in a header named %s", (name) => {
    assert.deepStrictEqual(Redact.json({ [name]: "abc" }), { [name]: "<redacted>" })
    for (
      const text of [
        JSON.stringify({ [name]: random }),
        JSON.stringify({ [name]: [random] }),
        JSON.stringify(JSON.stringify({ [name]: random })),
        `${name}: ${random}`,
        `got ${name}=${random}`
      ]
    ) assert.notInclude(String(Redact.json(text)), random, text)
    if (name !== "api_key") assert.notInclude(String(Redact.json(JSON.stringify([[name, random]]))), random)
  })

  it.each(["subscription-key", "client_secret", "code", "access_key", "jwt", "api_key", "x-functions-key"])(
    "stands in a parameter named %s",
    (name) => {
      assert.strictEqual(
        Redact.json(`GET /models?a=1&${name}=${random}&b=2`),
        `GET /models?a=1&${name}=<redacted>&b=2`
      )
    }
  )

  it.each([
    "idempotency-key: 5f3a9c1e7b2d4608",
    "GET /errors?code=MODEL_NOT_FOUND",
    "authentication: required",
    "{\"code\":\"k4Zp9Lw2Qx7Vt1Bn8Rc3\"}"
  ])("is no other value: %s", (text) => assert.strictEqual(Redact.json(text), text))
})
