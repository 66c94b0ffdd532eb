/**
 * The state of the playground, and its schema: what a link may say.
 *
 * Every text and every list is bounded, because anybody can write a link.
 */
import { Operation, type Retry, VeniceError } from "@effect-venice/core"
import * as Schema from "effect/Schema"

/** The longest text that a link holds, in UTF-16 code units. */
export const maxLinkedText = 12_000

const maxSteps = 12
const maxFailures = 60

/** Six hours, which is as long as the most patient preset waits, in milliseconds. */
const longest = 6 * 3_600_000

const Millis = Schema.Finite.check(Schema.isBetween({ minimum: 0, maximum: longest }))

const Count = Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 100 }))

export const presetNames = ["standard", "patient", "eager", "never"] as const
export const jitters = ["none", "proportional", "full", "equal", "decorrelated"] as const satisfies ReadonlyArray<
  Retry.Jitter
>
export const formats = ["venice", "openai", "anthropic", "problem"] as const
export const kinds = [
  "RateLimit",
  "Capacity",
  "Server",
  "Upstream",
  "Timeout",
  "Transport"
] as const satisfies ReadonlyArray<Retry.Kind>

const Preset = Schema.Literals(presetNames)
const Jitter = Schema.Literals(jitters)
const Kind = Schema.Literals(kinds)
const Kinds = Schema.Array(Kind).check(Schema.isMaxLength(kinds.length))
const optional = Schema.optionalKey

/** One operation of the algebra of policies. */
export const Step = Schema.Union([
  Schema.Struct({
    op: Schema.Literal("override"),
    kind: Kind,
    baseMillis: Millis,
    factor: Schema.Finite.check(Schema.isBetween({ minimum: 1, maximum: 100 })),
    capMillis: Millis,
    retries: Count,
    jitter: Jitter
  }),
  Schema.Struct({ op: Schema.Literals(["without", "only"]), kinds: Kinds }),
  Schema.Struct({ op: Schema.Literal("jittered"), jitter: Jitter }),
  Schema.Struct({
    op: Schema.Literal("limit"),
    attempts: optional(Count),
    elapsedMillis: optional(Millis),
    longestHintMillis: optional(Millis)
  }),
  Schema.Struct({ op: Schema.Literals(["andThen", "stricter", "lenient"]), preset: Preset })
])

export type Step = typeof Step.Type

export type Op = Step["op"]

export const ops: ReadonlyArray<Op> = [
  "override",
  "without",
  "only",
  "jittered",
  "limit",
  "andThen",
  "stricter",
  "lenient"
]

/** A policy: a preset, and what is done to it. */
export const Policy = Schema.Struct({
  preset: Preset,
  steps: Schema.Array(Step).check(Schema.isMaxLength(maxSteps))
})

export interface Policy extends Schema.Schema.Type<typeof Policy> {}

/** A failure of the script: a code of Venice, or `Transport` for a failure without a response. */
export const Failure = Schema.Struct({
  code: Schema.Literals(["Transport", ...VeniceError.byCode.keys()] as ReadonlyArray<VeniceError.Code | "Transport">),
  hintMillis: optional(Millis)
})

export interface Failure extends Schema.Schema.Type<typeof Failure> {}

const OperationName = Schema.Literals(Operation.all)

/** What happens to a call. */
export const Scenario = Schema.Struct({
  failures: Schema.Array(Failure).check(Schema.isMaxLength(maxFailures)),
  /** How long an attempt takes. */
  attemptMillis: Millis,
  /** When the server recovers; until then the script repeats. Without it, the call succeeds after the script. */
  recoversMillis: optional(Millis),
  /** The deadline of the call. */
  deadlineMillis: optional(Millis),
  operation: OperationName
})

export interface Scenario extends Schema.Schema.Type<typeof Scenario> {}

export const maxCallers = 1000

export const State = Schema.Struct({
  text: Schema.String.check(Schema.isMaxLength(maxLinkedText)),
  /** The operation of the response, if the text does not say it. */
  operation: optional(OperationName),
  format: Schema.Literals(formats),
  policy: Policy,
  scenario: Scenario,
  callers: Schema.Int.check(Schema.isBetween({ minimum: 1, maximum: maxCallers })),
  /** Decides what is drawn, so that a link shows the same drawing. */
  seed: Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 2 ** 31 }))
})

export interface State extends Schema.Schema.Type<typeof State> {}

/** What the page shows at first: an example of each part. */
export const initial: State = {
  text: [
    "HTTP/2 429",
    "content-type: application/json",
    "retry-after: 30",
    "cf-ray: 91dbd54fa83f8cbd-EWR",
    "",
    "{\"error\":\"The model is currently overloaded. Please try again later.\"}"
  ].join("\n"),
  operation: "POST /chat/completions",
  format: "venice",
  policy: { preset: "standard", steps: [] },
  scenario: {
    failures: [
      { code: "MODEL_OVERLOADED", hintMillis: 5000 },
      { code: "INFERENCE_FAILED" },
      { code: "RATE_LIMIT_EXCEEDED", hintMillis: 2000 }
    ],
    attemptMillis: 400,
    deadlineMillis: 20_000,
    operation: "POST /chat/completions"
  },
  callers: 100,
  seed: 1
}
export const limits = { steps: maxSteps, failures: maxFailures } as const
