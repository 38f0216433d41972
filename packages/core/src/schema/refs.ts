/**
 * Follows the references of a JSON Schema: each must lead to a schema inside the same document, and none in circles that a
 * validator would never leave. Nothing is fetched or read.
 */
import { isObject } from '../base/json.js';
import type { Dialect } from './keywords.js';
import type { MistakeList, PathStep } from './mistakes.js';
import { quote } from './mistakes.js';

type Schema = Record<string, unknown>;

/** Where a schema without `$id` is said to be, so that relative references have something to be relative to. */
const NOWHERE = 'schema:/';

/** References and combinations that may be applied to one value, one inside the other. */
const MAX_CHAIN = 256;

/** Keywords whose subschemas are applied to the same value as the schema itself. */
const IN_PLACE = ['allOf', 'anyOf', 'oneOf', 'not', 'if', 'then', 'else', 'dependentSchemas', 'dependencies'];
const REFERENCES = ['$ref', '$dynamicRef', '$recursiveRef'];

/** A schema with a URI of its own, or the whole document. */
interface Resource {
  root: Schema;
  path: readonly PathStep[];
}

/** A reference, and the URI that it is relative to. */
interface Reference {
  from: Schema;
  path: readonly PathStep[];
  uri: string;
  base: string;
}

/** From a schema to one that is applied to the same value. */
interface Edge {
  to: Schema;
  /** Where the reference is; absent for a subschema. */
  reference?: readonly PathStep[];
}

/** A place that a reference leads to. */
interface Place {
  value: unknown;
  path: readonly PathStep[];
}

/** The direct subschemas of a keyword's value, each with the steps to it. */
function* subschemas(value: unknown): Generator<[PathStep[], Schema]> {
  if (Array.isArray(value)) {
    for (const [index, member] of value.entries()) if (isObject(member)) yield [[index], member];
  } else if (isObject(value)) yield [[], value];
}

function* subschemasOf(dialect: Dialect, schema: Schema): Generator<[PathStep[], Schema, string]> {
  for (const key in schema) {
    const rule = dialect.keywords.get(key);
    const value = schema[key];
    if (rule === 'schema' || rule === 'schemas' || rule === 'schemaOrSchemas') {
      for (const [steps, found] of subschemas(value)) yield [[key, ...steps], found, key];
    } else if ((rule === 'schemaMap' || rule === 'patternMap' || rule === 'schemaOrNames') && isObject(value)) {
      for (const name in value) if (isObject(value[name])) yield [[key, name], value[name], key];
    }
  }
}

