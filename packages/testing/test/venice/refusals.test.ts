import { Operation, OperationFailure, type VeniceError } from "@effect-venice/core"
import { Dynamics } from "@effect-venice/testing"
import { assert, describe, it } from "@effect/vitest"
import { Duration, Effect } from "effect"
import * as Models from "../../src/internal/venice/models.ts"
import type { Ask } from "./ask.ts"
import { form, make } from "./ask.ts"
import { request, signIn } from "./successes.ts"

type Op = Operation.Operation

const always = { from: Duration.zero, for: Duration.hours(1) }

const keys: ReadonlyArray<Dynamics.Key> = [
  { value: "some-key" },
  { value: "inactive", isInactive: true },
  { value: "free", isFree: true },
  { value: "private", privacy: "PRIVATE_ONLY" },
  { value: "usd", limits: { usd: 0 } },
  { value: "diem", limits: { diem: 0 } }
]

/** A condition under which Venice refuses the request that succeeds otherwise. */
interface Condition {
  readonly code: VeniceError.Code
  readonly dynamics?: Dynamics.Dynamics
  readonly change?: (asked: Ask) => Ask
  /** The condition arises with the second request. */
  readonly isRepeated?: boolean
  /** How often the request is sent. */
  readonly times?: number
  /** The operations that can fail so, but not under this condition. The test fails on one that does. */
  readonly except: ReadonlyArray<Op>
}

/** For these, a key is not needed. */
const free: ReadonlyArray<Op> = [
  "GET /models",
  "GET /models/traits",
  "GET /models/compatibility_mapping",
  "GET /image/styles",
  "GET /crypto/rpc/networks",
  "GET /tee/attestation",
  "GET /tee/signature",
  "GET /api_keys/generate_web3_key",
  "POST /api_keys/generate_web3_key",
  "POST /video/quote",
  "POST /audio/quote",
  "POST /audio/voice-changer/quote",
  "POST /x402/top-up",
  "GET /billing/usage",
  "POST /video/transcriptions"
]

/** A wallet calls these, and a key is ignored. */
const ofWallets: ReadonlyArray<Op> = ["GET /x402/balance/{walletAddress}", "GET /x402/transactions/{walletAddress}"]

/** The job has run and was paid for: its polls need neither a balance nor the model. */
const ofJobs: ReadonlyArray<Op> = [
  "POST /audio/complete",
  "POST /audio/retrieve",
  "POST /audio/voice-changer/complete",
  "POST /audio/voice-changer/retrieve",
  "POST /video/complete",
  "POST /video/retrieve"
]

/** They calculate a price, and run nothing. */
const quotes: ReadonlyArray<Op> = ["POST /audio/quote", "POST /audio/voice-changer/quote", "POST /video/quote"]

/** Their bodies name no model. */
const withoutModel: ReadonlyArray<Op> = ["POST /image/background-remove", "POST /image/upscale"]

const withKey = (key: string) => (): Ask => ({ key })

const byOutage = (code: VeniceError.Code, except: ReadonlyArray<Op>): Condition => ({
  code,
  dynamics: { outages: [{ ...always, error: code }] },
  except: [...ofJobs, ...except]
})

const isForm = ({ headers }: Ask): boolean => headers?.["content-type"]?.startsWith("multipart/") === true

/** Replaces members of the body, also of a form. */
const withMembers = (members: Readonly<Record<string, string>>) => (asked: Ask): Ask => {
  if (!isForm(asked)) return { body: { ...asked.body as object, ...members } }
  const { body, headers } = form(members)
  return { body, ...(headers !== undefined && { headers }) }
}

const withModel = (model: string) => (asked: Ask): Ask =>
  withMembers(
    typeof asked.body === "object" && asked.body !== null && "modelId" in asked.body ? { modelId: model } : { model }
  )(asked)

