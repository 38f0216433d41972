/** Arguments of fields. Absent and null are not the same: null removes a value, absent leaves it as it is. */
import { ApiError } from './errors.js';
import type { GraphqlLimits } from './limits.js';

/** What graphql-js passes as arguments: only those that the client gave. */
export type Given<T> = { readonly [K in keyof T]?: T[K] | null };

/** The value of an argument, or another one if the client gave none. Null stays null. */
export const givenOr = <T, K extends keyof T>(args: Given<T>, key: K, otherwise: T[K] | null): T[K] | null =>
  key in args ? (args[key] ?? null) : otherwise;

/** Filters that the client gave, without nulls. @throws ApiError `LIMIT_EXCEEDED` if one is too long */
export function filtersOf<T extends object>(
  args: Given<T>,
  keys: readonly (keyof T & string)[],
  { maxFilterLength }: Pick<GraphqlLimits, 'maxFilterLength'>,
): Partial<T> {
  const found: Partial<T> = {};
  for (const key of keys) {
    const value = args[key];
    if (value === null || value === undefined) continue;
    if (typeof value === 'string' && value.length > maxFilterLength)
      throw new ApiError('LIMIT_EXCEEDED', `${key} must have at most ${maxFilterLength} characters (maxFilterLength).`);
    found[key] = value as T[typeof key];
  }
  return found;
}
