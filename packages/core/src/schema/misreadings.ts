/**
 * What the validators of the official SDKs read differently from this server. SDK v1 knows the keywords of draft-07 only, and skips all
 * others. What would accept less must be left out where that makes the whole schema accept more.
 */
import type { JsonObject } from '../base/json.js';
import { isObject } from '../base/json.js';
import type { Era } from '../protocol/versions.js';
import type { Dialect } from './keywords.js';
import { eachSubschema } from './keywords.js';

/** They depend on what all other keywords have accepted. ajv gets some combinations wrong. */
const UNEVALUATED: ReadonlySet<string> = new Set(['unevaluatedItems', 'unevaluatedProperties']);

const SINCE_2019: ReadonlySet<string> = new Set(
  'prefixItems dependentRequired dependentSchemas minContains maxContains $dynamicRef $recursiveRef'.split(' '),
);

/** Keywords that accept less if a schema in them accepts more. */
const INVERTING: ReadonlySet<string> = new Set(['not', 'if', 'oneOf']);

/** Keywords after which ajv may not know what they have accepted, or which may be left out themselves. */
const COMBINED: ReadonlySet<string> = new Set([...INVERTING, 'contains', 'dependencies']);

/** The misreadings of one document. */
export class Misreadings {
  readonly #hasInexact: boolean;
  readonly #dropsUnevaluated: boolean;
  readonly #hasPatterns: boolean;

  /** @param schemas all schemas of the document */
  constructor(
    schemas: readonly JsonObject[],
    private readonly era: Era,
    private readonly dialect: Dialect,
  ) {
    const has = (is: (schema: JsonObject, keyword: string) => boolean): boolean =>
      schemas.some((schema) => Object.keys(schema).some((keyword) => is(schema, keyword)));
    this.#hasPatterns = has((_, keyword) => keyword === 'patternProperties');
    const isInexact = has((schema, keyword) => this.#isInexact(schema, keyword));
    this.#hasInexact = isInexact || has((_, keyword) => UNEVALUATED.has(keyword));
    this.#dropsUnevaluated = isInexact || has((_, keyword) => COMBINED.has(keyword));
  }

  /** The schema with `anyOf` for a `oneOf` of which a client could take two alternatives for matching. */
  relaxed(schema: JsonObject): JsonObject {
    const { oneOf, ...others } = schema;
    if (!Array.isArray(oneOf) || schema['anyOf'] !== undefined || this.#areExact(oneOf)) return schema;
    return { ...others, anyOf: oneOf };
  }

  /** Whether a keyword is left out, because clients would refuse what it accepts. */
  isLeftOut(schema: JsonObject, keyword: string): boolean {
    if (UNEVALUATED.has(keyword)) return this.#dropsUnevaluated;
    if (INVERTING.has(keyword) && !this.#isMisread(schema, keyword)) return !this.#areExact([schema[keyword]].flat());
    if (keyword === 'maxContains') return !this.#areExact([schema['contains']]);
    return this.#isMisread(schema, keyword);
  }

  #isMisread(schema: JsonObject, keyword: string): boolean {
    // ajv divides, and 19.99 / 0.01 is not an integer.
    if (keyword === 'multipleOf') return !Number.isInteger(schema['multipleOf']);
    // Together with properties by pattern, the check of ajv throws a TypeError.
    if (keyword === 'if' || keyword === 'dependencies') return this.#hasPatterns;
    if (this.era !== 'legacy') return false;
    if (keyword === 'items') return schema['prefixItems'] !== undefined;
    return keyword === 'contains' && schema['minContains'] === 0;
  }

  #isInexact(schema: JsonObject, keyword: string): boolean {
    if (this.#isMisread(schema, keyword)) return true;
    return this.era === 'legacy' && (SINCE_2019.has(keyword) || (keyword === 'items' && this.#isTuple(schema)));
  }

  /** Whether `items` becomes `prefixItems`. */
  #isTuple({ items }: JsonObject): boolean {
    return this.dialect.name === '2020-12' && Array.isArray(items);
  }

  /** Whether clients read these schemas as this server does. */
  #areExact(schemas: readonly unknown[]): boolean {
    return !this.#hasInexact || schemas.every((schema) => !isObject(schema) || this.#isExact(schema));
  }

  #isExact(schema: JsonObject): boolean {
    for (const keyword of Object.keys(schema))
      if (keyword === '$ref' || UNEVALUATED.has(keyword) || this.#isInexact(schema, keyword)) return false;
    let exact = true;
    eachSubschema(schema, this.dialect, (below) => {
      exact &&= this.#isExact(below);
    });
    return exact;
  }
}
