/**
 * What an editor completes inside the string of an operation, asked of the language servers of TypeScript 5, 6 and 7.
 */
import { Operation } from "@effect-venice/core"
import { assert, describe, it } from "@effect/vitest"
import { spawn } from "node:child_process"
import { createRequire } from "node:module"
import { dirname, join } from "node:path"
import { pathToFileURL } from "node:url"
import type * as TypeScript from "typescript-5"

const file = join(import.meta.dirname, "completed.ts")
const root = join(import.meta.dirname, "../../..")
const resolve = createRequire(import.meta.url).resolve

/** A call with an empty operation, and the place inside of the quotes. */
const calls = {
  execute: "venice.execute(\"\", { success: Schema.Unknown })",
  request: "venice.request(\"\")",
  stream: "venice.stream(\"\", { event: Schema.Unknown })",
  "Gateway.errors": "Gateway.errors(\"\")",
  "Gateway.errors of several": "Gateway.errors([\"GET /models\", \"\"])"
}

const textOf = (call: string) =>
  `import { Gateway, VeniceClient } from "@effect-venice/http"
import { Schema } from "effect"
declare const venice: VeniceClient["Service"]
${call}
export { Gateway, Schema, venice }
`

const quotes = (text: string): number => text.indexOf("\"\"") + 1

type Complete = (text: string) => Promise<ReadonlyArray<string>>

/** The service that the editors of TypeScript 5 and 6 use. */
const languageService = (ts: typeof TypeScript): Complete => {
  const config = ts.readConfigFile(join(root, "tsconfig.json"), ts.sys.readFile)
  const { options } = ts.parseJsonConfigFileContent({ ...config.config, include: [] }, ts.sys, root)
  let text = ""
  let version = 0
  const service = ts.createLanguageService({
    getCompilationSettings: () => options,
    getScriptFileNames: () => [file],
    getScriptVersion: (name) => name === file ? String(version) : "0",
    getScriptSnapshot: (name) => {
      const content = name === file ? text : ts.sys.readFile(name)
      return content === undefined ? undefined : ts.ScriptSnapshot.fromString(content)
    },
    getCurrentDirectory: () => root,
    getDefaultLibFileName: ts.getDefaultLibFilePath,
    fileExists: (name) => name === file || ts.sys.fileExists(name),
    readFile: ts.sys.readFile,
    directoryExists: ts.sys.directoryExists,
    realpath: ts.sys.realpath!
  })
  return async (next) => {
    text = next
    version++
    return service.getCompletionsAtPosition(file, quotes(text), {})?.entries.map(({ name }) => name) ?? []
  }
}

/** TypeScript 7 has a server of the Language Server Protocol. */
const languageServer = (): Complete & Disposable => {
  const tsc = join(dirname(resolve("typescript/package.json")), "bin/tsc")
  const server = spawn(process.execPath, [tsc, "--lsp", "--stdio"], { cwd: root, stdio: ["pipe", "pipe", "ignore"] })
  const waiting = new Map<number, (result: any) => void>()
  const send = (message: object) => {
    const body = JSON.stringify({ jsonrpc: "2.0", ...message })
    server.stdin.write(`Content-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`)
  }
  let id = 0
  const ask = (method: string, params: object): Promise<any> =>
    new Promise((resolve) => {
      waiting.set(++id, resolve)
      send({ id, method, params })
    })
  let received = Buffer.alloc(0)
  server.stdout.on("data", (chunk: Buffer) => {
    received = Buffer.concat([received, chunk])
    for (;;) {
      const end = received.indexOf("\r\n\r\n")
      if (end < 0) return
      const length = Number(/Content-Length: (\d+)/i.exec(received.subarray(0, end).toString())![1])
      if (received.length < end + 4 + length) return
      const message = JSON.parse(received.subarray(end + 4, end + 4 + length).toString())
      received = received.subarray(end + 4 + length)
      // The server asks too, such as for settings.
      if (message.method !== undefined && message.id !== undefined) send({ id: message.id, result: null })
      else if (message.id !== undefined) waiting.get(message.id)?.(message.result)
    }
  })
  const uri = pathToFileURL(file).href
  const ready = ask("initialize", { processId: process.pid, rootUri: pathToFileURL(root).href, capabilities: {} })
    .then(() => send({ method: "initialized", params: {} }))
  let version = 0
  const complete = async (text: string): Promise<ReadonlyArray<string>> => {
    await ready
    if (version++ === 0) {
      send({
        method: "textDocument/didOpen",
        params: { textDocument: { uri, languageId: "typescript", version, text } }
      })
    } else {
      send({
        method: "textDocument/didChange",
        params: { textDocument: { uri, version }, contentChanges: [{ text }] }
      })
    }
    const before = text.slice(0, quotes(text)).split("\n")
    const position = { line: before.length - 1, character: before.at(-1)!.length }
    const found = await ask("textDocument/completion", { textDocument: { uri }, position })
    return (Array.isArray(found) ? found : found?.items ?? []).map(({ label }: { label: string }) => label)
  }
  return Object.assign(complete, { [Symbol.dispose]: () => void server.kill() })
}

const check = (complete: Complete) => async () => {
  for (const [name, call] of Object.entries(calls)) {
    const found = await complete(textOf(call))
    assert.sameMembers([...found], [...Operation.all], name)
  }
}

describe("an editor completes every operation, and nothing else", () => {
  it.each(["typescript-5", "typescript-6"])(
    "with %s",
    async (name) => check(languageService((await import(name)).default))(),
    120_000
  )

  it("with typescript 7", async () => {
    using server = languageServer()
    await check(server)()
  }, 120_000)
})
