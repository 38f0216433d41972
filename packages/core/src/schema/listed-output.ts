/**
 * The outputSchemas that clients are shown. The official SDKs compile them with ajv and check each result against them. What ajv cannot
 * compile makes SDK v1 refuse the list of all tools, and SDK v2 every call of that tool. So a schema is shown in a form that means the
 * same, or accepts more. This server checks results against the schema as it was written.
 */
import type { JsonObject } from '../base/json.js';
import { isObject } from '../base/json.js';
import { toUnicodeMode } from '../base/regex-unicode.js';
import type { Era } from '../protocol/versions.js';
import type { Dialect } from './keywords.js';
import { dialectOf } from './keywords.js';
import { mapped } from './map-schema.js';
import { Misreadings } from './misreadings.js';
import { modernized } from './modernized.js';
import { Places, pointerText } from './places.js';

const DRAFT_07 = 'http://json-schema.org/draft-07/schema#';

const NAMES: ReadonlySet<string> = new Set(['$id', '$anchor', '$dynamicAnchor', '$recursiveAnchor']);

class Listed {
  /** Whether everything could be written so that ajv compiles it. */
  #usable = true;
  readonly #places: Places;
  readonly #misreadings: Misreadings;
  /** Whether a reference needs the names of the schemas around it. */
  readonly #keepsNames: boolean;
  readonly #references: string[] = [];
  /** All schemas that were written by {@link schema}. */
  readonly #written = new WeakSet();

  constructor(
    private readonly root: JsonObject,
    private readonly era: Era,
    private readonly dialect: Dialect,
  ) {
    this.#places = new Places(root, dialect);
    const all = this.#places.all();
    const schemas: JsonObject[] = [];
    // References into unknown keywords add to the schemas.
    for (const { schema, resource } of all) {
      schemas.push(schema);
      if (typeof schema['$ref'] === 'string') this.#places.resolve(schema['$ref'], resource);
    }
    this.#misreadings = new Misreadings(schemas, era, dialect);
    this.#keepsNames = schemas.some((one) => one['$dynamicRef'] !== undefined || one['$recursiveRef'] !== undefined);
  }

  /** The whole schema, or undefined if ajv could not compile it. */
  whole(): JsonObject | undefined {
    const shown = this.schema(this.root);
    if (!this.#usable || !isObject(shown)) return undefined;
    if (this.#references.length === 0) return shown;
    // What a reference leads to may have moved, or be in an unknown keyword, where nothing was rewritten.
    const places = shown === this.root ? this.#places : new Places(shown, this.dialect);
    const [document] = places.resources();
    const leads = this.#references.every((uri) => {
      const target = document === undefined ? '' : places.resolve(uri, document);
      return typeof target === 'object' && (!isObject(target.schema) || this.#written.has(target.schema));
    });
    return leads ? shown : undefined;
  }

  schema(given: unknown): unknown {
    if (!isObject(given)) return given;
    const value = modernized(this.#misreadings.relaxed(given), this.dialect, given === this.root && this.era === 'legacy');
    const written = mapped(value, (member, keyword) => {
      if (this.#misreadings.isLeftOut(value, keyword)) return undefined;
      if (NAMES.has(keyword) && !this.#keepsNames) return undefined;
      if (keyword === '$ref') return this.#reference(member, given);
      if (keyword === 'pattern') return this.#pattern(member);
      if (keyword === 'patternProperties') return mapped(this.#patterns(member), (one) => this.schema(one));
      if (keyword === 'enum' && Array.isArray(member) && member.length === 0) this.#usable = false;
      const holds = keyword === '$defs' ? 'map' : this.dialect.applicators.get(keyword);
      if (holds === undefined) return member;
      return holds === 'map' || Array.isArray(member) ? mapped(member, (one) => this.schema(one)) : this.schema(member);
    });
    if (isObject(written)) this.#written.add(written);
    return written;
  }

  /** A reference as a place in the document, which needs no names. */
  #reference(uri: unknown, schema: JsonObject): unknown {
    const from = this.#places.of(schema)?.resource;
    if (typeof uri !== 'string' || from === undefined || this.#keepsNames) return uri;
    const target = this.#places.resolve(uri, from);
    if (typeof target === 'string') {
      this.#usable = false;
      return uri;
    }
    const isPlace = from.root === this.root && (uri === '#' || uri.startsWith('#/'));
    const written = isPlace ? uri : encodeURI(pointerText(target.where));
    this.#references.push(written);
    return written;
  }

  #pattern(source: unknown): unknown {
    if (typeof source !== 'string') return source;
    const written = toUnicodeMode(source);
    if (written === undefined) this.#usable = false;
    return written ?? source;
  }

  #patterns(schemas: unknown): unknown {
    if (!isObject(schemas)) return schemas;
    const sources = Object.keys(schemas);
    const written = sources.map((source) => String(this.#pattern(source)));
    if (written.every((one, index) => one === sources[index])) return schemas;
    // Two sources may become one: then neither can be left out.
    if (new Set(written).size < written.length) this.#usable = false;
    return Object.fromEntries(written.map((one, index) => [one, schemas[sources[index] ?? '']]));
  }
}

/**
 * The form of an outputSchema for clients. The input is not changed.
 *
 * - Patterns are valid with the flag `u`, and keywords are those of its dialect.
 * - Schemas have no `$id`: for all schemas with one `$id` the SDKs use the first that they have seen, also after the schema was changed.
 * - It has nothing that ajv, or for older clients draft-07, takes for something that accepts less.
 *
 * @returns undefined if clients could not use it: results are then shown without a schema
 */
export function listedOutput(schema: JsonObject, era: Era): JsonObject | undefined {
  const named = schema['$schema'];
  const dialect = dialectOf(named);
  const shown = dialect && new Listed(schema, era, dialect).whole();
  return typeof named === 'string' && named.includes('draft-04') && shown !== undefined ? { ...shown, $schema: DRAFT_07 } : shown;
}
