/**
 * The plain bytes of compressed bodies.
 *
 * @internal
 */
import { brotliDecompressSync, unzipSync, zstdDecompressSync } from "node:zlib"

const decompressors: Readonly<Record<string, (bytes: Uint8Array, options: { maxOutputLength: number }) => Uint8Array>> =
  {
    gzip: unzipSync,
    "x-gzip": unzipSync,
    deflate: unzipSync,
    br: brotliDecompressSync,
    zstd: zstdDecompressSync
  }

/** The plain bytes; none if they are too many, or if the encoding is unknown or broken. */
export const decompress = (bytes: Uint8Array, encoding: string, max: number): Uint8Array => {
  const decode = decompressors[encoding.trim().toLowerCase()]
  try {
    return decode === undefined ? new Uint8Array() : decode(bytes, { maxOutputLength: max })
  } catch {
    return new Uint8Array()
  }
}
