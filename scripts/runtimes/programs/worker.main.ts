import { run } from "./check.ts"
import { web } from "./web.ts"

export default {
  fetch: async (request: Request): Promise<Response> => Response.json(await run(web, await request.json()))
}
