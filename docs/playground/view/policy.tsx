/** The part of the page about a retry policy. */
import { Operation, Retry, VeniceError } from "@effect-venice/core"
import * as Result from "effect/Result"
import { useId, useMemo } from "preact/hooks"
import { build, usageOf } from "../policy.ts"
import * as Simulation from "../simulation.ts"
import { type Failure, limits, maxCallers, presetNames, type Scenario, type State } from "../state.ts"
import { timeText } from "../timeline.ts"
import type { Words } from "../words.ts"
import { choicesOf, Code, NumberField, SecondsField, Select } from "./controls.tsx"
import { CallDrawing, CallTable, CrowdDrawing } from "./drawing.tsx"
import { Steps } from "./steps.tsx"

interface Props {
  readonly words: Words
  readonly state: State
  readonly onState: (change: Partial<State>) => void
}

const failureCodes: ReadonlyArray<Failure["code"]> = [
  ...[...VeniceError.byCode.values()].filter(({ code }) => Retry.kindOf(VeniceError.fromCode(code)) !== undefined)
    .map(({ code }) => code as Failure["code"]),
  "Transport",
  ...[...VeniceError.byCode.values()].filter(({ code }) => Retry.kindOf(VeniceError.fromCode(code)) === undefined)
    .map(({ code }) => code as Failure["code"])
]

const filled = (sentence: string, values: Readonly<Record<string, string>>): string =>
  sentence.replace(/\{(\w+)\}/g, (gap, name: string) => values[name] ?? gap)

const Script = ({ onChange, scenario, words }: {
  readonly scenario: Scenario
  readonly words: Words
  readonly onChange: (scenario: Scenario) => void
}) => {
  const { failures } = scenario
  const replace = (place: number, failure: Failure) =>
    onChange({ ...scenario, failures: failures.map((other, i) => i === place ? failure : other) })
  const optional = (name: "deadlineMillis" | "recoversMillis") => (millis: number | undefined) => {
    const { [name]: _, ...rest } = scenario
    onChange({ ...rest, ...(millis !== undefined && { [name]: millis }) })
  }
  return (
    <div data-pg="script">
      <h3>{words.script}</h3>
      {failures.length === 0 && <p class="pg-note">{words.noFailures}</p>}
      <ol>
        {failures.map((failure, i) => (
          <li key={i} class="pg-row">
            <Select
              label={`${words.failure} ${i + 1}`}
              value={failure.code}
              choices={choicesOf(failureCodes)}
              onChange={(code) => replace(i, { ...failure, code })}
            />
            <SecondsField
              label={words.hintSeconds}
              millis={failure.hintMillis}
              optional
              onChange={(hintMillis) =>
                replace(i, { code: failure.code, ...(hintMillis !== undefined && { hintMillis }) })}
            />
            <button
              type="button"
              aria-label={`${words.remove} ${i + 1}: ${failure.code}`}
              onClick={() => onChange({ ...scenario, failures: failures.filter((_, place) => place !== i) })}
            >
              {words.remove}
            </button>
          </li>
        ))}
      </ol>
      <button
        type="button"
        data-pg="add-failure"
        disabled={failures.length >= limits.failures}
        onClick={() => onChange({ ...scenario, failures: [...failures, failures.at(-1) ?? { code: "MODEL_OVERLOADED" }] })}
      >
        {words.addFailure}
      </button>
      <div class="pg-row">
        <SecondsField
          label={words.attemptSeconds}
          millis={scenario.attemptMillis}
          onChange={(attemptMillis = 0) => onChange({ ...scenario, attemptMillis })}
        />
        <SecondsField
          label={words.deadlineSeconds}
          millis={scenario.deadlineMillis}
          optional
          onChange={optional("deadlineMillis")}
        />
        <SecondsField
          label={words.recoversSeconds}
          millis={scenario.recoversMillis}
          optional
          onChange={optional("recoversMillis")}
        />
        <Select
          label={words.operation}
          value={scenario.operation}
          choices={choicesOf(Operation.all)}
          onChange={(operation) => onChange({ ...scenario, operation })}
        />
      </div>
      <p class="pg-note">{words.recoversNote}</p>
    </div>
  )
}

const parts = 60

