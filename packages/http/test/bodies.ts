/** The smallest bodies of operations that need one. */
export const chat = { model: "m", messages: [] }

export const embeddings = { model: "m", input: "x" }

export const image = { model: "m", prompt: "x" }
