/** The edit that a change asks for: a file, and what to write there. */
import { Category, Operation, VeniceError } from "@effect-venice/core"
import type { Change, Part } from "./compare.ts"
import { severityOf } from "./compare.ts"
import type { Documented } from "./errorPage.ts"

export interface Edit {
  /** From the root of the repository; `undefined` if a person has to decide what the change means. */
  readonly file: string | undefined
  /** What changed, in a sentence. */
  readonly summary: string
  /** What to write, or what to look at. */
  readonly proposal: ReadonlyArray<string>
}

const errors = "packages/core/src/Errors.ts"
const operations = "packages/core/src/Operation.ts"

const quote = (text: string): string => JSON.stringify(text)

const list = (items: ReadonlyArray<unknown>): string => `[${items.join(", ")}]`

const classNameOf = (code: string): string =>
  code.split("_").map((part) => part[0]! + part.slice(1).toLowerCase()).join("")

const lineOf = (code: string): string => `in the row of ${classNameOf(code)}:`

const newRow = ({ code, logLevel, message, status }: Documented, after: string | undefined): ReadonlyArray<string> => {
  const name = classNameOf(code)
  const severity = severityOf(logLevel)
  return [
    after === undefined ? "before the first row:" : `after the row of ${classNameOf(after)}:`,
    "",
    "/**",
    " * <the cause>; <the remedy>.",
    " *",
    " * @category errors",
    " * @since <the next version>",
    " */",
    `export class ${name} extends ApiError<${name}>()(${quote(code)}, {`,
    `  status: ${status},`,
    `  category: ${
      quote(Category.fromStatus(status))
    }, // implied by the status: check what the caller can do about it`,
    `  message: ${quote(message)}${severity === "Info" ? "" : ","}`,
    ...(severity === "Info" ? [] : [`  severity: ${quote(severity)}`]),
    "}) {}",
    "",
    "and what ARCHITECTURE.md lists for an error: an example, its canonical response, its operations, its texts"
  ]
}

const isRead = (operation: string): boolean => operation.startsWith("GET ") || operation.startsWith("HEAD ")

const rowOf = (operation: string, onReplay: string, documented: ReadonlyArray<number>, alsoSeen: readonly number[]) => [
  `${quote(operation)}: {`,
  `  onReplay: ${onReplay},`,
  `  documented: ${list(documented)},`,
  `  alsoSeen: ${list(alsoSeen)}`,
  "},"
]

/** The names in `packages/http` that declare fields of an operation. */
const declared: Readonly<Partial<Record<Part, Readonly<Record<string, string>>>>> = {
  request: {
    "POST /chat/completions": "RequestBody.ts, ChatCompletion",
    "POST /responses": "RequestBody.ts, Response",
    "POST /embeddings": "RequestBody.ts, Embeddings",
    "POST /image/generate": "RequestBody.ts, GeneratedImages",
    "POST /images/generations": "RequestBody.ts, Images"
  },
  response: {
    "POST /chat/completions": "Success.ts, ChatCompletion",
    "POST /responses": "Success.ts, Response",
    "POST /embeddings": "Success.ts, Embeddings",
    "POST /image/generate": "Success.ts, GeneratedImages",
    "POST /images/generations": "Success.ts, Images",
    "GET /models": "Success.ts, Models"
  }
}

const fieldEdit = (change: Extract<Change, { readonly kind: "fields changed" }>): Edit => {
  const { added, operation, part, removed } = change
  const place = declared[part]?.[operation]
  const [file, name] = place === undefined ? [] : place.split(", ")
  const target = part === "failure"
    ? errors
    : file === undefined
    ? undefined
    : `packages/http/src/${file}`
  const inside = name === undefined ? "" : ` to ${name}`
  const sentence = [
    added.length === 0 ? "" : `new: ${added.join(", ")}`,
    removed.length === 0 ? "" : `gone: ${removed.join(", ")}`
  ].filter((text) => text !== "").join("; ")
  const about: Readonly<Record<Part, string>> = {
    query: "the query",
    request: "the request",
    response: "the success",
    failure: "the failure"
  }
  return {
    file: target,
    summary: `${operation}: ${about[part]} has other fields (${sentence})`,
    proposal: target === undefined
      ? ["nothing declares these fields: --record notes them"]
      : part === "failure"
      ? ["read what is new with `fields` of the rows that it belongs to; what is gone stays, because it is optional"]
      : [
        ...added.map((field) => `add ${field}${inside}, as optional`),
        ...removed.map((field) => `remove ${field}, if ${name} declares it`)
      ]
  }
}

