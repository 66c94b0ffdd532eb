/**
 * Starts the server of the client rows, which ends when this process does.
 */
import { spawn } from "node:child_process"
import { join } from "node:path"

/** Where the server answers with a status. */
export type UrlOf = (status: 200 | 429 | 502) => string

export const serve = async (): Promise<{ readonly urlOf: UrlOf; readonly stop: () => void }> => {
  const child = spawn(process.execPath, [join(import.meta.dirname, "server.ts")], {
    stdio: ["pipe", "pipe", "inherit"]
  })
  const port = await new Promise<string>((resolve) => child.stdout.once("data", (data) => resolve(String(data).trim())))
  return { urlOf: (status) => `http://127.0.0.1:${port}/${status}`, stop: () => child.stdin.end() }
}
