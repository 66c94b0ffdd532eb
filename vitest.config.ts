import { defineConfig } from "vitest/config"
import Counts from "./scripts/counts.ts"

/** What has to take its time: soaks, bodies of 10 MB, waits that are real. `pnpm check` runs it, `pnpm test` does not. */
const slow = [
  "packages/*/test/**/*.slow.test.ts",
  "examples/**/*.slow.test.ts",
  "docs/observing/test/*.slow.test.ts",
  "scripts/**/*.slow.test.ts",
  "bench/*/*.slow.test.ts"
]

export default defineConfig({
  test: {
    projects: [
      {
        extends: true,
        test: {
          name: "fast",
          include: [
            "packages/*/test/**/*.test.ts",
            "examples/**/*.test.ts",
            "docs/{generate,observing,playground}/test/*.test.ts",
            "scripts/**/*.test.ts"
          ],
          exclude: slow
        }
      },
      // Some measure memory, so no file has what another one left behind.
      { extends: true, test: { name: "slow", include: slow, isolate: true } }
    ],
    reporters: ["default", new Counts()],
    testTimeout: 30_000,
    // No test leaves a trace in a module, so the files of a worker share what they import: importing Effect takes longer
    // than most files. By default Vitest leaves one core to itself, of two as of many.
    pool: "threads",
    isolate: false,
    maxWorkers: "100%"
  }
})
