/** Compares two catalogs, to find what clients must be notified of. */
import { equalJson } from '../base/equality.js';
import type {
  CatalogDefinition,
  FunctionDefinition,
  ResourceDefinition,
  ResourceTemplateDefinition,
} from '../ports/definition.js';

/** How two catalogs differ. */
export interface CatalogDiff {
  /** Whether clients see another list of tools. */
  tools: boolean;
  /** Whether clients see another list of resources or of templates. Both have the same notification. */
  resources: boolean;
  /** Whether clients see another list of prompts. */
  prompts: boolean;
  /** Added names of all kinds. */
  added: readonly string[];
  /** Removed names of all kinds. */
  removed: readonly string[];
  /** Names of all kinds that are in both lists, with another title, description, schema, … */
  changed: readonly string[];
  /** URIs whose content may have changed: the resource's definition or the binding of its code changed. */
  uris: readonly string[];
  /** URI templates of resources whose content may have changed. */
  uriTemplates: readonly string[];
}

/** Members that clients never see. */
const HIDDEN = new Set([
  ...['binding', 'timeout_ms', 'record', 'quota', 'approve', 'return_type', 'completions', 'completion'],
  ...['task', 'task_after_ms', 'task_ttl_ms', 'task_poll_ms', 'is_async'],
]);

/** Arguments are compared one by one, because some of their members are hidden, too. */
const HIDDEN_AT_TOP = new Set([...HIDDEN, 'arguments']);

/** Whether two objects have equal members, except those in `except`. */
function equalExcept(a: object, b: object, except: ReadonlySet<string>): boolean {
  const [left, right] = [a as Record<string, unknown>, b as Record<string, unknown>];
  const counted = (of: Record<string, unknown>): string[] =>
    Object.keys(of).filter((key) => of[key] !== undefined && !except.has(key));
  const names = counted(left);
  return names.length === counted(right).length && names.every((name) => equalJson(left[name], right[name]));
}

/** Whether two functions look the same in a list. */
function listedAlike(a: FunctionDefinition, b: FunctionDefinition): boolean {
  if (!equalExcept(a, b, HIDDEN_AT_TOP)) return false;
  if (a.kind !== 'prompt' || b.kind !== 'prompt') return true;
  return (
    a.arguments.length === b.arguments.length &&
    a.arguments.every((argument, index) => equalExcept(argument, b.arguments[index] ?? {}, HIDDEN))
  );
}

type ByName = ReadonlyMap<string, FunctionDefinition>;

/** Names are unique, but not those of other MCP servers: there a tool and a prompt may share one, and so may resources. */
function keyOf(definition: FunctionDefinition): string {
  const { name, kind, binding } = definition;
  if (binding.kind !== 'link' || !binding.passThrough) return name;
  const uri = kind === 'resource' ? definition.uri : kind === 'resource_template' ? definition.uriTemplate : '';
  return JSON.stringify([kind, name, uri]);
}

const byName = ({ functions }: CatalogDefinition): ByName =>
  new Map(functions.map((definition) => [keyOf(definition), definition]));

/** The functions of `from` that are not in `to`. A name that changed its kind counts as removed and added. */
function missing(from: ByName, to: ByName): FunctionDefinition[] {
  return [...from.values()].filter((definition) => to.get(keyOf(definition))?.kind !== definition.kind);
}

function listedOtherwise(before: ByName, after: ByName): FunctionDefinition[] {
  return [...after.values()].filter((definition) => {
    const old = before.get(keyOf(definition));
    return old !== undefined && old.kind === definition.kind && old !== definition && !listedAlike(old, definition);
  });
}

/** The keys of functions that are in both catalogs and not equal in all their members. */
function touched<T extends FunctionDefinition>(
  before: readonly T[],
  after: readonly T[],
  by: (definition: T) => string,
): string[] {
  const old = new Map(before.map((definition) => [by(definition), definition]));
  return after.filter((definition) => old.has(by(definition)) && !equalJson(old.get(by(definition)), definition)).map(by);
}

const resources = ({ functions }: CatalogDefinition): ResourceDefinition[] =>
  functions.filter((definition) => definition.kind === 'resource');
const templates = ({ functions }: CatalogDefinition): ResourceTemplateDefinition[] =>
  functions.filter((definition) => definition.kind === 'resource_template');

/**
 * Compares two catalogs. The order of functions does not count.
 *
 * @example if (diffCatalogs(before, after).tools) notify('notifications/tools/list_changed');
 */
export function diffCatalogs(before: CatalogDefinition, after: CatalogDefinition): CatalogDiff {
  const [old, now] = [byName(before), byName(after)];
  const [added, removed, changed] = [missing(now, old), missing(old, now), listedOtherwise(old, now)];
  const kinds = new Set([...added, ...removed, ...changed].map(({ kind }) => kind));
  const names = (functions: FunctionDefinition[]): string[] => functions.map(({ name }) => name);
  return {
    tools: kinds.has('tool'),
    // The SKILL.md of each skill is a resource.
    resources: kinds.has('resource') || kinds.has('resource_template') || !equalJson(before.skills, after.skills),
    prompts: kinds.has('prompt'),
    added: names(added),
    removed: names(removed),
    changed: names(changed),
    uris: touched(resources(before), resources(after), ({ uri }) => uri),
    uriTemplates: touched(templates(before), templates(after), ({ uriTemplate }) => uriTemplate),
  };
}
