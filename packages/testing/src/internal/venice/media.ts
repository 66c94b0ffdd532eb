/**
 * Small files of every format: each begins as its format demands, and the smallest ones decode.
 *
 * @internal
 */
import * as Base64 from "effect/encoding/Base64"
import * as Result from "effect/Result"

const decode = (text: string): Uint8Array => Result.getOrThrow(Base64.decode(text))

/** One pixel. */
export const images: Readonly<Record<string, Uint8Array>> = {
  png: decode("iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="),
  webp: decode("UklGRiIAAABXRUJQVlA4IBYAAAAwAQCdASoBAAEADsD+JaQAA3AAAAAA"),
  jpeg: decode(
    "/9j/4AAQSkZJRgABAQEASABIAAD/2wBDAP//////////////////////////////////////////////////////////////////////////////"
      + "////////wgALCAABAAEBAREA/8QAFBABAAAAAAAAAAAAAAAAAAAAAP/aAAgBAQABPxA="
  )
}

const ascii = (text: string): ReadonlyArray<number> => Array.from(text, (character) => character.charCodeAt(0))

const int32 = (n: number): ReadonlyArray<number> => [n & 255, (n >> 8) & 255, (n >> 16) & 255, (n >> 24) & 255]

/** A tenth of a second of silence at 8 kHz, in 8 bits. */
const wav = (() => {
  const samples = 800
  return new Uint8Array([
    ...ascii("RIFF"),
    ...int32(36 + samples),
    ...ascii("WAVEfmt "),
    ...int32(16),
    1,
    0,
    1,
    0,
    ...int32(8000),
    ...int32(8000),
    1,
    0,
    8,
    0,
    ...ascii("data"),
    ...int32(samples),
    ...Array.from({ length: samples }, () => 128)
  ])
})()

/** One silent frame: MPEG 1 layer 3, 128 kbit/s, 44.1 kHz. */
const mp3 = new Uint8Array(417)
mp3.set([0xff, 0xfb, 0x90, 0x64])

const beginning = (bytes: ReadonlyArray<number>, length: number): Uint8Array => {
  const out = new Uint8Array(length)
  out.set(bytes)
  return out
}

export const audio: Readonly<Record<string, { readonly type: string; readonly bytes: Uint8Array }>> = {
  mp3: { type: "audio/mpeg", bytes: mp3 },
  wav: { type: "audio/wav", bytes: wav },
  opus: { type: "audio/opus", bytes: beginning(ascii("OggS"), 128) },
  aac: { type: "audio/aac", bytes: beginning([0xff, 0xf1, 0x50, 0x80], 128) },
  flac: { type: "audio/flac", bytes: beginning(ascii("fLaC"), 128) },
  pcm: { type: "audio/pcm", bytes: new Uint8Array(1600) }
}

export const video: Uint8Array = new Uint8Array([
  0,
  0,
  0,
  24,
  ...ascii("ftypmp42"),
  0,
  0,
  0,
  0,
  ...ascii("mp42isom"),
  0,
  0,
  0,
  8,
  ...ascii("mdat")
])

const startsWith = (bytes: Uint8Array, text: string, offset = 0): boolean =>
  ascii(text).every((code, i) => bytes[offset + i] === code)

/** The format of a recording by its first bytes, or nothing if it is none. */
export const formatOf = (bytes: Uint8Array): string | undefined => {
  if (startsWith(bytes, "RIFF") && startsWith(bytes, "WAVE", 8)) return "wav"
  if (startsWith(bytes, "fLaC")) return "flac"
  if (startsWith(bytes, "OggS")) return "ogg"
  if (startsWith(bytes, "ftyp", 4)) return "mp4"
  if (startsWith(bytes, "ID3")) return "mp3"
  if (bytes[0] === 0x1a && bytes[1] === 0x45) return "webm"
  if (bytes[0] !== 0xff) return undefined
  return (bytes[1]! & 0xf6) === 0xf0 ? "aac" : (bytes[1]! & 0xe0) === 0xe0 ? "mp3" : undefined
}

/** About how many seconds a recording takes, by its size: the emulator decodes no audio. */
export const secondsOf = (bytes: Uint8Array): number => {
  if (formatOf(bytes) !== "wav" || bytes.length < 44) return Math.max(1, Math.ceil(bytes.length / 16_000))
  const rate = bytes[28]! | (bytes[29]! << 8) | (bytes[30]! << 16)
  return rate === 0 ? 1 : Math.round((bytes.length - 44) / rate * 100) / 100
}
