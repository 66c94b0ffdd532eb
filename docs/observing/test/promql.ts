/** The metrics and labels of an expression of PromQL, by the grammar of Prometheus. */
import { parser } from "@prometheus-io/lezer-promql"

export interface Selector {
  readonly metric: string
  readonly matchers: ReadonlyArray<{ readonly label: string; readonly operator: string; readonly value: string }>
}

export interface Expression {
  readonly selectors: ReadonlyArray<Selector>
  /** The labels in `by (…)`. */
  readonly grouped: ReadonlySet<string>
}

/** Reads an expression. Throws where it is none. */
export const parseExpression = (expr: string): Expression => {
  const selectors: Array<Selector & { readonly matchers: Array<Selector["matchers"][number]> }> = []
  const grouped = new Set<string>()
  parser.parse(expr).iterate({
    enter: ({ from, name, node, to, type }) => {
      const text = expr.slice(from, to)
      if (type.isError) throw new Error(`No PromQL at ${from}: ${expr}`)
      if (name === "VectorSelector") selectors.push({ metric: "", matchers: [] })
      if (name === "Identifier") {
        const last = selectors.pop()!
        selectors.push({ ...last, metric: text })
      }
      if (name === "UnquotedLabelMatcher") {
        const [, label, operator, value] = /^(\w+)\s*(=~|!~|!=|=)\s*"(.*)"$/.exec(text)!
        selectors.at(-1)!.matchers.push({ label: label!, operator: operator!, value: value! })
      }
      if (name === "LabelName" && node.parent?.name === "GroupingLabels") grouped.add(text)
    }
  })
  return { selectors, grouped }
}
