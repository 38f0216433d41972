/**
 * What clients must be told when one catalog takes another's place.
 */
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

/** Whether two JSON values are equal, whatever the order of keys; members in `except` do not count. */
function equal(a: unknown, b: unknown, except?: ReadonlySet<string>): boolean {
  if (Object.is(a, b)) return true;
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return false;
  if (Array.isArray(a) || Array.isArray(b)) {
    return Array.isArray(a) && Array.isArray(b) && a.length === b.length && a.every((value, index) => equal(value, b[index]));
  }
  const [left, right] = [a as Record<string, unknown>, b as Record<string, unknown>];
  const counts = (key: string, of: Record<string, unknown>): boolean => of[key] !== undefined && except?.has(key) !== true;
  const keys = Object.keys(left).filter((key) => counts(key, left));
  const others = Object.keys(right).filter((key) => counts(key, right));
  return keys.length === others.length && keys.every((key) => Object.hasOwn(right, key) && equal(left[key], right[key]));
}

/** Whether two functions look the same in a list. */
function listedAlike(a: FunctionDefinition, b: FunctionDefinition): boolean {
  if (!equal(a, b, HIDDEN_AT_TOP)) return false;
  if (a.kind !== 'prompt' || b.kind !== 'prompt') return true;
  return (
    a.arguments.length === b.arguments.length &&
    a.arguments.every((argument, index) => equal(argument, b.arguments[index], HIDDEN))
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
  return after.filter((definition) => old.has(keyOf(definition)) && !equal(old.get(keyOf(definition)), definition)).map(keyOf);
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
