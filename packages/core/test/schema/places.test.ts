import type { JsonObject } from '../../src/base/json.js';
import type { Dialect } from '../../src/schema/keywords.js';
import { dialectOf, eachSubschema } from '../../src/schema/keywords.js';
import { Places, pointerText, stepsTo } from '../../src/schema/places.js';

const dialect = (uri?: string): Dialect => {
  const found = dialectOf(uri);
  if (found === undefined) throw new Error(`there is no dialect ${uri}`);
  return found;
};
const SEVEN = dialect('http://json-schema.org/draft-07/schema#');
const LATEST = dialect();

/** Where references of a schema's root lead, as JSON pointers; or what is wrong with them. */
function resolved(root: JsonObject, refs: string[], of = LATEST): string[] {
  const places = new Places(root, of);
  const [document] = places.resources();
  return refs.map((ref) => {
    const place = places.resolve(ref, document!);
    return typeof place === 'string' ? place : pointerText(place.where);
  });
}

describe('the places of a schema', () => {
  it('are all its subschemas, each with its location and the resource that it is in', () => {
    const root = {
      properties: { 'a/b': { items: { type: 'string' } }, c: true },
      allOf: [{}, { $id: 'https://example.com/x', not: {} }],
      const: { properties: { d: {} } },
    };
    const found = [...new Places(root, LATEST).all()].map(({ where, resource }) => [pointerText(where), resource.uri]);
    expect(found).toEqual([
      ['#', 'schema:/'],
      ['#/properties/a~1b', 'schema:/'],
      ['#/properties/a~1b/items', 'schema:/'],
      ['#/allOf/0', 'schema:/'],
      ['#/allOf/1', 'https://example.com/x'],
      ['#/allOf/1/not', 'https://example.com/x'],
    ]);
  });

  it('have locations from the root of the document, also behind an $id', () => {
    const root = { $id: 'https://example.com/', $defs: { a: { $id: 'a', $defs: { b: { $anchor: 'here' }, c: {} } } } };
    expect(resolved(root, ['a#/$defs/c', 'a#here', 'a'])).toEqual(['#/$defs/a/$defs/c', '#/$defs/a/$defs/b', '#/$defs/a']);
  });

  it('have numbers as steps into lists, and names as steps into objects', () => {
    const places = new Places({ allOf: [{ properties: { 0: {} } }] }, LATEST);
    const place = places.resolve('#/allOf/0/properties/0', places.resources()[0]!);
    expect(typeof place === 'string' ? place : stepsTo(place.where)).toEqual(['allOf', 0, 'properties', '0']);
  });

  it('depend on the dialect: a keyword of another one holds no schemas', () => {
    const root = { $defs: { a: { $id: 'u:a', $anchor: 'a' } }, definitions: { b: { $id: '#b' } } };
    expect(resolved(root, ['u:a', '#a', '#b'], SEVEN)).toEqual([
      expect.stringContaining('is never fetched'),
      expect.stringContaining('no $anchor'),
      '#/definitions/b',
    ]);
    expect(resolved(root, ['u:a', 'u:a#a', '#b'])[0]).toBe('#/$defs/a');
  });

  it('of draft-07 do not get names from an $id beside a $ref', () => {
    const root = { definitions: { a: { $id: 'u:a', $ref: '#/definitions/b' }, b: {} } };
    expect(resolved(root, ['u:a'], SEVEN)).toEqual([expect.stringContaining('is never fetched')]);
    expect(resolved(root, ['u:a'])).toEqual(['#/definitions/a']);
  });

  it('include those in unknown keywords once a reference leads there', () => {
    const inner = { $id: 'https://example.com/x', properties: { a: {} } };
    const places = new Places({ components: { a: inner } }, LATEST);
    expect(places.of(inner)).toBeUndefined();
    expect(places.resolve('#/components/a', places.resources()[0]!)).toBe(places.of(inner));
    expect(places.of(inner)?.resource.uri).toBe('https://example.com/x');
    expect([...places.all()]).toHaveLength(3);
  });

  it('of a schema that contains itself are found once', () => {
    const root: JsonObject = {};
    root['not'] = root;
    expect([...new Places(root, LATEST).all()]).toHaveLength(1);
  });
});

describe('subschemas', () => {
  it('are visited in the order of the schema, and values of a wrong type are skipped', () => {
    const visited: unknown[] = [];
    const schema = { not: {}, allOf: [{}, true, 3], items: [{}], properties: { a: {}, b: 'x' }, $defs: [{}], if: null };
    eachSubschema(schema, LATEST, (_, keyword, member) => visited.push([keyword, member]));
    expect(visited).toEqual([
      ['not', undefined],
      ['allOf', 0],
      ['items', 0],
      ['properties', 'a'],
    ]);
  });
});
