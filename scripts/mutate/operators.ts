/**
 * What a mutation does to a node of the syntax tree.
 */
import ts from "typescript-6"
import { mutateRegex } from "./regex.ts"

/** A piece of the text, and what stands in its place. */
export interface Edit {
  readonly start: number
  readonly end: number
  readonly replacement: string
}

const { SyntaxKind: Kind } = ts

const operators: Readonly<Partial<Record<ts.SyntaxKind, string>>> = {
  [Kind.LessThanToken]: "<=",
  [Kind.LessThanEqualsToken]: "<",
  [Kind.GreaterThanToken]: ">=",
  [Kind.GreaterThanEqualsToken]: ">",
  [Kind.EqualsEqualsEqualsToken]: "!==",
  [Kind.ExclamationEqualsEqualsToken]: "===",
  [Kind.EqualsEqualsToken]: "!=",
  [Kind.ExclamationEqualsToken]: "==",
  [Kind.PlusToken]: "-",
  [Kind.MinusToken]: "+",
  [Kind.AsteriskToken]: "/",
  [Kind.SlashToken]: "*",
  [Kind.PercentToken]: "*",
  [Kind.AsteriskAsteriskToken]: "*",
  [Kind.AmpersandToken]: "|",
  [Kind.BarToken]: "&",
  [Kind.LessThanLessThanToken]: ">>",
  [Kind.GreaterThanGreaterThanToken]: "<<",
  [Kind.PlusEqualsToken]: "-=",
  [Kind.MinusEqualsToken]: "+=",
  [Kind.AsteriskEqualsToken]: "/=",
  [Kind.QuestionQuestionEqualsToken]: "=",
  [Kind.BarBarEqualsToken]: "=",
  [Kind.AmpersandAmpersandEqualsToken]: "="
}

const equality: ReadonlySet<ts.SyntaxKind> = new Set([
  Kind.EqualsEqualsEqualsToken,
  Kind.ExclamationEqualsEqualsToken,
  Kind.EqualsEqualsToken,
  Kind.ExclamationEqualsToken
])

const isLogical = (kind: ts.SyntaxKind): boolean =>
  kind === Kind.AmpersandAmpersandToken || kind === Kind.BarBarToken || kind === Kind.QuestionQuestionToken

/** Methods whose call can go, with the receiver in its place. */
const removableMethods = new Set([
  "trim",
  "trimStart",
  "trimEnd",
  "toLowerCase",
  "toUpperCase",
  "sort",
  "reverse",
  "toSorted",
  "toReversed",
  "filter",
  "slice"
])

const methodSwaps: Readonly<Record<string, string>> = {
  some: "every",
  every: "some",
  min: "max",
  max: "min",
  startsWith: "endsWith",
  endsWith: "startsWith"
}

/** Properties that hold words for the reader of a schema. */
const descriptions = new Set(["description", "documentation", "identifier", "title", "examples"])

const isString = (node: ts.Node): node is ts.StringLiteralLike => ts.isStringLiteralLike(node)

const isText = (node: ts.Expression): boolean =>
  isString(node) || ts.isTemplateExpression(node) ||
  (ts.isBinaryExpression(node) && (isText(node.left) || isText(node.right)))

const isUndefined = (node: ts.Expression): boolean =>
  (ts.isIdentifier(node) && node.text === "undefined") || ts.isVoidExpression(node)

const isLiteral = (node: ts.Expression): boolean =>
  isString(node) || ts.isNumericLiteral(node) || node.kind === Kind.TrueKeyword || node.kind === Kind.FalseKeyword

/** A key that names something to the runtime, and that nobody sees. */
const isKey = (node: ts.StringLiteralLike): boolean => {
  if (node.text.startsWith("~") || node.text.includes("@effect-venice/")) return true
  const { parent } = node
  if (ts.isBindingElement(parent) && parent.propertyName === node) return true
  if (ts.isCallExpression(parent) && /^Effect\.fn(Untraced)?$/.test(parent.expression.getText())) return true
  return (ts.isPropertyAssignment(parent) || ts.isPropertySignature(parent)) &&
    (parent.name === node || descriptions.has(parent.name.getText()))
}

const isCondition = (node: ts.Expression): boolean => {
  const { parent } = node
  return (ts.isIfStatement(parent) && parent.expression === node) ||
    (ts.isConditionalExpression(parent) && parent.condition === node)
}

const isLoopCondition = (node: ts.Expression): boolean => {
  const { parent } = node
  return ((ts.isWhileStatement(parent) || ts.isDoStatement(parent)) && parent.expression === node) ||
    (ts.isForStatement(parent) && parent.condition === node)
}

const whole = (node: ts.Node, replacement: string): Edit => ({ start: node.getStart(), end: node.end, replacement })

const withoutElement = (elements: ts.NodeArray<ts.Node>, i: number): Edit => {
  const element = elements[i]!
  const next = elements[i + 1]
  const previous = elements[i - 1]
  return next === undefined
    ? { start: previous?.end ?? element.getStart(), end: element.end, replacement: "" }
    : { start: element.getStart(), end: next.getStart(), replacement: "" }
}

const number = (node: ts.NumericLiteral): ReadonlyArray<Edit> => {
  const value = Number(node.getText().replaceAll("_", ""))
  const changed = value === 0 ? [1] : [value + 1, value - 1]
  return changed.map((n) => whole(node, n < 0 ? `(${n})` : String(n)))
}

