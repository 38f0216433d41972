import { schemaReferences } from '../../src/schema/follow.js';

const DRAFT_07 = 'http://json-schema.org/draft-07/schema#';

describe('the references of a schema', () => {
  it('lead to subschemas, by pointer, anchor and $id, from the place that they are in', () => {
    const schema = {
      properties: { a: { $ref: '#/$defs/x' }, b: { $ref: '#y' }, c: { $ref: 'z' } },
      $defs: { x: { type: 'string' }, y: { $anchor: 'y' }, z: { $id: 'z', items: { $ref: '#' } }, yes: true },
    };
    const references = schemaReferences(schema)!;
    const { a, b, c } = schema.properties;
    expect(references.dialect).toBe('2020-12');
    expect(references.follow(a, '$ref')).toBe(schema.$defs.x);
    expect(references.follow(b, '$ref')).toBe(schema.$defs.y);
    expect(references.follow(c, '$ref')).toBe(schema.$defs.z);
    expect(references.follow(schema.$defs.z.items, '$ref')).toBe(schema.$defs.z);
    expect(references.follow({ $ref: '#/$defs/yes' }, '$ref')).toBe(true);
  });

  it('lead nowhere outside of the schema', () => {
    const references = schemaReferences({ $defs: { a: 1 } })!;
    for (const $ref of ['https://example.com/', '#/$defs/b', '#/$defs/a', '#b', '%', 5])
      expect(references.follow({ $ref } as never, '$ref')).toBeUndefined();
    expect(references.follow({}, '$ref')).toBeUndefined();
  });

  it('that are dynamic lead somewhere only if there is one place', () => {
    const one = { $defs: { x: { $dynamicAnchor: 'n', type: 'string' } } };
    expect(schemaReferences(one)!.follow({ $dynamicRef: '#n' }, '$dynamicRef')).toBe(one.$defs.x);
    const two = { $dynamicAnchor: 'n', $defs: { x: { $id: 'x', $dynamicAnchor: 'n' } } };
    expect(schemaReferences(two)!.follow({ $dynamicRef: '#n' }, '$dynamicRef')).toBeUndefined();
  });

  it('depend on the dialect', () => {
    const old = { $schema: DRAFT_07, definitions: { x: { $id: '#x' } } };
    const references = schemaReferences(old)!;
    expect(references.dialect).toBe('draft-07');
    expect(references.follow({ $ref: '#x' }, '$ref')).toBe(old.definitions.x);
    expect(references.follow({ $dynamicRef: '#x' }, '$dynamicRef')).toBeUndefined();
    const middle = { $schema: 'https://json-schema.org/draft/2019-09/schema' };
    expect(schemaReferences(middle)!.follow({ $recursiveRef: '#' }, '$recursiveRef')).toBe(middle);
    expect(schemaReferences({ $schema: 'https://example.com/mine' })).toBeUndefined();
  });
});
