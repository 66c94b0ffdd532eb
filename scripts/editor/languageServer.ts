/** The language server of TypeScript 7, which speaks the Language Server Protocol. */
import { spawn } from "node:child_process"
import { createRequire } from "node:module"
import { dirname, join } from "node:path"
import { pathToFileURL } from "node:url"
import { createMessageConnection, StreamMessageReader, StreamMessageWriter } from "vscode-jsonrpc/node"
import type { Diagnostic, Editor, Files, Place } from "./editor.ts"
import { offered } from "./editor.ts"

const { resolve } = createRequire(import.meta.url)

interface LspDiagnostic {
  readonly range: { readonly start: Place; readonly end: Place }
  readonly severity: number
  readonly code: number
  readonly message: string
}

const textOf = (contents: any): string =>
  typeof contents === "string" ? contents : Array.isArray(contents) ? contents.map(textOf).join("\n\n") : contents.value

export const start = async (root: string, files: Files): Promise<Editor> => {
  const command = join(dirname(resolve("typescript/package.json")), "bin/tsc")
  const child = spawn(process.execPath, [command, "--lsp", "--stdio"], { cwd: root, stdio: ["pipe", "pipe", "ignore"] })
  const ended = new Promise<void>((done) => child.once("exit", () => done()))
  const connection = createMessageConnection(
    new StreamMessageReader(child.stdout),
    new StreamMessageWriter(child.stdin)
  )
  // What the server asks of an editor: its settings, and to be told of changes of files.
  connection.onRequest("workspace/configuration", ({ items }: any) => items.map(() => null))
  connection.onRequest("client/registerCapability", () => null)
  connection.onRequest("client/unregisterCapability", () => null)
  connection.listen()
  void ended.then(() => connection.dispose())

  await connection.sendRequest("initialize", {
    processId: process.pid,
    rootUri: pathToFileURL(root).href,
    capabilities: {
      textDocument: {
        hover: { contentFormat: ["markdown"] },
        completion: {
          completionItem: { snippetSupport: false },
          completionList: { itemDefaults: ["commitCharacters"] }
        },
        diagnostic: {},
        publishDiagnostics: {}
      }
    }
  })
  await connection.sendNotification("initialized", {})
  const uriOf = (file: string): string => pathToFileURL(file).href
  for (const [file, text] of files) {
    await connection.sendNotification("textDocument/didOpen", {
      textDocument: { uri: uriOf(file), languageId: "typescript", version: 1, text }
    })
  }

  return {
    hover: async (file, position) => {
      const hover: any = await connection.sendRequest("textDocument/hover", {
        textDocument: { uri: uriOf(file) },
        position
      })
      if (hover === null) return undefined
      // The type is a fence, the documentation follows it, and the tags of the comment follow that.
      const [, type, documentation = ""] = /^```\w*\n(.*?)\n```(.*)$/s.exec(textOf(hover.contents))!
      const withoutTags = documentation.replace(/^\*@\w+\*.*$/gms, "")
      // A link leads to the file on this machine.
      return { type: type!, documentation: withoutTags.replace(/\[([^\]]*)\]\(file:[^)]*\)/g, "{@link $1}").trim() }
    },
    completions: async (file, position) => {
      const list: any = await connection.sendRequest("textDocument/completion", {
        textDocument: { uri: uriOf(file) },
        position
      })
      const items: ReadonlyArray<any> = Array.isArray(list) ? list : list?.items ?? []
      // A label ends with `?` if the member is optional.
      return offered(items.map(({ label, sortText = "" }) => ({ name: label.replace(/\?$/, ""), sortText })))
    },
    errors: async (file) => {
      const { items }: any = await connection.sendRequest("textDocument/diagnostic", {
        textDocument: { uri: uriOf(file) }
      })
      // 1 is an error.
      return (items as ReadonlyArray<LspDiagnostic>).filter(({ severity }) => severity === 1).map(
        ({ code, message, range }): Diagnostic => ({ ...range, code, message })
      )
    },
    close: async () => {
      await connection.sendRequest("shutdown")
      await connection.sendNotification("exit")
      await ended
    }
  }
}
