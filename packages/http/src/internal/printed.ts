/**
 * Failures whose text is safe to print: a server's message cannot forge a line of a log or paint a terminal.
 *
 * @internal
 */
import * as Redact from "@effect-venice/core/Redact"
import * as Inspectable from "effect/Inspectable"

type Tagged = Error & { readonly _tag: string }

const print = ({ _tag, message }: Tagged): string => `${_tag}: ${Redact.printable(message)}`

/** The class of a failure with a `toString`, an inspection and a stack without control characters of the message. */
export const printed = <C extends new(...args: Array<any>) => Tagged>(Declared: C): C =>
  class extends Declared {
    constructor(...args: Array<any>) {
      super(...args)
      const { message } = this
      const line = Redact.printable(message)
      if (line === message) return
      // A program may have its stacks as lists of frames, by `Error.prepareStackTrace`.
      const stack: unknown = this.stack
      if (typeof stack === "string") this.stack = stack.replace(message, () => line)
    }
    override toString(): string {
      return print(this)
    }
    [Inspectable.NodeInspectSymbol](): string {
      return print(this)
    }
  }
