/**
 * What the makers of rules ask of the compiler, and the errors of schemas that cannot be compiled.
 */
import type { JsonObject } from '../../base/json.js';
import { DaemonError } from '../../protocol/errors.js';
import type { Dialect } from '../keywords.js';
import type { Place, Places, Where } from '../places.js';
import { pointer, pointerText } from '../places.js';
import type { Rule } from './run.js';
import { show } from './values.js';

/** What the makers of rules ask of the compiler. */
export interface Compiler {
  readonly dialect: Dialect;
  readonly places: Places;
  /** The rule of a subschema; `undefined` if it accepts everything. */
  rule(schema: unknown, where: Where): Rule | undefined;
  /** The rule of a place that a reference leads to. It may still be being compiled: read `rule` when the check runs. */
  deferred(target: Place): { rule: Rule | undefined };
  /** Whether runs record the resources that they enter. */
  readonly scoped: boolean;
  /** Asks for {@link scoped}: a reference depends on the way to it. */
  needScope(): void;
}

/** The error of a schema that cannot be used (`schema_invalid`), with the location of the mistake as a JSON pointer. */
export function schemaError(where: Where, problem: string, cause?: unknown): DaemonError {
  const text = `The schema cannot be used: ${pointerText(where)}: ${problem}`;
  return new DaemonError('schema_invalid', text, cause === undefined ? {} : { cause });
}

/**
 * The place that a keyword's reference leads to.
 *
 * @throws DaemonError `schema_invalid` for a reference that leads nowhere
 */
export function targetOf(schema: JsonObject, keyword: string, places: Places, where: Where): Place {
  const uri = schema[keyword];
  const at = pointer(where, keyword);
  if (typeof uri !== 'string') throw schemaError(at, `must be a reference such as "#/$defs/name", got ${show(uri)}`);
  const from = places.of(schema);
  if (from === undefined) throw new Error('a subschema that no keyword leads to is being compiled');
  const target = places.resolve(uri, from.resource);
  if (typeof target === 'string') throw schemaError(at, target);
  return target;
}
