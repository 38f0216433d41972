/**
 * Standard Schema: checks and describes arguments with the user's own schema library, such as zod.
 *
 * @see https://standardschema.dev
 */
import type { JsonObject } from '../base/json.js';
import { DaemonError } from '../protocol/errors.js';
import type { CheckResult } from './types.js';

/** One problem that a schema found. */
export interface StandardIssue {
  readonly message: string;
  readonly path?: readonly (PropertyKey | { readonly key: PropertyKey })[] | undefined;
}

/** What the validation of a schema gives. */
export type StandardResult<O> =
  { readonly value: O; readonly issues?: undefined } | { readonly issues: readonly StandardIssue[] };

/** A schema of any library that follows the standard. */
export interface StandardSchema<I = unknown, O = I> {
  readonly '~standard': {
    readonly version: 1;
    readonly vendor: string;
    readonly validate: (value: unknown) => StandardResult<O> | Promise<StandardResult<O>>;
    readonly types?: { readonly input: I; readonly output: O } | undefined;
    /** The JSON Schema part of the standard. Not every library has it. */
    readonly jsonSchema?: {
      readonly input: (options: { target: 'draft-2020-12' }) => Record<string, unknown>;
      readonly output: (options: { target: 'draft-2020-12' }) => Record<string, unknown>;
    };
  };
}

/** The type of the values that a schema accepts. */
export type InferInput<S extends StandardSchema> = NonNullable<S['~standard']['types']>['input'];

/** The type of a schema's results, after its defaults and conversions. */
export type InferOutput<S extends StandardSchema> = NonNullable<S['~standard']['types']>['output'];

/** Whether a value is a Standard Schema. Some libraries' schemas are functions. */
export function isStandardSchema(value: unknown): value is StandardSchema {
  return (typeof value === 'object' || typeof value === 'function') && value !== null && '~standard' in value;
}

/**
 * The JSON Schema of a Standard Schema.
 *
 * @param side the schema of what goes in, or of what comes out
 * @throws DaemonError `schema_invalid` if its library cannot make one
 */
export function standardJsonSchema(schema: StandardSchema, side: 'input' | 'output'): JsonObject {
  const { vendor, jsonSchema } = schema['~standard'];
  if (jsonSchema === undefined) {
    throw new DaemonError(
      'schema_invalid',
      `"${vendor}" cannot convert its schemas to JSON Schema: use a library that can (such as zod 4.2 or newer), or write a JSON Schema`,
    );
  }
  try {
    return jsonSchema[side]({ target: 'draft-2020-12' });
  } catch (cause) {
    throw new DaemonError(
      'schema_invalid',
      `"${vendor}" cannot convert this schema to JSON Schema: ${cause instanceof Error ? cause.message : String(cause)}`,
      { cause },
    );
  }
}

const pathOf = ({ path = [] }: StandardIssue): string =>
  path
    .map((step) => (typeof step === 'object' ? step.key : step))
    .map((key, index) => (typeof key === 'number' ? `[${key}]` : index === 0 ? String(key) : `.${String(key)}`))
    .join('');

function toCheck(result: StandardResult<unknown>): CheckResult {
  if (result.issues === undefined) return { ok: true, value: result.value };
  const problems = result.issues.slice(0, 10).map((issue) => {
    const path = pathOf(issue);
    return path === '' ? issue.message : `${path}: ${issue.message}`;
  });
  return { ok: false, problems };
}

/** A check of arguments by the schema's own validation. */
export function standardCheck(schema: StandardSchema): (input: unknown) => CheckResult | Promise<CheckResult> {
  return (input) => {
    const result = schema['~standard'].validate(input);
    return result instanceof Promise ? result.then(toCheck) : toCheck(result);
  };
}
