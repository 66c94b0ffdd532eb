import { algebra } from "./retryAlgebra.ts"

algebra(2000)
