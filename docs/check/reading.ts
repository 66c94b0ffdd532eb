/** What readers do: they follow the address on an error, change the language, point at names in code, and search. */
import { VeniceError } from "@effect-venice/core"
import { join } from "node:path"
import { pathToFileURL } from "node:url"
import type { Page } from "playwright-core"
import { homepage } from "../generate/page.ts"
import { type Site, visitor } from "./site.ts"

/** The address that an error is printed with leads to its page. It has no slash at its end. */
const addresses = async (page: Page, { check, root }: Site): Promise<void> => {
  for (const Class of VeniceError.byCode.values()) {
    await page.goto(root + Class.docs.slice(`${homepage}/`.length), { waitUntil: "commit" })
    const heading = await page.locator("h1").textContent()
    check(heading === Class.code, `${Class.docs} leads to the page of ${heading}`)
  }
}

/** Points at names in code, at both widths: their types appear inside the window. */
const hovers = async (page: Page, { check, root }: Site): Promise<void> => {
  for (const width of [390, 1280]) {
    await page.setViewportSize({ width, height: 900 })
    await page.goto(`${root}guides/catching/`)
    await page.locator(".twoslash-hover").first().hover()
    const popup = page.locator(".twoslash-popup-container:visible")
    await popup.waitFor({ timeout: 5000 })
    check((await popup.textContent())!.trim() !== "", "A name in code has no type")
    const { width: wide = 0, x = 0 } = await popup.boundingBox() ?? {}
    check(x >= 0 && x + wide <= width, `At ${width}, the type of a name is from ${x} to ${x + wide}`)
    await page.mouse.move(0, 0)
    await popup.waitFor({ state: "hidden", timeout: 5000 })
  }
}

/** The language is changed on the page of an error, and stays there. */
const languages = async (page: Page, { check, root }: Site): Promise<void> => {
  await page.goto(`${root}errors/MODEL_OFFLINE/`)
  await page.locator("starlight-lang-select select").first().selectOption({ label: "العربية" })
  await page.waitForURL(`**/ar/errors/MODEL_OFFLINE/`)
  check((await page.locator("main").textContent())!.includes("النموذج خارج الخدمة مؤقتًا"), "The page is not in Arabic")
}

/** What people search for, the page to find, and where they begin. */
const searches = [
  { from: "start/", text: "MODEL_AT_CAPACITY", finds: "errors/MODEL_AT_CAPACITY/" },
  { from: "start/", text: "Retry.patient", finds: "reference/policies/" },
  { from: "ar/start/", text: "INSUFFICIENT_BALANCE", finds: "ar/errors/INSUFFICIENT_BALANCE/" },
  { from: "ar/start/", text: "الرصيد", finds: "ar/errors/INSUFFICIENT_BALANCE/" }
]

const search = async (page: Page, { root }: Site): Promise<void> => {
  for (const { finds, from, text } of searches) {
    await page.goto(`${root}${from}`)
    await page.locator("button[data-open-modal]").click()
    await page.locator("#starlight__search input").fill(text)
    const result = page.locator(`.pagefind-ui__result-link[href*="/${finds}"]`).first()
    await result.click({ timeout: 10_000 }).catch(() => {
      throw new Error(`The search from ${from} for ${text} does not find ${finds}`)
    })
    await page.waitForURL((url) => url.href.startsWith(`${root}${finds}`))
  }
}

/** From a file, pages open, are styled, and lead to each other. */
const files = async ({ browser, check, dist }: Site): Promise<void> => {
  const page = await browser.newPage()
  await page.goto(pathToFileURL(join(dist, "errors/index.html")).href)
  await page.locator("main a", { hasText: "MODEL_OFFLINE" }).first().click()
  check(await page.locator("h1").textContent() === "MODEL_OFFLINE", "From a file, a link does not open its page")
  const styled = await page.evaluate(() => getComputedStyle(document.body).fontFamily !== "")
  check(styled && await page.evaluate(() => document.styleSheets.length > 0), "From a file, a page has no style")
  await page.close()
}

/** Does what readers do. */
export const visitAsReader = async (site: Site): Promise<void> => {
  const context = await visitor(site)
  const page = await context.newPage()
  await addresses(page, site)
  await hovers(page, site)
  await languages(page, site)
  await search(page, site)
  await context.close()
  await files(site)
}
