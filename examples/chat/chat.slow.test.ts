/** The chat in a real browser. Without Chromium these tests are skipped, and say so. */
import { Emulator, type WireResponse } from "@effect-venice/testing"
import { NodeHttpServer } from "@effect/platform-node"
import { assert, describe, it } from "@effect/vitest"
import { Duration, Effect, Layer, References, Schedule, type Scope } from "effect"
import { HttpRouter, HttpServer } from "effect/http"
import { existsSync } from "node:fs"
import { createServer } from "node:http"
import { createRequire } from "node:module"
import { type BrowserContextOptions, chromium, type Page } from "playwright-core"
import { Routes } from "./main.ts"

const executable = [process.env.CHROMIUM, "/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"]
  .find((path) => path !== undefined && existsSync(path))

if (executable === undefined) {
  process.stderr.write("\nSKIPPED: the chat in a browser: there is no Chromium (apt-get install chromium)\n\n")
}

const axe = createRequire(import.meta.url).resolve("axe-core/axe.min.js")

const Served = HttpRouter.serve(Routes, { disableLogger: true, disableListenLog: true }).pipe(
  Layer.provideMerge(NodeHttpServer.layer(createServer, { port: 0 })),
  Layer.provideMerge(Emulator.layerClient),
  Layer.provideMerge(Emulator.layer),
  Layer.provideMerge(Layer.succeed(References.MinimumLogLevel, "None"))
)

/** Opens the page in a browser, until the scope closes. Fails if a script of the page does. */
const opening = Effect.fnUntraced(function*(options: BrowserContextOptions = {}) {
  const { address } = yield* HttpServer.HttpServer
  const browser = yield* Effect.acquireRelease(
    Effect.promise(() => chromium.launch({ executablePath: executable!, args: ["--no-sandbox"] })),
    (browser) => Effect.promise(() => browser.close())
  )
  const page = yield* Effect.promise(() => browser.newPage(options))
  const problems: Array<string> = []
  page.on("pageerror", (error) => problems.push(error.message))
  page.on("console", (message) => message.type() === "error" && problems.push(message.text()))
  yield* Effect.promise(() => page.goto(HttpServer.formatAddress(address)))
  yield* Effect.addFinalizer(() => Effect.sync(() => assert.deepStrictEqual(problems, [])))
  return page
})

const open = opening()

const say = (page: Page, text: string) =>
  Effect.promise(async () => {
    await page.getByLabel("Message").fill(text)
    await page.getByRole("button", { name: "Send" }).click()
  })

/** Waits until the newest answer shows the text. */
const shows = (page: Page, text: string | RegExp) =>
  Effect.promise(() => page.locator("article[data-role=assistant]").last().filter({ hasText: text }).waitFor())

const alert = (page: Page) => Effect.promise(() => page.getByRole("alert").textContent())

const answerOf = (page: Page) =>
  Effect.promise(() => page.locator("article[data-role=assistant] span").last().textContent())

/** Waits until the first request to Venice has ended so. */
const ended = (outcome: string) =>
  Effect.flatMap(
    Emulator.Emulator,
    (emulator) =>
      Effect.flatMap(emulator.journal(), ([entry]) =>
        entry?.outcome === outcome ? Effect.succeed(entry) : Effect.fail(entry?.outcome)).pipe(
          Effect.retry({ schedule: Schedule.spaced("20 millis") })
        )
  )

const delta = (content: string) => ({
  data: `data: ${JSON.stringify({ id: "1", choices: [{ index: 0, delta: { content } }] })}\n\n`
})

const stream = (...body: ReadonlyArray<WireResponse.Chunk>): WireResponse.WireResponse => ({
  status: 200,
  headers: { "content-type": "text/event-stream" },
  body
})

const end = { data: "data: [DONE]\n\n" }

const inBrowser = (name: string, test: Effect.Effect<void, unknown, Scope.Scope | Layer.Success<typeof Served>>) =>
  it.live(name, () => Effect.provide(test, Served))

