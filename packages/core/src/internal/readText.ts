/**
 * Reading of the body of a web response within limits of size and time.
 *
 * @internal
 */

/** The text that was read, and whether it is less than the whole body. */
export interface Text {
  readonly text: string
  readonly truncated: boolean
}

type Reader = ReadableStreamDefaultReader<Uint8Array>

/** Reads until the end, or until there are more bytes than the limit. Returns whether the end was reached. */
const readChunks = async (reader: Reader, add: (chunk: Uint8Array) => boolean): Promise<boolean> => {
  for (;;) {
    const { done, value } = await reader.read()
    if (done) return true
    if (!add(value)) return false
  }
}

/**
 * Reads the body of a response as text, at most so many bytes for at most so many milliseconds, and releases the
 * connection. If the connection ends early, the text so far is returned. Never rejects.
 */
export const readText = async (response: Response, maxBytes: number, maxMillis: number): Promise<Text> => {
  const { body } = response
  if (body === null || body === undefined) return { text: "", truncated: false }
  if (body.locked) return { text: "", truncated: true }
  const reader = body.getReader()
  const decoder = new TextDecoder()
  let text = ""
  let left = maxBytes
  const add = (chunk: Uint8Array): boolean => {
    text += decoder.decode(chunk.subarray(0, left), { stream: true })
    left -= chunk.length
    return left >= 0
  }
  let timer: ReturnType<typeof setTimeout> | undefined
  const timeout = new Promise<boolean>((resolve) => {
    timer = setTimeout(resolve, maxMillis, false)
  })
  const isComplete = await Promise.race([readChunks(reader, add).catch(() => false), timeout])
  clearTimeout(timer)
  reader.cancel().catch(() => {})
  return { text: text + decoder.decode(), truncated: !isComplete }
}
