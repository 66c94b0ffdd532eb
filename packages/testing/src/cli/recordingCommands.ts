/**
 * The command lines of `record`, `replay` and `validate`.
 *
 * @internal
 */
import * as Argument from "effect/cli/Argument"
import * as Command from "effect/cli/Command"
import * as Flag from "effect/cli/Flag"
import * as Schema from "effect/Schema"
import { defaultHost } from "./emulate.ts"
import { defaultRecordPort, defaultReplayPort, record, replay, validate, venice } from "./recording.ts"

const listening = (port: number) => ({
  port: Flag.Int("port").pipe(
    Flag.withSchema(Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 65_535 }))),
    Flag.withDescription("The port; 0 is a free one"),
    Flag.withDefault(port)
  ),
  host: Flag.String("host").pipe(
    Flag.withDescription("The address; 0.0.0.0 is reachable from other machines"),
    Flag.withDefault(defaultHost)
  ),
  json: Flag.Boolean("json").pipe(
    Flag.withDescription("Print the line that says where it listens as JSON"),
    Flag.withDefault(false)
  )
})

export const recordCommand = Command.make(
  "record",
  {
    upstream: Flag.String("upstream").pipe(
      Flag.withDescription("The base URL of the API to record"),
      Flag.withDefault(venice)
    ),
    out: Flag.Path("out", { pathType: "either" }).pipe(Flag.withDescription("The file to append to")),
    ...listening(defaultRecordPort)
  },
  (options) => record(options)
).pipe(
  Command.withShortDescription("Record what a client sends and receives, without secrets"),
  Command.withDescription(
    [
      "Record what a client sends and receives, without secrets",
      "",
      "  A proxy that passes everything on as it arrives, and appends each exchange to a",
      "  file of JSON lines, with the times of all chunks. It ends with SIGINT or SIGTERM,",
      "  and with status 1 if the file cannot be written."
    ].join("\n")
  ),
  Command.withExamples([
    {
      command: "effect-venice record --out venice.jsonl",
      description: "Record Venice; set the base URL that it prints"
    }
  ])
)

export const replayCommand = Command.make(
  "replay",
  {
    file: Argument.Path("file", { pathType: "either" }).pipe(Argument.withDescription("The recording")),
    ...listening(defaultReplayPort),
    immediate: Flag.Boolean("immediate").pipe(
      Flag.withDescription("Do not wait as long as the API took"),
      Flag.withDefault(false)
    ),
    ignore: Flag.String("ignore").pipe(
      Flag.withDescription("Members of the bodies that do not count: user,metadata.traceId,messages.*.id"),
      Flag.withDefault("")
    ),
    repeat: Flag.Boolean("repeat").pipe(
      Flag.withDescription("Replay the last exchange of a request again when all are replayed"),
      Flag.withDefault(false)
    ),
    strict: Flag.Boolean("strict").pipe(
      Flag.withDescription("Exit with 1 if exchanges are left, or if a request matched none"),
      Flag.withDefault(false)
    )
  },
  ({ ignore, ...options }) =>
    replay({ ...options, ignore: ignore.split(",").map((path) => path.trim()).filter((path) => path !== "") })
).pipe(
  Command.withShortDescription("Answer requests from a recording"),
  Command.withDescription(
    [
      "Answer requests from a recording",
      "",
      "  Requests are matched by operation, query, model and body, and answered in the",
      "  order in which they were recorded. A request that matches none gets a 400 with",
      "  the difference to the nearest one. GET /__replay/verify says what is left."
    ].join("\n")
  ),
  Command.withExamples([
    { command: "effect-venice replay venice.jsonl --immediate", description: "Replay without the recorded delays" }
  ])
)

export const validateCommand = Command.make(
  "validate",
  {
    files: Argument.Path("file", { pathType: "either" }).pipe(
      Argument.withDescription("Scripts of `emulate` and recordings"),
      Argument.variadic({ min: 1 })
    )
  },
  ({ files }) => validate(files)
).pipe(
  Command.withShortDescription("Check scripts and recordings"),
  Command.withDescription(
    [
      "Check scripts and recordings",
      "",
      "  The exit status is 0 if all files are valid, 1 if one is not, and 2 if one cannot",
      "  be read or the command is called wrongly. Every problem is a line on standard",
      "  error. A line of a recording that a kill cut off is reported, and no problem."
    ].join("\n")
  ),
  Command.withExamples([
    { command: "effect-venice validate script.json venice.jsonl", description: "Check a script and a recording" }
  ])
)
