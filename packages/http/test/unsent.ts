/** Calls that a part of `resilience` did not send. */
import { Failure } from "@effect-venice/http"
import { DateTime, Duration } from "effect"

export const ahead = new Failure.LockoutAhead({
  message: "Not sent",
  until: DateTime.makeUnsafe("2026-10-02T12:00:07Z"),
  retryAfter: Duration.seconds(7),
  model: "m"
})

export const open = new Failure.CircuitOpen({
  message: "Not sent",
  circuit: "m",
  retryAfter: Duration.seconds(5)
})

export const late = new Failure.PaceExceeded({
  message: "Not sent",
  retryAfter: Duration.seconds(9),
  model: "m"
})
