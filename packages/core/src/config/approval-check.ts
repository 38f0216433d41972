/** Checks `approve`: when a call needs the approval of its user. */
import { isObject } from '../base/json.js';
import { parsePath } from '../base/json-path.js';
import type { Approval } from '../ports/approval.js';
import { APPROVAL_POLICIES, COMPARISONS } from '../ports/approval.js';
import type { Mistake } from '../protocol/errors.js';
import type { ValueCheck } from './shape.js';
import { bool, CheckRun, checkShape, listOf, object, oneOf, plain, shape, stringWith } from './shape.js';

const number = plain((value) => typeof value === 'number' && Number.isFinite(value), 'a number');
const anyValue: ValueCheck = () => undefined;
const values: ValueCheck = (value, run) => {
  if (Array.isArray(value) && value.length === 0) run.list.add('must have at least one value');
  else listOf(anyValue, 'values')(value, run);
};

const condition = shape(
  'a condition',
  {
    'path!': stringWith((path) =>
      parsePath(path) === undefined ? 'must be a JSON path such as "$.amount" or "$.items[*].price"' : undefined,
    ),
    equals: anyValue,
    one_of: values,
    not_one_of: values,
    greater_than: number,
    less_than: number,
    exists: bool,
  },
  {
    hints: {
      gt: 'use greater_than',
      lt: 'use less_than',
      at_least: 'use less_than and greater_than, which do not include the number',
      in: 'use one_of',
      not_in: 'use not_one_of',
      not_equals: 'use not_one_of, with a list of one value',
      matches: 'compare with equals, one_of or not_one_of',
    },
    together(value, run) {
      // `equals: null` compares with null; of the others null means absent.
      const given = COMPARISONS.filter((name) =>
        name === 'equals' ? value[name] !== undefined : value[name] !== undefined && value[name] !== null,
      );
      if (given.length === 0) run.list.add(`needs a comparison: one of ${COMPARISONS.join(', ')}`);
      else if (value['exists'] === false && given.length > 1)
        run.list.add('cannot be false beside another comparison: where there is no value, nothing can be compared', 'exists');
    },
  },
);

const conditions: ValueCheck = (value, run) => {
  if (Array.isArray(value) && value.length === 0) run.list.add('must have at least one condition; without any, use "never"');
  else listOf(object(condition), 'conditions')(value, run);
};

const conditional = shape('an approval', { 'when!': conditions });

/** The check of `approve`. */
export const approval: ValueCheck = (value, run) =>
  isObject(value) ? checkShape(value, conditional, run) : oneOf(APPROVAL_POLICIES)(value, run);

/** What is wrong with an `approve` that a program gives. @param path JSON path of it */
export function approvalMistakes(value: Approval | undefined, path: string): Mistake[] {
  if (value === undefined) return [];
  const run = new CheckRun({ sources: [], isolations: [] });
  approval(value, run);
  return run.list.found.map((mistake) => ({ ...mistake, path: path + mistake.path.slice(1) }));
}
