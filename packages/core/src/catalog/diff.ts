/**
 * What clients must be told when one catalog takes another's place.
 */
import { equalJson } from '../base/equality.js';
import type {
  CatalogDefinition,
  FunctionDefinition,
  ResourceDefinition,
  ResourceTemplateDefinition,
} from '../ports/definition.js';

/** How two catalogs differ. */
export interface CatalogDiff {
  /** Whether the list of tools is another to clients. */
  tools: boolean;
  /** Whether the list of resources or of templates is another to clients: their notification is the same. */
  resources: boolean;
  /** Whether the list of prompts is another to clients. */
  prompts: boolean;
  /** Names of all kinds that are new. */
  added: readonly string[];
  /** Names of all kinds that are gone. */
  removed: readonly string[];
  /** Names of all kinds that were listed before and are listed now, with another title, description, schema, … */
  changed: readonly string[];
  /** URIs that may read differently now: the resource's definition or its code's binding changed. */
  uris: readonly string[];
  /** URI templates whose URIs may read differently now. */
  uriTemplates: readonly string[];
}

/** Members that no client sees. */
const HIDDEN = new Set(['binding', 'timeout_ms', 'record', 'return_type', 'completions', 'completion']);

/** Arguments are looked at one by one, for what is hidden in them. */
const HIDDEN_AT_TOP = new Set([...HIDDEN, 'arguments']);

/** Whether two objects are equal in their members; those in `except` do not count. */
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

const byName = ({ functions }: CatalogDefinition): ByName =>
  new Map(functions.map((definition) => [definition.name, definition]));

/** The functions of `from` that `to` has not: a name that became another kind's is gone, and new. */
function missing(from: ByName, to: ByName): FunctionDefinition[] {
  return [...from.values()].filter(({ name, kind }) => to.get(name)?.kind !== kind);
}

function listedOtherwise(before: ByName, after: ByName): FunctionDefinition[] {
  return [...after.values()].filter((definition) => {
    const old = before.get(definition.name);
    return old !== undefined && old.kind === definition.kind && old !== definition && !listedAlike(old, definition);
  });
}

/** The keys of functions that are in both catalogs and not equal in all their members. */
function touched<T extends FunctionDefinition>(
  before: readonly T[],
  after: readonly T[],
  keyOf: (definition: T) => string,
): string[] {
  const old = new Map(before.map((definition) => [keyOf(definition), definition]));
  return after
    .filter((definition) => old.has(keyOf(definition)) && !equalJson(old.get(keyOf(definition)), definition))
    .map(keyOf);
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
    resources: kinds.has('resource') || kinds.has('resource_template'),
    prompts: kinds.has('prompt'),
    added: names(added),
    removed: names(removed),
    changed: names(changed),
    uris: touched(resources(before), resources(after), ({ uri }) => uri),
    uriTemplates: touched(templates(before), templates(after), ({ uriTemplate }) => uriTemplate),
  };
}
