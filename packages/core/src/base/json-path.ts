/**
 * Values by JSON path: finds them, or redacts them so that secrets are not recorded.
 */

/** One step of a path: a member, an index, or all members and elements. */
export type Step = string | number | typeof ALL;

/** The step to all members and elements. */
export const ALL = Symbol('*');
const STEP = /^(?:\.([A-Za-z_$][\w$-]*)|\.(\*)|\[(\d+)\]|\[(\*)\]|\['([^']*)'\]|\["([^"]*)"\])/;

/** The replacement for a redacted value. */
export const REDACTED = '[redacted]';

/**
 * Reads a JSON path: `$.card.number`, `$.items[*].token`, `$['a key'][0]`.
 *
 * @returns its steps; undefined if it is not such a path
 */
export function parsePath(path: string): Step[] | undefined {
  if (!path.startsWith('$') || path === '$') return undefined;
  const steps: Step[] = [];
  let rest = path.slice(1);
  while (rest !== '') {
    const found = STEP.exec(rest);
    if (found === null) return undefined;
    const [whole, member, star, index, allElements, single, double] = found;
    if (star !== undefined || allElements !== undefined) steps.push(ALL);
    else if (index !== undefined) steps.push(Number(index));
    else steps.push(member ?? single ?? double ?? '');
    rest = rest.slice(whole.length);
  }
  return steps;
}

function replace(value: unknown, steps: readonly Step[], at: number): unknown {
  const step = steps[at];
  if (step === undefined) return REDACTED;
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) {
    if (step === ALL) return value.map((element) => replace(element, steps, at + 1));
    if (typeof step !== 'number' || step >= value.length) return value;
    return value.with(step, replace(value[step], steps, at + 1));
  }
  const object = value as Record<string, unknown>;
  if (step === ALL)
    return Object.fromEntries(Object.entries(object).map(([key, member]) => [key, replace(member, steps, at + 1)]));
  const key = String(step);
  return Object.hasOwn(object, key) ? { ...object, [key]: replace(object[key], steps, at + 1) } : value;
}

/**
 * Returns a copy of a value, in which the values at the paths are replaced by `"[redacted]"`. Does not change the value.
 *
 * @param paths JSON paths; one that matches nothing is ignored
 */
export function redact(value: unknown, paths: readonly string[]): unknown {
  let copy = value;
  for (const path of paths) {
    const steps = parsePath(path);
    if (steps !== undefined) copy = replace(copy, steps, 0);
  }
  return copy;
}

function collect(value: unknown, steps: readonly Step[], at: number, found: unknown[]): void {
  const step = steps[at];
  if (step === undefined) found.push(value);
  else if (typeof value !== 'object' || value === null) return;
  else if (step === ALL) for (const member of Object.values(value)) collect(member, steps, at + 1, found);
  else if (Array.isArray(value) ? typeof step === 'number' && step < value.length : Object.hasOwn(value, step))
    collect((value as Record<string | number, unknown>)[step], steps, at + 1, found);
}

/**
 * The values at a path, in their order; none if nothing matches.
 *
 * @param path a JSON path; one that cannot be read matches nothing
 * @example valuesAt({ items: [{ price: 1 }, { price: 2 }] }, '$.items[*].price') // [1, 2]
 */
export function valuesAt(value: unknown, path: string): unknown[] {
  const found: unknown[] = [];
  const steps = parsePath(path);
  if (steps !== undefined) collect(value, steps, 0, found);
  return found;
}
