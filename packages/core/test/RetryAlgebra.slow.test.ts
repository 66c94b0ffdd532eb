import { algebra } from "./retryAlgebra.ts"

algebra(600)
