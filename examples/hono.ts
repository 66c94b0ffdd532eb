/**
 * A service on Hono that passes Venice's failures on to its own clients, without Effect: status, `Retry-After`, and a
 * body of problem details.
 *
 *     VENICE_API_KEY=… npx -y pnpm@12 example hono
 */
import { errorOf, make, type PlainError } from "@effect-venice/fetch"
import { Hono } from "hono"

interface Env {
  readonly VENICE_API_KEY: string
  readonly VENICE_BASE_URL?: string
}

// The clients wait, so a longer hint is theirs.
const venice = make({ format: "problem", retry: { attempts: 3, longestHintMillis: 2000 } })

// What only the owner of the key can do something about.
const own: ReadonlySet<string> = new Set(["Authentication", "Permission", "Billing"])

const problem = (status: number, title: string, headers: Record<string, string> = {}): Response =>
  Response.json({ title, status }, { status, headers: { "content-type": "application/problem+json", ...headers } })

/** Clients do not send again what may be billed twice. */
const unavailable = (): Response => problem(502, "Answers are not available", { "x-should-retry": "false" })

/** What a client sees of a response that is an error: the problem, and the headers that are about its request. */
const passOn = async (response: Response, error: PlainError): Promise<Response> => {
  console.warn(error.code, error.requestId)
  // An unrecognized response has a text of a proxy, or of anybody.
  if (own.has(error.category) || error.code === "UNRECOGNIZED_RESPONSE") return unavailable()
  const headers = new Headers()
  for (const name of ["content-type", "retry-after", "x-request-id", "x-should-retry"]) {
    const value = response.headers.get(name)
    if (value !== null) headers.set(name, value)
  }
  return new Response(await response.text(), { status: response.status, headers })
}

const app = new Hono<{ Bindings: Env }>()

app.post("/answers", async ({ env, json, req }) => {
  const { question } = await req.json<{ readonly question?: unknown }>().catch(() => ({ question: undefined }))
  if (typeof question !== "string") return problem(400, "Expected {\"question\": \"…\"}")
  const response = await venice(`${env.VENICE_BASE_URL ?? "https://api.venice.ai/api/v1"}/chat/completions`, {
    method: "POST",
    headers: { "content-type": "application/json", authorization: `Bearer ${env.VENICE_API_KEY}` },
    body: JSON.stringify({ model: "llama-3.3-70b", messages: [{ role: "user", content: question }] }),
    signal: req.raw.signal
  })
  const error = errorOf(response)
  if (error !== undefined) return passOn(response, error)
  const { choices } = await response.json() as {
    readonly choices: ReadonlyArray<{ readonly message: { readonly content: string } }>
  }
  return json({ answer: choices[0]!.message.content })
})

// No response, or one that is no completion.
app.onError((thrown) => {
  console.warn(thrown.name)
  return unavailable()
})

export default app
