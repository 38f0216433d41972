/** Whether a call needs the approval of its user. */
import { equalJson } from '../base/equality.js';
import { valuesAt } from '../base/json-path.js';
import type { ArgumentCondition } from '../ports/approval.js';
import type { FunctionDefinition } from '../ports/definition.js';

/** Levels of a value that are compared. Deeper values count as equal: in doubt the user is asked. */
const MAX_DEPTH = 100;

function isEqual(value: unknown, to: unknown, inDoubt: boolean): boolean {
  try {
    return equalJson(value, to, MAX_DEPTH);
  } catch {
    return inDoubt;
  }
}

/** A number, from a value that may be one; undefined: it cannot be compared. */
const numberOf = (value: unknown): number | undefined => (typeof value === 'number' && !Number.isNaN(value) ? value : undefined);

function isMetBy(value: unknown, { equals, one_of, not_one_of, greater_than, less_than }: ArgumentCondition): boolean {
  const number = numberOf(value);
  return (
    (equals === undefined || isEqual(value, equals, true)) &&
    (one_of === undefined || one_of.some((other) => isEqual(value, other, true))) &&
    (not_one_of === undefined || !not_one_of.some((other) => isEqual(value, other, false))) &&
    (greater_than === undefined || number === undefined || number > greater_than) &&
    (less_than === undefined || number === undefined || number < less_than)
  );
}

/** Whether a condition is met by arguments. */
export function isMet(condition: ArgumentCondition, input: unknown): boolean {
  const values = valuesAt(input, condition.path);
  return condition.exists === false ? values.length === 0 : values.some((value) => isMetBy(value, condition));
}

/** Whether a tool may change or delete something, as its annotations say. Without annotations it may. */
function isDestructive({ kind, annotations }: FunctionDefinition): boolean {
  return kind === 'tool' && annotations?.['readOnlyHint'] !== true && annotations?.['destructiveHint'] !== false;
}

/**
 * Whether a call needs the approval of its user.
 *
 * @param input the arguments with their defaults; of a resource `{ uri }`
 */
export function needsApproval(definition: FunctionDefinition, input: unknown): boolean {
  const { approve = 'never' } = definition;
  if (approve === 'never') return false;
  if (approve === 'always') return true;
  return approve === 'destructive' ? isDestructive(definition) : approve.when.some((condition) => isMet(condition, input));
}
