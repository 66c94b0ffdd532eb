import { describe } from "@effect/vitest"
import { properties } from "./durableProperties.ts"

describe("DurableRetry, for many policies and failures", () => properties(300))
