import { run } from "./check.ts"
import { web } from "./web.ts"

Object.assign(globalThis, { runChecks: (urls: Readonly<Record<string, string>>) => run(web, urls) })
