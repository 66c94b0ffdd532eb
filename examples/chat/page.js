/**
 * The page of the chat.
 *
 * It reads the stream with `fetch`. `EventSource` cannot send a conversation, and would ask again, and so pay again,
 * whenever a connection breaks off.
 */
const log = document.querySelector("#log")
const form = document.querySelector("form")
const input = document.querySelector("textarea")
const send = document.querySelector("button[type=submit]")
const stop = document.querySelector("#stop")

/** The conversation so far: what the server needs to answer. */
const messages = []

/** Ends the answer that is arriving. */
let controller = new AbortController()
stop.addEventListener("click", () => controller.abort())

/** The events of a response, each with its name and its data. */
async function* eventsOf(response) {
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader()
  let text = ""
  for (;;) {
    const { done, value } = await reader.read()
    if (done) return
    const events = (text + value).split("\n\n")
    text = events.pop()
    for (const event of events) {
      const { data, event: name } = Object.fromEntries(event.split("\n").map((line) => line.split(/: (.*)/s)))
      yield { name, data: JSON.parse(data) }
    }
  }
}

const show = (role) => {
  const article = log.appendChild(document.createElement("article"))
  article.dataset.role = role
  return article
}

/** Shows the answer as it arrives. Ends with what went wrong, or with nothing. */
const receive = async (answer, signal) => {
  try {
    const response = await fetch("/chat", {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ messages }),
      signal
    })
    if (!response.ok) return "The message could not be sent."
    for await (const { data, name } of eventsOf(response)) {
      if (name === "done") return
      if (name === "failed") return data
      // As text: an answer can contain anything.
      answer.append(data)
    }
    return "The connection broke off."
  } catch {
    return signal.aborted ? "Stopped." : "The connection broke off."
  }
}

form.addEventListener("submit", async (event) => {
  event.preventDefault()
  const content = input.value
  input.value = ""
  show("user").append(content)
  messages.push({ role: "user", content })

  controller = new AbortController()
  send.disabled = true
  stop.disabled = false
  const article = show("assistant")
  const answer = article.appendChild(document.createElement("span"))
  const problem = await receive(answer, controller.signal)
  if (problem !== undefined) {
    const paragraph = article.appendChild(document.createElement("p"))
    paragraph.setAttribute("role", "alert")
    paragraph.append(problem)
  }
  // What came before a failure is a part of the conversation. Without any, the question can be asked again.
  if (answer.textContent === "") messages.pop()
  else messages.push({ role: "assistant", content: answer.textContent })
  send.disabled = false
  stop.disabled = true
  input.focus()
})
