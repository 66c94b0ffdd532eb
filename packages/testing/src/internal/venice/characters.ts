/**
 * `GET /characters`, and the characters that chat accepts.
 *
 * @internal
 */
import { Errors } from "@effect-venice/core"
import * as Effect from "effect/Effect"
import { z } from "zod/v3"
import * as Check from "./check.ts"
import { Draw, hash } from "./draw.ts"
import * as Refuse from "./refusal.ts"
import type { Handler } from "./run.ts"
import { ok } from "./run.ts"

interface Character {
  readonly slug: string
  readonly name: string
  readonly description: string
  readonly tags: ReadonlyArray<string>
  readonly adult: boolean
  readonly webEnabled: boolean
  readonly featured: boolean
  readonly modelId: string
  readonly ratings: ReadonlyArray<number>
}

const characters: ReadonlyArray<Character> = [
  {
    slug: "alan-watts",
    name: "Alan Watts",
    description: "A philosopher who explains the East to the West.",
    tags: ["Philosophy", "Education"],
    adult: false,
    webEnabled: false,
    featured: true,
    modelId: "llama-3.3-70b",
    ratings: [5, 5, 4]
  },
  {
    slug: "venetian-guide",
    name: "Venetian Guide",
    description: "Knows every bridge of the lagoon.",
    tags: ["Travel"],
    adult: false,
    webEnabled: true,
    featured: false,
    modelId: "venice-uncensored",
    ratings: [4, 3]
  },
  {
    slug: "noir-detective",
    name: "Noir Detective",
    description: "Tells stories that are not for children.",
    tags: ["Fiction"],
    adult: true,
    webEnabled: false,
    featured: false,
    modelId: "venice-uncensored",
    ratings: [4]
  }
]

const idOf = (slug: string): string => new Draw(hash(slug)).uuid()

/** By slug or id. */
export const find = (slug: string): Character | undefined =>
  characters.find((character) => character.slug === slug || idOf(character.slug) === slug)

const average = (ratings: ReadonlyArray<number>): number =>
  ratings.length === 0 ? 0 : ratings.reduce((sum, rating) => sum + rating, 0) / ratings.length

const createdAt = "2026-01-01T00:00:00.000Z"

const describe = ({ ratings, ...character }: Character) => ({
  id: idOf(character.slug),
  ...character,
  photoUrl: null,
  shareUrl: `https://venice.ai/c/${character.slug}`,
  author: idOf(character.slug).slice(0, 5),
  stats: {
    averageRating: average(ratings),
    imports: ratings.length * 10,
    ratingCount: ratings.length,
    ratingSum: average(ratings) * ratings.length,
    userRating: null
  },
  createdAt,
  updatedAt: createdAt
})

const flag = z.enum(["true", "false"]).optional()

const names = (length: number) =>
  z.preprocess(
    (value) => typeof value === "string" ? value.split(",") : value,
    z.array(z.string().max(length)).max(20).optional()
  )

const listQuery = z.object({
  search: z.string().max(200).optional(),
  categories: names(100),
  tags: names(100),
  modelId: names(200),
  isAdult: flag,
  isPro: flag,
  isWebEnabled: flag,
  sortBy: z.enum([
    "featured",
    "highestRating",
    "highlyRated",
    "highlyRatedAndRecent",
    "imports",
    "mostRecent",
    "ratingCount"
  ]).optional(),
  sortOrder: z.enum(["asc", "desc"]).default("desc"),
  limit: z.coerce.number().int().min(1).max(100).default(50),
  offset: z.coerce.number().int().min(0).default(0)
})

type Query = z.infer<typeof listQuery>

const isListed = (query: Query) => (character: Character): boolean => {
  const search = query.search?.replace(/^#/, "").toLowerCase()
  const texts = [character.name, character.description, ...character.tags].map((text) => text.toLowerCase())
  return character.adult === (query.isAdult === "true")
    && (query.isWebEnabled !== "true" || character.webEnabled)
    && (search === undefined || texts.some((text) => text.includes(search)))
    && (query.tags === undefined || query.tags.some((tag) => character.tags.includes(tag)))
    && (query.modelId === undefined || query.modelId.includes(character.modelId))
    && (query.sortBy !== "featured" || character.featured)
    && (query.sortBy !== "highlyRated" || character.ratings.length >= 2)
}

export const list: Handler = (call) =>
  Effect.gen(function*() {
    const query = yield* Check.query(call, listQuery)
    const key = ({ ratings }: Character): number =>
      query.sortBy?.startsWith("high") === true ? average(ratings) : ratings.length
    const sign = query.sortBy !== undefined && query.sortOrder === "asc" ? 1 : -1
    const found = characters.filter(isListed(query)).sort((a, b) => sign * (key(a) - key(b)))
    return yield* ok({
      object: "list",
      data: found.slice(query.offset, query.offset + query.limit).map(describe)
    })
  })

export const notFound = Refuse.error(new Errors.CharacterNotFound({ message: "Character not found" }))

export const get: Handler = ({ parameters }) => {
  const character = find(parameters.slug ?? "")
  return character === undefined ? notFound : ok({ object: "character", data: describe(character) })
}

const reviewQuery = z.object({
  page: z.coerce.number().int().min(1).default(1),
  pageSize: z.coerce.number().int().min(1).max(100).default(20)
})

export const reviews: Handler = (call) =>
  Effect.gen(function*() {
    const { page, pageSize } = yield* Check.query(call, reviewQuery)
    const character = find(call.parameters.slug ?? "")
    if (character === undefined) return yield* notFound
    const { ratings, slug } = character
    const total = ratings.length
    const totalPages = Math.ceil(total / pageSize)
    const data = ratings.slice((page - 1) * pageSize, page * pageSize).map((rating, i) => ({
      id: new Draw(hash(`${slug} ${page} ${i}`)).uuid(),
      characterId: idOf(slug),
      createdAt,
      rating,
      message: rating === 5 ? "Thoughtful and grounded." : null,
      locale: "en",
      username: `user_${i}`,
      isOwner: false,
      userAvatarUrl: null
    }))
    return yield* ok({
      object: "list",
      pagination: { page, pageSize, total, totalPages },
      summary: { averageRating: average(ratings), totalReviews: total },
      data
    }, {
      "x-pagination-limit": String(pageSize),
      "x-pagination-page": String(page),
      "x-pagination-total": String(total),
      "x-pagination-total-pages": String(totalPages)
    })
  })
