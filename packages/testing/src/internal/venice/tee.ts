/**
 * Attestations and signatures of trusted environments. The quotes are made up, and no verifier accepts them.
 *
 * @internal
 */
import { Errors } from "@effect-venice/core"
import * as Effect from "effect/Effect"
import { z } from "zod/v3"
import * as Check from "./check.ts"
import { Draw, hash } from "./draw.ts"
import * as Refuse from "./refusal.ts"
import type { Handler } from "./run.ts"
import { ok } from "./run.ts"

/** An uncompressed public key of secp256k1: the point of the private key 1. */
const signingKey = "0479be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798"
  + "483ada7726a3c4655da4fbfc0e1108a8fd17b448a68554199c47d08ffb10d4b8"

const signingAddress = "0x7e5f4552091a69125d5dfcb7b8c2659029395bdf"

const attestationQuery = z.object({
  model: z.string(),
  nonce: z.string().regex(/^[0-9a-f]{64}$/i, "nonce must be 64 hexadecimal characters").optional()
})

export const attestation: Handler = (call, state) =>
  Effect.gen(function*() {
    const query = yield* Check.query(call, attestationQuery)
    const { model } = yield* state.catalogue.find(query.model, ["text"], call.now)
    if (model.model_spec.capabilities?.supportsTeeAttestation !== true) {
      return yield* Refuse.error(new Errors.InvalidModel({ message: "Invalid model specified" }))
    }
    const nonce = query.nonce ?? call.draw.hex(64)
    return yield* ok({
      verified: true,
      nonce,
      model: model.id,
      tee_provider: "emulated",
      intel_quote: new Draw(hash(nonce)).hex(512),
      nvidia_payload: JSON.stringify({ nonce, evidence_list: [], arch: "HOPPER" }),
      signing_key: signingKey,
      signing_public_key: signingKey,
      signing_address: signingAddress,
      signing_algo: "ecdsa"
    })
  })

const signatureQuery = z.object({ model: z.string(), request_id: z.string() })

export const signature: Handler = (call, state) =>
  Effect.gen(function*() {
    const query = yield* Check.query(call, signatureQuery)
    const { model } = yield* state.catalogue.find(query.model, ["text"], call.now)
    if (state.attested.get(query.request_id) !== model.id) return yield* Refuse.error(new Errors.RequestIdNotFound())
    return yield* ok({
      request_id: query.request_id,
      model: model.id,
      tee_provider: "emulated",
      text: new Draw(hash(query.request_id)).hex(64),
      signature: `0x${new Draw(hash(`signature ${query.request_id}`)).hex(130)}`,
      signing_address: signingAddress,
      signing_algo: "ecdsa"
    })
  })
