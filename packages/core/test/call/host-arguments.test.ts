import type { DaemonOptions, JsonObject } from '../../src/index.js';
import { createMemoryStore } from '../../src/index.js';
import { Client, daemonWith, modern, resultOf, textOf, tool } from '../support.js';

const ID = { type: 'object', properties: { id: { type: 'string' } } };
const SENT = { id: 'a', wait_for_previous: true };

/** A client of that name, and a tool that returns its arguments. */
async function clientOf(name: string, inputSchema: JsonObject, options: Partial<DaemonOptions> = {}): Promise<Client> {
  const client = new Client(daemonWith([tool('t', (args) => JSON.stringify(args), { inputSchema })], options));
  const clientInfo = { name, version: '1' };
  resultOf(await client.request('initialize', { protocolVersion: '2025-06-18', capabilities: {}, clientInfo }));
  return client;
}

describe('wait_for_previous, which Gemini CLI adds to calls', () => {
  it.each<[string, JsonObject]>([
    ['an open schema', ID],
    ['a schema that is closed', { ...ID, additionalProperties: false }],
    ['a schema that is closed by unevaluatedProperties', { ...ID, unevaluatedProperties: false }],
    ['a schema that allows other names of one type', { ...ID, additionalProperties: { type: 'string' } }],
  ])('is dropped for %s', async (_what, schema) => {
    const client = await clientOf('gemini-cli-mcp-client', schema);
    expect(JSON.parse(textOf(await client.call('t', SENT)))).toEqual({ id: 'a' });
  });

  it.each<[string, JsonObject]>([
    ['as a property', { type: 'object', properties: { ...ID.properties, wait_for_previous: { type: 'boolean' } } }],
    [
      'in an alternative',
      { ...ID, anyOf: [{ properties: { wait_for_previous: { type: 'boolean' } } }], unevaluatedProperties: false },
    ],
  ])('stays where the schema has it %s', async (_where, schema) => {
    const client = await clientOf('gemini-cli-mcp-client', schema);
    expect(JSON.parse(textOf(await client.call('t', SENT)))).toEqual(SENT);
  });

  it('is dropped for other clients, such as a proxy, if the schema is closed', async () => {
    const closed = await clientOf('some-proxy', { ...ID, additionalProperties: false });
    expect(JSON.parse(textOf(await closed.call('t', SENT)))).toEqual({ id: 'a' });
    const open = await clientOf('some-proxy', ID);
    expect(JSON.parse(textOf(await open.call('t', SENT)))).toEqual(SENT);
    const patterns = { ...ID, patternProperties: { '^wait_': {} }, additionalProperties: false };
    expect(JSON.parse(textOf(await (await clientOf('some-proxy', patterns)).call('t', SENT)))).toEqual(SENT);
  });

  it('is dropped for a client without a session', async () => {
    const daemon = daemonWith([tool('t', (args) => JSON.stringify(args), { inputSchema: ID })]);
    const meta = { 'io.modelcontextprotocol/clientInfo': { name: 'gemini-cli-mcp-client', version: '1' } };
    expect(JSON.parse(textOf(await modern(daemon, { meta }).call('t', SENT)))).toEqual({ id: 'a' });
    expect(JSON.parse(textOf(await modern(daemon).call('t', SENT)))).toEqual(SENT);
  });

  it('is not in the record: it has the arguments that the function got', async () => {
    const store = createMemoryStore();
    const client = await clientOf('gemini-cli-mcp-client', { ...ID, additionalProperties: false }, { store });
    await client.call('t', SENT);
    const { items } = await store.calls.list('default', {});
    expect(items.map(({ arguments: args, status }) => [JSON.parse(args ?? ''), status])).toEqual([[{ id: 'a' }, 'completed']]);
  });

  it('stays with dropHostArguments: false, and a closed schema names it', async () => {
    const options = { dropHostArguments: false };
    const open = await clientOf('gemini-cli-mcp-client', ID, options);
    expect(JSON.parse(textOf(await open.call('t', SENT)))).toEqual(SENT);
    const closed = await clientOf('gemini-cli-mcp-client', { ...ID, additionalProperties: false }, options);
    const answer = await closed.call('t', SENT);
    expect(resultOf(answer)['isError']).toBe(true);
    expect(textOf(answer)).toContain('unknown argument "wait_for_previous"');
  });
});
