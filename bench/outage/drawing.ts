/** The requests of simulated outages over time, as an SVG: a panel for each part, all on the same scale. */
import type { Simulation } from "./simulate.ts"
import { slots } from "./table.ts"

const [width, height, left, top, gap] = [330, 96, 40, 34, 46]

const panel = ({ end, from, part, requests, to }: Simulation, n: number, most: number): string => {
  const x0 = left + (n % 2) * (width + gap)
  const y0 = top + Math.floor(n / 2) * (height + gap)
  const x = (at: number) => (x0 + (at / end) * width).toFixed(1)
  const y = (count: number) => (y0 + height - (count / most) * height).toFixed(1)
  const counts = slots(requests, 0, end)
  const steps = counts.map((count, slot) => `V${y(count)}H${x(Math.min(end, (slot + 1) * 10_000))}`).join("")
  const inside = requests.filter((at) => at >= from && at < to).length
  const minutes = [0, from, to, end].map((at) =>
    `<text x="${x(at)}" y="${y0 + height + 14}" text-anchor="middle">${Math.round(at / 6000) / 10}</text>`
  )
  return [
    `<g><title>${part}: ${inside} requests in the outage</title>`,
    `<rect x="${x(from)}" y="${y0}" width="${
      (Number(x(to)) - Number(x(from))).toFixed(1)
    }" height="${height}" opacity="0.08"/>`,
    `<path d="M${x(0)} ${y(0)}${steps}V${y(0)}Z" fill="#0072b2"/>`,
    `<line x1="${x0}" x2="${x0 + width}" y1="${y0 + height}" y2="${y0 + height}" stroke="#000"/>`,
    `<text x="${x0 - 6}" y="${y0 + 4}" text-anchor="end">${most}</text>`,
    `<text x="${x0 - 6}" y="${y0 + height + 4}" text-anchor="end">0</text>`,
    ...minutes,
    `<text x="${x0}" y="${y0 - 8}" font-weight="bold">${part}</text>`,
    `<text x="${x0 + width}" y="${y0 - 8}" text-anchor="end">${inside} in the outage</text></g>`
  ].join("\n")
}

export const draw = (simulations: ReadonlyArray<Simulation>): string => {
  const most = Math.max(1, ...simulations.flatMap(({ end, requests }) => slots(requests, 0, end)))
  const [all, tall] = [left + 2 * width + gap + 14, top + Math.ceil(simulations.length / 2) * (height + gap) + 12]
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${all} ${tall}" width="${all}" height="${tall}" font-family="sans-serif" font-size="12" role="img"><title>Requests to a model that is offline, by part</title>
<rect width="${all}" height="${tall}" fill="#fff"/>
${simulations.map((simulation, n) => panel(simulation, n, most)).join("\n")}
<text x="${left}" y="${tall - 8}">Requests in 10 seconds, over minutes. The model is offline in the grey time.</text>
</svg>
`
}