const binary = (node: ts.BinaryExpression): ReadonlyArray<Edit> => {
  const { kind } = node.operatorToken
  if (isLogical(kind)) return [whole(node, node.left.getText()), whole(node, node.right.getText())]
  const replacement = operators[kind]
  // As a condition it also becomes `true` and `false`, of which a test of either kills this one.
  if (isCondition(node) && equality.has(kind)) return []
  const joins = (kind === Kind.PlusToken || kind === Kind.PlusEqualsToken) && (isText(node.left) || isText(node.right))
  return replacement === undefined || joins ? [] : [whole(node.operatorToken, replacement)]
}

const call = (node: ts.CallExpression): ReadonlyArray<Edit> => {
  const callee = node.expression
  const name = ts.isPropertyAccessExpression(callee) ? callee.name.text : callee.getText()
  const steps = (from: number) => node.arguments.flatMap((_, i) => i < from ? [] : [withoutElement(node.arguments, i)])
  if (!ts.isPropertyAccessExpression(callee)) {
    if (name === "pipe") return steps(1)
    return name === "flow" && node.arguments.length > 1 ? steps(0) : []
  }
  if (name === "pipe") return steps(0)
  const swapped = methodSwaps[name]
  if (swapped !== undefined) return [whole(callee.name, swapped)]
  return removableMethods.has(name) && !/^[A-Z]\w*$/.test(callee.expression.getText())
    ? [whole(node, callee.expression.getText())]
    : []
}

const statement = (node: ts.Node): ReadonlyArray<Edit> => {
  if (ts.isExpressionStatement(node)) {
    const { expression } = node
    const isSuper = ts.isCallExpression(expression) && expression.expression.kind === Kind.SuperKeyword
    return isSuper ? [] : [whole(node, ";")]
  }
  if (ts.isThrowStatement(node) || ts.isBreakStatement(node) || ts.isContinueStatement(node)) return [whole(node, ";")]
  if (ts.isReturnStatement(node)) {
    const { expression } = node
    return expression === undefined || isUndefined(expression) || isLiteral(expression)
      ? []
      : [whole(expression, "undefined")]
  }
  if (ts.isBlock(node) && node.statements.length > 1 && !ts.isSourceFile(node.parent)) return [whole(node, "{}")]
  return []
}

/** The mutations of a node itself; those of its children are theirs. */
export const editsOf = (node: ts.Node): ReadonlyArray<Edit> => {
  const out: Array<Edit> = [...statement(node)]
  if (ts.isBinaryExpression(node)) out.push(...binary(node))
  else if (ts.isCallExpression(node)) out.push(...call(node))
  else if (ts.isNumericLiteral(node)) {
    if (!ts.isPropertyAssignment(node.parent) || node.parent.name !== node) out.push(...number(node))
  } else if (ts.isRegularExpressionLiteral(node)) {
    out.push(...mutateRegex(node.text).map((text) => whole(node, text)))
  } else if (isString(node)) {
    if (!isKey(node)) out.push(whole(node, node.text === "" ? "\"mutated\"" : "\"\""))
  } else if (ts.isTemplateExpression(node)) out.push(whole(node, "``"))
  else if (ts.isArrayLiteralExpression(node)) {
    node.elements.forEach((element, i) => {
      if (!ts.isOmittedExpression(element)) out.push(withoutElement(node.elements, i))
    })
  } else if (ts.isObjectLiteralExpression(node)) {
    node.properties.forEach((property, i) => {
      if (ts.isSpreadAssignment(property)) out.push(withoutElement(node.properties, i))
    })
  } else if (ts.isPrefixUnaryExpression(node)) {
    if (node.operator === Kind.ExclamationToken ? !isCondition(node) : node.operator === Kind.MinusToken) {
      out.push(whole(node, node.operand.getText()))
    } else if (node.operator === Kind.PlusPlusToken) out.push(whole(node, `--${node.operand.getText()}`))
    else if (node.operator === Kind.MinusMinusToken) out.push(whole(node, `++${node.operand.getText()}`))
  } else if (ts.isPostfixUnaryExpression(node)) {
    out.push(whole(node, `${node.operand.getText()}${node.operator === Kind.PlusPlusToken ? "--" : "++"}`))
  } else if (node.kind === Kind.QuestionDotToken) {
    out.push(whole(node, ts.isPropertyAccessExpression(node.parent) ? "." : ""))
  } else if (node.kind === Kind.TrueKeyword || node.kind === Kind.FalseKeyword) {
    out.push(whole(node, node.kind === Kind.TrueKeyword ? "false" : "true"))
  } else if (ts.isArrowFunction(node) && !ts.isBlock(node.body) && !isUndefined(node.body) && !isLiteral(node.body)) {
    out.push(whole(node.body, "undefined"))
  }
  if (ts.isExpression(node) && !isLiteral(node)) {
    if (isCondition(node)) out.push(whole(node, "true"), whole(node, "false"))
    else if (isLoopCondition(node)) out.push(whole(node, "false"))
  }
  return out
}

/** Nothing below such a node is there when the program runs. */
export const isErased = (node: ts.Node): boolean =>
  (ts.isExpressionWithTypeArguments(node)
    ? ts.isHeritageClause(node.parent) && node.parent.token === Kind.ImplementsKeyword
    : ts.isTypeNode(node)) ||
  ts.isInterfaceDeclaration(node) || ts.isTypeAliasDeclaration(node) ||
  ts.isImportDeclaration(node) || ts.isExportDeclaration(node) || ts.isTypeParameterDeclaration(node) ||
  (ts.canHaveModifiers(node) && (ts.getModifiers(node)?.some(({ kind }) => kind === Kind.DeclareKeyword) ?? false))
