/** Whole seconds of a time to wait, for people and for `Retry-After`. */

/** Sums and differences of fractions of milliseconds are not exact. */
const ROUNDING_MS = 0.001;

/** The whole seconds after which a wait is over; 0: there is nothing to wait for. */
export const wholeSeconds = (waitMs: number): number => Math.max(0, Math.ceil((waitMs - ROUNDING_MS) / 1_000));
