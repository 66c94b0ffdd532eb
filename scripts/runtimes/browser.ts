/** Chromium, with a page whose origin serves the bundle and passes every other request on to the emulated Venice. */
import { existsSync } from "node:fs"
import { createServer, request as send } from "node:http"
import type { AddressInfo } from "node:net"
import { chromium } from "playwright-core"
import type { Outcome } from "./programs/check.ts"

const executable = [process.env.CHROMIUM, "/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"]
  .find((path) => path !== undefined && existsSync(path))

/** Why there is no browser, or nothing. */
export const missing = executable === undefined ? "there is no Chromium: install it or name it in CHROMIUM" : undefined

const page = "<!doctype html><meta charset=\"utf-8\"><title>checks</title><script src=\"/bundle.js\"></script>"

/** Runs a bundle in a page of its own. */
export const runInBrowser = async (
  bundle: string,
  urls: Readonly<Record<string, string>>,
  venice: string
): Promise<ReadonlyArray<Outcome>> => {
  const server = createServer((request, response) => {
    const { method, url } = request
    if (url === "/") response.writeHead(200, { "content-type": "text/html" }).end(page)
    else if (url === "/bundle.js") response.writeHead(200, { "content-type": "text/javascript" }).end(bundle)
    else {
      const forwarded = send(`${venice}${url}`, { method: method!, headers: request.headers }, (answer) => {
        response.writeHead(answer.statusCode!, answer.headers)
        answer.pipe(response)
      })
      forwarded.on("error", () => response.destroy())
      request.pipe(forwarded)
    }
  })
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve))
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const browser = await chromium.launch({ executablePath: executable!, args: ["--no-sandbox"] })
  try {
    const tab = await browser.newPage()
    const errors: Array<string> = []
    tab.on("pageerror", (error) => errors.push(error.stack ?? error.message))
    await tab.goto(origin)
    if (errors.length > 0) throw new Error(errors.join("\n"))
    const moved = Object.fromEntries(
      Object.entries(urls).map(([name, url]) => [name, url.replace(venice, origin)])
    )
    return await tab.evaluate((urls) => (globalThis as any).runChecks(urls), moved)
  } finally {
    await browser.close()
    server.close()
    server.closeAllConnections()
  }
}