const Crowd = ({ onState, policy, state, words }: Props & { readonly policy: Retry.Policy }) => {
  const { callers, scenario, seed } = state
  const crowd = useMemo(() => Simulation.crowd(policy, scenario, { callers, parts, seed }), [
    policy,
    scenario,
    callers,
    seed
  ])
  const summary = filled(words.arrivals, {
    most: String(Math.max(...crowd.arrivals)),
    time: timeText(crowd.elapsed / parts)
  })
  return (
    <div data-pg="crowd">
      <h3>{words.callersHeading}</h3>
      <NumberField
        label={words.callers}
        value={callers}
        min={1}
        max={maxCallers}
        step={1}
        onChange={(value = 1) => onState({ callers: Math.round(value) })}
      />
      <dl class="pg-numbers">
        {([
          ["p50", words.half, timeText(crowd.p50)],
          ["p95", words.most, timeText(crowd.p95)],
          ["requests", words.requests, String(crowd.requests)],
          ["succeeded", words.succeeded, String(crowd.succeeded)]
        ] as const).map(([name, label, value]) => (
          <div key={name}>
            <dt>{label}</dt>
            <dd dir="ltr" data-pg={name}>{value}</dd>
          </div>
        ))}
      </dl>
      <CrowdDrawing crowd={crowd} label={summary} />
      <p class="pg-note">{summary}</p>
    </div>
  )
}

const Call = ({ onState, policy, state, words }: Props & { readonly policy: Retry.Policy }) => {
  const { scenario, seed } = state
  const call = useMemo(() => Simulation.call(policy, scenario, seed), [policy, scenario, seed])
  const values = { time: timeText(call.elapsed), attempts: String(call.attempts.length) }
  const summary = call.reason === undefined
    ? filled(words.succeeds, values)
    : filled(words.givesUp, { ...values, reason: words.reasons[call.reason] })
  return (
    <div>
      <h3>{words.drawing}</h3>
      <p role="status" data-pg="outcome" data-outcome={call.reason ?? "succeeded"}>{summary}</p>
      <CallDrawing call={call} deadline={scenario.deadlineMillis} label={summary} words={words} />
      <button type="button" data-pg="draw-again" onClick={() => onState({ seed: (seed + 1) % 2 ** 31 })}>
        {words.drawAgain}
      </button>
      <details>
        <summary>{words.table}</summary>
        <CallTable call={call} words={words} />
      </details>
    </div>
  )
}

const Chart = ({ policy, words }: { readonly policy: Retry.Policy; readonly words: Words }) => {
  const source = useMemo(
    () => `data:image/svg+xml,${encodeURIComponent(Retry.renderSvg(policy, { title: "Delays of the policy" }))}`,
    [policy]
  )
  return (
    <details>
      <summary>{words.chart}</summary>
      <img src={source} alt={words.chartTitle} class="pg-chart" />
    </details>
  )
}

export const PolicyView = (props: Props) => {
  const { onState, state, words } = props
  const id = useId()
  const policy = useMemo(() => build(state.policy), [state.policy])
  const code = usageOf(state.policy, state.scenario.deadlineMillis)
  return (
    <section aria-labelledby={id}>
      <h2 id={id}>{words.policy}</h2>
      <div class="pg-columns">
        <div>
          <Select
            label={words.preset}
            value={state.policy.preset}
            choices={choicesOf(presetNames)}
            onChange={(preset) => onState({ policy: { ...state.policy, preset } })}
          />
          <Steps
            steps={state.policy.steps}
            words={words}
            onChange={(steps) => onState({ policy: { ...state.policy, steps } })}
          />
          <Script scenario={state.scenario} words={words} onChange={(scenario) => onState({ scenario })} />
        </div>
        <div class="pg-output">
          {Result.isFailure(policy)
            ? <p role="alert" data-pg="refused">{words.refused} <span lang="en" dir="ltr">{policy.failure}</span></p>
            : (
              <>
                <Call {...props} policy={policy.success} />
                <Chart policy={policy.success} words={words} />
                <Crowd {...props} policy={policy.success} />
                <Code label={words.policyCode} name="policy-code" words={words} copied={code}>{code}</Code>
              </>
            )}
        </div>
      </div>
    </section>
  )
}
