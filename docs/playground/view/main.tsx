/** The playground: its state, and the link that holds it. Everything is computed in the browser. */
import { Operation } from "@effect-venice/core"
import type { Locale } from "@effect-venice/testing/Explanation"
import * as Result from "effect/Result"
import { render } from "preact"
import { useEffect, useMemo, useState } from "preact/hooks"
import { fragmentOf, linkedText, stateOf } from "../link.ts"
import { read } from "../response.ts"
import { initial, type State } from "../state.ts"
import { words as allWords } from "../words.ts"
import { CopyButton } from "./controls.tsx"
import { PolicyView } from "./policy.tsx"
import { receivedAt, ResponseView } from "./response.tsx"

/** How long the link waits for the next key, in milliseconds: browsers bound how often a page may change its address. */
const linkDelayMillis = 300

const stateOfPage = (): { readonly state: State; readonly isBroken: boolean } => {
  const linked = stateOf(location.hash)
  return linked === undefined
    ? { state: initial, isBroken: false }
    : Result.match(linked, {
      onFailure: () => ({ state: initial, isBroken: true }),
      onSuccess: (state) => ({ state, isBroken: false })
    })
}

const Playground = ({ locale }: { readonly locale: Locale }) => {
  const words = allWords[locale]
  const [{ isBroken, state }, setPage] = useState(stateOfPage)
  // What was pasted may hold credentials, and more than a link can. It stays out of the state.
  const [text, setText] = useState(state.text)
  const [index, setIndex] = useState(0)
  const readings = useMemo(() => read(text, { now: receivedAt(text), operation: state.operation }), [
    text,
    state.operation
  ])
  const fragment = useMemo(() => {
    const reading = readings[Math.min(index, readings.length - 1)]!
    const input = reading._tag === "Error" ? reading.input : undefined
    const operation = Operation.all.find((candidate) => candidate === input?.operation)
    return fragmentOf({ ...state, text: linkedText(text, input), ...(operation !== undefined && { operation }) })
  }, [state, text, readings, index])

  useEffect(() => {
    const timer = setTimeout(() => history.replaceState(undefined, "", fragment), linkDelayMillis)
    return () => clearTimeout(timer)
  }, [fragment])

  useEffect(() => {
    const restore = () => {
      const page = stateOfPage()
      setPage(page)
      setText(page.state.text)
      setIndex(0)
    }
    addEventListener("hashchange", restore)
    return () => removeEventListener("hashchange", restore)
  }, [])

  const change = (changed: Partial<State>) =>
    setPage((page) => ({ isBroken: page.isBroken, state: { ...page.state, ...changed } }))

  const changeOperation = (name: string) => {
    const operation = Operation.all.find((candidate) => candidate === name)
    setPage(({ isBroken, state }) => {
      const { operation: _, ...rest } = state
      return { isBroken, state: { ...rest, ...(operation !== undefined && { operation }) } }
    })
  }

  return (
    <div class="pg" lang={locale}>
      {isBroken && <p role="alert" data-pg="bad-link">{words.badLink}</p>}
      <ResponseView
        locale={locale}
        words={words}
        state={state}
        text={text}
        readings={readings}
        index={index}
        onIndex={setIndex}
        onState={change}
        onOperation={changeOperation}
        onText={(pasted, operation) => {
          setText(pasted)
          setIndex(0)
          if (operation !== undefined) changeOperation(operation)
        }}
      />
      <PolicyView words={words} state={state} onState={change} />
      <p>
        <CopyButton text={() => new URL(fragment, location.href).href} words={words} label={words.copyLink} />
      </p>
      <p class="pg-note">{words.linkNote}</p>
    </div>
  )
}

const root = document.getElementById("playground")
if (root !== null) {
  root.textContent = ""
  render(<Playground locale={root.dataset.locale === "ar" ? "ar" : "en"} />, root)
}
