/** The Redis of a fleet, a real server that is killed, frozen and started again, behind a port that can be slow. */
import { type ChildProcess, spawn, spawnSync } from "node:child_process"
import { once } from "node:events"
import { connect, createServer, type Server, type Socket } from "node:net"
import { endWithTool } from "./children.ts"

export const isInstalled = (): boolean => spawnSync("redis-server", ["--version"]).status === 0

const listen = async (server: Server): Promise<number> => {
  server.listen(0, "127.0.0.1")
  await once(server, "listening")
  const address = server.address()
  if (typeof address !== "object" || address === null) throw new Error("no port")
  return address.port
}

export const freePort = async (): Promise<number> => {
  const server = createServer()
  const port = await listen(server)
  server.close()
  await once(server, "close")
  return port
}

export interface RedisServer {
  /** What the fleet connects to. */
  readonly port: number
  readonly start: () => Promise<void>
  readonly kill: () => Promise<void>
  readonly freeze: () => void
  readonly thaw: () => void
  /** Delays every response of the server by so many milliseconds. */
  readonly slow: (delay: number) => void
  readonly stop: () => Promise<void>
}

export const makeRedis = async (): Promise<RedisServer> => {
  const behind = await freePort()
  let child: ChildProcess | undefined
  let delay = 0
  const sockets = new Set<Socket>()
  const front = createServer((client) => {
    const upstream = connect(behind, "127.0.0.1")
    for (const socket of [client, upstream]) {
      sockets.add(socket)
      socket.on("error", () => socket.destroy())
      socket.on("close", () => {
        sockets.delete(socket)
        client.destroy()
        upstream.destroy()
      })
    }
    client.pipe(upstream)
    upstream.on("data", (data) => {
      if (delay === 0) client.write(data)
      else setTimeout(() => client.write(data), delay)
    })
  })
  const kill = async () => {
    const running = child
    child = undefined
    if (running === undefined || running.exitCode !== null) return
    const ended = once(running, "exit")
    running.kill("SIGKILL")
    await ended
  }
  return {
    port: await listen(front),
    start: async () => {
      const settings = ["--port", String(behind), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"]
      const started = endWithTool(spawn("redis-server", settings, { stdio: ["ignore", "pipe", "inherit"] }))
      child = started
      await new Promise<void>((resolve, reject) => {
        started.stdout.on("data", (text) => String(text).includes("Ready to accept") && resolve())
        started.once("error", reject)
      })
    },
    kill,
    freeze: () => child?.kill("SIGSTOP"),
    thaw: () => child?.kill("SIGCONT"),
    slow: (millis) => {
      delay = millis
    },
    stop: async () => {
      await kill()
      for (const socket of sockets) socket.destroy()
      front.close()
    }
  }
}