/** What to do about a change. */
export const editFor = (change: Change): Edit => {
  switch (change.kind) {
    case "code added": {
      const { code, message, status } = change.found
      return {
        file: errors,
        summary: `${code} is new: ${status} ${quote(message)}`,
        proposal: newRow(change.found, change.after)
      }
    }
    case "code removed":
      return {
        file: errors,
        summary: `${change.code} is no longer on the page`,
        proposal: [
          `deprecate ${classNameOf(change.code)}, and keep it: logs, stored errors and relays still have it`,
          "",
          " * @deprecated Venice no longer documents this code."
        ]
      }
    case "status changed":
      return {
        file: errors,
        summary: `${change.code}: status ${change.from} is now ${change.to}`,
        proposal: [
          lineOf(change.code),
          "",
          `  status: ${change.to},`,
          `  otherStatuses: ${list([...new Set([...otherStatusesOf(change.code), change.from])])},`,
          ...categoryNote(change.code, change.to)
        ]
      }
    case "message changed":
      return {
        file: errors,
        summary: `${change.code}: the message is now ${quote(change.to)}`,
        proposal: [
          lineOf(change.code),
          "",
          `  message: ${quote(change.to)},`,
          `  wordings: [${quote(change.from.toLowerCase())}, …]`
        ]
      }
    case "log level changed":
      return {
        file: errors,
        summary: `${change.code}: severity ${change.from} is now ${change.to}`,
        proposal: [lineOf(change.code), "", `  severity: ${quote(change.to)}`]
      }
    case "operation added":
      return {
        file: operations,
        summary: `${change.operation} is new`,
        proposal: [
          "in the order of Venice's documentation:",
          "",
          ...rowOf(
            change.operation,
            isRead(change.operation)
              ? "\"free\""
              : "\"creates\" /* the safe choice: find out what a second request costs */",
            change.statuses,
            []
          ),
          "",
          "and in packages/core/src/OperationFailure.ts the codes that apply to it"
        ]
      }
    case "operation removed":
      return {
        file: operations,
        summary: `${change.operation} is no longer described`,
        proposal: [
          "keep the row until a call is answered with 410 or 404, then:",
          "",
          "  onReplay: \"retired\",",
          "",
          "or list it as documented elsewhere in scripts/drift/facts/operations.json"
        ]
      }
    case "statuses changed": {
      const { alsoSeen, onReplay }: Operation.Facts = Operation.operations[change.operation]
      const others = [...new Set([...alsoSeen, ...change.removed])].filter((status) =>
        !change.documented.includes(status)
      ).sort((a, b) => a - b)
      const sentence = [
        change.added.length === 0 ? "" : `${change.added.join(", ")} new`,
        change.removed.length === 0 ? "" : `${change.removed.join(", ")} gone`
      ].filter((text) => text !== "").join(", ")
      return {
        file: operations,
        summary: `${change.operation}: other failing statuses (${sentence})`,
        proposal: rowOf(change.operation, quote(onReplay), change.documented, others)
      }
    }
    case "fields changed":
      return fieldEdit(change)
    case "changelog entry":
      return {
        file: undefined,
        summary: `${change.label}: ${change.title} (${change.topics.join(", ")})`,
        proposal: change.text.split("\n").slice(0, 20)
      }
  }
}

const otherStatusesOf = (code: string): ReadonlyArray<number> =>
  VeniceError.byCode.get(code)?.["~row"].otherStatuses ?? []

const categoryNote = (code: string, status: number): ReadonlyArray<string> => {
  const category = VeniceError.byCode.get(code)?.category
  const implied = Category.fromStatus(status)
  return category === implied ? [] : [`  category: ${quote(String(category))}, // ${status} implies ${implied}`]
}
