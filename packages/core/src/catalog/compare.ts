/**
 * The one comparison of two catalogs: by name, field by field, always in the same order, with what breaks callers marked. It serves
 * whatever shows people how catalogs differ.
 */
import { equalJson } from '../base/equality.js';
import type { JsonObject } from '../base/json.js';
import { compareText } from '../base/order.js';
import type {
  CatalogDefinition,
  FunctionDefinition,
  FunctionKind,
  LinkBinding,
  PromptArgument,
  ToolDefinition,
} from '../ports/definition.js';
import type { PathStep } from '../schema/mistakes.js';
import { formatPath } from '../schema/mistakes.js';
import type { SchemaChange } from './compare-schemas.js';
import { compareSchemas } from './compare-schemas.js';
import { compareSkills, skillModules } from './compare-skills.js';
import { maskSetting } from './mask.js';
import type { Effect } from './schema-effects.js';
import { typesWithout, without } from './schema-effects.js';

/** One change between two catalogs. */
export interface CatalogChange {
  kind: 'added' | 'removed' | 'changed';
  /** The function's name; absent for changes of the whole catalog and of modules. */
  name?: string;
  /** JSON path, by name: `$.tools.weather.inputSchema.properties.city.type`. */
  path: string;
  /** Absent where there was nothing. Values of settings are masked. */
  before?: unknown;
  /** Absent where there is nothing any more. Values of settings are masked. */
  after?: unknown;
  /** Why callers may fail after this change; absent where they do not. */
  breaking?: string;
}

const LISTS: Record<FunctionKind, string> = {
  tool: 'tools',
  resource: 'resources',
  resource_template: 'resource_templates',
  prompt: 'prompts',
};
const WORDS: Record<FunctionKind, string> = {
  tool: 'tool',
  resource: 'resource',
  resource_template: 'resource template',
  prompt: 'prompt',
};

/** Fields in the order in which they are compared. Those that are compared by their parts are below. */
const FIELDS = [
  'title',
  'description',
  'icons',
  'annotations',
  '_meta',
  'uri',
  'uriTemplate',
  'mimeType',
  'size',
  'return_type',
  'completions',
] as const;

/** Why a change of a field breaks callers. */
const BREAKING: Readonly<Record<string, string>> = {
  uri: 'callers read it by its old uri',
  uriTemplate: 'callers read it by its old uriTemplate',
  mimeType: 'the content has another type',
  return_type: 'the result has another form',
};

const show = (values: readonly unknown[]): string => values.map((value) => JSON.stringify(value)).join(', ');
const are = (values: readonly unknown[]): string => (values.length === 1 ? 'is' : 'are');

/** The reason why a change of arguments breaks callers. */
function argumentReason({ keyword, before, after, effect }: SchemaChange): string {
  if (keyword === 'properties' && after === undefined) return 'the argument is gone';
  if (keyword === 'required') {
    const names = without(after ?? [], before ?? []);
    return `${show(names)} ${are(names)} required now`;
  }
  if (keyword === 'enum' && before !== undefined && after !== undefined) {
    const gone = without(before, after);
    return `the ${gone.length === 1 ? 'value' : 'values'} ${show(gone)} ${are(gone)} gone`;
  }
  if (keyword === 'type' && before !== undefined && after !== undefined) {
    return `the type is narrower: ${typesWithout(before, after).join(', ')} is not accepted any more`;
  }
  if (keyword === 'default') return 'the argument is required, and has no default any more';
  if (effect === 'either') return 'may break: some values that were accepted may be refused';
  return 'some values that were accepted are refused';
}

function resultReason({ keyword, before, after, effect }: SchemaChange): string {
  if (keyword === 'properties' && after === undefined) return 'the member is gone from the result';
  if (keyword === 'required') return `${show(without(before ?? [], after ?? []))} may be missing from the result`;
  return effect === 'either'
    ? 'may break: the result may have other values than before'
    : 'the result may have values that it could not have before';
}

/** Compares two catalogs into a list of changes. */
class Compare {
  readonly changes: CatalogChange[] = [];

