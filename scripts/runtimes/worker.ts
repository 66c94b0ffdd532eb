/** The runtime of Cloudflare's workers, with nothing of Node. */
import { spawn } from "node:child_process"
import { writeFileSync } from "node:fs"
import { join } from "node:path"
import type { Readable } from "node:stream"
import type { Outcome } from "./programs/check.ts"

const config = `using Workerd = import "/workerd/workerd.capnp";

const config :Workerd.Config = (
  services = [
    (name = "main", worker = .worker),
    (name = "internet", network = (allow = ["127.0.0.1/32"]))
  ],
  sockets = [(name = "http", address = "127.0.0.1:0", http = (), service = "main")]
);

const worker :Workerd.Worker = (
  modules = [(name = "worker", esModule = embed "worker.bundle.js")],
  compatibilityDate = "2026-01-01"
);
`

/** Runs the bundle `worker.bundle.js` of a folder. */
export const runInWorker = async (
  workerd: string,
  directory: string,
  urls: Readonly<Record<string, string>>
): Promise<ReadonlyArray<Outcome>> => {
  writeFileSync(join(directory, "worker.capnp"), config)
  const child = spawn(workerd, ["serve", "--control-fd=3", "worker.capnp"], {
    cwd: directory,
    stdio: ["ignore", "pipe", "pipe", "pipe"]
  })
  let printed = ""
  for (const stream of [child.stdout!, child.stderr!]) stream.setEncoding("utf8").on("data", (text) => printed += text)
  try {
    const port = await new Promise<number>((resolve, reject) => {
      let events = ""
      ;(child.stdio[3] as Readable).setEncoding("utf8").on("data", (text) => {
        events += text
        const found = /"port":(\d+)/.exec(events)
        if (found !== null) resolve(Number(found[1]))
      })
      child.on("error", reject)
      child.on("exit", (status) => reject(new Error(`workerd ended with ${status}\n${printed}`)))
    })
    const response = await fetch(`http://127.0.0.1:${port}/`, {
      method: "POST",
      body: JSON.stringify(urls),
      signal: AbortSignal.timeout(60_000)
    })
    if (!response.ok) {
      throw new Error(`the worker responded with ${response.status}\n${await response.text()}${printed}`)
    }
    return await response.json() as ReadonlyArray<Outcome>
  } finally {
    child.kill("SIGKILL")
  }
}
