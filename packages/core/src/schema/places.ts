/**
 * The places of a JSON Schema: every subschema, the `$id`s and anchors that name some of them, and where references lead.
 * Nothing is ever fetched or read from a file: a reference leads to a place in the same schema, or nowhere.
 */
import type { JsonObject } from '../base/json.js';
import { isObject } from '../base/json.js';
import type { Dialect } from './keywords.js';
import { eachSubschema, refOverrides } from './keywords.js';
import type { PathStep } from './mistakes.js';
import { quote } from './mistakes.js';

/** Where something is in a schema, as a chain of steps up to the root: it is written out only when there is a mistake to report. */
export type Where = '#' | { readonly up: Where; readonly keyword: PathStep; readonly member: PathStep | undefined };

/** The location of a keyword, or of one of its members. */
export function pointer(where: Where, keyword: PathStep, member?: PathStep): Where {
  return { up: where, keyword, member };
}

/** The steps from the schema's root to a location. */
export function stepsTo(where: Where): PathStep[] {
  const steps: PathStep[] = [];
  for (let at = where; at !== '#'; at = at.up) {
    if (at.member !== undefined) steps.push(at.member);
    steps.push(at.keyword);
  }
  return steps.reverse();
}

/** A location as a JSON pointer: `#/properties/a~1b`. */
export function pointerText(where: Where): string {
  const escaped = stepsTo(where).map((step) => `/${String(step).replaceAll('~', '~0').replaceAll('/', '~1')}`);
  return `#${escaped.join('')}`;
}

/** A schema in the document. */
export interface Place {
  /** An object, or `true` or `false` where a reference leads to one of these. */
  readonly schema: JsonObject | boolean;
  readonly resource: Resource;
  readonly where: Where;
}

/** The document, or a part of it with an `$id`: references in it are relative to its URI. */
export interface Resource {
  /** Absolute, without a fragment. */
  readonly uri: string;
  readonly root: JsonObject | boolean;
  readonly where: Where;
  readonly anchors: Map<string, Place>;
  /** `$dynamicAnchor`s, which are also in `anchors`. */
  readonly dynamicAnchors: Map<string, Place>;
}

/** What the search for places reports. Without a listener: a bad `$id` is ignored, and of two equal names the last one counts. */
export interface PlacesListener {
  /** An `$id` that is not a URI reference. */
  badId?(where: Where, id: string): void;
  /** An `$id` or anchor that another part of the schema has already. */
  duplicate?(where: Where, name: string): void;
  /**
   * A schema that no keyword leads to: it is in an unknown keyword, and a schema only because a reference leads to it.
   *
   * @returns whether to search it too
   */
  enter?(schema: JsonObject, where: Where): boolean;
}

/**
 * The base URI of a schema without `$id`. Relative references are resolved against it, so none of them leads outside the schema.
 */
const NO_URI = 'schema:/';

interface Index {
  readonly resources: Map<string, Resource>;
  readonly places: Map<JsonObject, Place & { readonly schema: JsonObject }>;
}

/** Indexes a schema at the first question, because most schemas have no references. */
export class Places {
  readonly #root: JsonObject | boolean;
  readonly #dialect: Dialect;
  readonly #listener: PlacesListener;
  #index: Index | undefined;

  constructor(root: JsonObject | boolean, dialect: Dialect, listener: PlacesListener = {}) {
    this.#root = root;
    this.#dialect = dialect;
    this.#listener = listener;
  }

  /** All schemas that are objects. The list grows while references into unknown keywords are resolved. */
  all(): IterableIterator<Place & { readonly schema: JsonObject }> {
    return this.#indexed().places.values();
  }

