import starlight from "@astrojs/starlight"
import type { AstroIntegration } from "astro"
import { defineConfig } from "astro/config"
import ecTwoSlash from "expressive-code-twoslash"
import links from "starlight-links-validator"
import ts from "typescript"
import { homepage } from "./generate/page.ts"
import { makeRelative } from "./generate/relative.ts"
import { sidebar } from "./generate/sidebar.ts"

/**
 * Types of what the examples name, but in fences that are `plain`: those of the generated pages, because each costs a run
 * of the compiler. One compiler host serves all fences.
 */
const twoslash = ecTwoSlash({
  // The comments of the modules are in the reference. In every hover they would make a page megabytes.
  includeJsDoc: false,
  instanceConfigs: { twoslash: { explicitTrigger: /^(?!.*\bplain\b)/, languages: ["ts"] } },
  twoslashOptions: {
    ...({ cache: new Map() } as object),
    compilerOptions: {
      target: ts.ScriptTarget.ES2023,
      lib: ["lib.es2023.d.ts", "lib.dom.d.ts", "lib.dom.iterable.d.ts"],
      strict: true,
      exactOptionalPropertyTypes: true,
      allowImportingTsExtensions: true,
      noEmit: true
    }
  }
})

const relative: AstroIntegration = {
  name: "relative-links",
  hooks: { "astro:build:done": ({ dir }) => makeRelative(dir) }
}

export default defineConfig({
  site: homepage,
  trailingSlash: "ignore",
  // Nothing is prefetched: the site must also work from a file.
  prefetch: false,
  integrations: [
    starlight({
      title: "effect-venice",
      defaultLocale: "root",
      locales: {
        root: { label: "English", lang: "en" },
        ar: { label: "العربية", lang: "ar", dir: "rtl" }
      },
      customCss: ["./src/site.css"],
      expressiveCode: { plugins: [twoslash], styleOverrides: { borderRadius: "0.3rem" } },
      plugins: [links({ errorOnFallbackPages: false, errorOnInconsistentLocale: false })],
      sidebar: sidebar() as never,
      pagination: false,
      disable404Route: false,
      credits: false
    }),
    relative
  ]
})
