/**
 * The outputSchemas that clients are shown. The official SDKs compile them with ajv and check each result against them. What ajv cannot
 * compile makes SDK v1 refuse the list of all tools, and SDK v2 every call of that tool. So a schema is shown in a form that means the
 * same, or accepts more. This server checks results against the schema as it was written.
 */
import type { JsonObject } from '../base/json.js';
import { isObject } from '../base/json.js';
import { toUnicodeMode } from '../base/regex-unicode.js';
import type { Era } from '../protocol/versions.js';
import { mapped, SCHEMAS, SCHEMAS_BY_NAME } from './map-schema.js';

/** Keywords whose schemas refuse more if a part of them accepts more. In them nothing is removed. */
const INVERTED: ReadonlySet<string> = new Set(['not', 'if', 'oneOf']);

const DRAFT_07 = 'http://json-schema.org/draft-07/schema#';

class Listed {
  /** Whether everything could be written so that ajv compiles it. */
  usable = true;
  /** How many schemas in it have an `$id`. */
  ids = 0;
  /** Whether a reference is a URI, and not only a place in the document. */
  hasUris = false;

  constructor(
    private readonly era: Era,
    private readonly is2020: boolean,
  ) {}

  schema(given: unknown, mayRemove: boolean): unknown {
    if (!isObject(given)) return given;
    const value = this.#modernized(given);
    this.#noteUris(value);
    return mapped(value, (member, keyword) => {
      if (mayRemove && this.#isMisread(value, keyword)) return undefined;
      if (keyword === 'pattern') return this.#pattern(member);
      if (keyword === 'enum' && Array.isArray(member) && member.length === 0) this.usable = false;
      if (SCHEMAS_BY_NAME.has(keyword))
        return mapped(keyword === 'patternProperties' ? this.#patterns(member) : member, (one) => this.schema(one, mayRemove));
      if (!SCHEMAS.has(keyword)) return member;
      const below = mayRemove && !INVERTED.has(keyword);
      return Array.isArray(member) ? mapped(member, (one) => this.schema(one, below)) : this.schema(member, below);
    });
  }

  /** In place of what older drafts wrote, which this server understands and ajv refuses. */
  #modernized(schema: JsonObject): JsonObject {
    const { id, items, minimum, maximum, exclusiveMinimum, exclusiveMaximum } = schema;
    const changes: JsonObject = {};
    if (typeof id === 'string') changes['id'] = undefined;
    if (this.is2020 && Array.isArray(items)) {
      changes['prefixItems'] = items;
      changes['items'] = schema['additionalItems'];
      changes['additionalItems'] = undefined;
    }
    // A boolean says whether the limit itself is excluded.
    if (typeof exclusiveMinimum === 'boolean') {
      changes['exclusiveMinimum'] = exclusiveMinimum ? minimum : undefined;
      if (exclusiveMinimum) changes['minimum'] = undefined;
    }
    if (typeof exclusiveMaximum === 'boolean') {
      changes['exclusiveMaximum'] = exclusiveMaximum ? maximum : undefined;
      if (exclusiveMaximum) changes['maximum'] = undefined;
    }
    if (Object.keys(changes).length === 0) return schema;
    return Object.fromEntries(Object.entries({ ...schema, ...changes }).filter(([, member]) => member !== undefined));
  }

  #noteUris({ $id, $ref, $dynamicRef }: JsonObject): void {
    for (const uri of [$ref, $dynamicRef]) if (typeof uri === 'string' && !uri.startsWith('#')) this.hasUris = true;
    if ($id !== undefined) this.ids += 1;
  }

  /** Whether SDK v1, which knows the keywords of draft-07 only, would refuse what the schema accepts. */
  #isMisread(schema: JsonObject, keyword: string): boolean {
    if (this.era !== 'legacy') return false;
    if (keyword === 'items') return schema['prefixItems'] !== undefined;
    return keyword === 'contains' && schema['minContains'] === 0;
  }

  #pattern(source: unknown): unknown {
    if (typeof source !== 'string') return source;
    const written = toUnicodeMode(source);
    if (written === undefined) this.usable = false;
    return written ?? source;
  }

  #patterns(schemas: unknown): unknown {
    if (!isObject(schemas)) return schemas;
    const sources = Object.keys(schemas);
    const written = sources.map((source) => String(this.#pattern(source)));
    if (written.every((one, index) => one === sources[index])) return schemas;
    // Two sources may become one: then neither can be left out.
    if (new Set(written).size < written.length) this.usable = false;
    return Object.fromEntries(written.map((one, index) => [one, schemas[sources[index] ?? '']]));
  }
}

/**
 * The form of an outputSchema for clients: patterns are valid with the flag `u`; keywords are
 * those of its dialect; no `$id` at the root if nothing refers to it, because the SDKs use the first
 * schema that they have seen with an `$id` for all others with it, also after the schema was changed; for older clients nothing that
 * means something else in draft-07. The input is not changed.
 *
 * @returns undefined if clients could not use it: results are then shown without a schema
 */
export function listedOutput(schema: JsonObject, era: Era): JsonObject | undefined {
  const dialect = String(schema['$schema'] ?? '2020-12');
  const listed = new Listed(era, dialect.includes('2020-12'));
  const shown = listed.schema(schema, true);
  if (!listed.usable || !isObject(shown)) return undefined;
  const hasName = listed.ids !== 1 || listed.hasUris;
  return mapped(shown, (member, keyword) => {
    if (keyword === '$id' && !hasName) return undefined;
    return keyword === '$schema' && dialect.includes('draft-04') ? DRAFT_07 : member;
  }) as JsonObject;
}
