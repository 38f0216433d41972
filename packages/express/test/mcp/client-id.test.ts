/** The OAuth client of the caller's token in the record of a call. */
import type { IncomingMessage } from 'node:http';

import type { CallRecord, FunctionDefinition } from '@mcp-daemon/core';
import { createMemoryStore } from '@mcp-daemon/core';

import type { Sent } from '../support.js';
import { call, echo, modern, openSession, send, serve, tool, until } from '../support.js';

/** The client that the header `oauth-client` names; none without it. */
const authenticate = ({ headers }: IncomingMessage): { subject: string; clientId?: string } => ({
  subject: 'ann',
  ...(typeof headers['oauth-client'] === 'string' ? { clientId: headers['oauth-client'] } : {}),
});

/** The clients in the records of some requests, in their order. */
async function recorded(
  requests: (port: number) => Promise<Sent[]>,
  functions: FunctionDefinition[] = [echo],
): Promise<unknown[]> {
  const store = createMemoryStore();
  const { port } = await serve(functions, { authenticate }, { store });
  const all = await requests(port);
  for (const request of all) expect((await send({ port }, request)).json.error).toBeUndefined();
  let items: CallRecord[] = [];
  await until(() => {
    ({ items } = store.calls.list('default', {}) as { items: CallRecord[] });
    return items.length === all.length;
  });
  return items.map(({ client_id }) => client_id).reverse();
}

const alone = (client?: string, params: object = {}): Sent =>
  modern('tools/call', { name: 'echo', arguments: { text: 'a' }, ...params }, { 'oauth-client': client });

describe('the record of a call', () => {
  it('has the OAuth client of its request, and null without one', async () => {
    const id = 'https://claude.example/oauth/client.json';
    expect(await recorded(() => Promise.resolve([alone(id), alone(), alone('b')]))).toEqual([id, null, 'b']);
  });

  it('has the client of the message in a session, whoever opened it', async () => {
    const inSession = async (port: number): Promise<Sent[]> => {
      const headers = await openSession({ port }, '2025-11-25', {}, { 'oauth-client': 'a' });
      return ['a', 'b', undefined].map((client, index) => ({
        body: call('echo', { text: 'a' }, index + 10),
        headers: { ...headers, 'oauth-client': client } as Record<string, string>,
      }));
    };
    expect(await recorded(inSession)).toEqual(['a', 'b', null]);
  });

  it('has the client of a task and of a call with a key, and at most 500 characters of it', async () => {
    const long = 'x'.repeat(600);
    const key = { _meta: { 'io.mcp-daemon/idempotencyKey': 'k' } };
    const task = {
      _meta: { 'io.modelcontextprotocol/clientCapabilities': { extensions: { 'io.modelcontextprotocol/tasks': {} } } },
    };
    const withMeta = (client: string, { _meta }: { _meta: object }): Sent => {
      const sent = alone(client);
      const { params } = sent.body as { params: { _meta: object } };
      params._meta = { ...params._meta, ..._meta };
      return sent;
    };
    const asTask = { ...tool('echo', () => 'x'), task: 'optional' } as FunctionDefinition;
    const requests = () => Promise.resolve([withMeta('a', key), withMeta('b', task), alone(long)]);
    expect(await recorded(requests, [asTask])).toEqual(['a', 'b', long.slice(0, 500)]);
  });
});
