/**
 * A catalog from a program's own functions, with the types of arguments inferred from their schemas.
 */
import { createHash } from 'node:crypto';

import type { JsonObject } from './base/json.js';
import { parsePath } from './base/json-path.js';
import type { FunctionContext } from './call/context.js';
import { checkedQuotas, quotaMistake } from './call/quota-check.js';
import { approvalMistakes } from './config/approval-check.js';
import type { Approval } from './ports/approval.js';
import type {
  CatalogDefinition,
  Completion,
  FunctionDefinition,
  PromptArgument,
  PromptDefinition,
  ResourceDefinition,
  ResourceTemplateDefinition,
  ReturnType,
  TaskSupport,
  ToolDefinition,
} from './ports/definition.js';
import { MAX_TASK_TTL_MS, TASK_SUPPORTS } from './ports/definition.js';
import type { CatalogQuotas, Quota } from './ports/quota.js';
import type { RecordPolicy } from './ports/record-policy.js';
import type { Mistake } from './protocol/errors.js';
import { ConfigError, DaemonError } from './protocol/errors.js';
import { MAX_TIMER_MS } from './protocol/limits.js';
import type { Icon } from './protocol/messages.js';
import { scopeProblem } from './protocol/scopes.js';
import { checkSchema } from './schema/check.js';
import type { InferInput, InferOutput, StandardSchema } from './schema/standard.js';
import { isStandardSchema, standardCheck, standardJsonSchema } from './schema/standard.js';
import type { CheckResult, JsonSchema, TypeOf } from './schema/types.js';

/** A schema of arguments: JSON Schema 2020-12, or any Standard Schema that can give one (zod 4 can). */
export type AnySchema = JsonSchema | StandardSchema;

/** The type of a function's arguments, from its schema. */
export type Arguments<S> = S extends StandardSchema ? InferOutput<S> : S extends JsonSchema ? TypeOf<S> : JsonObject;

/** The type of a function's structured result, from its output schema. */
export type Structured<S> = S extends StandardSchema ? InferInput<S> : unknown;

/** What tools, resources and prompts have in common. */
export interface FunctionOptions {
  title?: string;
  description?: string;
  icons?: Icon[];
  annotations?: JsonObject;
  _meta?: JsonObject;
  /** The scopes that a caller needs, all of them. Default: none. */
  scopes?: readonly string[];
  /** Milliseconds that one call may take. */
  timeoutMs?: number;
  /** The record policy. Default: everything. */
  record?: Partial<RecordPolicy>;
  /** How much its calls may use, all callers of a partition together. */
  quota?: Quota;
  /** When its calls need the approval of their user before they run. Default: never. */
  approve?: Approval;
}

/** A tool of {@link defineTool}. */
export interface ToolOptions<I extends AnySchema, O extends AnySchema> extends FunctionOptions {
  name: string;
  /** Default: no arguments. */
  inputSchema?: I;
  outputSchema?: O;
  returnType?: ReturnType;
  /** Whether its calls may be answered with a task. Default: `never`, or by `isAsync`. */
  task?: TaskSupport;
  /** Milliseconds: a call that ends sooner is answered like any other. Default: 0. */
  taskAfterMs?: number;
  /** Milliseconds from the beginning of a task until it is ended and removed. Default: 1 hour. */
  taskTtlMs?: number;
  /** Milliseconds that clients wait between two looks at a task. Default: 500. */
  taskPollMs?: number;
  /** Whether slow calls are answered, after 3 seconds, with a resource where the result can be read later. Default: no. */
  isAsync?: boolean;
  run: (args: Arguments<I>, context: FunctionContext) => unknown;
}

/** A resource of {@link defineResource}: one with a `uri`, or a family with a `uriTemplate`. */
export interface ResourceOptions extends FunctionOptions {
  name: string;
  uri?: string;
  uriTemplate?: string;
  mimeType?: string;
  size?: number;
  /** Values of a template's variables. */
  completions?: Record<string, readonly string[] | CompletionFunction>;
  run: (uri: string, context: FunctionContext) => unknown;
}

/** Completes an argument from the typed text. */
export type CompletionFunction = (value: string, context: FunctionContext) => readonly string[] | Promise<readonly string[]>;

/** A prompt of {@link definePrompt}. */
export interface PromptOptions<N extends string> extends FunctionOptions {
  name: string;
  arguments?: readonly {
    name: N;
    title?: string;
    description?: string;
    required?: boolean;
    completions?: readonly string[] | CompletionFunction;
  }[];
  run: (args: Partial<Record<N, string>>, context: FunctionContext) => unknown;
}

const completion = (given: readonly string[] | CompletionFunction): Completion =>
  typeof given === 'function' ? { kind: 'function', binding: { kind: 'inline', run: given } } : { kind: 'list', values: given };

