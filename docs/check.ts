/**
 * Opens the built site in Chromium, from a path of its own, and checks what a reader would meet: pages in both languages,
 * links, search, accessibility, widths, and that no request leaves the site.
 */
import { createReadStream, existsSync, globSync, mkdirSync, statSync } from "node:fs"
import { createServer } from "node:http"
import { createRequire } from "node:module"
import type { AddressInfo } from "node:net"
import { extname, join, normalize } from "node:path"
import { pathToFileURL } from "node:url"
import { type Browser, chromium, type Page } from "playwright-core"
import { visitPlayground } from "./playground.check.ts"

const dist = join(import.meta.dirname, "dist")

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

const axe = createRequire(import.meta.url).resolve("axe-core/axe.min.js")

/** What axe finds wrong with the page, one line each. */
const violations = async (page: Page): Promise<ReadonlyArray<string>> => {
  await page.addScriptTag({ path: axe })
  const results = await page.evaluate(() => (globalThis as any).axe.run(document, { resultTypes: ["violations"] }))
  return results.violations.map((violation: any) =>
    `${violation.id}: ${violation.nodes.slice(0, 2).map((node: any) => node.html.slice(0, 120)).join(" | ")}`
  )
}

/** Pages of every kind, in both languages. */
const kinds = [
  "",
  "start/",
  "errors/",
  "errors/RATE_LIMIT_EXCEEDED/",
  "errors/UNRECOGNIZED_RESPONSE/",
  "categories/",
  "categories/Capacity/",
  "guides/catching/",
  "examples/",
  "examples/chat/",
  "reference/operations/",
  "reference/policies/",
  "reference/api/Retry/",
  "explanation/replay-safety/",
  "ar/",
  "ar/start/",
  "ar/errors/",
  "ar/errors/RATE_LIMIT_EXCEEDED/",
  "ar/categories/Capacity/",
  "ar/guides/catching/"
]

const widths = [390, 1280]

const pictures = process.argv.includes("--pictures") ? join(import.meta.dirname, "../.pictures") : undefined

const visit = async (browser: Browser, origin: string): Promise<void> => {
  const context = await browser.newContext()
  const page = await context.newPage()
  page.on("request", (request) => {
    check(request.url().startsWith(`${origin}${base}`), `A request leaves the site: ${request.url()}`)
  })
  page.on("response", (response) => check(response.status() < 400, `${response.status()} for ${response.url()}`))
  page.on("pageerror", (error) => report(`${page.url()}: ${error.message}`))
  if (pictures !== undefined) mkdirSync(pictures, { recursive: true })

  for (const path of kinds) {
    for (const colorScheme of ["light", "dark"] as const) {
      await page.emulateMedia({ colorScheme })
      await page.goto(`${origin}${base}${path}`)
      for (const violation of await violations(page)) report(`${path || "index"}, ${colorScheme}: ${violation}`)
    }
    const isArabic = path.startsWith("ar/")
    const { direction, language } = await page.evaluate(() => ({
      direction: document.documentElement.dir,
      language: document.documentElement.lang
    }))
    check(language === (isArabic ? "ar" : "en"), `${path} is in ${language}`)
    check(direction === (isArabic ? "rtl" : "ltr"), `${path} reads ${direction}`)
    const reversed = await page.evaluate(() =>
      [...document.querySelectorAll("main code")].filter((code) => getComputedStyle(code).direction !== "ltr").length
    )
    check(reversed === 0, `${path} has ${reversed} pieces of code from right to left`)
    for (const width of widths) {
      await page.setViewportSize({ width, height: 900 })
      const overflow = await page.evaluate(() =>
        document.documentElement.scrollWidth - document.documentElement.clientWidth
      )
      check(overflow <= 0, `${path || "index"} is ${overflow} pixels wider than ${width}`)
      if (pictures !== undefined) {
        await page.screenshot({ path: join(pictures, `${path.replaceAll("/", "_") || "index"}-${width}.png`) })
      }
    }
  }

  // The URL on an error has no slash at its end.
  await page.goto(`${origin}${base}errors/GONE`)
  check(await page.locator("h1").textContent() === "GONE", "The page of GONE does not open by its URL")

  await page.goto(`${origin}${base}guides/catching/`)
  await page.locator(".twoslash-hover, [class*=twoslash]").first().waitFor({ state: "attached", timeout: 5000 })

  // The language is changed on the page of an error, and stays there.
  await page.goto(`${origin}${base}errors/MODEL_OFFLINE/`)
  await page.locator("starlight-lang-select select").first().selectOption({ label: "العربية" })
  await page.waitForURL(`**/ar/errors/MODEL_OFFLINE/`)
  check((await page.locator("main").textContent())!.includes("النموذج خارج الخدمة مؤقتًا"), "The page is not in Arabic")

  // A person searches for what they see.
  await page.goto(`${origin}${base}start/`)
  await page.locator("button[data-open-modal]").click()
  await page.locator("#starlight__search input").fill("MODEL_AT_CAPACITY")
  const result = page.locator(".pagefind-ui__result-link", { hasText: "MODEL_AT_CAPACITY" }).first()
  await result.click({ timeout: 10_000 })
  await page.waitForURL("**/errors/MODEL_AT_CAPACITY/**")
  await context.close()
}

/** From a file, pages open, are styled, and lead to each other. */
const visitFile = async (browser: Browser): Promise<void> => {
  const page = await browser.newPage()
  await page.goto(pathToFileURL(join(dist, "errors/index.html")).href)
  await page.locator("main a", { hasText: "MODEL_OFFLINE" }).first().click()
  check(await page.locator("h1").textContent() === "MODEL_OFFLINE", "From a file, a link does not open its page")
  const styled = await page.evaluate(() => getComputedStyle(document.body).fontFamily !== "")
  check(styled && await page.evaluate(() => document.styleSheets.length > 0), "From a file, a page has no style")
  await page.close()
}

if (executable === undefined) {
  process.stderr.write("docs: there is no Chromium; install it or name it in CHROMIUM\n")
  process.exit(1)
}
await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve))
const browser = await chromium.launch({ executablePath: executable, args: ["--no-sandbox"] })
try {
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  // With `--playground`, only the playground: the rest takes minutes.
  if (!process.argv.includes("--playground")) await visit(browser, origin)
  await visitPlayground(browser, { root: `${origin}${base}`, check, violations, pictures })
  await visitFile(browser)
} catch (error) {
  report(String(error))
} finally {
  await browser.close()
  server.close()
  server.closeAllConnections()
}
process.stdout.write(
  `docs: ${globSync("**/*.html", { cwd: dist }).length} pages, ${kinds.length} opened, ${problems.size} problems\n`
)
if (problems.size > 0) process.exitCode = 1
