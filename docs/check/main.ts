/**
 * Opens every page of the built site in Chromium, from a path of its own, and checks what a reader would meet: both
 * languages, widths, accessibility, links, search, the playground, and that no request leaves the site.
 */
import { createReadStream, existsSync, mkdirSync, statSync } from "node:fs"
import { createServer } from "node:http"
import type { AddressInfo } from "node:net"
import { extname, join, normalize } from "node:path"
import { parseArgs } from "node:util"
import { chromium } from "playwright-core"
import { root } from "../generate/page.ts"
import { visitPages } from "./pages.ts"
import { visitPlayground } from "./playground.ts"
import { visitAsReader } from "./reading.ts"
import type { Site } from "./site.ts"

const { values } = parseArgs({
  options: {
    /** Keeps pictures of a page of each kind. */
    pictures: { type: "boolean", default: false },
    /** Opens only the playground, because the rest takes minutes. */
    playground: { type: "boolean", default: false },
    /** Opens only the pages below a path. */
    only: { type: "string" }
  }
})

const dist = join(root, "docs/dist")

/** The site is served below this path, which it cannot know. */
const base = "/some/where/"

const types: Readonly<Record<string, string>> = {
  ".html": "text/html; charset=utf-8",
  ".css": "text/css",
  ".js": "text/javascript",
  ".svg": "image/svg+xml",
  ".json": "application/json",
  ".xml": "application/xml",
  ".wasm": "application/wasm"
}

const server = createServer((request, response) => {
  const path = decodeURIComponent(new URL(request.url!, "http://localhost").pathname)
  const file = normalize(join(dist, path.slice(base.length)))
  const found = !path.startsWith(base) || !file.startsWith(dist) || !existsSync(file)
    ? undefined
    : statSync(file).isDirectory()
    ? join(file, "index.html")
    : file
  if (found === undefined || !existsSync(found)) {
    response.writeHead(404).end()
  } else if (statSync(file).isDirectory() && !path.endsWith("/")) {
    response.writeHead(301, { location: `${path}/` }).end()
  } else {
    response.writeHead(200, { "content-type": types[extname(found)] ?? "application/octet-stream" })
    createReadStream(found).pipe(response)
  }
})

const executable = [process.env.CHROMIUM, "/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"]
  .find((path) => path !== undefined && existsSync(path))

const problems = new Set<string>()

const report = (problem: string): void => {
  if (!problems.has(problem)) process.stderr.write(`${problem}\n`)
  problems.add(problem)
}

const check = (condition: boolean, problem: string): void => {
  if (!condition) report(problem)
}

if (executable === undefined) {
  process.stderr.write("docs: there is no Chromium; install it or name it in CHROMIUM\n")
  process.exit(1)
}
await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve))
const browser = await chromium.launch({ executablePath: executable, args: ["--no-sandbox"] })
const site: Site = {
  browser,
  root: `http://127.0.0.1:${(server.address() as AddressInfo).port}${base}`,
  dist,
  pictures: values.pictures ? join(root, ".pictures") : undefined,
  check
}
if (site.pictures !== undefined) mkdirSync(site.pictures, { recursive: true })
let opened = 0
try {
  if (values.only !== undefined) opened = await visitPages(site, values.only)
  else {
    if (!values.playground) {
      opened = await visitPages(site)
      await visitAsReader(site)
    }
    await visitPlayground(site)
  }
} catch (error) {
  report(String(error))
} finally {
  await browser.close()
  server.close()
  server.closeAllConnections()
}
process.stdout.write(`docs: ${opened} pages opened, ${problems.size} problems\n`)
if (problems.size > 0) process.exitCode = 1
