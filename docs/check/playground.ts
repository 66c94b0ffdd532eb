/** What a visitor does in the playground, in Chromium: responses, hostile ones too, policies, links, both languages. */
import { join } from "node:path"
import type { Page } from "playwright-core"
import { fragmentOf } from "../playground/link.ts"
import { newStep } from "../playground/policy.ts"
import { initial, ops } from "../playground/state.ts"
import { colorSchemes, cutControls, overflow, type Site, violations, visitor, widths } from "./site.ts"

const part = (page: Page, name: string) => page.locator(`[data-pg="${name}"]`)

const textOf = async (page: Page, name: string): Promise<string> => (await part(page, name).textContent()) ?? ""

const paste = async (page: Page, text: string): Promise<void> => {
  await page.locator(".pg textarea").fill(text)
}

const key = "VENICE-ADMIN-KEY-abcdefghijklmnop"

const hostile = [
  "HTTP/1.1 400",
  "content-type: text/html",
  "",
  `<img src="https://elsewhere.example/x.png" onerror="globalThis.pwned = 1"></script><script>globalThis.pwned = 1</script>`
  + `\u202egnp.exe\u0007 ${key}`
].join("\n")

/** The hash is written after the last key, and only then read. */
const linkOf = async (page: Page): Promise<string> => {
  await page.waitForTimeout(600)
  return new URL(page.url()).hash
}

const decoded = (hash: string): string => Buffer.from(hash.slice(3), "base64url").toString()

const responses = async (page: Page, { check }: Site): Promise<void> => {
  check(await textOf(page, "tag") === "MODEL_OVERLOADED", "The example of the playground is not MODEL_OVERLOADED")
  check((await textOf(page, "hint")).includes("30s"), "The hint of the example is not shown")
  check((await textOf(page, "handler")).includes("MODEL_OVERLOADED"), "The handler does not catch the error")
  const fixture = "table-TOO_MANY_TOKENS"
  await page.locator(`.pg select:has(option[value="${fixture}"])`).selectOption(fixture)
  await page.locator("[data-pg=tag]", { hasText: "TOO_MANY_TOKENS" }).waitFor({ timeout: 5000 })
  await paste(page, "HTTP/2 402\n\n{\"error\":\"Insufficient USD or Diem balance to complete request\"}")
  await page.locator("[data-pg=tag]", { hasText: "INSUFFICIENT_BALANCE" }).waitFor({ timeout: 5000 })
  for (
    const [format, expected] of [["openai", "\"type\""], ["anthropic", "\"type\": \"error\""], [
      "problem",
      "problem+json"
    ]]
  ) {
    await page.locator(".pg-output select").first().selectOption(format!)
    check((await textOf(page, "encoded")).includes(expected!), `The form ${format} is not shown`)
  }
  await paste(page, "no such thing at all")
  await part(page, "problem").waitFor({ timeout: 5000 })
}

const overloaded = "{\"error\":\"The model is currently overloaded. Please try again later.\"}"

const har = JSON.stringify({
  startedDateTime: "2026-01-01T00:00:00.000Z",
  request: {
    method: "POST",
    url: "https://api.venice.ai/api/v1/chat/completions",
    headers: [{ name: "Authorization", value: `Bearer ${key}` }]
  },
  response: {
    status: 429,
    statusText: "Too Many Requests",
    headers: [{ name: "Retry-After", value: "7" }, { name: "Content-Type", value: "application/json" }],
    content: { size: overloaded.length, mimeType: "application/json", text: overloaded }
  }
})

/** What people have at hand: a transcript of `curl -i`, an entry of a HAR file, a line of a log. */
const pasted = {
  transcript: `HTTP/2 429 \r\ncontent-type: application/json\r\nretry-after: 7\r\n\r\n${overloaded}`,
  "HAR entry": har,
  "log line": `2026-01-01T00:00:00.000Z [error] venice: ${
    JSON.stringify({ status: 429, headers: { "retry-after": "7" }, body: overloaded })
  }`
}

const pastedResponses = async (page: Page, { check }: Site): Promise<void> => {
  for (const [name, text] of Object.entries(pasted)) {
    await paste(page, "HTTP/2 404\n\n{\"error\":\"Specified model not found\"}")
    await page.locator("[data-pg=tag]", { hasText: "MODEL_NOT_FOUND" }).waitFor({ timeout: 5000 })
    await paste(page, text)
    await page.locator("[data-pg=tag]", { hasText: "MODEL_OVERLOADED" }).waitFor({ timeout: 5000 })
    check((await textOf(page, "hint")).includes("7s"), `The hint of a ${name} is not shown`)
    check(!decoded(await linkOf(page)).includes(key), `A credential of a ${name} is in the link`)
  }
}

const control = ".pg :is(a[href], button, input, select, textarea, summary)"

/** Presses Tab through the playground: each control once, in the order of reading, with a name. */
const keyboard = async (page: Page, { check }: Site): Promise<void> => {
  const controls = page.locator(`${control}:visible`)
  const count = await controls.count()
  await controls.first().focus()
  const reached: Array<number> = []
  // Code that can be scrolled takes the focus too.
  for (let i = 0; i < 3 * count; i++) {
    const focused = await page.evaluate((control) => {
      const element = document.activeElement
      if (element === null || element.closest(".pg") === null) return undefined
      const labels = "labels" in element ? element.labels as NodeListOf<HTMLElement> | null : null
      return {
        place: [...document.querySelectorAll(".pg *")].indexOf(element),
        isControl: element.matches(control),
        name: (element.getAttribute("aria-label") ?? labels?.[0]?.textContent ?? element.textContent ?? "").trim(),
        tag: element.tagName
      }
    }, control)
    if (focused === undefined) break
    check(focused.name !== "", `A ${focused.tag} of the playground has the focus and no name`)
    const last = reached.at(-1) ?? -1
    check(focused.place > last, `Tab goes back at a ${focused.tag} of the playground`)
    if (focused.isControl) reached.push(focused.place)
    await page.keyboard.press("Tab")
  }
  check(reached.length === count, `Tab reaches ${reached.length} of ${count} controls`)
}

