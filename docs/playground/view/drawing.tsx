/** The drawings of one call and of many. Time runs from left to right in every language. */
import type { Call, Crowd } from "../simulation.ts"
import { layout, type Span, timeText } from "../timeline.ts"
import type { Words } from "../words.ts"

const width = 640
const left = 8
const right = 24
const rowHeight = 34
const inner = width - left - right

const x = (share: number): number => left + share * inner

const Bar = ({ height, name, span, y }: {
  readonly name: string
  readonly span: Span
  readonly y: number
  readonly height: number
}) => (
  <rect class={`pg-${name}`} x={x(span.from)} y={y} width={Math.max(1.5, (span.to - span.from) * inner)} height={height} />
)

/** The attempts of a call below one another, on one scale. */
export const CallDrawing = (
  { call, deadline, label, words }: {
    readonly call: Call
    readonly deadline: number | undefined
    readonly label: string
    readonly words: Words
  }
) => {
  const timeline = layout(call, deadline)
  const bottom = timeline.rows.length * rowHeight + 8
  return (
    <>
      <div class="pg-drawing" dir="ltr" tabIndex={0} role="region" aria-label={words.drawing}>
        <svg viewBox={`0 0 ${width} ${bottom + 24}`} role="img" aria-label={label} data-pg="timeline">
          {timeline.ticks.map(({ at, millis }) => (
            <g key={millis}>
              <line class="pg-grid" x1={x(at)} x2={x(at)} y1={0} y2={bottom} />
              <text x={x(at)} y={bottom + 16} text-anchor={at === 0 ? "start" : at > 0.95 ? "end" : "middle"}>
                {timeText(millis)}
              </text>
            </g>
          ))}
          {timeline.rows.map(({ attempt, band, hint, request, wait }, i) => {
            const y = i * rowHeight + 4
            const isLate = request.from > 0.6
            return (
              <g key={i}>
                <text
                  x={isLate ? x(request.to) : x(request.from)}
                  y={y + 11}
                  text-anchor={isLate ? "end" : "start"}
                >
                  {i + 1}. {attempt.code ?? words.success}
                </text>
                {band && <Bar name="band" span={band} y={y + 14} height={14} />}
                {wait && <Bar name="wait" span={wait} y={y + 18} height={6} />}
                {hint && <Bar name="hint" span={hint} y={y + 26} height={3} />}
                <Bar name={attempt.code === undefined ? "success" : "request"} span={request} y={y + 14} height={14} />
              </g>
            )
          })}
          {timeline.deadline !== undefined && (
            <line class="pg-deadline" x1={x(timeline.deadline)} x2={x(timeline.deadline)} y1={0} y2={bottom} />
          )}
        </svg>
      </div>
      <ul class="pg-legend" aria-hidden="true">
        {(["request", "wait", "hint", "band", "deadline"] as const).map((name) => (
          <li key={name}>
            <span class={`pg-key pg-${name}`} />
            {
              {
                request: words.legendRequest,
                wait: words.legendWait,
                hint: words.legendHint,
                band: words.legendBand,
                deadline: words.legendDeadline
              }[name]
            }
          </li>
        ))}
      </ul>
    </>
  )
}

/** The attempts of a call as a table. */
export const CallTable = ({ call, words }: { readonly call: Call; readonly words: Words }) => (
  <div class="pg-scroll" tabIndex={0} role="region" aria-label={words.table}>
    <table data-pg="attempts">
      <thead>
        <tr>
          <th scope="col">#</th>
          <th scope="col">{words.at}</th>
          <th scope="col">{words.result}</th>
          <th scope="col">{words.hint}</th>
          <th scope="col">{words.waits}</th>
          <th scope="col">{words.between}</th>
        </tr>
      </thead>
      <tbody>
        {call.attempts.map(({ begins, code, hint, wait }, i) => (
          <tr key={i}>
            <th scope="row">{i + 1}</th>
            <td dir="ltr">{timeText(begins)}</td>
            <td>{code === undefined ? words.success : <code>{code}</code>}</td>
            <td dir="ltr">{hint === undefined ? "—" : timeText(hint)}</td>
            <td dir="ltr">{wait === undefined ? "—" : timeText(wait.delay)}</td>
            <td dir="ltr">{wait === undefined ? "—" : `${timeText(wait.floor)} – ${timeText(wait.ceiling)}`}</td>
          </tr>
        ))}
      </tbody>
    </table>
  </div>
)

const crowdHeight = 120

/** How many requests begin over time. */
export const CrowdDrawing = ({ crowd, label }: { readonly crowd: Crowd; readonly label: string }) => {
  const most = Math.max(1, ...crowd.arrivals)
  const part = inner / crowd.arrivals.length
  return (
    <div class="pg-drawing" dir="ltr" tabIndex={0} role="region" aria-label={label}>
      <svg viewBox={`0 0 ${width} ${crowdHeight + 24}`} role="img" aria-label={label} data-pg="arrivals">
        {crowd.arrivals.map((count, i) => {
          const height = count === 0 ? 0 : Math.max(1, count / most * crowdHeight)
          return <rect key={i} class="pg-request" x={left + i * part} y={crowdHeight - height} width={part - 1} height={height} />
        })}
        <line class="pg-axis" x1={left} x2={width - right} y1={crowdHeight} y2={crowdHeight} />
        {[0, 0.5, 1].map((share) => (
          <text
            key={share}
            x={x(share)}
            y={crowdHeight + 16}
            text-anchor={share === 0 ? "start" : share === 1 ? "end" : "middle"}
          >
            {timeText(share * crowd.elapsed)}
          </text>
        ))}
      </svg>
    </div>
  )
}
