/**
 * What a change of one keyword of a JSON Schema does to the values that the schema accepts.
 */
import { canonicalJson } from '../base/equality.js';

/**
 * `narrower`: some values are not accepted any more; `wider`: more are; `either`: it cannot be judged, or both; `none`: neither.
 */
export type Effect = 'narrower' | 'wider' | 'either' | 'none';

/** Numbers that values have to reach, and those that they must not exceed. */
const LOWER = new Set(['minimum', 'exclusiveMinimum', 'minLength', 'minItems', 'minProperties']);
const UPPER = new Set(['maximum', 'exclusiveMaximum', 'maxLength', 'maxItems', 'maxProperties']);

/** Keywords that say nothing about which values are accepted. Unknown keywords say nothing either. */
const NOTES = new Set(
  'title description examples default deprecated readOnly writeOnly format contentMediaType contentEncoding contentSchema $comment $anchor $defs definitions'.split(
    ' ',
  ),
);

/** Keywords that are compared by what they hold; see `compare-schemas.ts`. */
export const COMPOUND = new Set(
  '$ref properties patternProperties additionalProperties items prefixItems allOf anyOf oneOf not contains propertyNames dependentSchemas if then else additionalItems unevaluatedProperties unevaluatedItems'.split(
    ' ',
  ),
);

/** Keywords that refuse values by themselves: adding one can only narrow a schema. */
const ASSERTIONS = new Set(['const', 'multipleOf', 'pattern', 'uniqueItems', 'dependentRequired']);

/** Keywords whose effect depends on others, or whose change can do anything. */
const UNCLEAR = new Set(
  '$schema $id $vocabulary $dynamicRef $dynamicAnchor $recursiveRef $recursiveAnchor dependencies minContains maxContains'.split(
    ' ',
  ),
);

/** Whether a keyword has a meaning for which values are accepted. */
const counts = (keyword: string): boolean =>
  LOWER.has(keyword) ||
  UPPER.has(keyword) ||
  ASSERTIONS.has(keyword) ||
  UNCLEAR.has(keyword) ||
  ['type', 'enum', 'required'].includes(keyword);

const opposite: Record<Effect, Effect> = { narrower: 'wider', wider: 'narrower', either: 'either', none: 'none' };

/** The effect of removing what adding has this effect. */
export const reversed = (effect: Effect): Effect => opposite[effect];

/** Both effects at once. */
export function both(narrower: boolean, wider: boolean): Effect {
  if (narrower) return wider ? 'either' : 'narrower';
  return wider ? 'wider' : 'none';
}

const listOf = (value: unknown): unknown[] => (Array.isArray(value) ? value : [value]);

/** The elements of one list that another has not. */
export function without(from: unknown, other: unknown): unknown[] {
  const known = new Set(listOf(other).map((item) => canonicalJson(item)));
  return listOf(from).filter((item) => !known.has(canonicalJson(item)));
}

/** The types that one list accepts and the other does not: an integer is a number. */
export function typesWithout(from: unknown, other: unknown): unknown[] {
  const has = listOf(other);
  return without(from, other).filter((type) => !(type === 'integer' && has.includes('number')));
}

function boundEffect(before: unknown, after: unknown, upper: boolean): Effect {
  if (typeof before !== 'number' || typeof after !== 'number') return 'either';
  return after > before === upper ? 'wider' : 'narrower';
}

function multipleEffect(before: unknown, after: unknown): Effect {
  if (typeof before !== 'number' || typeof after !== 'number') return 'either';
  if (Number.isInteger(before / after)) return 'wider';
  return Number.isInteger(after / before) ? 'narrower' : 'either';
}

/**
 * The effect of a keyword's change. Either value may be undefined: then the keyword was not there, or is not there any more.
 *
 * @param keyword one that is not in {@link COMPOUND}
 */
export function keywordEffect(keyword: string, before: unknown, after: unknown): Effect {
  if (NOTES.has(keyword) || !counts(keyword)) return 'none';
  if (UNCLEAR.has(keyword)) return 'either';
  if (keyword === 'uniqueItems') return both(after === true && before !== true, before === true && after !== true);
  if (before === undefined) {
    // Until draft-04 `exclusiveMinimum` was a boolean that changed the meaning of `minimum`.
    if (typeof after === 'boolean') return 'either';
    return keyword === 'required' && listOf(after).length === 0 ? 'none' : 'narrower';
  }
  if (after === undefined) return reversed(keywordEffect(keyword, undefined, before));
  switch (keyword) {
    case 'type':
      return both(typesWithout(before, after).length > 0, typesWithout(after, before).length > 0);
    case 'enum':
      return both(without(before, after).length > 0, without(after, before).length > 0);
    case 'required':
      return both(without(after, before).length > 0, without(before, after).length > 0);
    case 'multipleOf':
      return multipleEffect(before, after);
  }
  if (LOWER.has(keyword)) return boundEffect(before, after, false);
  return UPPER.has(keyword) ? boundEffect(before, after, true) : 'either';
}
