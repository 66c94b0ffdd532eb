/**
 * The message of an error: the server's words, or a description of a body that has none.
 *
 * @internal
 */
import { UnrecognizedResponse } from "../../Errors.ts"
import { maxMessageLength } from "../../ResponseContext.ts"
import type { VeniceErrorClass } from "../../VeniceError.ts"
import { excerpt } from "../redaction/excerpt.ts"
import { title } from "./errorBody.ts"
import type { Received } from "./received.ts"
import { firstMessage } from "./validation.ts"

const maxPageText = 500

/** The message of an error of this class. */
export const messageOf = (Class: VeniceErrorClass, { errorBody, input, isPlain }: Received): string => {
  const { message = firstMessage(errorBody) } = errorBody
  // Venice's documented message holds no credential, and neither does a part of a body without one.
  if (message === Class.defaultMessage || (message !== undefined && isPlain)) return message
  if (message !== undefined) return excerpt(message, maxMessageLength)
  if (Class !== UnrecognizedResponse) return Class.defaultMessage
  switch (errorBody.shape) {
    case "empty":
      return `HTTP ${input.status} with an empty body`
    case "text":
      return excerpt(input.body.trim(), maxPageText)
    case "html":
      return excerpt(title(input.body) ?? `HTTP ${input.status} with an HTML page`, maxPageText)
    default:
      return `HTTP ${input.status} with an unknown JSON body`
  }
}
