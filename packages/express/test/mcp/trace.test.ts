/** The header `traceparent` in the record of a call and in the context of its function. */
import type { CallRecord } from '@mcp-daemon/core';
import { createMemoryStore } from '@mcp-daemon/core';

import type { Answer, Sent } from '../support.js';
import { call, META, modern, openSession, send, serve, tool } from '../support.js';

const MINE = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';
const OTHER = '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-00';

const traced = tool('traced', (_args, { traceparent = 'none' }) => traceparent);
const textOf = ({ json }: Answer): unknown => (json.result?.['content'] as { text: string }[])[0]?.text;

/** The trace context that the function got, and the one in the record. */
async function outcome(requests: (port: number) => Promise<Sent>): Promise<[unknown, unknown]> {
  const store = createMemoryStore();
  const { port } = await serve([traced], {}, { store });
  const answer = await send({ port }, await requests(port));
  const { items } = (await store.calls.list('default', {})) as { items: CallRecord[] };
  return [textOf(answer), items[0]?.traceparent];
}

describe('the trace context of an HTTP request', () => {
  const inSession = (headers: Record<string, string>) => async (port: number) => ({
    body: call('traced'),
    headers: { ...(await openSession({ port })), ...headers },
  });
  const alone =
    (headers: Record<string, string>, meta = {}) =>
    (): Promise<Sent> =>
      Promise.resolve(modern('tools/call', { name: 'traced', arguments: {}, _meta: { ...META, ...meta } }, headers));

  it('comes from its header, in a session and without', async () => {
    expect(await outcome(alone({ traceparent: MINE }))).toEqual([MINE, MINE]);
    expect(await outcome(inSession({ traceparent: MINE }))).toEqual([MINE, MINE]);
  });

  it('comes from its message, if that has one', async () => {
    expect(await outcome(alone({ traceparent: OTHER }, { traceparent: MINE }))).toEqual([MINE, MINE]);
  });

  it('is absent where the header is malformed or missing', async () => {
    expect(await outcome(alone({ traceparent: '00-1-2-3' }))).toEqual(['none', null]);
    expect(await outcome(inSession({ traceparent: 'x' }))).toEqual(['none', null]);
    expect(await outcome(inSession({}))).toEqual(['none', null]);
  });
});
