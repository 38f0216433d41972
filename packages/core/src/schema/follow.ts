/**
 * Where the references of a JSON Schema lead, for programs that read schemas, such as generators of types.
 */
import type { JsonObject } from '../base/json.js';
import type { Dialect } from './keywords.js';
import { dialectOf } from './keywords.js';
import type { Resource } from './places.js';
import { Places } from './places.js';

/** The references of one schema. */
export interface SchemaReferences {
  /** The dialect that the schema is written in. */
  readonly dialect: '2020-12' | '2019-09' | 'draft-07';
  /**
   * Where the `$ref`, `$dynamicRef` or `$recursiveRef` of a subschema leads. Nothing is ever fetched.
   *
   * @returns the subschema itself, or true or false; undefined where the reference leads out of the schema or nowhere, and where
   *   its target depends on the value that is checked
   */
  follow(subschema: JsonObject, keyword: '$ref' | '$dynamicRef' | '$recursiveRef'): JsonObject | boolean | undefined;
}

/** Whether a name is a `$dynamicAnchor` of more than one resource: then where it leads depends on the way to it. */
const isAmbiguous = (resources: readonly Resource[], name: string): boolean =>
  resources.filter(({ dynamicAnchors }) => dynamicAnchors.has(name)).length > 1;

/**
 * Finds the references of a schema.
 *
 * @param root the whole schema, which need not be valid
 * @returns undefined for a dialect (`$schema`) that is not supported
 */
export function schemaReferences(root: JsonObject): SchemaReferences | undefined {
  const dialect: Dialect | undefined = dialectOf(root['$schema']);
  if (dialect === undefined) return undefined;
  const places = new Places(root, dialect);
  return {
    dialect: dialect.name,
    follow(subschema, keyword) {
      const uri = subschema[keyword];
      const from = places.of(subschema)?.resource ?? places.resources()[0];
      if (typeof uri !== 'string' || from === undefined || dialect.keywords.get(keyword) !== 'ref') return undefined;
      const resources = keyword === '$ref' ? [] : places.resources();
      if (keyword === '$recursiveRef' && resources.length > 1) return undefined;
      if (keyword === '$dynamicRef' && isAmbiguous(resources, uri.slice(uri.indexOf('#') + 1))) return undefined;
      const target = places.resolve(uri, from);
      return typeof target === 'string' ? undefined : target.schema;
    },
  };
}
