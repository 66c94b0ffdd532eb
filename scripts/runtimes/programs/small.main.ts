import { run } from "./check.ts"
import { small } from "./small.ts"

console.log(JSON.stringify(await run(small, JSON.parse(process.argv[2]!))))
