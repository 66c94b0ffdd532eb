/** Text of a server as it may be shown: characters that paint nothing, or turn the direction around, are written out. */
import { escapeControls } from "../../packages/testing/src/internal/pasted/printable.ts"

/** The text with its lines and tabs, and every other control character as JSON writes it. */
export const visible = (text: string): string =>
  text.split(/([\n\t])/).map((part, i) => i % 2 === 1 ? part : escapeControls(part)).join("")

/** The pieces of a text around what was redacted. */
export const redactedPieces = (text: string): ReadonlyArray<string> => visible(text).split(/(<redacted>)/)