const hostileResponses = async (page: Page, { check }: Site): Promise<void> => {
  await paste(page, hostile)
  await page.locator("[data-pg=body]", { hasText: "<img" }).waitFor({ timeout: 5000 })
  const body = await textOf(page, "body")
  check(body.includes("</script><script>"), "A hostile body is not shown as text")
  check(body.includes("\\u202e") && body.includes("\\u0007"), "Control characters are not written out")
  check((await page.locator(".pg img[src^=http], .pg script").count()) === 0, "A hostile body has become elements")
  check(await page.evaluate(() => !("pwned" in globalThis)), "A hostile body was executed")
  check(!(await page.locator(".pg-output").first().textContent())!.includes(key), "A credential is shown")
  check((await textOf(page, "redactions")).length > 0, "The redactions are not listed")
  const link = await linkOf(page)
  check(link.startsWith("#s=") && !decoded(link).includes(key), "A credential is in the link")
  await paste(page, `HTTP/1.1 500\n\n${"x<b>".repeat(250_000)}`)
  await page.locator("[data-pg=rule]", { hasText: "none" }).waitFor({ timeout: 20_000 })
  check((await textOf(page, "body")).length < 10_000, "A long body is shown as a whole")
  check((await linkOf(page)).length < 65_536, "The link of a long body is too long")
}

const policies = async (page: Page, { check }: Site): Promise<void> => {
  const outcome = () => part(page, "outcome").getAttribute("data-outcome")
  check(await outcome() === "succeeded", "The example of a policy does not succeed")
  const before = await part(page, "timeline").innerHTML()
  await part(page, "draw-again").click()
  await page.waitForFunction(
    (html) => document.querySelector("[data-pg=timeline]")!.innerHTML !== html,
    before,
    { timeout: 5000 }
  )
  check(await textOf(page, "requests") === "400", "A hundred callers do not send four requests each")
  // By keyboard alone: the next control after the list adds an operation.
  await page.locator("[data-pg=steps] select").last().selectOption("limit")
  await part(page, "add-step").focus()
  await page.keyboard.press("Enter")
  await page.locator("[data-pg=steps] input").first().fill("2")
  await page.locator("[data-pg=outcome][data-outcome=attempts]").waitFor({ timeout: 5000 })
  check((await textOf(page, "policy-code")).includes("Retry.limit({ attempts: 2"), "The code lacks the limit")
}

/** A link to a state that shows every control. */
const everything = fragmentOf({ ...initial, policy: { preset: "standard", steps: ops.map(newStep) } })

/** Opens the playground and does what its visitors do. */
export const visitPlayground = async (site: Site): Promise<void> => {
  const { check, pictures, root } = site
  const context = await visitor(site)
  const page = await context.newPage()
  const open = async (path: string): Promise<void> => {
    // A fragment alone would not load the page again.
    await page.goto("about:blank")
    await page.goto(`${root}${path}`)
    await part(page, "tag").waitFor({ timeout: 20_000 })
  }
  await open("playground/")
  await responses(page, site)
  await pastedResponses(page, site)
  await hostileResponses(page, site)
  await open("playground/")
  await keyboard(page, site)
  await policies(page, site)
  const link = await linkOf(page)
  await open(`ar/playground/${link}`)
  check(await part(page, "outcome").getAttribute("data-outcome") === "attempts", "A link does not restore the state")
  check(
    await page.evaluate(() => getComputedStyle(document.querySelector(".pg")!).direction) === "rtl",
    "Arabic is not RTL"
  )
  check(
    await page.locator(".pg pre, .pg textarea").evaluateAll((all) =>
      all.every((e) => getComputedStyle(e).direction === "ltr")
    ),
    "Code of the playground is not written from left to right"
  )
  const bad = Buffer.from(JSON.stringify({ text: "<img src=x onerror=alert(1)>", callers: 1e12 })).toString("base64url")
  for (const fragment of [`#s=${bad}`, "#s=javascript:alert(1)", `#s=${"A".repeat(100_000)}`]) {
    await open(`playground/${fragment}`)
    check(await part(page, "bad-link").count() === 1, "A hostile link is not refused")
  }
  for (const path of ["playground/", "ar/playground/"]) {
    for (const colorScheme of colorSchemes) {
      await page.emulateMedia({ colorScheme })
      for (const width of widths) {
        await page.setViewportSize({ width, height: 900 })
        for (const fragment of ["", everything]) {
          await open(`${path}${fragment}`)
          const place = `${path}${fragment.slice(0, 4)}, ${colorScheme}, ${width}`
          for (const violation of await violations(page)) check(false, `${place}: ${violation}`)
          check(await overflow(page) === undefined, `${place}: ${await overflow(page)}`)
          for (const control of await cutControls(page)) check(false, `${place} cuts the text of ${control}`)
          if (pictures !== undefined) {
            const name = `${path.replaceAll("/", "_")}${fragment === "" ? "" : "steps-"}${colorScheme}-${width}.png`
            await page.screenshot({ path: join(pictures, name), fullPage: true })
          }
        }
      }
    }
  }
  await context.close()
}
