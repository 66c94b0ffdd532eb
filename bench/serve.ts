/** Starts the server for the rows of calls. It stops when this process ends. */
import { spawn } from "node:child_process"
import { join } from "node:path"

/** The URL under which the server responds with a status. */
export type UrlOf = (status: 200 | 429 | 502) => string

export const serve = async (): Promise<{ readonly urlOf: UrlOf; readonly stop: () => void }> => {
  const child = spawn(process.execPath, [join(import.meta.dirname, "server.ts")], {
    stdio: ["pipe", "pipe", "inherit"]
  })
  const port = await new Promise<string>((resolve) => child.stdout.once("data", (data) => resolve(String(data).trim())))
  return { urlOf: (status) => `http://127.0.0.1:${port}/${status}`, stop: () => child.stdin.end() }
}