  /** All resources, the document first. */
  resources(): Resource[] {
    return [...this.#indexed().resources.values()];
  }

  /** The place of a schema; undefined if neither a keyword nor a reference resolved so far leads to it. */
  of(schema: JsonObject): Place | undefined {
    return this.#indexed().places.get(schema);
  }

  /**
   * Where a reference leads.
   *
   * @param uri the reference as it is written
   * @param from the resource that the reference is in
   * @returns the place, or what is wrong with the reference, as the end of a sentence
   */
  resolve(uri: string, from: Resource): Place | string {
    const hash = uri.indexOf('#');
    const address = hash === -1 ? uri : uri.slice(0, hash);
    const resource = address === '' ? from : this.#indexed().resources.get(absolute(address, from.uri) ?? '');
    if (resource === undefined) {
      return `refers to ${quote(uri)}, which is not in this schema and is never fetched: copy it into $defs and write "#/$defs/name"`;
    }
    const fragment = decoded(hash === -1 ? '' : uri.slice(hash + 1));
    if (fragment === undefined) return `refers to ${quote(uri)}, but there is nothing at that place`;
    if (fragment === '') return { schema: resource.root, resource, where: resource.where };
    if (fragment.startsWith('/')) return this.#follow(fragment, uri, resource);
    const advice = address === '' ? ` (a place in $defs is written "#/$defs/${fragment}")` : '';
    return resource.anchors.get(fragment) ?? `refers to ${quote(uri)}, but no $anchor has that name${advice}`;
  }

  #follow(fragment: string, uri: string, start: Resource): Place | string {
    const index = this.#indexed();
    let value: unknown = start.root;
    let { where } = start;
    let resource = start;
    for (const step of fragment.slice(1).split('/')) {
      const key = step.replaceAll('~1', '/').replaceAll('~0', '~');
      if (typeof value !== 'object' || value === null || !Object.hasOwn(value, key))
        return `refers to ${quote(uri)}, but there is nothing at that place`;
      where = pointer(where, Array.isArray(value) ? Number(key) : key);
      value = (value as JsonObject)[key];
      // On the way down the pointer may enter a resource with another base URI.
      resource = index.places.get(value as JsonObject)?.resource ?? resource;
    }
    if (typeof value === 'boolean') return { schema: value, resource, where };
    if (!isObject(value)) return `refers to ${quote(uri)}, which is not a schema`;
    if (!index.places.has(value) && this.#listener.enter?.(value, where) !== false) this.#search(index, value, resource, where);
    return index.places.get(value) ?? { schema: value, resource, where };
  }

  #indexed(): Index {
    if (this.#index !== undefined) return this.#index;
    const index: Index = (this.#index = { resources: new Map(), places: new Map() });
    const root = this.#root;
    const $id = isObject(root) ? root['$id'] : undefined;
    const id = isObject(root) && typeof $id === 'string' && this.#beginsResource(root, $id) ? $id : '';
    const uri = absolute(id, NO_URI);
    if (uri === undefined) this.#listener.badId?.(pointer('#', '$id'), id);
    const resource = addResource(index, withoutFragment(uri ?? NO_URI), root, '#');
    if (isObject(root)) this.#search(index, root, resource, '#');
    return index;
  }

  #beginsResource(schema: JsonObject, id: string): boolean {
    return !id.startsWith('#') && !refOverrides(schema, this.#dialect);
  }

  /** Adds a schema and everything below it. */
  #search(index: Index, schema: JsonObject, outer: Resource, where: Where): void {
    if (index.places.has(schema)) return;
    const { $id } = schema;
    const resource =
      typeof $id === 'string' && schema !== this.#root ? this.#resourceOf(index, schema, $id, outer, where) : outer;
    const place = { schema, resource, where };
    index.places.set(schema, place);
    // In draft-07 `"$id": "#name"` is an anchor.
    if (typeof $id === 'string' && $id.length > 1 && $id.startsWith('#') && !refOverrides(schema, this.#dialect))
      this.#addAnchor(resource, '$id', $id.slice(1), place);
    for (const keyword of ['$anchor', '$dynamicAnchor'] as const) {
      const name = schema[keyword];
      if (typeof name !== 'string' || !this.#dialect.keywords.has(keyword)) continue;
      this.#addAnchor(resource, keyword, name, place);
      if (keyword === '$dynamicAnchor') resource.dynamicAnchors.set(name, place);
    }
    eachSubschema(schema, this.#dialect, (subschema, keyword, member) =>
      this.#search(index, subschema, resource, pointer(where, keyword, member)),
    );
  }

  /** The resource of a schema below the root that has an `$id`. */
  #resourceOf(index: Index, schema: JsonObject, id: string, outer: Resource, where: Where): Resource {
    if (!this.#beginsResource(schema, id)) return outer;
    const absoluteUri = absolute(id, outer.uri);
    if (absoluteUri === undefined) {
      this.#listener.badId?.(pointer(where, '$id'), id);
      return outer;
    }
    const uri = withoutFragment(absoluteUri);
    // `"$id": ""` in a document without a URI names nothing.
    if (uri === NO_URI) return outer;
    if (index.resources.has(uri)) this.#listener.duplicate?.(pointer(where, '$id'), id);
    return addResource(index, uri, schema, where);
  }

  #addAnchor({ anchors }: Resource, keyword: string, name: string, place: Place): void {
    const known = anchors.get(name);
    if (known !== undefined && known !== place) this.#listener.duplicate?.(pointer(place.where, keyword), name);
    anchors.set(name, place);
  }
}

function addResource({ resources }: Index, uri: string, root: JsonObject | boolean, where: Where): Resource {
  const resource: Resource = { uri, root, where, anchors: new Map(), dynamicAnchors: new Map() };
  resources.set(uri, resource);
  return resource;
}

const withoutFragment = (uri: string): string => {
  const hash = uri.indexOf('#');
  return hash === -1 ? uri : uri.slice(0, hash);
};

function absolute(address: string, base: string): string | undefined {
  try {
    return new URL(address, base).href;
  } catch {
    return undefined;
  }
}

function decoded(fragment: string): string | undefined {
  try {
    return decodeURIComponent(fragment);
  } catch {
    return undefined;
  }
}
