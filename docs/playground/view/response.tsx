/** The part of the page about a response. */
import { Operation } from "@effect-venice/core"
import * as Explanation from "@effect-venice/testing/Explanation"
import * as Fixtures from "@effect-venice/testing/Fixtures"
import * as DateTime from "effect/DateTime"
import * as Duration from "effect/Duration"
import { useId, useMemo } from "preact/hooks"
import { texts } from "../../../packages/testing/src/internal/explanations/locales.ts"
import { type Analysis, analysisOf, type Reading } from "../response.ts"
import type { Rule } from "../rule.ts"
import { formats, type State } from "../state.ts"
import { redactedPieces, visible } from "../visible.ts"
import type { Words } from "../words.ts"
import { choicesOf, Code, Select } from "./controls.tsx"

type Locale = Explanation.Locale

interface Props {
  readonly locale: Locale
  readonly words: Words
  readonly state: State
  readonly text: string
  readonly readings: ReadonlyArray<Reading>
  readonly index: number
  readonly onIndex: (index: number) => void
  readonly onText: (text: string, operation?: string) => void
  /** An empty text if it is not known. */
  readonly onOperation: (operation: string) => void
  readonly onState: (change: Partial<State>) => void
}

const fixtureText = ({ body, headers, status }: Fixtures.Fixture): string =>
  [`HTTP/1.1 ${status}`, ...Object.entries(headers).map(([name, value]) => `${name}: ${value}`), "", body].join("\n")

const fixtureTexts = new Set(Fixtures.all.map(fixtureText))

/** When a text was received: a pasted one now, a fixture at the time to which its headers are relative. */
export const receivedAt = (text: string): number =>
  fixtureTexts.has(text) ? DateTime.toEpochMillis(Fixtures.receivedAt) : Date.now()

const fixtureChoices = Fixtures.all.map(({ code, id }) => ({ value: id, label: `${code}: ${id}` }))

