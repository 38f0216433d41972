/**
 * The lists of a config that may have mistakes.
 */
import { isObject } from '../base/json.js';

/** The objects in one of the file's lists, with their indexes. */
export function* entries(
  document: Record<string, unknown>,
  list: string,
): Generator<[index: number, entry: Record<string, unknown>]> {
  const value = document[list];
  if (!Array.isArray(value)) return;
  for (let index = 0; index < value.length; index++) {
    const entry: unknown = value[index];
    if (isObject(entry)) yield [index, entry];
  }
}

/** Whether a value can be a name. */
export const isName = (value: unknown): value is string => typeof value === 'string' && value !== '';