  add(name: string | undefined, steps: readonly PathStep[], before: unknown, after: unknown, breaking?: string): void {
    this.changes.push({
      kind: before === undefined ? 'added' : after === undefined ? 'removed' : 'changed',
      ...(name === undefined ? {} : { name }),
      path: formatPath(steps),
      ...(before === undefined ? {} : { before }),
      ...(after === undefined ? {} : { after }),
      ...(breaking === undefined ? {} : { breaking }),
    });
  }

  function(name: string, before: FunctionDefinition | undefined, after: FunctionDefinition | undefined): void {
    if (before === undefined || after === undefined) {
      const { kind } = (before ?? after) as FunctionDefinition;
      const gone = after === undefined ? `the ${WORDS[kind]} is gone` : undefined;
      this.add(name, [LISTS[kind], name], before && summary(before), after && summary(after), gone);
    } else if (before.kind !== after.kind) {
      const gone = `it was a ${WORDS[before.kind]}, and is a ${WORDS[after.kind]} now`;
      this.add(name, [LISTS[after.kind], name, 'kind'], before.kind, after.kind, gone);
    } else this.#fields(name, before, after);
  }

  #fields(name: string, before: FunctionDefinition, after: FunctionDefinition): void {
    const at: PathStep[] = [LISTS[before.kind], name];
    const [left, right] = [before as unknown as JsonObject, after as unknown as JsonObject];
    this.#scopes(name, [...at, 'scopes'], before.scopes, after.scopes);
    for (const field of FIELDS) {
      if (!equalJson(left[field], right[field])) this.add(name, [...at, field], left[field], right[field], BREAKING[field]);
    }
    if (before.kind === 'prompt' && after.kind === 'prompt') this.#arguments(name, before.arguments, after.arguments);
    if (before.kind === 'tool' && after.kind === 'tool') {
      const input = compareSchemas(before.inputSchema, after.inputSchema);
      this.#schema(name, [...at, 'inputSchema'], input, ['narrower', 'either'], argumentReason);
      this.#output(name, [...at, 'outputSchema'], before.outputSchema, after.outputSchema);
    }
    this.#link(name, before, after);
  }

  #scopes(name: string, at: PathStep[], before: readonly string[] | undefined, after: readonly string[] | undefined): void {
    if (equalJson(before, after)) return;
    const more = without(after ?? [], before ?? []);
    this.add(name, at, before, after, more.length === 0 ? undefined : `callers need ${show(more)} now`);
  }

  #schema(
    name: string,
    at: PathStep[],
    changes: readonly SchemaChange[],
    bad: readonly Effect[],
    reason: (change: SchemaChange) => string,
  ): void {
    for (const change of changes) {
      const breaking = bad.includes(change.effect) ? reason(change) : undefined;
      this.add(name, [...at, ...change.steps], change.before, change.after, breaking);
    }
  }

  #output(name: string, at: PathStep[], before: JsonObject | undefined, after: JsonObject | undefined): void {
    if (before !== undefined && after !== undefined)
      this.#schema(name, at, compareSchemas(before, after), ['wider', 'either'], resultReason);
    else if (before !== undefined) this.add(name, at, before, after, 'the result has no schema any more');
    else if (after !== undefined) this.add(name, at, before, after);
  }

  #arguments(name: string, before: readonly PromptArgument[], after: readonly PromptArgument[]): void {
    const left = new Map(before.map((argument) => [argument.name, argument]));
    const right = new Map(after.map((argument) => [argument.name, argument]));
    for (const key of [...new Set([...left.keys(), ...right.keys()])].sort(compareText)) {
      const at: PathStep[] = ['prompts', name, 'arguments', key];
      const [was, is] = [left.get(key), right.get(key)];
      if (was === undefined) this.add(name, at, was, is, is?.required === true ? `${show([key])} is required now` : undefined);
      else if (is === undefined) this.add(name, at, was, is, 'the argument is gone');
      else {
        for (const field of ['title', 'description', 'completion'] as const)
          if (!equalJson(was[field], is[field])) this.add(name, [...at, field], was[field], is[field]);
        const [needed, needs] = [was.required === true, is.required === true];
        if (needed !== needs)
          this.add(name, [...at, 'required'], needed, needs, needs ? `${show([key])} is required now` : undefined);
      }
    }
  }

  /** Which code runs a function, and how. It is no caller's business. */
  #link(name: string, before: FunctionDefinition, after: FunctionDefinition): void {
    const at = (field: string): PathStep[] => ['module_links', name, field];
    const [left, right] = [before.binding as unknown as JsonObject, after.binding as unknown as JsonObject];
    for (const field of ['kind', 'module_name', 'class_name', 'function_name', 'path'])
      if (!equalJson(left[field], right[field])) this.add(name, at(field), left[field], right[field]);
    for (const field of ['timeout_ms', 'record', 'quota', 'approve'] as const)
      if (!equalJson(before[field], after[field])) this.add(name, at(field), before[field], after[field]);
    if (before.kind === 'tool' && after.kind === 'tool') this.#task(name, before, after);
  }

  /** How calls of a tool may outlive their requests. */
  #task(name: string, before: ToolDefinition, after: ToolDefinition): void {
    for (const field of ['task', 'task_after_ms', 'task_ttl_ms', 'task_poll_ms', 'is_async'] as const) {
      if (before[field] === after[field]) continue;
      const breaking = after[field] === 'required' ? 'clients without tasks are refused' : undefined;
      this.add(name, ['module_links', name, field], before[field], after[field], breaking);
    }
  }

  /** Where code is, and its settings: once for each class, however many functions it has. */
  modules(before: ReadonlyMap<string, LinkBinding>, after: ReadonlyMap<string, LinkBinding>): void {
    for (const key of [...before.keys()].sort(compareText)) {
      const [left, right] = [before.get(key), after.get(key)];
      if (left === undefined || right === undefined) continue;
      const at: PathStep[] = ['modules', key];
      for (const field of ['package_name', 'source', 'sha256'] as const)
        if (left[field] !== right[field]) this.add(undefined, [...at, field], left[field], right[field]);
      this.#setting([...at, 'setting'], left.setting, right.setting);
    }
  }

  #setting(at: PathStep[], before: JsonObject, after: JsonObject): void {
    for (const key of [...new Set([...Object.keys(before), ...Object.keys(after)])].sort(compareText))
      if (!equalJson(before[key], after[key]))
        this.add(undefined, [...at, key], maskSetting(before[key]), maskSetting(after[key]));
  }
}

