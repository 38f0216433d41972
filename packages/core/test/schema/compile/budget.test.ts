import fc from 'fast-check';

import type { JsonObject } from '../../../src/base/json.js';
import { compileCounted } from '../../../src/schema/compile/compile-schema.js';
import { MAX_STEPS } from '../../../src/schema/compile/run.js';
import type { CheckResult } from '../../../src/schema/types.js';

/** The result of a check, and the steps that it took. */
function counted(schema: JsonObject, value: unknown): { result: CheckResult; steps: number } {
  return compileCounted(schema, { defaults: true })(value);
}

/** A filter of `and`, `or` and `eq`, as query tools have it. */
function filterSchema(argsFirst: boolean): JsonObject {
  const args = { type: 'array', items: { $ref: '#/$defs/filter' } };
  const combined = (op: string): JsonObject => ({
    type: 'object',
    properties: argsFirst ? { args, op: { const: op } } : { op: { const: op }, args },
    required: ['op', 'args'],
  });
  const equal = { type: 'object', properties: { op: { const: 'eq' }, value: { type: 'string' } }, required: ['op', 'value'] };
  return {
    type: 'object',
    properties: { filter: { $ref: '#/$defs/filter' } },
    $defs: { filter: { anyOf: [combined('and'), combined('or'), equal] } },
  };
}

function nestedFilter(depth: number, leaf: unknown): unknown {
  let filter: unknown = { op: 'eq', value: leaf };
  for (let level = 0; level < depth; level++) filter = { op: 'or', args: [filter] };
  return { filter };
}

/** Definitions that each refer to the next one twice. */
function doubling(keyword: string, count: number, last: JsonObject): JsonObject {
  const $defs: Record<string, unknown> = { [`d${count}`]: last };
  for (let i = 0; i < count; i++) {
    const next = { $ref: `#/$defs/d${i + 1}` };
    $defs[`d${i}`] = { [keyword]: [next, next] };
  }
  return { type: 'object', properties: { a: { $ref: '#/$defs/d0' } }, $defs };
}

describe('the steps of a check', () => {
  it.each([
    ['valid', 'x', true, false],
    ['valid, with the arguments before the operator', 'x', true, true],
    ['invalid', 3, false, false],
    ['invalid, with the arguments before the operator', 3, false, true],
  ])('are few for a recursive filter that is %s', (_, leaf, ok, argsFirst) => {
    const shallow = counted(filterSchema(argsFirst), nestedFilter(13, leaf));
    const deep = counted(filterSchema(argsFirst), nestedFilter(26, leaf));
    expect(deep.result.ok).toBe(ok);
    expect(deep.steps).toBeLessThan(2_000);
    expect(deep.steps).toBeLessThan(3 * shallow.steps);
  });

  it('lead to the value that is wrong, where a constant tells the alternatives apart', () => {
    expect(counted(filterSchema(false), nestedFilter(3, 3)).result).toEqual({
      ok: false,
      problems: ['filter.args[0].args[0].args[0].value: must be a string, got 3 (number)'],
    });
  });

  it('are few for a recursive union whose alternatives nothing tells apart', () => {
    const both = { and: { type: 'array', items: { $ref: '#/$defs/f' } } };
    const schema = {
      type: 'object',
      properties: { f: { $ref: '#/$defs/f' } },
      $defs: { f: { anyOf: [{ properties: both }, { properties: { ...both, x: {} } }, { type: 'string' }] } },
    };
    let f: unknown = { and: 3 };
    for (let level = 0; level < 26; level++) f = { and: [f] };
    const { result, steps } = counted(schema, { f });
    expect(result.ok).toBe(false);
    expect(steps).toBeLessThan(10_000);
  });

  it.each([
    ['anyOf', { type: 'string' }, 'x', true],
    ['anyOf', { type: 'string' }, 3, false],
    ['oneOf', { type: 'string' }, 3, false],
    ['oneOf', { type: 'object', properties: { b: { type: 'string' } } }, { b: 3 }, false],
    ['allOf', { type: 'string' }, 'x', true],
    ['allOf', { type: 'string' }, 3, false],
    ['allOf', { type: 'object', properties: { b: { default: 1 } } }, {}, true],
  ])('are few for 22 definitions of %s that refer to the next one twice (%j, %j)', (keyword, last, a, ok) => {
    const { result, steps } = counted(doubling(keyword, 22, last), { a });
    expect(result.ok).toBe(ok);
    expect(steps).toBeLessThan(10_000);
  });

  it('fill in defaults behind definitions that refer to the next one twice', () => {
    const last = { type: 'object', properties: { b: { default: 1 } } };
    expect(counted(doubling('allOf', 22, last), { a: {} }).result).toEqual({ ok: true, value: { a: { b: 1 } } });
  });

  it('end a check that needs too many, with a message', () => {
    const schema = doubling('anyOf', 22, { properties: { b: {} } });
    for (const definition of Object.values(schema['$defs'] as Record<string, JsonObject>)) {
      definition['unevaluatedProperties'] = false; // what was evaluated depends on the way: verdicts cannot be remembered
    }
    const { result } = counted(schema, { a: { c: 1 } });
    expect(result).toEqual({ ok: false, problems: [expect.stringContaining('too complex to check')] });
  });

  it('are enough for large values', () => {
    const row = {
      type: 'object',
      properties: { id: { type: 'integer' }, tag: { anyOf: [{ type: 'string' }, { type: 'null' }] } },
    };
    const schema = { type: 'object', properties: { rows: { type: 'array', items: row } } };
    const rows = Array.from({ length: 300_000 }, (_, id) => ({ id, tag: id % 2 === 0 ? null : 'x' }));
    const { result } = counted(schema, { rows });
    expect(result.ok).toBe(true);
  });

  it('never exceed the limit for random schemas and values', () => {
    const names = fc.constantFrom('a', 'b');
    const { schema } = fc.letrec((tie) => ({
      schema: fc.oneof(
        { maxDepth: 4, depthSize: 'small' },
        fc.constantFrom({ type: 'string' }, { type: 'object' }, { const: 1 }, true, false),
        fc.constantFrom({ $ref: '#/$defs/x' }, { $ref: '#/$defs/y' }),
        fc.record({ properties: fc.dictionary(names, tie('schema'), { maxKeys: 2 }) }),
        fc.record({ items: tie('schema') }),
        fc.record({ not: tie('schema') }),
        fc
          .tuple(fc.constantFrom('anyOf', 'oneOf', 'allOf'), fc.array(tie('schema'), { minLength: 1, maxLength: 3 }))
          .map(([keyword, list]) => ({ [keyword]: list })),
      ),
    }));
    const value = fc.jsonValue({ maxDepth: 5 });
    fc.assert(
      fc.property(schema, schema, schema, value, (root, x, y, given) => {
        // Under a property or item, so that no circle of references stays at one value.
        const $defs = { x: { properties: { a: x }, items: x }, y: { properties: { b: y }, items: y } };
        const { steps } = counted({ allOf: [root], $defs } as JsonObject, given);
        expect(steps).toBeLessThanOrEqual(MAX_STEPS);
      }),
      { numRuns: 300 },
    );
  });
});
