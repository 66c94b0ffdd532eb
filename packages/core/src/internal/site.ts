/**
 * The address of the documentation site: the `homepage` of the repository, which a test compares with this constant.
 *
 * @internal
 */

const site = "https://effect-venice.github.io/effect-venice"

/** The page about an error. */
export const pageOf = (code: string): string => `${site}/errors/${code}`