/** What is shown of a function that is new or gone: its title says enough. */
const summary = ({ kind, title, description }: FunctionDefinition): JsonObject => ({
  kind,
  ...(title === undefined ? {} : { title }),
  ...(description === undefined ? {} : { description }),
});

/** The links of a catalog by module and class. */
function linksOf({ functions }: CatalogDefinition): Map<string, LinkBinding> {
  const found = new Map<string, LinkBinding>();
  for (const { binding } of functions) {
    if (binding.kind !== 'link') continue;
    const key = binding.class_name === undefined ? binding.module_name : `${binding.module_name}.${binding.class_name}`;
    if (!found.has(key)) found.set(key, binding);
  }
  return found;
}

/**
 * Compares two catalogs. The order of functions does not count, and a revision's name does not either.
 *
 * @returns the changes: of the catalog itself, of its functions by name, of its modules by name; none for equal catalogs
 * @example compareCatalogs(before, after).filter(({ breaking }) => breaking !== undefined)
 */
export function compareCatalogs(before: CatalogDefinition, after: CatalogDefinition): CatalogChange[] {
  const compare = new Compare();
  if (before.instructions !== after.instructions)
    compare.add(undefined, ['instructions'], before.instructions, after.instructions);
  compareSkills(before, after, (...change) => compare.add(undefined, ...change));
  if (!equalJson(before.quotas, after.quotas)) compare.add(undefined, ['quotas'], before.quotas, after.quotas);
  const left = new Map(before.functions.map((definition) => [definition.name, definition]));
  const right = new Map(after.functions.map((definition) => [definition.name, definition]));
  for (const name of [...new Set([...left.keys(), ...right.keys()])].sort(compareText))
    compare.function(name, left.get(name), right.get(name));
  const links = [linksOf(before), linksOf(after)] as const;
  compare.modules(...links);
  // Modules of skills alone have no setting.
  const isNew = ([name]: [string, LinkBinding]): boolean => !links.every((known) => known.has(name));
  const [old, now] = [before, after].map((catalog) => new Map([...skillModules(catalog)].filter(isNew)));
  if (old !== undefined && now !== undefined) compare.modules(old, now);
  return compare.changes;
}
