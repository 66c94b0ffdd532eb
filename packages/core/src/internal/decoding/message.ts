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
  const isJson = errorBody.shape === "venice" || errorBody.shape === "json"
  const message = errorBody.message ?? (isJson ? firstMessage(errorBody) : undefined)
  // Neither the documented message nor a part of a plain body can contain a credential.
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
