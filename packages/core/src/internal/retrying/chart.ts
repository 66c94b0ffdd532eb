/**
 * Policies as SVG charts.
 *
 * @internal
 */
import * as Duration from "effect/Duration"
import type { Kind } from "./decider.ts"

interface Band {
  readonly floor: Duration.Duration
  readonly ceiling: Duration.Duration
}

/** The delays of one kind, retry after retry. */
export interface Series {
  readonly kind: Kind
  readonly bands: ReadonlyArray<Band>
}

/** A duration in seconds, with three digits at most below 100 s. */
export const seconds = (duration: Duration.Duration): string => {
  const value = Duration.toMillis(duration) / 1000
  return `${value >= 100 ? Math.round(value) : Number(value.toPrecision(3))} s`
}

/** `2 s`, or `2 s to 2.5 s` if the delay has jitter. */
export const range = ({ ceiling, floor }: Band): string =>
  Duration.equals(floor, ceiling) ? seconds(floor) : `${seconds(floor)} to ${seconds(ceiling)}`

// The colours of Okabe and Ito, which colour-blind readers can tell apart.
const colours: Readonly<Record<Kind, string>> = {
  RateLimit: "#0072b2",
  Capacity: "#009e73",
  Server: "#d55e00",
  Upstream: "#cc79a7",
  Timeout: "#e69f00",
  Transport: "#56b4e9"
}

const width = 720
const height = 400
const left = 64
const right = 150
const top = 24
const bottom = 48

const escape = (text: string): string => text.replace(/[&<>"]/g, (char) => `&#${char.charCodeAt(0)};`)

/**
 * Draws delay over retries on a logarithmic axis: a line and a band of jitter for each kind, and the longest hint that
 * the policy accepts.
 */
export const svg = (
  series: ReadonlyArray<Series>,
  longest: Duration.Duration | undefined,
  title: string
): string => {
  const longestHint = longest !== undefined && Number.isFinite(Duration.toMillis(longest)) ? longest : undefined
  const drawn = series.filter(({ bands }) => bands.length > 0)
  const count = Math.max(1, ...drawn.map(({ bands }) => bands.length))
  const tops = drawn.flatMap(({ bands }) => bands.map(({ ceiling }) => Duration.toMillis(ceiling)))
  const most = Math.max(1000, ...tops, longestHint === undefined ? 0 : Duration.toMillis(longestHint))
  const least = 50
  const x = (retry: number) => left + ((width - left - right) * (retry - 0.5)) / count
  const y = (duration: Duration.Duration) => {
    const millis = Math.max(least, Duration.toMillis(duration))
    return top + (height - top - bottom) * (1 - Math.log(millis / least) / Math.log(most / least))
  }
  // Kinds with the same delays would hide one another, so each is shifted a little.
  const shift = (i: number) => (i - (drawn.length - 1) / 2) * 7
  const point = (retry: number, duration: Duration.Duration, i: number) =>
    `${(x(retry) + shift(i)).toFixed(1)},${y(duration).toFixed(1)}`

  const ticks: Array<Duration.Duration> = []
  for (let millis = 100; millis <= most; millis *= 10) ticks.push(Duration.millis(millis))
  const grid = ticks.map((tick) =>
    `<line x1="${left}" x2="${width - right}" y1="${y(tick).toFixed(1)}" y2="${y(tick).toFixed(1)}" stroke="#ddd"/>`
    + `<text x="${left - 8}" y="${(y(tick) + 4).toFixed(1)}" text-anchor="end">${seconds(tick)}</text>`
  )
  const labels = Array.from(
    { length: count },
    (_, i) => `<text x="${x(i + 1).toFixed(1)}" y="${height - bottom + 20}" text-anchor="middle">${i + 1}</text>`
  )
  const hint = longestHint === undefined ? [] : [
    `<rect x="${left}" width="${width - left - right}" y="${y(longestHint).toFixed(1)}" height="${
      (height - bottom - y(longestHint)).toFixed(1)
    }" fill="#000" opacity="0.04"/>`,
    `<line x1="${left}" x2="${width - right}" y1="${y(longestHint).toFixed(1)}" y2="${
      y(longestHint).toFixed(1)
    }" stroke="#000" stroke-dasharray="4 4"/>`,
    `<text x="${width - right + 8}" y="${(y(longestHint) + 4).toFixed(1)}">longest hint: ${seconds(longestHint)}</text>`
  ]
  const lines = drawn.map(({ bands, kind }, i) => {
    const colour = colours[kind]
    const upper = bands.map(({ ceiling }, n) => point(n + 1, ceiling, i))
    const lower = bands.map(({ floor }, n) => point(n + 1, floor, i))
    const legend = top + 90 + i * 20
    return `<g fill="${colour}" stroke="${colour}"><title>${kind}</title>`
      + `<polygon points="${[...upper, ...lower.toReversed()].join(" ")}" opacity="0.2" stroke="none"/>`
      + `<polyline points="${lower.join(" ")}" fill="none" stroke-width="2"/>`
      + lower.map((at) => `<circle cx="${at.split(",")[0]}" cy="${at.split(",")[1]}" r="3"/>`).join("")
      + `<rect x="${width - right + 8}" y="${legend - 9}" width="12" height="12" stroke="none"/>`
      + `<text x="${width - right + 26}" y="${legend + 2}" fill="#000" stroke="none">${kind}</text></g>`
  })
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" `
    + `font-family="sans-serif" font-size="12" role="img"><title>${escape(title)}</title>`,
    `<rect width="${width}" height="${height}" fill="#fff"/>`,
    ...hint,
    ...grid,
    ...labels,
    `<text x="${left + (width - left - right) / 2}" y="${height - 8}" text-anchor="middle">retry of the kind</text>`,
    `<text x="${left - 56}" y="${top - 8}">delay</text>`,
    ...lines,
    "</svg>"
  ].join("\n")
}
