/**
 * Compiles JSON Schemas (2020-12, 2019-09 or draft-07) into checks of arguments and results.
 *
 * A schema becomes closures, not generated code, so it works where `eval` is forbidden. `format` and the `content` keywords are
 * annotations, as in the specification, and are not checked. Nothing is ever fetched.
 *
 * @see https://json-schema.org/draft/2020-12/json-schema-validation
 */
import type { JsonObject } from '../../base/json.js';
import { isObject } from '../../base/json.js';
import type { Dialect } from '../keywords.js';
import { dialectOf, DIALECTS, refOverrides } from '../keywords.js';
import type { Place, PlacesListener, Where } from '../places.js';
import { Places, pointer } from '../places.js';
import type { CheckResult } from '../types.js';
import { anyOfRule, oneOfRule } from './alternatives.js';
import { containsRule, itemsRule, sizeRule, unevaluatedItemsRule } from './arrays.js';
import type { Compiler } from './compiler.js';
import { schemaError } from './compiler.js';
import type { Accepts, Filler } from './defaults.js';
import { fillerOf } from './defaults.js';
import { all, allOfRule, dynamicRefRule, ifRule, notRule, refRule } from './logic.js';
import { dependentRule, namesRule, objectRule, unevaluatedPropertiesRule } from './objects.js';
import type { Problem, Rule, Run } from './run.js';
import { Evaluated, invalid, MAX_STEPS, problemText } from './run.js';
import { numberRule, textRule, typeRule, valueRule } from './scalars.js';
import { MAX_DEPTH, show, TooComplex, TooDeep } from './values.js';

export type { CheckResult } from '../types.js';

/** A compiled schema: checks a value. */
export type Check = (value: unknown) => CheckResult;

/** The makers of rules, in the order in which problems are reported. */
const MAKERS: ((schema: JsonObject, compiler: Compiler, where: Where) => Rule | undefined)[] = [
  refRule,
  dynamicRefRule,
  (schema, _, where) => valueRule(schema, where),
  (schema, _, where) => numberRule(schema, where),
  (schema, _, where) => textRule(schema, where),
  objectRule,
  namesRule,
  dependentRule,
  itemsRule,
  sizeRule,
  containsRule,
  allOfRule,
  anyOfRule,
  oneOfRule,
  notRule,
  ifRule,
];

const NEVER: Rule = (_value, run, at) => invalid(run, at, () => 'is not allowed here');

/** The rule of a schema that references lead to; undefined while it is being compiled, and if it accepts everything. */
interface Slot {
  rule: Rule | undefined;
}

class SchemaCompiler implements Compiler {
  readonly dialect: Dialect;
  readonly places: Places;
  readonly scoped: boolean;
  scopeNeeded = false;
  #targets: Map<unknown, Slot> | undefined;

  constructor(dialect: Dialect, places: Places, scoped: boolean) {
    this.dialect = dialect;
    this.places = places;
    this.scoped = scoped;
  }

  needScope(): void {
    this.scopeNeeded = true;
  }

  rule(schema: unknown, where: Where): Rule | undefined {
    if (typeof schema === 'boolean') return schema ? undefined : NEVER;
    if (!isObject(schema)) throw schemaError(where, `must be a schema (an object, true or false), got ${show(schema)}`);
    return this.#compile(schema, where);
  }

  deferred({ schema, where }: Place): Slot {
    this.#targets ??= new Map();
    let slot = this.#targets.get(schema);
    if (slot === undefined) {
      // Stored before it is compiled, because it may refer to itself.
      this.#targets.set(schema, (slot = { rule: undefined }));
      slot.rule = this.rule(schema, where);
    }
    return slot;
  }

