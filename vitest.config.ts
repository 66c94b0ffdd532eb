import { defineConfig } from "vitest/config"
import Counts from "./scripts/counts.ts"

export default defineConfig({
  test: {
    include: ["packages/*/test/**/*.test.ts", "examples/**/*.test.ts"],
    reporters: ["default", new Counts()],
    testTimeout: 30_000
  }
})
