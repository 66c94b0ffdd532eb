/**
 * The handler of every operation. An operation without one does not compile.
 *
 * @internal
 */
import type { Operation } from "@effect-venice/core"
import * as ApiKeys from "./apiKeys.ts"
import * as Audio from "./audio.ts"
import * as AudioQueue from "./audioQueue.ts"
import * as Augment from "./augment.ts"
import * as Billing from "./billing.ts"
import * as ChangerQueue from "./changerQueue.ts"
import * as Characters from "./characters.ts"
import { chatCompletions } from "./chat.ts"
import * as CryptoRpc from "./cryptoRpc.ts"
import { decisions } from "./decisions.ts"
import { embeddings } from "./embeddings.ts"
import * as ImageEdits from "./imageEdits.ts"
import * as Images from "./images.ts"
import * as Jobs from "./jobs.ts"
import * as ModelLists from "./modelLists.ts"
import { responses } from "./responses.ts"
import type { Handler } from "./run.ts"
import * as Tee from "./tee.ts"
import * as UsageAnalytics from "./usageAnalytics.ts"
import * as UsageHistory from "./usageHistory.ts"
import * as VideoQueue from "./videoQueue.ts"
import * as X402 from "./x402.ts"

export const routes: Readonly<Record<Operation.Operation, Handler>> = {
  "GET /api_keys": ApiKeys.list,
  "DELETE /api_keys": ApiKeys.remove,
  "POST /api_keys": ApiKeys.post,
  "PATCH /api_keys": ApiKeys.patch,
  "GET /api_keys/generate_web3_key": ApiKeys.web3Token,
  "POST /api_keys/generate_web3_key": ApiKeys.web3Key,
  "GET /api_keys/rate_limits": ApiKeys.rateLimits,
  "GET /api_keys/rate_limits/log": ApiKeys.rateLimitLog,
  "GET /api_keys/{id}": ApiKeys.get,
  "POST /audio/complete": Jobs.complete("audio"),
  "POST /audio/queue": AudioQueue.queue,
  "POST /audio/quote": AudioQueue.quote,
  "POST /audio/retrieve": Jobs.retrieve("audio"),
  "POST /audio/speech": Audio.speech,
  "POST /audio/transcriptions": Audio.transcriptions,
  "POST /audio/voices": Audio.voices,
  "POST /augment/scrape": Augment.scrape,
  "POST /augment/search": Augment.search,
  "POST /augment/text-parser": Augment.parseText,
  "GET /billing/balance": Billing.balance,
  "GET /billing/usage": Billing.retiredUsage,
  "GET /billing/usage-analytics": UsageAnalytics.usageAnalytics,
  "GET /billing/usage-history": UsageHistory.usageHistory,
  "GET /characters": Characters.list,
  "GET /characters/{slug}": Characters.get,
  "GET /characters/{slug}/reviews": Characters.reviews,
  "POST /chat/completions": chatCompletions,
  "GET /crypto/rpc/networks": CryptoRpc.listNetworks,
  "POST /crypto/rpc/{network}": CryptoRpc.post,
  "POST /embeddings": embeddings,
  "POST /image/background-remove": ImageEdits.removeBackground,
  "POST /image/edit": ImageEdits.edit,
  "POST /image/generate": Images.generate,
  "POST /image/multi-edit": ImageEdits.multiEdit,
  "GET /image/styles": Images.listStyles,
  "POST /image/upscale": ImageEdits.upscale,
  "POST /images/generations": Images.generations,
  "GET /models": ModelLists.list,
  "GET /models/compatibility_mapping": ModelLists.compatibility,
  "GET /models/traits": ModelLists.traits,
  "POST /responses": responses,
  "POST /video/complete": Jobs.complete("video"),
  "POST /video/queue": VideoQueue.queue,
  "POST /video/quote": VideoQueue.quote,
  "POST /video/retrieve": Jobs.retrieve("video"),
  "POST /video/transcriptions": Billing.retiredTranscriptions,
  "GET /x402/balance/{walletAddress}": X402.balance,
  "POST /x402/top-up": X402.topUp,
  "GET /x402/transactions/{walletAddress}": X402.transactions,
  "GET /tee/attestation": Tee.attestation,
  "GET /tee/signature": Tee.signature,
  "POST /decisions": decisions,
  "POST /systemone": decisions,
  "POST /audio/voice-changer/queue": ChangerQueue.queue,
  "POST /audio/voice-changer/quote": ChangerQueue.quote,
  "POST /audio/voice-changer/retrieve": Jobs.retrieve("audio/voice-changer"),
  "POST /audio/voice-changer/complete": Jobs.complete("audio/voice-changer")
}
