/**
 * Text that cannot paint the terminal, forge a line, or turn the direction of the text around.
 *
 * @internal
 */
// C0, DEL, C1 (0x9b begins a sequence as ESC [ does), and the characters that reorder or break a line.
// oxlint-disable-next-line no-control-regex
const control = /[\u0000-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/g

/** Text with its control characters written as JSON writes them, so that JSON stays the same JSON. */
export const escapeControls = (text: string): string =>
  text.replace(control, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`)

/** Text as one line that is safe to print. */
export const oneLine = (text: string): string => escapeControls(text.trim().replace(/\s+/g, " "))