  #compile(schema: JsonObject, where: Where): Rule | undefined {
    if (refOverrides(schema, this.dialect)) return refRule(schema, this, where);
    const rules: Rule[] = [];
    for (const make of MAKERS) {
      const rule = make(schema, this, where);
      if (rule !== undefined) rules.push(rule);
    }
    return this.#scopedRule(schema, typedFirst(typeRule(schema, where), this.#unevaluated(schema, where, all(rules))));
  }

  /** Adds the keywords that depend on what the others have evaluated. */
  #unevaluated(schema: JsonObject, where: Where, rule: Rule | undefined): Rule | undefined {
    if (schema.unevaluatedProperties === undefined && schema.unevaluatedItems === undefined) return rule;
    const last = all(
      [unevaluatedPropertiesRule(schema, this, where), unevaluatedItemsRule(schema, this, where)].filter(
        (each) => each !== undefined,
      ),
    );
    if (last === undefined) return rule;
    return (value, run, at, evaluated) => {
      const own = new Evaluated();
      // After a mistake elsewhere almost everything is unevaluated: reporting that would mislead.
      const ok = (rule === undefined || rule(value, run, at, own)) && last(value, run, at, own);
      if (ok) evaluated?.add(own);
      return ok;
    };
  }

  /** Records the schema in the run's scope, if it is a separate resource. */
  #scopedRule(schema: JsonObject, rule: Rule | undefined): Rule | undefined {
    if (!this.scoped || rule === undefined) return rule;
    const resource = this.places.of(schema)?.resource;
    if (resource?.root !== schema) return rule;
    return (value, run, at, evaluated) => {
      run.scope.push(resource);
      const ok = rule(value, run, at, evaluated);
      run.scope.pop();
      return ok;
    };
  }
}

/** For a value of the wrong type, only that is reported. */
function typedFirst(type: Rule | undefined, rule: Rule | undefined): Rule | undefined {
  if (type === undefined || rule === undefined) return type ?? rule;
  return (value, run, at, evaluated) => type(value, run, at, evaluated) && rule(value, run, at, evaluated);
}

const REFUSE_BAD_IDS: PlacesListener = {
  badId(where, id) {
    throw schemaError(where, `must be a URI reference, got ${show(id)}`);
  },
};

function compile(schema: JsonObject): { rule: Rule | undefined; compiler: SchemaCompiler } {
  const named = isObject(schema) ? schema.$schema : undefined;
  const dialect = dialectOf(named);
  if (dialect === undefined) throw schemaError(pointer('#', '$schema'), `must be ${DIALECTS}; got ${show(named)}`);
  const places = new Places(schema, dialect, REFUSE_BAD_IDS);
  let compiler = new SchemaCompiler(dialect, places, false);
  let rule = compiler.rule(schema, '#');
  if (compiler.scopeNeeded) {
    compiler = new SchemaCompiler(dialect, places, true);
    rule = compiler.rule(schema, '#');
  }
  return { rule, compiler };
}

/** Begins the first run of a check. */
type Begin = (value: unknown) => Run;

/** The run and its budget are one object: a simple check takes some tens of nanoseconds, and a second object would be felt. */
const beginner =
  (noun: Run['noun'], scoped: boolean): Begin =>
  (whole) => ({
    problems: undefined,
    noun,
    levels: 0,
    refs: 0,
    explaining: 0,
    scope: scoped ? [] : NO_SCOPE,
    left: MAX_STEPS,
    whole,
    extended: false,
    verdicts: undefined,
  });

/** Begins another run of the same check, with what is left of its budget. */
function beginAgain(run: Run, problems: Problem[] | undefined): Run {
  run.problems = problems;
  run.levels = 0;
  run.refs = 0;
  run.explaining = 0;
  if (run.scope !== NO_SCOPE) run.scope = [];
  return run;
}

/** The problems of a value that a rule has refused. */
function problemsIn(rule: Rule, value: unknown, run: Run): readonly string[] {
  const problems: Problem[] = [];
  try {
    rule(value, beginAgain(run, problems), undefined, undefined);
  } catch (error) {
    if (!(error instanceof TooComplex)) throw error;
    // That the value is invalid is known already: only its explanation is cut short.
    if (problems.length === 0) return [TOO_COMPLEX];
  }
  return [...new Set(problems.map(problemText))];
}