function common({
  title,
  description,
  icons,
  annotations,
  _meta,
  scopes = [],
  timeoutMs,
  record,
  quota,
  approve,
}: FunctionOptions): Partial<FunctionDefinition> {
  return {
    ...(title === undefined ? {} : { title }),
    ...(description === undefined ? {} : { description }),
    ...(icons === undefined ? {} : { icons }),
    ...(annotations === undefined ? {} : { annotations }),
    ...(_meta === undefined ? {} : { _meta }),
    ...(scopes.length === 0 ? {} : { scopes }),
    ...(timeoutMs === undefined ? {} : { timeout_ms: timeoutMs }),
    ...(quota === undefined ? {} : { quota }),
    ...(approve === undefined ? {} : { approve }),
    ...(record === undefined ? {} : { record: { bodies: 'all', redact: [], ...record } }),
  };
}

/** The JSON Schema of either kind of schema. @throws DaemonError `schema_invalid` */
function jsonSchema(schema: AnySchema, side: 'input' | 'output'): JsonObject {
  return isStandardSchema(schema) ? standardJsonSchema(schema, side) : (schema as JsonObject);
}

/**
 * Defines a tool. The types of `run`'s arguments follow from `inputSchema`.
 *
 * @throws DaemonError `schema_invalid` if a Standard Schema has no JSON Schema
 *
 * @example
 * const hello = defineTool({
 *   name: 'hello',
 *   inputSchema: { type: 'object', properties: { name: { type: 'string' } }, required: ['name'] },
 *   run: ({ name }) => `Hello, ${name}!`,
 * });
 */
export function defineTool<const I extends AnySchema = { type: 'object' }, const O extends AnySchema = JsonSchema>(
  tool: ToolOptions<I, O>,
): ToolDefinition {
  const { name, inputSchema, outputSchema, returnType, run, task, taskAfterMs, taskTtlMs, taskPollMs, isAsync } = tool;
  const check = inputSchema !== undefined && isStandardSchema(inputSchema) ? standardCheck(inputSchema) : undefined;
  return {
    ...(common(tool) as Partial<ToolDefinition>),
    kind: 'tool',
    name,
    inputSchema: inputSchema === undefined ? { type: 'object' } : jsonSchema(inputSchema, 'input'),
    ...(outputSchema === undefined ? {} : { outputSchema: jsonSchema(outputSchema, 'output') }),
    ...(returnType === undefined ? {} : { return_type: returnType }),
    ...(task === undefined ? {} : { task }),
    ...(taskAfterMs === undefined ? {} : { task_after_ms: taskAfterMs }),
    ...(taskTtlMs === undefined ? {} : { task_ttl_ms: taskTtlMs }),
    ...(taskPollMs === undefined ? {} : { task_poll_ms: taskPollMs }),
    ...(isAsync === true ? { is_async: true } : {}),
    binding: {
      kind: 'inline',
      run,
      ...(check === undefined ? {} : { check: check as (input: unknown) => CheckResult | Promise<CheckResult> }),
    },
  };
}

/**
 * Defines a resource, or a family of resources. @throws DaemonError `usage` if there is neither `uri` nor `uriTemplate`, or both
 */
export function defineResource(resource: ResourceOptions): ResourceDefinition | ResourceTemplateDefinition {
  const { name, uri, uriTemplate, mimeType, size, completions, run } = resource;
  const shared = {
    ...(common(resource) as object),
    name,
    ...(mimeType === undefined ? {} : { mimeType }),
    binding: { kind: 'inline' as const, run },
  };
  if (uri !== undefined && uriTemplate === undefined)
    return { ...shared, kind: 'resource', uri, ...(size === undefined ? {} : { size }) };
  if (uri === undefined && uriTemplate !== undefined) {
    const entries = Object.entries(completions ?? {}).map(([variable, given]) => [variable, completion(given)] as const);
    return {
      ...shared,
      kind: 'resource_template',
      uriTemplate,
      ...(entries.length === 0 ? {} : { completions: Object.fromEntries(entries) }),
    };
  }
  throw new DaemonError('usage', `resource "${name}" needs a uri or a uriTemplate, and not both`);
}

/** Defines a prompt. */
export function definePrompt<const N extends string = never>(prompt: PromptOptions<N>): PromptDefinition {
  const list = (prompt.arguments ?? []).map(({ completions, ...argument }): PromptArgument =>
    completions === undefined ? argument : { ...argument, completion: completion(completions) },
  );
  return {
    ...(common(prompt) as Partial<PromptDefinition>),
    kind: 'prompt',
    name: prompt.name,
    arguments: list,
    binding: { kind: 'inline', run: prompt.run },
  };
}

