/**
 * Makes the links of the built site relative, so that it opens from any path, and from a file as far as browsers allow.
 *
 * Astro writes links from the root of a host. Here each becomes relative to its page, in scripts to the script.
 */
import { globSync, readFileSync, writeFileSync } from "node:fs"
import { posix } from "node:path"
import { fileURLToPath } from "node:url"
import { homepage } from "./page.ts"

const relativeTo = (page: string, target: string): string => {
  const [, path = "", rest = ""] = /^([^?#]*)(.*)$/s.exec(target)!
  const from = posix.dirname(`/${page}`)
  const to = posix.relative(from, path) || "."
  return `${to}${path.endsWith("/") && !to.endsWith("/") ? "/" : ""}${rest}`
}

const attribute = /(\s(?:href|src|value|content)=")\/(?!\/)([^"]*)"/g

// From a file, the browser shows a folder instead of the page in it.
const fromFile = "<script>if(location.protocol===\"file:\")addEventListener(\"click\",(event)=>{"
  + "const link=event.target.closest&&event.target.closest(\"a[href]\");"
  + "if(link&&link.protocol===\"file:\"&&link.pathname.endsWith(\"/\"))link.pathname+=\"index.html\"},true)</script>"

/** The choice of the language goes to a path of the host. */
const chooser = (text: string): string =>
  text.replace(
    /window\.location\.pathname\s*=\s*(\w+)\.currentTarget\.value/g,
    "window.location.href=$1.currentTarget.value"
  )

const regionNames = { en: { code: "Code", picture: "Picture" }, ar: { code: "كود", picture: "صورة" } }

const html = (page: string, text: string): string => {
  // A host serves this page under every path.
  const base = page === "404.html" ? new URL(`${homepage}/`).pathname : undefined
  const names = regionNames[/<main[^>]*? lang="ar"/.test(text) ? "ar" : "en"]
  // What is wider than the page is a region of its own, which the keyboard must reach and a name must tell apart.
  const reachable = [
    [/<pre(?= data-language=)/g, names.code],
    [/<p(?=><img [^>]*>\s*<\/p>)/g, names.picture]
  ] as const
  const regions = reachable.reduce((html, [start, name]) => {
    let count = 0
    return html.replace(start, (tag) => `${tag} tabindex="0" role="region" aria-label="${name} ${++count}"`)
  }, text)
  return chooser(regions)
    // A code that is wider than a phone, or than its column, is broken behind a word of it.
    .replace(/(?<=<(?:h1|a)\b[^>]*>)[A-Z0-9]+(?:_[A-Z0-9]+)+(?=<)/g, (code) => code.replaceAll("_", "_<wbr>"))
    // A role would hide that it is a table. One with links is reached by them.
    .replace(/<table>(?=(?:(?!<\/table>|<a ).)*<\/table>)/gs, "<table tabindex=\"0\">")
    .replace(attribute, (whole, head: string, target: string) => {
      // `content` is a path only where a page refers to another.
      if (/\scontent="$/.test(head)) return whole
      return `${head}${base === undefined ? relativeTo(page, `/${target}`) : `${base}${target}`}"`
    })
    // The name of the button is what it shows, on a phone what it hides. Readers announce `aria-keyshortcuts` themselves.
    .replace(/(<button data-open-modal[^>]*?) aria-label="[^"]*"/g, "$1")
    .replace(/(<span class="sl-hidden md:sl-block[^>]*?) aria-hidden="true"/g, "$1")
    .replace(/<kbd (?=[^>]*display: ?none)/g, "<kbd aria-hidden=\"true\" ")
    .replace("</head>", `${fromFile}</head>`)
}

const script = (file: string, text: string): string => {
  const up = "../".repeat(file.split("/").length - 1)
  return chooser(text)
    // Pagefind's files, and what its results are relative to.
    .replace(/baseUrl:\s*(["'`])\/\1/g, `baseUrl:new URL(${JSON.stringify(up)},import.meta.url).pathname`)
    .replace(
      /bundlePath:\s*(["'`])\/\1\.replace\([^)]*\)\+\s*(["'`])\/pagefind\/\2/g,
      `bundlePath:new URL(${JSON.stringify(`${up}pagefind/`)},import.meta.url).pathname`
    )
}

const style = (file: string, text: string): string =>
  text.replace(
    /url\((["']?)\/(?!\/)([^)"']*)\1\)/g,
    (_, quote: string, target: string) => `url(${quote}${relativeTo(file, `/${target}`)}${quote})`
  )

const leftovers: ReadonlyArray<readonly [RegExp, string]> = [
  [/baseUrl:\s*["'`]\/["'`]/, "the root of the search"],
  [/bundlePath:\s*["'`]\//, "the files of the search"],
  [/location\.pathname\s*=[^=]/, "the choice of the language"],
  [/["'`]\/_astro\//, "a script"]
]

/** Rewrites the files of the built site. What cannot be rewritten is an error. */
export const makeRelative = (directory: URL): void => {
  const root = fileURLToPath(directory)
  const rewrite = (pattern: string, f: (file: string, text: string) => string): void => {
    for (const file of globSync(pattern, { cwd: root })) {
      const text = readFileSync(`${root}${file}`, "utf8")
      const out = f(file, text)
      if (out !== text) writeFileSync(`${root}${file}`, out)
    }
  }
  rewrite("**/*.html", (file, text) => {
    const out = html(file, text)
    if (/location\.pathname\s*=[^=]/.test(out)) {
      throw new Error(`${file} has an absolute path: the choice of the language`)
    }
    return out
  })
  rewrite("_astro/**/*.css", style)
  rewrite("_astro/**/*.js", (file, text) => {
    const out = script(file, text)
    for (const [pattern, what] of leftovers) {
      if (pattern.test(out)) throw new Error(`${file} has an absolute path: ${what}`)
    }
    return out
  })
}
