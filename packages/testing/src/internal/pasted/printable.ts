/**
 * Text that cannot paint the terminal, forge a line, or turn the direction of the text around.
 *
 * @internal
 */
import { printable } from "@effect-venice/core/Redact"

/** Text with its control characters written as JSON writes them, so that JSON stays the same JSON. */
export const escapeControls = (text: string): string =>
  printable(text) === text ? text : Array.from(text, escaped).join("")

const escaped = (character: string): string =>
  printable(character) === character ? character : `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`

/** Text as one line that is safe to print. */
export const oneLine = (text: string): string => escapeControls(text.trim().replace(/\s+/g, " "))
