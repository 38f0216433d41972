/**
 * Finds defaults that their own schema refuses. They are not filled in.
 */
import type { JsonObject } from '../../base/json.js';
import { dialectOf } from '../keywords.js';
import type { PathStep } from '../mistakes.js';
import { Places, stepsTo } from '../places.js';
import { compilePlaces } from './compile-schema.js';

/** A default that does not fit. */
export interface Misfit {
  /** From the schema's root to the default. */
  readonly path: readonly PathStep[];
  /** What its schema says about it. */
  readonly problem: string;
}

/**
 * The defaults in a schema that their own subschemas refuse.
 *
 * @param schema a schema without mistakes
 */
export function misfitDefaults(schema: JsonObject): Misfit[] {
  const dialect = dialectOf(schema.$schema);
  if (dialect === undefined) return [];
  const places = new Places(schema, dialect);
  const check = compilePlaces(places, dialect);
  const misfits: Misfit[] = [];
  for (const place of places.all()) {
    if (place.schema.default === undefined) continue;
    const result = check(place, place.schema.default);
    if (!result.ok) misfits.push({ path: [...stepsTo(place.where), 'default'], problem: result.problems[0] ?? 'does not fit' });
  }
  return misfits;
}
