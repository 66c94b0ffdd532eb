/** The emulated Venice, in a process of its own: the command `effect-venice emulate`. */
import { Journal } from "@effect-venice/testing"
import { Schema } from "effect"
import { spawn } from "node:child_process"
import { join } from "node:path"
import { createInterface } from "node:readline"
import { endWithTool } from "./children.ts"

export interface Venice {
  readonly baseUrl: string
  readonly pid: number
  /** Starts the emulated Venice anew. */
  readonly load: (script: unknown) => Promise<void>
  /** The exchanges after the last one that was read; with `isEnded` only those before the first that goes on. */
  readonly read: (isEnded?: boolean) => Promise<ReadonlyArray<Journal.Entry>>
  /** The requests that were charged, by the account's own statement. */
  readonly charges: () => Promise<number>
  readonly stop: () => void
}

const command = join(import.meta.dirname, "../../packages/testing/src/cli/main.ts")

const decodePage = Schema.decodeUnknownPromise(Schema.toCodecJson(Journal.Page))

export const startVenice = async (): Promise<Venice> => {
  const child = endWithTool(
    spawn(process.execPath, [command, "emulate", "--port", "0", "--json"], { stdio: ["ignore", "pipe", "inherit"] })
  )
  const lines = createInterface({ input: child.stdout })
  const ready = await new Promise<string>((resolve, reject) => {
    lines.once("line", resolve)
    child.once("exit", (code) => reject(new Error(`the emulator ended with ${code}`)))
  })
  const { adminUrl, baseUrl } = JSON.parse(ready) as { readonly adminUrl: string; readonly baseUrl: string }
  let after = 0
  const get = async (url: string) => {
    const response = await fetch(url, { headers: { authorization: "Bearer key-of-the-fleet" } })
    if (!response.ok) throw new Error(`${url}: ${response.status} ${await response.text()}`)
    return response.json() as Promise<unknown>
  }
  return {
    baseUrl,
    pid: child.pid!,
    load: async (script) => {
      const response = await fetch(`${adminUrl}/script`, { method: "PUT", body: JSON.stringify(script) })
      if (!response.ok) throw new Error(`the script was refused: ${await response.text()}`)
      after = 0
    },
    read: async (isEnded = false) => {
      const entries: Array<Journal.Entry> = []
      while (true) {
        const page = await decodePage(await get(`${adminUrl}/journal?after=${after}&limit=1000`))
        if (page.dropped > after) throw new Error(`the journal dropped ${page.dropped - after} entries unread`)
        const pending = isEnded ? page.entries.findIndex(({ outcome }) => outcome === "pending") : -1
        const read = pending < 0 ? page.entries : page.entries.slice(0, pending)
        entries.push(...read)
        after = read.at(-1)?.id ?? after
        if (page.next === undefined || pending >= 0) return entries
      }
    },
    charges: async () => {
      let total = 0
      let cursor: string | null = null
      do {
        const query: string = cursor === null ? "" : `?cursor=${cursor}`
        const page = await get(`${baseUrl}/billing/usage-history${query}`) as {
          readonly data: ReadonlyArray<unknown>
          readonly nextCursor: string | null
        }
        total += page.data.length
        cursor = page.nextCursor
      } while (cursor !== null)
      return total
    },
    stop: () => child.kill()
  }
}
