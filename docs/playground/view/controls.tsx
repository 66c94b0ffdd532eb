/** Labelled controls: choices, numbers with an optional value, code to copy. */
import type { ComponentChildren } from "preact"
import { useId, useState } from "preact/hooks"
import type { Words } from "../words.ts"

export interface Choice<A extends string> {
  readonly value: A
  readonly label: string
}

export const choicesOf = <A extends string>(values: ReadonlyArray<A>): ReadonlyArray<Choice<A>> =>
  values.map((value) => ({ value, label: value }))

export const Select = <A extends string>(props: {
  readonly label: string
  readonly value: A
  readonly choices: ReadonlyArray<Choice<A>>
  readonly onChange: (value: A) => void
}) => {
  const id = useId()
  return (
    <div class="pg-field">
      <label for={id}>{props.label}</label>
      <select id={id} value={props.value} onChange={(event) => props.onChange(event.currentTarget.value as A)}>
        {props.choices.map(({ label, value }) => <option key={value} value={value}>{label}</option>)}
      </select>
    </div>
  )
}

/** A number that may be absent if `optional`. What makes no sense is not passed on. */
export const NumberField = (props: {
  readonly label: string
  readonly value: number | undefined
  readonly min: number
  readonly max: number
  readonly step?: number | "any"
  readonly optional?: boolean
  readonly onChange: (value: number | undefined) => void
}) => {
  const id = useId()
  const change = (text: string): void => {
    if (text === "") {
      if (props.optional === true) props.onChange(undefined)
      return
    }
    const value = Number(text)
    if (Number.isFinite(value) && value >= props.min && value <= props.max) props.onChange(value)
  }
  return (
    <div class="pg-field">
      <label for={id}>{props.label}</label>
      <input
        id={id}
        type="number"
        inputMode="decimal"
        dir="ltr"
        min={props.min}
        max={props.max}
        step={props.step ?? "any"}
        value={props.value ?? ""}
        onInput={(event) => change(event.currentTarget.value)}
      />
    </div>
  )
}

/** A time in milliseconds that is shown in seconds. */
export const SecondsField = (props: {
  readonly label: string
  readonly millis: number | undefined
  readonly optional?: boolean
  readonly onChange: (millis: number | undefined) => void
}) => (
  <NumberField
    label={props.label}
    value={props.millis === undefined ? undefined : props.millis / 1000}
    min={0}
    max={21_600}
    optional={props.optional === true}
    onChange={(seconds) => props.onChange(seconds === undefined ? undefined : Math.round(seconds * 1000))}
  />
)

/** A button that copies a text, and says whether it did. */
export const CopyButton = (
  { label, text, words }: { readonly text: () => string; readonly words: Words; readonly label?: string }
) => {
  const [status, setStatus] = useState("")
  const copy = () =>
    (navigator.clipboard?.writeText(text()) ?? Promise.reject(new Error("no clipboard"))).then(
      () => setStatus(words.copied),
      () => setStatus(words.notCopied)
    )
  return (
    <span class="pg-copy">
      <button type="button" onClick={() => void copy()}>{label ?? words.copy}</button>
      <span role="status">{status}</span>
    </span>
  )
}

/** Code from left to right, that the keyboard can scroll. */
export const Code = (
  { children, copied, label, name, words }: {
    readonly label: string
    readonly name: string
    readonly words: Words
    readonly children: ComponentChildren
    readonly copied?: string
  }
) => (
  <div class="pg-code">
    <div class="pg-code-head">
      <h4>{label}</h4>
      {copied !== undefined && <CopyButton text={() => copied} words={words} />}
    </div>
    <pre dir="ltr" tabIndex={0} role="region" aria-label={label} data-pg={name}><code>{children}</code></pre>
  </div>
)