/** A URI without its fragment. */
const bare = (uri: string): string => uri.replace(/#.*$/s, '');

function resolve(uri: string, base: string): string | undefined {
  try {
    return new URL(uri, base).href;
  } catch {
    return undefined;
  }
}

/** The names in a JSON pointer, or undefined where it is none. */
function pointerSteps(fragment: string): string[] | undefined {
  try {
    return decodeURIComponent(fragment)
      .slice(1)
      .split('/')
      .map((step) => step.replaceAll('~1', '/').replaceAll('~0', '~'));
  } catch {
    return undefined;
  }
}

class References {
  readonly #list: MistakeList;
  readonly #dialect: Dialect;
  readonly #resources = new Map<string, Resource>();
  readonly #anchors = new Map<string, Resource>();
  readonly #references: Reference[] = [];
  readonly #edges = new Map<Schema, Edge[]>();

  constructor(list: MistakeList, dialect: Dialect) {
    this.#list = list;
    this.#dialect = dialect;
  }

  check(root: Schema, checkSchema: (schema: Schema) => void): void {
    const path = [...this.#list.path];
    this.#resources.set(NOWHERE, { root, path });
    this.#collect(root, path, NOWHERE);
    // Schemas in unknown keywords are only schemas because something refers to them; they may refer on.
    for (let next = 0; next < this.#references.length; next++) {
      const reference = this.#references[next];
      const place = reference && this.#follow(reference);
      if (reference === undefined || place === undefined) continue;
      if (isObject(place.value)) this.#reach(reference, place.value, place.path, checkSchema);
      else if (typeof place.value !== 'boolean') this.#add(reference, `refers to ${quote(reference.uri)}, which is no schema`);
    }
    this.#findCircles();
  }

  #add(reference: Pick<Reference, 'path'>, message: string): void {
    this.#list.addAt(reference.path, message);
  }

  #reach(reference: Reference, to: Schema, path: readonly PathStep[], checkSchema: (schema: Schema) => void): void {
    this.#edges.get(reference.from)?.push({ to, reference: reference.path });
    if (this.#edges.has(to)) return;
    const before = this.#list.path.splice(0, Infinity, ...path);
    const mistakes = this.#list.found.length;
    checkSchema(to);
    this.#list.path.splice(0, Infinity, ...before);
    if (this.#list.found.length === mistakes) this.#collect(to, path, reference.base);
  }

  /** Notes a schema and all below it: their names, references and edges. */
  #collect(schema: Schema, path: readonly PathStep[], outer: string): void {
    const edges: Edge[] = [];
    this.#edges.set(schema, edges);
    const base = this.#name(schema, path, outer);
    for (const key of REFERENCES) {
      const uri = schema[key];
      if (typeof uri === 'string' && this.#dialect.keywords.get(key) === 'ref')
        this.#references.push({ from: schema, path: [...path, key], uri, base });
    }
    for (const [steps, found, key] of subschemasOf(this.#dialect, schema)) {
      if (IN_PLACE.includes(key) && !this.#isOnlyReference(schema)) edges.push({ to: found });
      this.#collect(found, [...path, ...steps], base);
    }
  }

  /** In draft-07 nothing beside a `$ref` counts. */
  #isOnlyReference(schema: Schema): boolean {
    return this.#dialect.name === 'draft-07' && typeof schema['$ref'] === 'string';
  }

  /** Notes what a schema is called. @returns the base of the references in it */
  #name(schema: Schema, path: readonly PathStep[], outer: string): string {
    const id = schema['$id'];
    let base = outer;
    if (typeof id === 'string' && id !== '#' && !this.#isOnlyReference(schema)) {
      const uri = resolve(id, outer);
      if (id.startsWith('#')) this.#anchor(outer, id.slice(1), schema, [...path, '$id']);
      else if (uri === undefined) this.#list.addAt([...path, '$id'], `must be a URI reference, got ${quote(id)}`);
      else {
        base = bare(uri);
        if (this.#resources.has(base) && base !== NOWHERE)
          this.#list.addAt([...path, '$id'], `${quote(id)} already names another part of this schema: rename one`);
        this.#resources.set(base, { root: schema, path });
      }
    }
    for (const key of ['$anchor', '$dynamicAnchor']) {
      const name = schema[key];
      if (typeof name === 'string' && this.#dialect.keywords.has(key)) this.#anchor(base, name, schema, [...path, key]);
    }
    return base;
  }

  #anchor(base: string, name: string, root: Schema, path: readonly PathStep[]): void {
    const uri = `${base}#${name}`;
    const known = this.#anchors.get(uri);
    if (known !== undefined && known.root !== root)
      this.#list.addAt(path, `the anchor ${quote(name)} already names another part of this schema: rename one`);
    this.#anchors.set(uri, { root, path: path.slice(0, -1) });
  }

  /** Where a reference leads, or undefined, with a mistake, where it leads nowhere. */
  #follow(reference: Reference): Place | undefined {
    const { uri, base, path } = reference;
    const fail = (message: string): undefined => this.#add(reference, message) as undefined;
    if (path.at(-1) === '$recursiveRef' && uri !== '#') return fail(`must be "#", got ${quote(uri)}`);
    const target = resolve(uri, base);
    const resource = target === undefined ? undefined : this.#resources.get(bare(target));
    if (target === undefined || resource === undefined) {
      return fail(
        `refers to ${quote(uri)}, which is not in this schema, and is never fetched: copy it into $defs and write "#/$defs/name"`,
      );
    }
    const fragment = target.slice(bare(target).length + 1);
    if (fragment === '') return { value: resource.root, path: resource.path };
    if (fragment.startsWith('/'))
      return this.#point(resource, fragment) ?? fail(`refers to ${quote(uri)}, but there is nothing at that place`);
    const anchor = this.#anchors.get(`${bare(target)}#${fragment}`);
    if (anchor !== undefined) return { value: anchor.root, path: anchor.path };
    return fail(
      `refers to ${quote(uri)}, but no $anchor has that name${uri === `#${fragment}` ? ` (a place is written "#/$defs/${fragment}")` : ''}`,
    );
  }

  #point(resource: Resource, fragment: string): Place | undefined {
    const steps: PathStep[] = [];
    let value: unknown = resource.root;
    for (const step of pointerSteps(fragment) ?? ['']) {
      if (Array.isArray(value) && /^(?:0|[1-9]\d*)$/.test(step) && Number(step) < value.length) {
        steps.push(Number(step));
        value = value[Number(step)];
      } else if (isObject(value) && Object.hasOwn(value, step)) {
        steps.push(step);
        value = value[step];
      } else return undefined;
    }
    return { value, path: [...resource.path, ...steps] };
  }

  #findCircles(): void {
    const heights = new Map<Schema, number>();
    const open = new Set<Schema>();
    const trail: Edge[] = [];
    const reported = new Set<readonly PathStep[]>();
    const report = (message: string): void => {
      const reference = trail.findLast((edge) => edge.reference !== undefined)?.reference;
      if (reference !== undefined && !reported.has(reference)) this.#list.addAt(reference, message);
      if (reference !== undefined) reported.add(reference);
    };
    const height = (schema: Schema): number => {
      const known = heights.get(schema);
      if (known !== undefined) return known;
      let highest = 0;
      open.add(schema);
      for (const edge of this.#edges.get(schema) ?? []) {
        trail.push(edge);
        if (open.has(edge.to)) report('refers back to itself without a step into the value: a check would never end');
        else if (trail.length > MAX_CHAIN) report(`is one of more than ${MAX_CHAIN} references in a row: shorten the chain`);
        else highest = Math.max(highest, 1 + height(edge.to));
        if (highest > MAX_CHAIN) report(`is one of more than ${MAX_CHAIN} references in a row: shorten the chain`);
        trail.pop();
      }
      open.delete(schema);
      heights.set(schema, highest);
      return highest;
    };
    for (const schema of this.#edges.keys()) height(schema);
  }
}

/**
 * Adds the mistakes in the references of a schema that is otherwise right. The list's path is at the schema.
 *
 * @param checkSchema checks a schema that nothing but a reference leads to; the list's path is at it
 */
export function checkReferences(list: MistakeList, root: Schema, dialect: Dialect, checkSchema: (schema: Schema) => void): void {
  new References(list, dialect).check(root, checkSchema);
}
