/** The tables of a page, as texts of cells. */
import { DomUtils, parseDocument } from "htmlparser2"
import type { Token, Tokens } from "marked"
import { marked } from "marked"

export interface Table {
  readonly header: ReadonlyArray<string>
  readonly rows: ReadonlyArray<ReadonlyArray<string>>
}

const oneLine = (text: string): string => text.replace(/\s+/g, " ").trim()

/** The text of HTML: entities are decoded, tags are left out. */
export const textOfHtml = (html: string): string => oneLine(DomUtils.textContent(parseDocument(html)))

// Such a text contains entities and no tags.
const withoutEntities = (text: string): string => DomUtils.textContent(parseDocument(text))

/** The text of Markdown: links and emphasis are left out, and escapes are read. */
export const textOf = (tokens: ReadonlyArray<Token>): string =>
  oneLine(
    tokens.map((token) => {
      if (token.type === "codespan") return token.text as string
      if (token.type === "html") return " "
      const { text = "", tokens: inner } = token as Tokens.Generic
      return inner === undefined ? withoutEntities(text as string) : textOf(inner)
    }).join("")
  )

const isTable = (token: Token): token is Tokens.Table => token.type === "table"

const ofMarkdown = (text: string): ReadonlyArray<Table> =>
  marked.lexer(text).filter(isTable).map(({ header, rows }) => ({
    header: header.map(({ tokens }) => textOf(tokens)),
    rows: rows.map((row) => row.map(({ tokens }) => textOf(tokens)))
  }))

const ofHtml = (text: string): ReadonlyArray<Table> =>
  DomUtils.getElementsByTagName("table", parseDocument(text)).map((table) => {
    const [header = [], ...rows] = DomUtils.getElementsByTagName("tr", table).map((row) =>
      DomUtils.getElementsByTagName((name) => name === "td" || name === "th", row).map((cell) =>
        oneLine(DomUtils.textContent(cell))
      )
    )
    return { header, rows }
  })

/** Whether a text is a page in HTML; a page in Markdown may contain tags. */
export const isHtml = (text: string): boolean => /^\s*<(?:!doctype html|html|head|body|table|main|div)[\s>]/i.test(text)

export const tablesOf = (text: string): ReadonlyArray<Table> => isHtml(text) ? ofHtml(text) : ofMarkdown(text)
