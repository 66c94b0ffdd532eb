/**
 * As much of the runtime of Restate as a test needs: it keeps the journal of an invocation, and calls the endpoint of the SDK
 * until the handler ends. Its delays pass at once.
 */
type Field = number | Buffer

/** A message of the protocol: its type, and its bytes in the form of Protocol Buffers. */
interface Frame {
  readonly type: number
  readonly body: Buffer
}

const types = {
  start: 0x0000,
  error: 0x0002,
  proposedRun: 0x0005,
  input: 0x0400,
  output: 0x0401,
  sleep: 0x040c,
  sleepEnded: 0x800c,
  runEnded: 0x8011
}

const isCommand = (type: number): boolean => (type & 0xfc00) === 0x0400

const varint = (value: number): Array<number> =>
  value < 128 ? [value] : [(value % 128) + 128, ...varint(Math.floor(value / 128))]

const encode = (fields: Readonly<Record<number, Field>>): Buffer =>
  Buffer.concat(
    Object.entries(fields).map(([number, value]) => {
      const key = Number(number) << 3
      return typeof value === "number"
        ? Buffer.from([...varint(key), ...varint(value)])
        : Buffer.concat([Buffer.from([...varint(key | 2), ...varint(value.length)]), value])
    })
  )

const decode = (body: Buffer): ReadonlyMap<number, Field> => {
  const fields = new Map<number, Field>()
  let at = 0
  const next = (): number => {
    let value = 0
    for (let factor = 1;; factor *= 128) {
      const byte = body[at++]!
      value += (byte % 128) * factor
      if (byte < 128) return value
    }
  }
  while (at < body.length) {
    const key = next()
    const value = next()
    if (key % 8 === 0) fields.set(Math.floor(key / 8), value)
    else fields.set(Math.floor(key / 8), body.subarray(at, at += value))
  }
  return fields
}

const write = ({ body, type }: Frame): Buffer => {
  const header = Buffer.alloc(8)
  header.writeUInt16BE(type, 0)
  header.writeUInt32BE(body.length, 4)
  return Buffer.concat([header, body])
}

const read = (bytes: Buffer): ReadonlyArray<Frame> => {
  const frames: Array<Frame> = []
  for (let at = 0; at < bytes.length;) {
    const end = at + 8 + bytes.readUInt32BE(at + 4)
    frames.push({ type: bytes.readUInt16BE(at), body: bytes.subarray(at + 8, end) })
    at = end
  }
  return frames
}

const numberOf = (fields: ReadonlyMap<number, Field>, number: number): number => {
  const value = fields.get(number)
  return typeof value === "number" ? value : 0
}

const bytesOf = (fields: ReadonlyMap<number, Field>, number: number): Buffer => {
  const value = fields.get(number)
  return Buffer.isBuffer(value) ? value : Buffer.alloc(0)
}

/** How an invocation ended. */
export interface Invocation {
  readonly value?: unknown
  readonly failure?: string
  /** The delays that the handler asked for, in milliseconds, from the call of the endpoint. */
  readonly delays: ReadonlyArray<number>
  /** How often the endpoint was called. */
  readonly calls: number
}

/** Calls a handler without input until it ends. */
export const invoke = async (
  handler: (request: Request) => Promise<Response>,
  path: string
): Promise<Invocation> => {
  const journal: Array<Frame> = [{ type: types.input, body: encode({ 14: encode({ 1: Buffer.from("null") }) }) }]
  const delays: Array<number> = []
  for (let calls = 1; calls < 100; calls++) {
    const start = encode({ 1: Buffer.from("id"), 2: Buffer.from("id"), 3: journal.length })
    const now = Date.now()
    const response = await handler(
      new Request(`http://localhost/invoke/${path}`, {
        method: "POST",
        headers: { "content-type": "application/vnd.restate.invocation.v5" },
        body: Buffer.concat([{ type: types.start, body: start }, ...journal].map(write))
      })
    )
    for (const frame of read(Buffer.from(await response.arrayBuffer()))) {
      const fields = decode(frame.body)
      if (isCommand(frame.type)) journal.push(frame)
      switch (frame.type) {
        case types.output: {
          const value = fields.get(14)
          return Buffer.isBuffer(value)
            ? { value: JSON.parse(bytesOf(decode(value), 1).toString()), delays, calls }
            : { failure: bytesOf(decode(bytesOf(fields, 15)), 2).toString(), delays, calls }
        }
        case types.error:
          throw new Error(bytesOf(fields, 2).toString())
        case types.proposedRun:
          journal.push({
            type: types.runEnded,
            body: encode({ 1: numberOf(fields, 1), 5: encode({ 1: bytesOf(fields, 14) }) })
          })
          break
        case types.sleep:
          delays.push(numberOf(fields, 1) - now)
          journal.push({ type: types.sleepEnded, body: encode({ 1: numberOf(fields, 11), 4: Buffer.alloc(0) }) })
          break
      }
    }
  }
  throw new Error("the handler does not end")
}
