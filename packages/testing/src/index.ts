/**
 * @since 0.1.0
 */
export * as Arbitraries from "./Arbitraries.ts"
export * as Assertions from "./Assertions.ts"
export * as Backtest from "./Backtest.ts"
export * as Call from "./Call.ts"
export * as Dynamics from "./Dynamics.ts"
export * as Emulator from "./Emulator.ts"
export * as Explanation from "./Explanation.ts"
export * as Fixtures from "./Fixtures.ts"
export * as Journal from "./Journal.ts"
export * as Laws from "./Laws.ts"
export * as Recording from "./Recording.ts"
export * as Script from "./Script.ts"
export * as WireResponse from "./WireResponse.ts"
