/** What Prometheus reads of a process: the text that `PrometheusMetrics` writes, as families of samples. */
export interface Family {
  readonly name: string
  readonly type: string
  readonly help: string
  /** The names of its samples: of a histogram `_bucket`, `_sum` and `_count`. */
  readonly samples: ReadonlySet<string>
  /** The values of each label. */
  readonly labels: ReadonlyMap<string, ReadonlySet<string>>
}

interface Growing extends Family {
  readonly samples: Set<string>
  readonly labels: Map<string, Set<string>>
}

/** Reads the text format, version 0.0.4. Throws where a line is none of it. */
export const parseExposition = (text: string): ReadonlyArray<Family> => {
  const families: Array<Growing> = []
  let help = ""
  for (const line of text.split("\n").filter((line) => line !== "")) {
    const [, comment, name, rest] = /^# (HELP|TYPE) (\S+) (.*)$/.exec(line) ?? []
    if (comment === "HELP") help = rest!
    else if (comment === "TYPE") {
      families.push({ name: name!, type: rest!, help, samples: new Set(), labels: new Map() })
    } else {
      const [, sample, labels = ""] = /^([a-zA-Z_:][\w:]*)(?:\{(.*)\})? [-+.\deInfNa]+$/.exec(line) ?? []
      const family = families.at(-1)
      if (sample === undefined || !sample.startsWith(family?.name ?? "?")) throw new Error(`No sample: ${line}`)
      family!.samples.add(sample)
      for (const [, label, value] of labels.matchAll(/([a-zA-Z_]\w*)="((?:[^"\\]|\\.)*)"(?:,|$)/g)) {
        const values = family!.labels.get(label!) ?? new Set()
        family!.labels.set(label!, values.add(value!))
      }
    }
  }
  return families
}
