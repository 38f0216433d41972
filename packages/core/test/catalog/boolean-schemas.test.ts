import { withoutBooleans } from '../../src/catalog/boolean-schemas.js';
import type { JsonObject } from '../../src/index.js';
import { defineTool } from '../../src/index.js';
import { daemonWith, legacy, modern, resultOf } from '../support.js';

describe('property schemas that are true or false', () => {
  it('become objects, also inside', () => {
    const schema = {
      type: 'object',
      properties: { a: true, b: false, c: { properties: { d: true } }, properties: { items: { properties: { e: true } } } },
      anyOf: [{ properties: { f: true } }],
      additionalProperties: false,
      $defs: { g: { properties: { h: false } } },
    };
    expect(withoutBooleans(schema)).toEqual({
      type: 'object',
      properties: { a: {}, b: { not: {} }, c: { properties: { d: {} } }, properties: { items: { properties: { e: {} } } } },
      anyOf: [{ properties: { f: {} } }],
      additionalProperties: false,
      $defs: { g: { properties: { h: { not: {} } } } },
    });
  });

  it('are not changed in plain values', () => {
    const schema = {
      const: { properties: { a: true } },
      enum: [{ properties: { a: true } }],
      properties: { a: { default: true } },
    };
    expect(withoutBooleans(schema)).toBe(schema);
  });

  it('reach clients of 2026-07-28 unchanged, and older ones as objects', async () => {
    const schema = { type: 'object', properties: { a: true, b: false } } as const;
    const daemon = daemonWith([
      defineTool({
        name: 't',
        inputSchema: schema as unknown as JsonObject,
        outputSchema: schema as unknown as JsonObject,
        run: () => ({}),
      }),
    ]);
    const listed = async (client: Pick<ReturnType<typeof modern>, 'request'>): Promise<unknown> =>
      (resultOf(await client.request('tools/list')) as { tools: unknown[] }).tools[0];
    const old = { type: 'object', properties: { a: {}, b: { not: {} } } };
    expect(await listed(modern(daemon))).toMatchObject({ inputSchema: schema, outputSchema: schema });
    expect(await listed(await legacy(daemon, { version: '2025-11-25' }))).toMatchObject({ inputSchema: old, outputSchema: old });
  });
});