/** Prose with its parts between backticks as code. */
const Prose = ({ text }: { readonly text: string }) => (
  <>{text.split(/`([^`]+)`/).map((part, i) => i % 2 === 1 ? <code key={i}>{part}</code> : part)}</>
)

const ruleText = (rule: Rule | undefined, { rules }: Words): readonly [text: string, code: string | undefined] => {
  switch (rule?.by) {
    case undefined:
      return [rules.noResponse, undefined]
    case "code":
      return [rules.code, rule.code]
    case "message":
      return [rules[rule.form], rule.wording]
    case "shape":
      return rule.status === undefined ? [rules.ownShape, undefined] : [rules.shape, String(rule.status)]
    case "status":
    case "none":
      return [rules[rule.by], String(rule.status)]
  }
}

const Redactions = ({ redactions, words }: { readonly words: Words; readonly redactions: Analysis["redactions"] }) =>
  redactions.length === 0 ? <>{words.noRedactions}</> : (
    <ul data-pg="redactions">
      {redactions.map(({ count, place }) => (
        <li key={place}>
          {place === "body" ? words.inBody : <code>{visible(place)}</code>}
          {count > 1 && `: ${count} ${words.times}`}
        </li>
      ))}
    </ul>
  )

const Redacted = ({ text }: { readonly text: string }) => (
  <>{redactedPieces(text).map((part, i) => i % 2 === 1 ? <mark key={i}>{part}</mark> : part)}</>
)

const ErrorView = (
  { locale, onState, reading, state, words }: Props & { readonly reading: Extract<Reading, { readonly _tag: "Error" }> }
) => {
  const { error, input } = reading
  const analysis = useMemo(() => analysisOf(error, input, state.format), [reading, state.format])
  const { labels } = texts[locale]
  const explanation = Explanation.of(error, locale)
  const category = texts[locale].categories[error.category]
  const [rule, ruleCode] = ruleText(analysis.rule, words)
  const { retryAfter } = error.response
  return (
    <>
      <h3><code data-pg="tag">{error._tag}</code></h3>
      <p><Prose text={explanation.title} /></p>
      <dl class="pg-facts">
        <dt>{labels.status}</dt>
        <dd><code>{error.response.status}</code></dd>
        <dt>{labels.message}</dt>
        <dd><code data-pg="message"><Redacted text={error.message} /></code></dd>
        <dt>{words.recognized}</dt>
        <dd data-pg="rule">
          <code data-pg="matched-by">{error.matchedBy}</code> {rule} {ruleCode !== undefined
            && <code>{visible(ruleCode)}</code>}
        </dd>
        <dt>{labels.category}</dt>
        <dd><code data-pg="category">{error.category}</code> {category.remedy}</dd>
        <dt>{labels.happened}</dt>
        <dd><Prose text={explanation.happened} /></dd>
        <dt>{labels.remedy}</dt>
        <dd><Prose text={explanation.remedy} /></dd>
        <dt>{words.hint}</dt>
        <dd data-pg="hint">{retryAfter === undefined ? words.noHint : <code>{Duration.format(retryAfter)}</code>}</dd>
        <dt>{words.redactions}</dt>
        <dd><Redactions redactions={analysis.redactions} words={words} /></dd>
      </dl>
      <p><a href={`../errors/${error._tag}/`}>{words.page}</a></p>
      {analysis.body !== undefined && (
        <>
          <Code label={words.body} name="body" words={words}><Redacted text={analysis.body} /></Code>
          {error.response.bodyTruncated === true && <p>{words.truncated}</p>}
        </>
      )}
      <Code label={words.handler} name="handler" words={words} copied={analysis.handler}>{analysis.handler}</Code>
      <Select
        label={`${words.encoded}: ${words.format}`}
        value={state.format}
        choices={choicesOf(formats)}
        onChange={(format) => onState({ format })}
      />
      <Code label={words.encoded} name="encoded" words={words} copied={analysis.encoded}>
        <Redacted text={analysis.encoded} />
      </Code>
      <Code label={words.asJson} name="json" words={words} copied={analysis.json}><Redacted text={analysis.json} /></Code>
    </>
  )
}

const ReadingView = (props: Props & { readonly reading: Reading }) => {
  const { reading, words } = props
  switch (reading._tag) {
    case "Empty":
      return <p>{words.empty}</p>
    case "TooLong":
      return <p>{words.tooLong}</p>
    case "Unreadable":
      return <p data-pg="problem">{words.unreadable} <span lang="en" dir="ltr">{visible(reading.problem)}</span></p>
    case "Category":
      return <p><a href={`../categories/${reading.category}/`}><code>{reading.category}</code></a></p>
    case "Choices":
      return (
        <>
          <p>{words.choices}</p>
          <ul>
            {reading.codes.map((code) => (
              <li key={code}>
                <button type="button" onClick={() => props.onText(code)}>
                  <code>{code}</code>
                </button>
              </li>
            ))}
          </ul>
        </>
      )
    case "Error":
      return <ErrorView {...props} reading={reading} />
  }
}

const operationChoices = (words: Words) => [
  { value: "", label: words.unknownOperation },
  ...Operation.all.map((operation) => ({ value: operation as string, label: operation as string }))
]

export const ResponseView = (props: Props) => {
  const { index, onIndex, onOperation, onText, readings, state, text, words } = props
  const id = useId()
  const reading = readings[Math.min(index, readings.length - 1)]!
  return (
    <section aria-labelledby={`${id}-heading`}>
      <h2 id={`${id}-heading`}>{words.response}</h2>
      <div class="pg-columns">
        <div>
          <div class="pg-field">
            <label for={id}>{words.paste}</label>
            <textarea
              id={id}
              dir="ltr"
              rows={14}
              spellcheck={false}
              autocomplete="off"
              aria-describedby={`${id}-hint`}
              value={text}
              onInput={(event) => onText(event.currentTarget.value)}
            />
            <p id={`${id}-hint`} class="pg-note">{words.pasteHint}</p>
          </div>
          <Select
            label={words.fixture}
            value=""
            choices={[{ value: "", label: words.chooseFixture }, ...fixtureChoices]}
            onChange={(value) => {
              const fixture = Fixtures.all.find(({ id }) => id === value)
              if (fixture !== undefined) onText(fixtureText(fixture), fixture.operation)
            }}
          />
          <Select
            label={words.operation}
            value={state.operation ?? ""}
            choices={operationChoices(words)}
            onChange={onOperation}
          />
          {readings.length > 1 && (
            <Select
              label={words.whichResponse}
              value={String(Math.min(index, readings.length - 1))}
              choices={readings.slice(0, 200).map((reading, i) => ({
                value: String(i),
                label: `${i + 1}: ${reading._tag === "Error" ? reading.error._tag : "—"}`
              }))}
              onChange={(value) => onIndex(Number(value))}
            />
          )}
        </div>
        <div class="pg-output" aria-live="polite" aria-atomic="false">
          <ReadingView {...props} reading={reading} />
        </div>
      </div>
    </section>
  )
}
