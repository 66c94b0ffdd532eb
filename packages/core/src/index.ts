/**
 * @since 0.1.0
 */
export * as Attempts from "./Attempts.ts"
export * as Category from "./Category.ts"
export * as Decode from "./Decode.ts"
export * as Encode from "./Encode.ts"
export * as Errors from "./Errors.ts"
export * as Fingerprint from "./Fingerprint.ts"
export * as Operation from "./Operation.ts"
export * as OperationFailure from "./OperationFailure.ts"
export * as Redact from "./Redact.ts"
export * as ResponseBody from "./ResponseBody.ts"
export * as ResponseContext from "./ResponseContext.ts"
export * as ResponseHeaders from "./ResponseHeaders.ts"
export * as Retry from "./Retry.ts"
export * as RetryBudget from "./RetryBudget.ts"
export * as RetryStream from "./RetryStream.ts"
export * as VeniceError from "./VeniceError.ts"
