/**
 * What is measured, and what is aimed at: one row for a figure that a script reports.
 */

export interface Row {
  /** The figure's name in the script's report. */
  readonly figure: string
  readonly what: string
  readonly against: string
  /** The most it should be; a row without a target is there to compare with. */
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
      { figure: "decode/simple/nanos", what: "decode a simple error", against: "", unit: "ns" },
      { figure: "decode/floor/nanos", what: "FLOOR0 of it", against: "", unit: "ns" }
    ]
  }
]