/** Checks a value by a rule, after its defaults are filled in. */
function checkBy(rule: Rule | undefined, fill: Filler | undefined, given: unknown, run: Run): CheckResult {
  try {
    const value = fill === undefined ? given : fill(given, 0, run);
    if (rule === undefined || rule(value, run, undefined, undefined)) return { ok: true, value };
    // A default may be what does not fit, such as one that another part of the schema forbids.
    if (value !== given && rule(given, beginAgain(run, undefined), undefined, undefined)) return { ok: true, value: given };
    return { ok: false, problems: problemsIn(rule, value, run) };
  } catch (error) {
    return { ok: false, problems: [limitProblem(error)] };
  }
}

const accepterOf =
  (begin: Begin): Accepts =>
  (rule, value) =>
    rule(value, begin(value), undefined, undefined);

/** A check, in two steps: `begin` makes the run, which counts its steps. */
interface Compiled {
  readonly begin: Begin;
  readonly check: (value: unknown, run: Run) => CheckResult;
}

function compileParts(schema: JsonObject, { defaults = false }: { defaults?: boolean }): Compiled {
  try {
    const { rule, compiler } = compile(schema);
    const begin = beginner(defaults ? 'argument' : 'property', compiler.scoped);
    const fill = defaults ? fillerOf(schema, compiler, accepterOf(begin)) : undefined;
    return { begin, check: (given, run) => checkBy(rule, fill, given, run) };
  } catch (error) {
    if (isTooDeep(error)) throw schemaError('#', 'is nested too deeply', error);
    throw error;
  }
}

/** {@link compileSchema}, for callers that want to know how many steps a check takes. */
export function compileCounted(
  schema: JsonObject,
  options: { defaults?: boolean } = {},
): (value: unknown) => { result: CheckResult; steps: number } {
  const { begin, check } = compileParts(schema, options);
  return (value) => {
    const run = begin(value);
    const result = check(value, run);
    return { result, steps: MAX_STEPS - run.left };
  };
}

/**
 * Compiles a schema into a check. This takes some microseconds, so it can wait for a tool's first call.
 *
 * @param options.defaults whether the values are a tool's arguments: missing ones get their defaults, in a copy. Defaults that
 *   do not fit the schema themselves are left out. Default false
 * @returns a function that never throws for JSON values, however large or deep. A check takes a limited number of steps
 * @throws DaemonError `schema_invalid`, with the location of the mistake
 */
export function compileSchema(schema: JsonObject, options: { defaults?: boolean } = {}): Check {
  const { begin, check } = compileParts(schema, options);
  return (value) => check(value, begin(value));
}

/**
 * Compiles each place of a schema by itself, to check the defaults in it. Dynamic references lead where they lead from the root.
 *
 * @returns checks a value by the schema of a place, as an argument
 * @throws DaemonError `schema_invalid` for a schema with mistakes
 */
export function compilePlaces(places: Places, dialect: Dialect): (place: Place, value: unknown) => CheckResult {
  const compiler = new SchemaCompiler(dialect, places, false);
  const begin = beginner('property', false);
  return (place, value) => {
    const { rule } = compiler.deferred(place);
    return checkBy(rule, fillerOf(place.schema, compiler, accepterOf(begin)), value, begin(value));
  };
}

const NO_SCOPE: unknown[] = [];

/** The problem of a value whose check needs more than {@link MAX_STEPS} steps. */
const TOO_COMPLEX = 'too complex to check against the schema: simplify or shorten the value';

/** The problem of a value at which a check gave up. @throws the error, if it is another one */
function limitProblem(error: unknown): string {
  if (error instanceof TooComplex) return TOO_COMPLEX;
  if (isTooDeep(error)) return `nested more than ${MAX_DEPTH} levels deep`;
  throw error;
}

/** Whether a check stopped at its limit, or overflowed the stack before that. */
function isTooDeep(error: unknown): boolean {
  return error instanceof TooDeep || error instanceof RangeError;
}