const conditions: Readonly<Record<string, Condition>> = {
  "without credentials": {
    code: "PAYMENT_REQUIRED",
    change: ({ headers = {} }) => ({
      key: undefined,
      headers: Object.fromEntries(Object.entries(headers).filter(([name]) => name !== "sign-in-with-x"))
    }),
    except: free
  },
  "with a key that is wrong": {
    code: "AUTHENTICATION_FAILED",
    change: withKey("wrong"),
    except: [...free, ...ofWallets]
  },
  "with a key of a subscription that has ended": {
    code: "AUTHENTICATION_FAILED_INACTIVE_KEY",
    change: withKey("inactive"),
    except: [...free, ...ofWallets]
  },
  "after too many failures of a key": {
    code: "RATE_LIMIT_EXCEEDED",
    dynamics: { failureBudget: { ...Dynamics.failureBudget, limit: 1 } },
    change: withKey("inactive"),
    isRepeated: true,
    except: [...free, ...ofWallets]
  },
  "with a sign-in that is none": {
    code: "X402_INVALID_SIGN_IN",
    change: ({ headers }) => ({ key: undefined, headers: { ...headers, "sign-in-with-x": btoa("none") } }),
    except: ["POST /x402/top-up", ...quotes]
  },
  "with the wallet of somebody else": {
    code: "X402_WALLET_MISMATCH",
    change: () => ({ headers: { "sign-in-with-x": signIn(0, "other00001", `0x${"b".repeat(40)}`) } }),
    except: []
  },
  "with the id of no job": {
    code: "REQUEST_ID_NOT_FOUND",
    change: withMembers({ queue_id: "00000000-0000-4000-8000-000000000000" }),
    except: []
  },
  "above the context of the model": {
    code: "TOO_MANY_TOKENS",
    dynamics: {
      models: Models.defaults.map((model) => ({
        ...model,
        model_spec: {
          ...model.model_spec,
          availableContextTokens: 1,
          maxInputTokens: 1,
          maxStateTokens: 1,
          maxTotalTokens: 1
        }
      }))
    },
    change: ({ body }) => ({
      body: JSON.parse(JSON.stringify(body).replace(/"(Hello|Help|x)"/g, `"${"long ".repeat(9)}"`))
    }),
    except: []
  },
  "without a balance": {
    code: "INSUFFICIENT_BALANCE",
    dynamics: { balance: { usd: 0 } },
    except: [...ofJobs, ...quotes]
  },
  "above the limit of the key in dollars": {
    code: "API_KEY_USD_SPEND_LIMIT_EXCEEDED",
    dynamics: { balance: { usd: 100 } },
    change: withKey("usd"),
    except: [...ofJobs, ...quotes]
  },
  "above the limit of the key in DIEM": {
    code: "API_KEY_DIEM_SPEND_LIMIT_EXCEEDED",
    dynamics: { balance: { diem: 100 } },
    change: withKey("diem"),
    except: [...ofJobs, ...quotes]
  },
  "with a model that there is not": {
    code: "MODEL_NOT_FOUND",
    change: withModel("no-such-model"),
    // Images of other providers' models are made by the default one.
    except: [...ofJobs, ...withoutModel, "POST /images/generations"]
  },
  "with a model of another type": {
    code: "INVALID_MODEL",
    change: withModel("jev-latest"),
    except: [...ofJobs, ...withoutModel, "POST /images/generations", "POST /decisions", "POST /systemone"]
  },
  "with a member that has the wrong type": {
    code: "INVALID_REQUEST",
    change: (asked) => isForm(asked) ? { ...form({}) } : { body: [] },
    except: Operation.all.filter((operation) =>
      operation.startsWith("GET ") || operation === "POST /x402/top-up" || operation === "DELETE /api_keys"
      || operation === "POST /video/transcriptions"
    )
  },
  "with a body that is no JSON": {
    code: "INVALID_CONTENT_TYPE",
    change: ({ headers }) => ({ body: "text", headers: { ...headers, "content-type": "text/plain" } }),
    except: []
  },
  "with a body above 35 MB": {
    code: "PAYLOAD_TOO_LARGE",
    change: () => ({ body: new Uint8Array(35 * 1024 * 1024 + 1), headers: {} }),
    except: []
  },
  "to a key of a free account": {
    code: "PRO_ONLY_MODEL",
    dynamics: { models: Models.defaults.map((model) => ({ ...model, isProOnly: true })) },
    change: withKey("free"),
    except: [...ofJobs, ...quotes]
  },
  "to a model that is offline": byOutage("MODEL_OFFLINE", quotes),
  "to a model without capacity": byOutage("MODEL_AT_CAPACITY", quotes),
  "to a model that is overloaded": byOutage("MODEL_OVERLOADED", quotes),
  "to a model whose run fails": byOutage("INFERENCE_FAILED", quotes)
}

describe("the emulated Venice refuses", () => {
  it.effect.each(Object.keys(conditions))(
    "what comes %s, on every operation that can fail so",
    (name) =>
      Effect.gen(function*() {
        const { change = () => ({}), code, dynamics, except, isRepeated } = conditions[name]!
        const canFail = Operation.all.filter((operation) => OperationFailure.codes(operation).has(code))
        const failing = yield* Effect.filter(canFail, (operation) =>
          Effect.map(
            Effect.flatMap(make({ keys, ...dynamics }), (client) => {
              const asked = request(client, operation, change)
              return isRepeated === true ? Effect.andThen(asked, asked) : asked
            }),
            ({ error }) => error?._tag === code
          ))

        assert.isNotEmpty(failing)
        assert.deepStrictEqual([...failing].sort(), canFail.filter((operation) => !except.includes(operation)).sort())
      })
  )
})