describe.skipIf(executable === undefined)("the chat in a browser", () => {
  inBrowser(
    "shows the text as it arrives",
    Effect.gen(function*() {
      const emulator = yield* Emulator.Emulator
      yield* emulator.reply(stream(delta("It "), { ...delta("scatters."), delay: Duration.hours(1) }))
      const page = yield* open
      yield* say(page, "Why is the sky blue?")
      yield* shows(page, "It ")
      assert.strictEqual(yield* answerOf(page), "It ")

      yield* emulator.advance("1 hour")
      yield* shows(page, "It scatters.")
    })
  )

  inBrowser(
    "sends the conversation, and shows what is in an answer as text",
    Effect.gen(function*() {
      const emulator = yield* Emulator.Emulator
      const hostile = "<img src=x onerror=\"document.title='owned'\">"
      yield* emulator.reply(stream(delta(hostile), end), stream(delta("Yes."), end))
      const page = yield* open
      yield* say(page, "One")
      yield* shows(page, hostile)
      yield* say(page, "Two")
      yield* shows(page, "Yes.")

      assert.strictEqual(yield* Effect.promise(() => page.title()), "Chat")
      const [, second] = yield* emulator.journal()
      assert.deepStrictEqual(JSON.parse(second!.request.body.text!).messages, [
        { role: "user", content: "One" },
        { role: "assistant", content: hostile },
        { role: "user", content: "Two" }
      ])
    })
  )

  inBrowser(
    "keeps what came before an error in the stream, and says what happened",
    Effect.gen(function*() {
      const emulator = yield* Emulator.Emulator
      const error = { error: { message: "internal: node 10.0.0.7", code: "model_overloaded", retry_after: 30 } }
      yield* emulator.reply(stream(delta("It scatters"), { data: `data: ${JSON.stringify(error)}\n\n` }))
      const page = yield* open
      yield* say(page, "Why is the sky blue?")
      yield* shows(page, "Try again")

      assert.strictEqual(yield* answerOf(page), "It scatters")
      assert.strictEqual(yield* alert(page), "The model is busy. Try again in 30 seconds.")
      assert.lengthOf(yield* emulator.received, 1)
    })
  )

  inBrowser(
    "keeps what came before the connection to Venice broke off",
    Effect.gen(function*() {
      const emulator = yield* Emulator.Emulator
      yield* emulator.on("POST /chat/completions", { disconnect: { afterEvents: 4 } })
      const page = yield* open
      yield* say(page, "Why is the sky blue?")
      yield* shows(page, "broke off")

      assert.match((yield* answerOf(page))!, /^This is an/)
      assert.strictEqual(yield* alert(page), "The answer broke off. Try again in a moment.")
      assert.lengthOf(yield* emulator.received, 1)
    })
  )

  inBrowser(
    "says nothing of the account",
    Effect.gen(function*() {
      const emulator = yield* Emulator.Emulator
      yield* emulator.on("POST /chat/completions", { fail: "INSUFFICIENT_BALANCE" })
      const page = yield* open
      yield* say(page, "Why is the sky blue?")
      yield* shows(page, "not available")

      assert.strictEqual(yield* alert(page), "The chat is not available. We know about it.")
    })
  )

  inBrowser(
    "interrupts the request to Venice if the tab is closed",
    Effect.gen(function*() {
      const emulator = yield* Emulator.Emulator
      yield* emulator.reply(stream(delta("It "), { ...delta("scatters."), delay: Duration.hours(1) }))
      const page = yield* open
      yield* say(page, "Why is the sky blue?")
      yield* shows(page, "It ")
      yield* ended("pending")
      yield* Effect.promise(() => page.close())

      const { response } = yield* ended("aborted")
      assert.notInclude(response?.body.text, "scatters")
    })
  )

  inBrowser(
    "interrupts the request to Venice if the reader stops it, and keeps the text",
    Effect.gen(function*() {
      const emulator = yield* Emulator.Emulator
      yield* emulator.reply(stream(delta("It "), { ...delta("scatters."), delay: Duration.hours(1) }))
      const page = yield* open
      yield* say(page, "Why is the sky blue?")
      yield* shows(page, "It ")
      yield* Effect.promise(() => page.getByRole("button", { name: "Stop" }).click())
      yield* ended("aborted")

      assert.strictEqual(yield* alert(page), "Stopped.")
      assert.strictEqual(yield* answerOf(page), "It ")
    })
  )

  inBrowser(
    "has no violation of accessibility rules",
    Effect.gen(function*() {
      const emulator = yield* Emulator.Emulator
      yield* emulator.on("POST /chat/completions", { fail: "INSUFFICIENT_BALANCE" })
      const page = yield* opening({ bypassCSP: true })
      yield* say(page, "Why is the sky blue?")
      yield* shows(page, "not available")
      const violations = yield* Effect.promise(async () => {
        await page.addScriptTag({ path: axe })
        const results = await page.evaluate(() => (globalThis as any).axe.run(document))
        return results.violations.map(({ id }: { readonly id: string }) => id)
      })

      assert.deepStrictEqual(violations, [])
    })
  )
})
