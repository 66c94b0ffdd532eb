/** The built site in a browser: its pages opened under guard, and what is wrong with one that is open. */
import { createRequire } from "node:module"
import type { Browser, BrowserContext, Page } from "playwright-core"

/** What every check is given. */
export interface Site {
  readonly browser: Browser
  /** The address of the root of the site, with a slash at its end. */
  readonly root: string
  /** The folder of the built site. */
  readonly dist: string
  /** The folder to write pictures to, if any are asked for. */
  readonly pictures: string | undefined
  readonly check: (condition: boolean, problem: string) => void
}

export const colorSchemes = ["light", "dark"] as const

export type ColorScheme = (typeof colorSchemes)[number]

/** The widths of a phone and of a desk. */
export const widths = [390, 1280] as const

/** The folder of a page in the language of its path. */
export const isArabic = (path: string): boolean => path.startsWith("ar/")

/** A context of a visitor whose pages may not leave the site, fail or complain. */
export const visitor = async ({ browser, check, root }: Site): Promise<BrowserContext> => {
  const context = await browser.newContext()
  const place = (url: string | undefined) => url?.slice(root.length) || "index"
  context.on("request", (request) => {
    const address = request.url()
    check(address.startsWith(root) || address.startsWith("data:"), `A request leaves the site: ${address}`)
  })
  context.on("response", (response) => check(response.status() < 400, `${response.status()} for ${response.url()}`))
  context.on("requestfailed", (request) => {
    // A page that is left aborts what it was loading.
    const reason = request.failure()?.errorText
    check(reason === "net::ERR_ABORTED", `${request.url()}: ${reason}`)
  })
  context.on("console", (message) => {
    check(message.type() !== "error", `${place(message.page()?.url())} logs: ${message.text()}`)
  })
  context.on("weberror", (error) => check(false, `${place(error.page()?.url())} throws: ${error.error().message}`))
  return context
}

const axe = createRequire(import.meta.url).resolve("axe-core/axe.min.js")

/** What axe finds wrong with the page, one line each. */
export const violations = async (page: Page): Promise<ReadonlyArray<string>> => {
  await page.addScriptTag({ path: axe })
  const results = await page.evaluate(() => (globalThis as any).axe.run(document, { resultTypes: ["violations"] }))
  return results.violations.map((violation: any) =>
    `${violation.id}: ${violation.nodes.slice(0, 2).map((node: any) => node.html.slice(0, 120)).join(" | ")}`
  )
}

/** What makes the page wider than the window, if anything does. */
export const overflow = (page: Page): Promise<string | undefined> =>
  page.evaluate(() => {
    const { clientWidth, scrollWidth } = document.documentElement
    if (scrollWidth <= clientWidth) return undefined
    const isOutside = (element: Element): boolean => {
      const { left, right, width } = element.getBoundingClientRect()
      return width > 0 && (right > clientWidth + 0.5 || left < -0.5)
    }
    const widest = [...document.querySelectorAll("main *")].findLast(isOutside)
    return `${scrollWidth - clientWidth} pixels too wide: ${widest?.outerHTML.slice(0, 120) ?? "outside of main"}`
  })

const scrolling = (page: Page): Promise<ReadonlyArray<string>> =>
  page.evaluate(() =>
    [...document.querySelectorAll<HTMLElement>("main *")].filter((element) =>
      element.scrollWidth > element.clientWidth + 1
      && /^(?:auto|scroll)$/.test(getComputedStyle(element).overflowX)
      && element.checkVisibility()
      && element.querySelector("a[href], button, input, select, textarea, [tabindex='0']") === null
      && !element.matches("[tabindex='0'], textarea")
    ).map((element) => element.outerHTML.slice(0, 120))
  )

/**
 * What scrolls and cannot be reached by the keyboard: some browsers let it reach what scrolls, others do not. A script
 * makes code reachable some time after the width of the window has changed.
 */
export const unreachable = async (page: Page): Promise<ReadonlyArray<string>> => {
  let found = await scrolling(page)
  for (let i = 0; i < 100 && found.length > 0; i++) {
    await page.waitForTimeout(100)
    found = await scrolling(page)
  }
  return found
}

/**
 * The controls whose text is cut off. The text of a choice does not count as overflow, so a copy is measured that is as
 * wide as the longest of its texts. A choice without a value shows no other text than its first.
 */
export const cutControls = (page: Page): Promise<ReadonlyArray<string>> =>
  page.evaluate(() => {
    const isCut = (control: HTMLElement): boolean => {
      if (!(control instanceof HTMLSelectElement)) {
        return control.scrollWidth > control.clientWidth + 1 || control.scrollHeight > control.clientHeight + 1
      }
      const copy = control.cloneNode(control.value !== "") as HTMLSelectElement
      if (control.value === "") copy.append(control.selectedOptions[0]!.cloneNode(true))
      Object.assign(copy.style, { position: "absolute", visibility: "hidden", width: "max-content", maxWidth: "none" })
      control.after(copy)
      const isWider = copy.offsetWidth > control.offsetWidth + 1
      copy.remove()
      return isWider
    }
    return [...document.querySelectorAll<HTMLElement>("main :is(button, select, input)")]
      .filter((control) => control.checkVisibility() && isCut(control))
      .map((control) => {
        const labels = "labels" in control ? control.labels as NodeListOf<HTMLElement> | null : null
        return `${control.tagName} ${(labels?.[0] ?? control).textContent?.trim().slice(0, 60)}`
      })
  })