/** Finds time limits that are too long for a timer, quotas and scopes that are none, and paths that redact nothing. */
function limitMistakes({ timeout_ms, record, quota, approve, scopes = [] }: FunctionDefinition, path: string): Mistake[] {
  const mistakes: Mistake[] = [];
  if (timeout_ms !== undefined && !(Number.isInteger(timeout_ms) && timeout_ms >= 1 && timeout_ms <= MAX_TIMER_MS))
    mistakes.push({ path: `${path}.timeoutMs`, message: `must be a whole number of milliseconds from 1 to ${MAX_TIMER_MS}` });
  const wrong = quotaMistake(quota ?? {});
  if (wrong !== undefined) mistakes.push({ path: `${path}.quota`, message: `quota${wrong}` });
  for (const [index, scope] of scopes.entries()) {
    const problem = scopeProblem(scope);
    if (problem !== undefined) mistakes.push({ path: `${path}.scopes[${index}]`, message: problem });
  }
  mistakes.push(...approvalMistakes(approve, `${path}.approve`));
  for (const [index, wanted] of (record?.redact ?? []).entries()) {
    if (parsePath(wanted) === undefined)
      mistakes.push({
        path: `${path}.record.redact[${index}]`,
        message: `must be a JSON path such as "$.card.number" or "$.items[*].token", got ${JSON.stringify(wanted)}`,
      });
  }
  return mistakes;
}

/** Finds mistakes in what a tool says of tasks. */
function taskMistakes(tool: ToolDefinition, path: string): Mistake[] {
  const { task, task_after_ms, task_ttl_ms, task_poll_ms } = tool;
  const mistakes: Mistake[] = [];
  if (task !== undefined && !TASK_SUPPORTS.includes(task))
    mistakes.push({ path: `${path}.task`, message: `must be one of ${TASK_SUPPORTS.join(', ')}` });
  const times = [
    ['taskAfterMs', task_after_ms, 0, MAX_TIMER_MS],
    ['taskTtlMs', task_ttl_ms, 1, MAX_TASK_TTL_MS],
    ['taskPollMs', task_poll_ms, 1, MAX_TIMER_MS],
  ] as const;
  for (const [option, value, least, most] of times)
    if (value !== undefined && !(Number.isInteger(value) && value >= least && value <= most))
      mistakes.push({ path: `${path}.${option}`, message: `must be a whole number of milliseconds from ${least} to ${most}` });
  return mistakes;
}

/** Finds mistakes that types cannot prevent: names used twice, limits and paths without effect, and invalid schemas. */
function mistakesOf(functions: readonly FunctionDefinition[]): Mistake[] {
  const mistakes: Mistake[] = [];
  const seen = new Map<string, number>();
  for (const [index, entry] of functions.entries()) {
    const path = `$[${index}]`;
    const before = seen.get(entry.name);
    if (before !== undefined)
      mistakes.push({
        path: `${path}.name`,
        message: `"${entry.name}" is the name of $[${before}] too; names are unique across tools, resources and prompts`,
      });
    seen.set(entry.name, index);
    mistakes.push(...limitMistakes(entry, path));
    if (entry.kind !== 'tool') continue;
    mistakes.push(...taskMistakes(entry, path));
    mistakes.push(...checkSchema(entry.inputSchema, `${path}.inputSchema`, 'input'));
    if (entry.outputSchema !== undefined) mistakes.push(...checkSchema(entry.outputSchema, `${path}.outputSchema`));
  }
  return mistakes;
}

/**
 * A catalog of functions made with {@link defineTool}, {@link defineResource} and {@link definePrompt}.
 *
 * @param options.instructions instructions for models; clients get them at the handshake
 * @param options.quotas how much the whole partition, and each caller in it, may use. Default: no limit
 * @throws ConfigError with all mistakes at once; DaemonError `usage` for a mistake in `quotas`
 */
export function defineCatalog(options: {
  functions: readonly FunctionDefinition[];
  instructions?: string;
  quotas?: CatalogQuotas;
}): CatalogDefinition {
  const { functions, instructions, quotas } = options;
  if (quotas !== undefined) checkedQuotas(quotas);
  const mistakes = mistakesOf(functions);
  if (mistakes.length > 0) throw new ConfigError(mistakes, 'defineCatalog');
  const described = functions.map(({ binding: _, ...description }) => description);
  const revision = createHash('sha256')
    .update(JSON.stringify(quotas === undefined ? [described, instructions] : [described, instructions, quotas]))
    .digest('hex')
    .slice(0, 16);
  return {
    ...{ revision, functions },
    ...(instructions === undefined ? {} : { instructions }),
    ...(quotas === undefined ? {} : { quotas }),
  };
}
