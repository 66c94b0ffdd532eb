/** A trace as an SVG: a bar for each span, below it a line for each of its events, on one scale of time. */
import { tickOf, timeText } from "../playground/timeline.ts"
import type { Recorded, Trace } from "./record.ts"

const [width, left, right, top, rowHeight, eventHeight] = [860, 220, 16, 40, 26, 20]

const chart = width - left - right

/** About the width of a text in the font, in pixels. */
const widthOf = (text: string): number => text.length * 6.4

const escape = (text: string): string => text.replace(/[&<>"]/g, (char) => `&#${char.charCodeAt(0)};`)

const text = (value: unknown): string => typeof value === "number" ? timeText(value) : String(value)

type Attributes = Readonly<Record<string, unknown>>

const seconds = (value: unknown): number => Number(value) * 1000

/** What an event says, by its attributes. */
const eventTexts: Readonly<Record<string, (attributes: Attributes) => string>> = {
  retry: (of) => `${of["error.type"]}, waits ${text(of["venice.retry.delay_ms"])}`,
  "retry.stopped": (of) => `${of["error.type"]}, gives up: ${of["venice.retry.reason"]}`,
  "venice.held": (of) => `${of["venice.part"]}, ${of["venice.held"]} ${text(seconds(of["venice.held.duration"]))}`,
  "venice.fallback": (of) => `${of["error.type"]}, takes ${of["venice.route"]}`
}

const eventText = (name: string, attributes: Attributes): string => {
  const describe = eventTexts[name]
  if (describe === undefined) throw new Error(`There is no text for the event ${name}`)
  return `${name}: ${describe(attributes)}`
}

/** How a span ended: the code of its failure, or the status of its response. */
const outcomeOf = ({ attributes, isOk }: Recorded): string => {
  const errorType = attributes["error.type"]
  const status = attributes["http.response.status_code"]
  return isOk ? String(status ?? "ok") : String(errorType ?? status ?? "failed")
}

const depthOf = (trace: Trace, { parent }: Recorded): number =>
  parent === undefined ? 0 : 1 + depthOf(trace, trace[parent]!)

/** The spans in the order of a tree, each behind its parent. */
const inOrder = (trace: Trace, parent?: number): ReadonlyArray<Recorded> =>
  trace.flatMap((span, i) => span.parent === parent ? [span, ...inOrder(trace, i)] : [])

const description = (spans: ReadonlyArray<Recorded>): string =>
  spans.map((span) => {
    const { end, events, name, start } = span
    const said = events.map((event) => `, at ${timeText(event.at)} ${eventText(event.name, event.attributes)}`).join("")
    return `${name} from ${timeText(start)} to ${timeText(end)}: ${outcomeOf(span)}${said}.`
  }).join(" ")

// The colours of Okabe and Ito, lighter on dark. A class keeps a rule for both.
const style = `<style>
.paper{fill:#fff}.ink{fill:#1b1b1b}.soft{fill:#5c5c5c}.grid{stroke:#ddd}.ok{fill:#0072b2}.failed{fill:#c44f00}.event{fill:#007a5a}.onBar{fill:#fff}
@media (prefers-color-scheme:dark){.paper{fill:#17181c}.ink{fill:#eee}.soft{fill:#b0b0b0}.grid{stroke:#3a3b40}.ok{fill:#56b4e9}.failed{fill:#ff9a52}.event{fill:#3fd0a4}.onBar{fill:#101114}}
</style>`

/** Draws a trace. */
export const draw = (title: string, trace: Trace): string => {
  const spans = inOrder(trace)
  const total = Math.max(1, ...spans.map(({ end }) => end))
  const x = (millis: number): number => left + (chart * millis) / total
  const height = top + spans.reduce((sum, { events }) => sum + rowHeight + events.length * eventHeight, 0) + 10

  const tick = tickOf(total)
  const grid = Array.from({ length: Math.floor(total / tick) + 1 }, (_, i) => i * tick).map((at) =>
    `<line class="grid" x1="${x(at).toFixed(1)}" x2="${x(at).toFixed(1)}" y1="${top - 10}" y2="${height - 8}"/>`
    + `<text class="soft" x="${x(at).toFixed(1)}" y="${top - 16}" text-anchor="${
      x(at) + widthOf(timeText(at)) / 2 > width - 2 ? "end" : "middle"
    }">${timeText(at)}</text>`
  )

  /** The outcome in the bar, or beside it where there is room. */
  const label = (span: Recorded, y: number): string => {
    const outcome = `${outcomeOf(span)}, ${timeText(span.end - span.start)}`
    const [from, to, long] = [x(span.start), x(span.end), widthOf(outcome) + 12]
    if (to - from >= long) return `<text class="onBar" x="${(from + 6).toFixed(1)}" y="${y}">${escape(outcome)}</text>`
    return to + long <= width
      ? `<text class="ink" x="${(to + 6).toFixed(1)}" y="${y}">${escape(outcome)}</text>`
      : `<text class="ink" x="${(from - 6).toFixed(1)}" y="${y}" text-anchor="end">${escape(outcome)}</text>`
  }

  let y = top
  const rows = spans.flatMap((span) => {
    const middle = y + rowHeight / 2
    const bar = `<text class="ink" x="${10 + 16 * depthOf(trace, span)}" y="${middle + 4}">${escape(span.name)}</text>`
      + `<rect class="${span.isOk ? "ok" : "failed"}" x="${x(span.start).toFixed(1)}" y="${middle - 9}" width="${
        Math.max(2, x(span.end) - x(span.start)).toFixed(1)
      }" height="18" rx="2"/>${label(span, middle + 4)}`
    y += rowHeight
    const events = span.events.map(({ at, attributes, name }) => {
      const [cx, cy] = [x(at), y + eventHeight / 2 - 3]
      y += eventHeight
      const isLeft = cx + widthOf(eventText(name, attributes)) + 10 <= width
      return `<path class="event" d="M${cx.toFixed(1)} ${cy - 5}l5 5l-5 5l-5-5z"/>`
        + `<text class="event" x="${(cx + (isLeft ? 10 : -10)).toFixed(1)}" y="${cy + 4}"${
          isLeft ? "" : " text-anchor=\"end\""
        }>${escape(eventText(name, attributes))}</text>`
    })
    return [bar, ...events]
  })

  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" `
    + `font-family="sans-serif" font-size="12" role="img" aria-labelledby="title desc">`,
    `<title id="title">${escape(title)}</title>`,
    `<desc id="desc">${escape(description(spans))}</desc>`,
    style,
    `<rect class="paper" width="${width}" height="${height}"/>`,
    ...grid,
    ...rows,
    "</svg>",
    ""
  ].join("\n")
}
