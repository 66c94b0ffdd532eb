/** The figures and their targets: one row for each figure that a script reports. */

export interface Row {
  /** The figure's name in the script's report. */
  readonly figure: string
  readonly what: string
  readonly against: string
  /** The largest value that meets the target. A row without a target is there for comparison. */
  readonly target?: number
  /** Without a unit the figure is a ratio. */
  readonly unit?: string
}

export interface Group {
  readonly script: string
  readonly rows: ReadonlyArray<Row>
}

const floor0 = "FLOOR0"

export const groups: ReadonlyArray<Group> = [
  {
    script: "decode.ts",
    rows: [
      { figure: "decode/simple/floor", what: "decode a simple error, 20 frames deep", against: floor0, target: 2.2 },
      { figure: "decode/simple/openai", what: "the same", against: "openai", target: 0.3 },
      { figure: "decode/simple/anthropic", what: "the same", against: "@anthropic-ai/sdk" },
      { figure: "decode/openai-style/floor", what: "decode an OpenAI-style body", against: floor0, target: 1.8 },
      { figure: "decode/validation/floor", what: "decode 20 KB of validation", against: floor0, target: 1.03 },
      { figure: "decode/html/floor", what: "decode an HTML page", against: floor0, target: 0.75 },
      { figure: "decode/html/openai", what: "the same", against: "openai", target: 0.15 },
      { figure: "decode/empty/floor", what: "decode an empty body", against: floor0, target: 0.75 },
      { figure: "decode/empty/openai", what: "the same", against: "openai", target: 0.15 },
      { figure: "decode/unknown/known", what: "decode an unknown message", against: "a known one", target: 1.1 },
      { figure: "decode/worst/floor", what: "decode on the longest path", against: floor0, target: 4 },
      {
        figure: "decode/stack/new-error",
        what: "decode with the caller's stack",
        against: "FLOOR0 with its stack",
        target: 1.75
      },
      { figure: "decode/simple/nanos", what: "decode a simple error", against: "", unit: "ns" },
      { figure: "decode/floor/nanos", what: "FLOOR0 of it", against: "", unit: "ns" }
    ]
  },
  {
    script: "large.ts",
    rows: [
      { figure: "large/time", what: "an error page of 10 MB", against: "reading it whole", target: 0.25 },
      { figure: "large/kept", what: "what its error keeps", against: "", target: 0.3, unit: "MB" }
    ]
  },
  {
    script: "client.ts",
    rows: [
      { figure: "client/429/untyped", what: "CPU of a 429, undici", against: "the untyped client", target: 1.03 },
      { figure: "client/200/untyped", what: "CPU of a 200, undici", against: "the untyped client", target: 1.02 },
      { figure: "client/429/openai", what: "CPU of a 429, undici", against: "openai", target: 0.42 },
      { figure: "client/429/generateText", what: "the same", against: "generateText", target: 0.36 },
      { figure: "client/429/fetch", what: "the same", against: "fetch", target: 0.8 },
      { figure: "client/200/openai", what: "CPU of a 200, undici", against: "openai", target: 0.35 },
      { figure: "client/200/fetch", what: "the same", against: "fetch", target: 0.68 },
      { figure: "client/429/untraced/openai", what: "CPU of a 429, tracing off", against: "openai", target: 0.35 },
      { figure: "client/200/untraced/openai", what: "CPU of a 200, tracing off", against: "openai", target: 0.29 },
      { figure: "client/429/over-fetch/openai", what: "CPU of a 429, over fetch", against: "openai", target: 0.88 },
      {
        figure: "client/429/over-fetch/generateText",
        what: "the same",
        against: "generateText",
        target: 0.78
      },
      { figure: "client/429/untyped/openai", what: "the untyped client alone, 429", against: "openai" },
      { figure: "client/200/untyped/openai", what: "the untyped client alone, 200", against: "openai" },
      { figure: "client/429/untyped-over-fetch/openai", what: "the same over fetch, 429", against: "openai" },
      { figure: "client/429/micros", what: "CPU of a 429, undici", against: "", unit: "µs" },
      { figure: "client/200/micros", what: "CPU of a 200, undici", against: "", unit: "µs" },
      {
        figure: "retry/success/request",
        what: "retry wrapper around a success",
        against: "the CPU of a 200",
        target: 0.01
      },
      { figure: "retry/success/micros", what: "the same", against: "", unit: "µs" }
    ]
  },
  {
    script: "stream.ts",
    rows: [
      { figure: "stream/event/untyped", what: "CPU of an event of a stream", against: "the untyped client" },
      { figure: "stream/event/openai", what: "the same", against: "openai" },
      { figure: "stream/event/parsing", what: "the same", against: "JSON.parse of it", target: 3 },
      { figure: "stream/event/micros", what: "the same", against: "", unit: "µs" }
    ]
  },
  {
    script: "retry.ts",
    rows: [
      { figure: "retry/decision/stock", what: "a retry decision", against: "stock combinators", target: 0.7 },
      { figure: "retry/decision/p-retry", what: "the same", against: "p-retry", target: 1.75 },
      { figure: "retry/decision/cockatiel", what: "the same, with its timer", against: "cockatiel" },
      { figure: "retry/decision/micros", what: "the same", against: "", unit: "µs" },
      { figure: "retry/waiting/heap", what: "heap of a call in backoff", against: "", target: 3, unit: "KB" },
      { figure: "retry/waiting/own", what: "the same with an error of its own", against: "", unit: "KB" }
    ]
  },
  {
    script: "resilience.ts",
    rows: [
      {
        figure: "resilience/undici/ratio",
        what: "a call through all parts, undici",
        against: "without them",
        target: 1.05
      },
      { figure: "resilience/memory/ratio", what: "the same, a client in memory", against: "without them" },
      { figure: "resilience/memory/micros", what: "what all parts add, in memory", against: "", unit: "µs" },
      { figure: "resilience/bare/micros", what: "the call without them", against: "", unit: "µs" },
      {
        figure: "resilience/redis/trips",
        what: "round trips of all parts over Redis",
        against: "",
        target: 2,
        unit: "trips"
      },
      { figure: "resilience/redis/trips-in-a-row", what: "the same, calls in a row", against: "", unit: "trips" },
      { figure: "resilience/redis/wait", what: "what a call waits for Redis", against: "a PING" }
    ]
  },
  {
    script: "concurrent.ts",
    rows: [
      { figure: "concurrent/heap", what: "10,000 failing calls at once, heap of each", against: "", unit: "KB" },
      { figure: "concurrent/heap/flat", what: "the same", against: "1,000 calls", target: 1.1 },
      { figure: "concurrent/p99", what: "the 99th percentile of added delay", against: "", unit: "ms" },
      { figure: "concurrent/p99/flat", what: "the same", against: "1,000 calls", target: 1.25 },
      { figure: "concurrent/median", what: "the median of added delay", against: "", unit: "ms" }
    ]
  },
  {
    script: "scaling.ts",
    rows: [
      { figure: "scaling/decoding", what: "growth of decoding by size", against: "", target: 1.3, unit: "power" },
      {
        figure: "scaling/streams",
        what: "growth of streams by events and size",
        against: "",
        target: 1.3,
        unit: "power"
      },
      { figure: "scaling/redaction", what: "growth of redaction", against: "", target: 1.3, unit: "power" },
      {
        figure: "scaling/calling",
        what: "growth of attempts and of `classify`",
        against: "",
        target: 1.3,
        unit: "power"
      },
      { figure: "scaling/parts", what: "growth of guard and pacing by calls", against: "", target: 1.3, unit: "power" }
    ]
  },
  {
    script: "classify.ts",
    rows: [
      {
        figure: "classify/ordinary/micros",
        what: "a line of an ordinary log in `classify`",
        against: "",
        target: 10,
        unit: "µs"
      },
      { figure: "classify/micros", what: "a line of the fixtures", against: "", target: 10, unit: "µs" },
      { figure: "classify/parsing", what: "the same", against: "parsing and writing it" }
    ]
  },
  {
    script: "imports.ts",
    rows: [
      {
        figure: "import/share",
        what: "cold import of core and http",
        against: "Effect's modules in them",
        target: 0.03
      },
      {
        figure: "import/errors/share",
        what: "cold import of Errors and Decode",
        against: "Effect's modules in them",
        target: 0.02
      },
      { figure: "import/errors/ours", what: "the same", against: "", unit: "ms" },
      { figure: "import/ours", what: "cold import over Effect's modules", against: "", target: 10, unit: "ms" },
      { figure: "import/effect", what: "cold import of those modules", against: "", unit: "ms" },
      { figure: "import/openai", what: "cold import of openai", against: "", unit: "ms" }
    ]
  },
  {
    script: "memory.ts",
    rows: [
      { figure: "memory/million", what: "heap after 1,000,000 decoded errors", against: "", target: 0.5, unit: "MB" },
      { figure: "memory/long", what: "heap of an error of 256 KB, unread", against: "", target: 20, unit: "KB" }
    ]
  }
]
