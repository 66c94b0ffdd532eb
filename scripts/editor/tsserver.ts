/** The language server of TypeScript 5 and 6, which has a protocol of its own. */
import { spawn } from "node:child_process"
import { createRequire } from "node:module"
import { dirname, join } from "node:path"
import { StreamMessageReader } from "vscode-jsonrpc/node"
import type { Diagnostic, Editor, Files, Place } from "./editor.ts"
import { offered } from "./editor.ts"

const { resolve } = createRequire(import.meta.url)

interface Response {
  readonly type: string
  readonly request_seq?: number
  readonly success?: boolean
  readonly message?: string
  readonly body?: any
}

interface Part {
  readonly text: string
}

const textOf = (parts: string | ReadonlyArray<Part>): string =>
  typeof parts === "string" ? parts : parts.map(({ text }) => text).join("")

/** Both count from one. */
interface Location {
  readonly line: number
  readonly offset: number
}

interface TsserverDiagnostic {
  readonly start: Location
  readonly end: Location
  readonly code: number
  readonly text: string
}

const placeOf = ({ line, offset }: Location): Place => ({ line: line - 1, character: offset - 1 })

/** Starts the server of an installed TypeScript, by the name of its package. */
export const start = async (typescript: string, root: string, files: Files): Promise<Editor> => {
  const server = join(dirname(resolve(`${typescript}/package.json`)), "lib/tsserver.js")
  const child = spawn(
    process.execPath,
    [server, "--disableAutomaticTypingAcquisition", "--suppressDiagnosticEvents", "--noGetErrOnBackgroundUpdate"],
    { cwd: root, stdio: ["pipe", "pipe", "ignore"] }
  )
  const ended = new Promise<void>((done) => child.once("exit", () => done()))
  const waiting = new Map<number, { readonly done: (body: any) => void; readonly failed: (error: Error) => void }>()
  // The answers are framed as in the protocol of other servers, and are no JSON-RPC.
  new StreamMessageReader(child.stdout).listen((message) => {
    const response = message as unknown as Response
    const request = response.type === "response" ? waiting.get(response.request_seq ?? -1) : undefined
    if (request === undefined) return
    waiting.delete(response.request_seq!)
    if (response.success === true) request.done(response.body)
    // Where there is nothing to show, the server has no content.
    else if (response.message === "No content available.") request.done(undefined)
    else request.failed(new Error(response.message))
  })
  void ended.then(() => {
    for (const { failed } of waiting.values()) failed(new Error("the language server ended"))
  })

  let last = 0
  const send = (command: string, args: object): void => {
    child.stdin.write(`${JSON.stringify({ seq: ++last, type: "request", command, arguments: args })}\n`)
  }
  const ask = (command: string, args: object): Promise<any> =>
    new Promise((done, failed) => {
      waiting.set(last + 1, { done, failed })
      send(command, args)
    })

  await ask("configure", { preferences: { includeCompletionsWithInsertText: true } })
  for (const [file, fileContent] of files) send("open", { file, fileContent, projectRootPath: root })

  const at = (file: string, { character, line }: Place) => ({ file, line: line + 1, offset: character + 1 })

  return {
    hover: async (file, place) => {
      const body = await ask("quickinfo", at(file, place))
      return body === undefined
        ? undefined
        : { type: body.displayString, documentation: textOf(body.documentation).trim() }
    },
    completions: async (file, place) => {
      const body = await ask("completionInfo", at(file, place))
      const entries: ReadonlyArray<{ readonly name: string; readonly sortText: string }> = body?.entries ?? []
      return offered(entries)
    },
    errors: async (file) => {
      const body: ReadonlyArray<TsserverDiagnostic> = [
        ...await ask("syntacticDiagnosticsSync", { file }),
        ...await ask("semanticDiagnosticsSync", { file })
      ]
      return body.map(({ code, end, start: from, text }): Diagnostic => ({
        start: placeOf(from),
        end: placeOf(end),
        code,
        message: text
      }))
    },
    close: async () => {
      send("exit", {})
      await ended
    }
  }
}
