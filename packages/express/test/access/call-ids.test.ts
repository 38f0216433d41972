/** The access log names the records of calls. */
import type { CallRecord, Store } from '@mcp-daemon/core';
import { createDaemon, createMemoryStore, defineCatalog, definePrompt, defineResource } from '@mcp-daemon/core';
import { serveHttp } from '@mcp-daemon/express';

import { localAuth } from '../auth/support.js';
import { atEnd, call, echo, gate, message, modern, openSession, send, tool, until } from '../support.js';

const ADMIN = { authorization: 'Bearer static' };

interface Line {
  path: string;
  rpc?: string;
  call_id?: string;
  call_ids?: string[];
  calls?: number;
}

const hello = definePrompt({ name: 'hello', run: () => 'hello' });
const page = defineResource({ name: 'page', uri: 'page://one', run: () => 'text' });
const secret = { ...tool('secret', () => 'done'), record: { bodies: 'none', redact: [] } } as ReturnType<typeof tool>;

async function served(more: ReturnType<typeof tool>[] = []): Promise<{ to: { port: number }; lines: Line[]; store: Store }> {
  const store = createMemoryStore();
  const daemon = createDaemon({ catalog: defineCatalog({ functions: [echo, hello, page, secret, ...more] }), store });
  atEnd(() => daemon.close({ drainMs: 10 }));
  const lines: Line[] = [];
  const server = await serveHttp(daemon, {
    auth: await localAuth({ adminStaticToken: 'static' }),
    ...{ port: 0, accessLog: true },
    logger: { info: (fields) => void lines.push(fields as unknown as Line), error: () => undefined },
  });
  atEnd(() => server.close({ drainMs: 10 }));
  return { to: server, lines, store };
}

const recordsOf = async (store: Store): Promise<CallRecord[]> => [...(await store.calls.list('default', { limit: 100 })).items];

describe('the access log', () => {
  it.each(['without a session', 'in a session'])('names the record of a call, a read and a prompt, %s', async (how) => {
    const { to, lines, store } = await served();
    const session = how === 'in a session' ? { ...ADMIN, ...(await openSession(to, '2025-11-25', {}, ADMIN)) } : undefined;
    const asked = [
      ['tools/call', { name: 'echo', arguments: { text: 'a' } }],
      ['resources/read', { uri: 'page://one' }],
      ['prompts/get', { name: 'hello' }],
    ] as const;
    for (const [method, params] of asked) {
      const sent = session === undefined ? modern(method, params, ADMIN) : { headers: session, body: message(method, params, 1) };
      expect((await send(to, sent)).status).toBe(200);
    }
    const calls = (): Line[] => lines.filter(({ rpc = '' }) => asked.some(([method]) => method === rpc));
    await until(() => calls().length === 3);
    const records = await recordsOf(store);
    const recorded = new Map(records.map((record) => [record.mcp_function_call_uuid, record.mcp_type]));
    expect(calls().map(({ call_id = '' }) => recorded.get(call_id))).toEqual(['tool', 'resource', 'prompt']);
  });

  it('names no record where there is none', async () => {
    const { to, lines } = await served();
    for (const sent of [
      modern('tools/call', { name: 'secret' }, ADMIN),
      modern('tools/call', { name: 'unknown' }, ADMIN),
      modern('tools/list', {}, ADMIN),
    ])
      await send(to, sent);
    await until(() => lines.length === 3);
    expect(lines.map((line) => 'call_id' in line && line.call_id !== undefined)).toEqual([false, false, false]);
  });

  it('names the first ten records of a batch, and how many calls it had', async () => {
    const { to, lines, store } = await served();
    const headers = { ...ADMIN, ...(await openSession(to, '2025-03-26', {}, ADMIN)) };
    const body = Array.from({ length: 12 }, (_, index) => call('echo', { text: 'x' }, index));
    expect((await send(to, { headers, body })).status).toBe(200);
    await until(() => lines.some(({ calls }) => calls !== undefined));
    const line = lines.find(({ calls }) => calls !== undefined);
    const records = new Set((await recordsOf(store)).map(({ mcp_function_call_uuid }) => mcp_function_call_uuid));
    expect(records.size).toBe(12);
    expect(line).toMatchObject({ calls: 12, call_id: undefined });
    expect(new Set(line?.call_ids).size).toBe(10);
    expect(line?.call_ids?.every((id) => records.has(id))).toBe(true);
  });

  it('names the record of a call whose client has left', async () => {
    const held = gate();
    const { to, lines } = await served([held.tool]);
    const leaving = new AbortController();
    const { headers, body } = modern('tools/call', { name: 'gate' }, ADMIN);
    const gone = fetch(`http://127.0.0.1:${to.port}/mcp`, {
      ...{ method: 'POST', signal: leaving.signal, body: JSON.stringify(body) },
      headers: { 'content-type': 'application/json', accept: 'application/json, text/event-stream', ...(headers as object) },
    });
    await until(() => held.signals.length === 1);
    leaving.abort();
    await expect(gone).rejects.toThrow();
    await until(() => lines.length === 1);
    expect(lines[0]).toMatchObject({ status: 499, call_id: expect.stringMatching(/^[0-9a-f-]{36}$/) as string });
  });
});
