/** The text of a copy, from a file or from standard input. */
import { createReadStream } from "node:fs"

/** The input cannot be compared: it cannot be read, is cut off, or is something else. */
export class Unusable extends Error {}

/** In bytes. Venice's description has less than one megabyte. */
export const maxBytes = 16 * 1024 * 1024

const bytesOf = async (stream: AsyncIterable<Uint8Array>): Promise<Uint8Array> => {
  const chunks: Array<Uint8Array> = []
  let length = 0
  for await (const chunk of stream) {
    length += chunk.length
    if (length > maxBytes) throw new Unusable(`is larger than ${maxBytes / 1024 / 1024} MiB`)
    chunks.push(chunk)
  }
  return Buffer.concat(chunks)
}

/** The text of bytes, without a byte order mark. */
export const decode = (bytes: Uint8Array): string => {
  let text
  try {
    text = new TextDecoder("utf-8", { fatal: true }).decode(bytes)
  } catch {
    throw new Unusable("is not UTF-8")
  }
  if (text.includes("\0")) throw new Unusable("is not text: it contains a null character")
  if (text.trim() === "") throw new Unusable("is empty")
  return text
}

const reasons: Readonly<Record<string, string>> = {
  ENOENT: "does not exist",
  EISDIR: "is a folder",
  EACCES: "cannot be read: permission denied"
}

const reasonOf = (error: unknown): string => {
  const code = error instanceof Error && "code" in error ? String(error.code) : "unknown error"
  return reasons[code] ?? `cannot be read: ${code}`
}

/** The text of a file, or of standard input for `-`. */
export const read = async (path: string): Promise<string> => {
  try {
    return decode(await bytesOf(path === "-" ? process.stdin : createReadStream(path)))
  } catch (error) {
    throw error instanceof Unusable ? error : new Unusable(reasonOf(error))
  }
}
