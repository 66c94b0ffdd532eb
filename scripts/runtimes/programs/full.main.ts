import { run } from "./check.ts"
import { full } from "./full.ts"

console.log(JSON.stringify(await run(full, JSON.parse(process.argv[2]!))))
