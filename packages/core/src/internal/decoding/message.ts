/**
 * The message of an error: the server's, or a description of a body without a message.
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

export const messageOf = (Class: VeniceErrorClass, { errorBody, input, isPlain }: Received): string => {
  const message = errorBody.message ?? firstMessage(errorBody)
  // Neither the documented message nor a part of a plain body can contain a credential. The body inside of a relay's was
  // escaped twice, so that it may have one that the outer body does not show.
  const isClean = message === Class.defaultMessage || (isPlain && errorBody.relay === undefined)
  if (message !== undefined && isClean) return message
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
