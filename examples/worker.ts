/**
 * A worker, as those of Cloudflare, that passes chat completions on to Venice with a key of its own.
 *
 * Its users get errors in OpenAI's form, and streams as they arrive.
 */
import { errorOf, make } from "@effect-venice/fetch"

interface Env {
  readonly VENICE_API_KEY: string
  readonly VENICE_BASE_URL?: string
}

// Codes that only the owner of the key can do something about.
const own: ReadonlySet<string> = new Set(["Authentication", "Permission", "Billing"])

const venice = make({ onError: ({ code, requestId }) => console.warn(code, requestId) })

export default {
  async fetch(request: Request, env: Env): Promise<Response> {
    const { pathname } = new URL(request.url)
    if (request.method !== "POST" || pathname !== "/v1/chat/completions") return new Response(null, { status: 404 })
    const response = await venice(`${env.VENICE_BASE_URL ?? "https://api.venice.ai/api/v1"}/chat/completions`, {
      method: "POST",
      headers: { "content-type": "application/json", authorization: `Bearer ${env.VENICE_API_KEY}` },
      body: await request.text(),
      signal: request.signal
    })
    const error = errorOf(response)
    if (error === undefined || !own.has(error.category)) return response
    return Response.json(
      { error: { message: "The service is not available", type: "server_error", param: null, code: null } },
      { status: 502, headers: { "x-should-retry": "false" } }
    )
  }
}
