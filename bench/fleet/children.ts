/** Child processes that must not outlive the tool, whatever ends it. */
import type { ChildProcess } from "node:child_process"

const children = new Set<ChildProcess>()

process.once("exit", () => {
  // A frozen process ends by this signal only.
  for (const child of children) child.kill("SIGKILL")
})

for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => process.exit(1))

export const endWithTool = <Child extends ChildProcess>(child: Child): Child => {
  children.add(child)
  child.once("exit", () => children.delete(child))
  return child
}
