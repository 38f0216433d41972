/** Several processes of the built command on one SQLite file. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { RawClient } from '../interop/raw.js';
import { serveHome } from '../interop/served.js';
import { until } from '../until.js';
import type { EffectsHome } from './home.js';
import { createEffectsHome, keyed, repeatOf, textOf } from './home.js';

let home: EffectsHome;
beforeEach(async () => {
  home = await createEffectsHome();
});
afterEach(() => home.remove());

/** The file that ends the calls that wait for it. */
const go = (): string => join(home.folder, 'go');

interface Answer {
  result?: unknown;
  error?: { message: string };
}

/** A sidecar after its handshake. */
async function sidecar(): Promise<RawClient> {
  const client = new RawClient(home.args());
  await client.initialize('2025-11-25', {});
  return client;
}

const call = (client: RawClient, params: Record<string, unknown>): Promise<Answer> =>
  client.ask('tools/call', params as never) as Promise<Answer>;

describe('two processes on one file', () => {
  it('run a function once for each key, whichever process gets the call first', async () => {
    const [one, two] = await Promise.all([sidecar(), sidecar()]);
    const keys = Array.from({ length: 50 }, (_, index) => `k${index}`);
    const calls = keys.map(async (key) => {
      const params = keyed('charge', key, { id: key, ms: 5 });
      return Promise.all([call(one, params), call(two, params), call(two, params), call(one, params)]);
    });
    for (const [index, answers] of (await Promise.all(calls)).entries()) {
      expect(answers.map(({ result }) => textOf(result))).toEqual(answers.map(() => `charged k${index}`));
      const repeated = answers.map(({ result }) => repeatOf(result)).filter((id) => id !== undefined);
      expect(repeated).toHaveLength(3);
      expect(new Set(repeated).size).toBe(1);
    }
    expect(home.effects()).toEqual(new Map(keys.map((key) => [key, 1])));
    await Promise.all([one.leave(), two.leave()]);
  });

  it('refuse other arguments while the other process runs the first call', async () => {
    const [one, two] = await Promise.all([sidecar(), sidecar()]);
    const first = call(one, keyed('charge', 'k', { id: 'one', go: go() }));
    await until(() => home.effects().has('one'), 'the effect of the call');
    const { error } = await call(two, keyed('charge', 'k', { id: 'two' }));
    expect(error?.message).toContain('used with other arguments');
    writeFileSync(go(), '');
    expect(textOf((await first).result)).toBe('charged one');
    expect(home.effects()).toEqual(new Map([['one', 1]]));
    await Promise.all([one.leave(), two.leave()]);
  });

  it('keep the result for the next process', async () => {
    const one = await sidecar();
    await call(one, keyed('charge', 'k', { id: 'one' }));
    await one.leave();
    const two = await sidecar();
    const again = await call(two, keyed('charge', 'k', { id: 'one' }));
    expect(repeatOf(again.result)).toMatch(/^[0-9a-f-]{36}$/);
    await two.leave();
    expect(home.effects()).toEqual(new Map([['one', 1]]));
  });
});

describe('a client of a server over HTTP that loses its connection', () => {
  it.each(['modern', 'legacy'])('gets the result of its call when it comes back (%s)', async (era) => {
    const server = await serveHome(home);
    const modern = era === 'modern';
    const post = (body: object, headers: Record<string, string> = {}, signal?: AbortSignal): Promise<Response> =>
      fetch(server.http, {
        ...{ method: 'POST', body: JSON.stringify({ jsonrpc: '2.0', id: 1, ...body }), signal: signal ?? null },
        headers: { 'content-type': 'application/json', accept: 'application/json, text/event-stream', ...headers },
      });
    const meta = modern
      ? { 'io.modelcontextprotocol/protocolVersion': '2026-07-28', 'io.modelcontextprotocol/clientCapabilities': {} }
      : {};
    const headers: Record<string, string> = modern
      ? { 'mcp-protocol-version': '2026-07-28', 'mcp-method': 'tools/call', 'mcp-name': 'charge' }
      : {};
    if (!modern) {
      const clientInfo = { name: 'test', version: '1' };
      const params = { protocolVersion: '2025-11-25', capabilities: {}, clientInfo };
      const hello = await post({ method: 'initialize', params });
      headers['mcp-session-id'] = hello.headers.get('mcp-session-id') ?? '';
      await hello.text();
    }
    const params = keyed('charge', 'k', { id: 'one', go: go() });
    const request = { method: 'tools/call', params: { ...params, _meta: { ...(params['_meta'] as object), ...meta } } };
    const leave = new AbortController();
    // Where the answer takes a while, the headers of a stream have come already.
    const first = post(request, headers, leave.signal)
      .then((response) => response.text())
      .catch(() => 'gone');
    await until(() => home.effects().has('one'), 'the effect of the call');
    leave.abort();
    expect(await first).toBe('gone');
    const again = post({ ...request, id: 2 }, headers);
    writeFileSync(go(), '');
    const body = await (await again).text();
    expect(body).toContain('charged one');
    expect(body).toContain('io.mcp-daemon/repeatOf');
    expect(home.effects()).toEqual(new Map([['one', 1]]));
    await server.stop();
  });
});
