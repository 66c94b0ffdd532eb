/**
 * A registry of the packed packages on the loopback interface, for package managers that install them by name. It has
 * nothing else: a project names it as the registry of the scope `@effect-venice` only.
 */
import { spawnSync } from "node:child_process"
import { createHash } from "node:crypto"
import { readFileSync } from "node:fs"
import { createServer } from "node:http"
import type { AddressInfo } from "node:net"
import { basename } from "node:path"

interface Published {
  readonly manifest: { readonly name: string; readonly version: string }
  readonly tarball: Buffer
}

const read = (file: string): Published => {
  const { status, stderr, stdout } = spawnSync("tar", ["-xzOf", file, "package/package.json"], { encoding: "utf8" })
  if (status !== 0) throw new Error(`${basename(file)} has no manifest: ${stderr}`)
  return { manifest: JSON.parse(stdout), tarball: readFileSync(file) }
}

const digest = (algorithm: string, content: Buffer, encoding: "hex" | "base64"): string =>
  createHash(algorithm).update(content).digest(encoding)

/** Package managers refuse versions that are younger than a day or so. */
const publishedAt = "2020-01-01T00:00:00.000Z"

const packument = (origin: string, { manifest, tarball }: Published) => ({
  name: manifest.name,
  "dist-tags": { latest: manifest.version },
  time: { created: publishedAt, modified: publishedAt, [manifest.version]: publishedAt },
  versions: {
    [manifest.version]: {
      ...manifest,
      dist: {
        tarball: `${origin}/tarballs/${manifest.name}`,
        shasum: digest("sha1", tarball, "hex"),
        integrity: `sha512-${digest("sha512", tarball, "base64")}`
      }
    }
  }
})

export interface Registry extends AsyncDisposable {
  readonly origin: string
}

/** Serves tarballs until it is disposed. */
export const serve = async (files: ReadonlyArray<string>): Promise<Registry> => {
  const published = new Map(files.map(read).map((one) => [one.manifest.name, one]))
  const server = createServer((request, response) => {
    const path = decodeURIComponent(new URL(request.url!, "http://localhost").pathname).slice(1)
    const isTarball = path.startsWith("tarballs/")
    const found = published.get(isTarball ? path.slice("tarballs/".length) : path)
    if (found === undefined) {
      response.writeHead(404, { "content-type": "application/json" }).end("{\"error\":\"not found\"}")
    } else if (isTarball) {
      response.writeHead(200, { "content-type": "application/octet-stream" }).end(found.tarball)
    } else {
      response.writeHead(200, { "content-type": "application/json" })
        .end(JSON.stringify(packument(`http://${request.headers.host}`, found)))
    }
  })
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve))
  return {
    origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    [Symbol.asyncDispose]: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      })
  }
}
