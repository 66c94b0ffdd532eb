/** The operations on a policy, each with its controls. */
import { useState } from "preact/hooks"
import { newStep } from "../policy.ts"
import { jitters, kinds, limits, type Op, ops, presetNames, type Step } from "../state.ts"
import type { Words } from "../words.ts"
import { choicesOf, NumberField, SecondsField, Select } from "./controls.tsx"

interface StepProps<S> {
  readonly step: S
  readonly words: Words
  readonly onChange: (step: Step) => void
}

type StepOf<O extends Op> = Extract<Step, { readonly op: O }>

const Override = ({ onChange, step, words }: StepProps<StepOf<"override">>) => (
  <>
    <Select
      label={words.kind}
      value={step.kind}
      choices={choicesOf(kinds)}
      onChange={(kind) => onChange({ ...step, kind })}
    />
    <SecondsField label={words.base} millis={step.baseMillis} onChange={(baseMillis = 0) => onChange({ ...step, baseMillis })} />
    <NumberField label={words.factor} value={step.factor} min={1} max={100} onChange={(factor = 1) => onChange({ ...step, factor })} />
    <SecondsField label={words.cap} millis={step.capMillis} onChange={(capMillis = 0) => onChange({ ...step, capMillis })} />
    <NumberField
      label={words.retries}
      value={step.retries}
      min={0}
      max={100}
      step={1}
      onChange={(retries = 0) => onChange({ ...step, retries: Math.round(retries) })}
    />
    <Select
      label={words.jitter}
      value={step.jitter}
      choices={choicesOf(jitters)}
      onChange={(jitter) => onChange({ ...step, jitter })}
    />
  </>
)

const Kinds = ({ onChange, step, words }: StepProps<StepOf<"without" | "only">>) => (
  <fieldset>
    <legend>{words.kind}</legend>
    {kinds.map((kind) => (
      <label key={kind} class="pg-check">
        <input
          type="checkbox"
          checked={step.kinds.includes(kind)}
          onChange={({ currentTarget: { checked } }) =>
            onChange({ ...step, kinds: kinds.filter((other) => other === kind ? checked : step.kinds.includes(other)) })}
        />
        <code>{kind}</code>
      </label>
    ))}
  </fieldset>
)

const without = <A extends object, K extends keyof A>(value: A, name: K): Omit<A, K> => {
  const { [name]: _, ...rest } = value
  return rest
}

const Limit = ({ onChange, step, words }: StepProps<StepOf<"limit">>) => (
  <>
    <NumberField
      label={words.attempts}
      value={step.attempts}
      min={1}
      max={100}
      step={1}
      optional
      onChange={(attempts) =>
        onChange(attempts === undefined ? without(step, "attempts") : { ...step, attempts: Math.round(attempts) })}
    />
    <SecondsField
      label={words.elapsedLimit}
      millis={step.elapsedMillis}
      optional
      onChange={(elapsedMillis) =>
        onChange(elapsedMillis === undefined ? without(step, "elapsedMillis") : { ...step, elapsedMillis })}
    />
    <SecondsField
      label={words.longestHint}
      millis={step.longestHintMillis}
      optional
      onChange={(longestHintMillis) =>
        onChange(longestHintMillis === undefined ? without(step, "longestHintMillis") : { ...step, longestHintMillis })}
    />
  </>
)

const StepControls = ({ onChange, step, words }: StepProps<Step>) => {
  switch (step.op) {
    case "override":
      return <Override step={step} words={words} onChange={onChange} />
    case "without":
    case "only":
      return <Kinds step={step} words={words} onChange={onChange} />
    case "limit":
      return <Limit step={step} words={words} onChange={onChange} />
    case "jittered":
      return (
        <Select
          label={words.jitter}
          value={step.jitter}
          choices={choicesOf(jitters)}
          onChange={(jitter) => onChange({ ...step, jitter })}
        />
      )
    case "andThen":
    case "stricter":
    case "lenient":
      return (
        <Select
          label={words.preset}
          value={step.preset}
          choices={choicesOf(presetNames)}
          onChange={(preset) => onChange({ ...step, preset })}
        />
      )
  }
}

/** The list of operations, with a control that adds one. */
export const Steps = (
  { onChange, steps, words }: {
    readonly steps: ReadonlyArray<Step>
    readonly words: Words
    readonly onChange: (steps: ReadonlyArray<Step>) => void
  }
) => {
  const [op, setOp] = useState<Op>("override")
  return (
    <div data-pg="steps">
      <h3>{words.steps}</h3>
      {steps.length === 0 && <p class="pg-note">{words.noSteps}</p>}
      <ol>
        {steps.map((step, i) => (
          <li key={i} class="pg-step">
            <div class="pg-step-head">
              <span>
                <code>{step.op}</code> {words.ops[step.op]}
              </span>
              <button
                type="button"
                aria-label={`${words.remove} ${i + 1}: ${step.op}`}
                onClick={() => onChange(steps.filter((_, place) => place !== i))}
              >
                {words.remove}
              </button>
            </div>
            <div class="pg-row">
              <StepControls
                step={step}
                words={words}
                onChange={(changed) => onChange(steps.map((other, place) => place === i ? changed : other))}
              />
            </div>
          </li>
        ))}
      </ol>
      <div class="pg-row">
        <Select
          label={words.addStep}
          value={op}
          choices={ops.map((value) => ({ value, label: `${value}: ${words.ops[value]}` }))}
          onChange={setOp}
        />
        <button
          type="button"
          data-pg="add-step"
          disabled={steps.length >= limits.steps}
          onClick={() => onChange([...steps, newStep(op)])}
        >
          {words.add}
        </button>
      </div>
    </div>
  )
}
