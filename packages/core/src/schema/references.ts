/**
 * Checks the references of a JSON Schema: each must lead to a schema in the same document, and none back to itself in a circle
 * that a validator would never leave.
 */
import type { JsonObject } from '../base/json.js';
import type { Dialect } from './keywords.js';
import { eachSubschema, refOverrides } from './keywords.js';
import type { MistakeList, PathStep } from './mistakes.js';
import { quote } from './mistakes.js';
import type { Place, Where } from './places.js';
import { Places, pointer, stepsTo } from './places.js';

/** References and combinations that may be applied to one value, one inside the other. */
const MAX_CHAIN = 256;

/** Keywords whose subschemas are applied to the same value as the schema itself. */
const IN_PLACE = new Set(['allOf', 'anyOf', 'oneOf', 'not', 'if', 'then', 'else', 'dependentSchemas', 'dependencies']);
const REFERENCES = ['$ref', '$dynamicRef', '$recursiveRef'];

/** From a schema to one that is applied to the same value. */
interface Edge {
  to: JsonObject;
  /** Where the reference is; absent for a subschema. */
  reference?: Where;
}

type Edges = ReadonlyMap<JsonObject, readonly Edge[]>;
type Report = (where: Where, message: string) => void;

/** The schemas that are applied to the same value as this one. Reports references that lead nowhere. */
function edgesOf(
  { schema, resource, where }: Place & { schema: JsonObject },
  dialect: Dialect,
  places: Places,
  report: Report,
): Edge[] {
  const edges: Edge[] = [];
  if (!refOverrides(schema, dialect)) {
    eachSubschema(schema, dialect, (to, keyword) => {
      if (IN_PLACE.has(keyword)) edges.push({ to });
    });
  }
  for (const keyword of REFERENCES) {
    const uri = schema[keyword];
    if (typeof uri !== 'string' || dialect.keywords.get(keyword) !== 'ref') continue;
    const reference = pointer(where, keyword);
    const target = keyword === '$recursiveRef' && uri !== '#' ? `must be "#", got ${quote(uri)}` : places.resolve(uri, resource);
    if (typeof target === 'string') report(reference, target);
    else if (typeof target.schema === 'object') edges.push({ to: target.schema, reference });
  }
  return edges;
}

/** Reports references that lead back to themselves, and chains that are too long. */
function reportCircles(edges: Edges, report: Report): void {
  /** The longest chain from each schema that is finished. */
  const lengths = new Map<JsonObject, number>();
  const open = new Set<JsonObject>();
  const trail: Edge[] = [];
  const reported = new Set<Where>();
  const reportOnce = (message: string): void => {
    const reference = trail.findLast((edge) => edge.reference !== undefined)?.reference;
    if (reference === undefined || reported.has(reference)) return;
    reported.add(reference);
    report(reference, message);
  };
  const tooLong = `is one of more than ${MAX_CHAIN} references in a row: shorten the chain`;
  const lengthFrom = (schema: JsonObject): number => {
    const known = lengths.get(schema);
    if (known !== undefined) return known;
    let longest = 0;
    open.add(schema);
    for (const edge of edges.get(schema) ?? []) {
      trail.push(edge);
      if (open.has(edge.to)) reportOnce('refers back to itself without a step into the value: a check would never end');
      else if (trail.length > MAX_CHAIN) reportOnce(tooLong);
      else longest = Math.max(longest, 1 + lengthFrom(edge.to));
      if (longest > MAX_CHAIN) reportOnce(tooLong);
      trail.pop();
    }
    open.delete(schema);
    lengths.set(schema, longest);
    return longest;
  };
  for (const schema of edges.keys()) lengthFrom(schema);
}

/**
 * Adds the mistakes in the `$id`s, anchors and references of a schema that is otherwise correct. The list's path is at the schema.
 *
 * @param checkSchema checks a schema that only a reference leads to; the list's path is at it
 */
export function checkReferences(
  list: MistakeList,
  root: JsonObject,
  dialect: Dialect,
  checkSchema: (schema: JsonObject) => void,
): void {
  const base = [...list.path];
  const pathTo = (where: Where): PathStep[] => [...base, ...stepsTo(where)];
  const report: Report = (where, message) => list.addAt(pathTo(where), message);
  const entered = new Set<JsonObject>();
  const places = new Places(root, dialect, {
    badId: (where, id) => report(where, `must be a URI reference, got ${quote(id)}`),
    duplicate: (where, name) => report(where, `${quote(name)} is already the name of another part of this schema: rename one`),
    enter(schema, where) {
      if (entered.has(schema)) return false;
      entered.add(schema);
      const mistakes = list.found.length;
      const outer = list.path.splice(0, Infinity, ...pathTo(where));
      checkSchema(schema);
      list.path.splice(0, Infinity, ...outer);
      return list.found.length === mistakes;
    },
  });
  const edges = new Map<JsonObject, Edge[]>();
  for (const place of places.all()) edges.set(place.schema, edgesOf(place, dialect, places, report));
  reportCircles(edges, report);
}
