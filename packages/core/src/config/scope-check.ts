/** The check of `scopes`. */
import { LOGIN_SCOPES, scopeProblem } from '../protocol/scopes.js';
import { quote } from '../schema/mistakes.js';
import type { ValueCheck } from './shape.js';
import { listOf, stringWith } from './shape.js';

const list = listOf(
  stringWith(scopeProblem, (scope) =>
    LOGIN_SCOPES.has(scope)
      ? 'is a scope of logins, which permits nothing here, so only administrators can have it: choose a name of your own'
      : undefined,
  ),
  'scopes',
);

/** A list of scopes without repetitions. */
export const scopes: ValueCheck = (value, run) => {
  list(value, run);
  if (!Array.isArray(value)) return;
  const seen = new Map<unknown, number>();
  for (const [index, scope] of value.entries()) {
    const first = seen.get(scope);
    if (first === undefined) seen.set(scope, index);
    else if (typeof scope === 'string')
      run.list.add(`the scope ${quote(scope)} is already in ${run.list.pathTo(first)}: remove one`, index);
  }
};
