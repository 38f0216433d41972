import { createMemoryState } from '@mcp-daemon/core';

import { until } from '../../../tests/until.js';
import type { Guarded } from './guarded-server.js';
import { logIn, serveGuarded } from './guarded-server.js';
import type { Bench } from './support.js';
import { closeBenches, openBench, textOf } from './support.js';

const SECRET = 'a secret of more than thirty-two characters';

let served: Guarded;
beforeEach(async () => {
  served = await serveGuarded();
});
afterEach(async () => {
  await closeBenches();
  await served.close();
});

/** A daemon that mounts the guarded server, and others that share its state. */
function shared(): () => Bench {
  const state = createMemoryState();
  const document = { mcpServers: { web: { url: served.url, credentials: 'service' } } };
  return () => openBench(document, { mounts: { state: () => Promise.resolve(state), secret: SECRET } });
}

/** What the log says of log-ins. */
const linesOf = ({ log }: Bench, text: string): unknown[] => log.filter(({ message }) => message.includes(text));

describe('a server with the credentials of a service', () => {
  it('is used after one log-in; its tokens are kept sealed and renewed, and their end is told', async () => {
    const state = createMemoryState();
    const document = { mcpServers: { web: { url: served.url, credentials: 'service' } } };
    const options = { mounts: { state: () => Promise.resolve(state), secret: SECRET } };

    const before = openBench(document, options);
    await (await before.client()).close();
    expect(before.mounts.status()[0]?.failure).toContain('needs a log-in: run "mcp-daemon mounts login web"');
    expect(before.mounts.status()[0]?.login).toEqual({ state: 'needed' });
    await logIn(before);
    await before.close();
    const entry = await state.get('default', 'token/web/service');
    expect(entry?.value).toMatch(/^[\w-]+$/);
    expect(Buffer.from(entry?.value ?? '', 'base64url').toString('latin1')).not.toContain('access-');

    const bench = openBench(document, options);
    const client = await bench.client();
    expect(textOf(await client.callTool({ name: 'web_echo', arguments: { text: 'hi' } }))).toBe('hi');
    expect(bench.mounts.status()[0]?.login).toEqual({ state: 'ok' });
    served.tokens.clear(); // they are not taken any more
    expect(textOf(await client.callTool({ name: 'web_echo', arguments: { text: 'again' } }))).toBe('again');
    expect(served.counts.refreshes).toBe(1);

    served.tokens.clear();
    served.refuses = true; // the consent is over
    expect(textOf(await client.callTool({ name: 'web_echo', arguments: { text: 'late' } }))).toContain('needs a log-in');
  });

  it('keeps no tokens without a secret', async () => {
    const bench = openBench({ mcpServers: { web: { url: served.url, credentials: 'service' } } });
    await (await bench.client()).close();
    expect(bench.mounts.status()[0]?.failure).toContain('tokens are kept only with MCP_STATE_SECRET');
  });

  it('gets new tokens in the background, before the old ones expire', async () => {
    const open = shared();
    served.expiresIn = 2;
    const bench = open();
    await logIn(bench);
    const client = await bench.client();
    await until(() => served.counts.refreshes > 0, 'new tokens in the background');
    served.tokens.delete([...served.tokens.keys()][0] ?? ''); // only the new one is good
    expect(textOf(await client.callTool({ name: 'web_echo', arguments: { text: 'hi' } }))).toBe('hi');
    expect(bench.mounts.status()[0]?.login?.state).toBe('ok');
  });

  it('uses each refresh token once, however many processes find it expired', async () => {
    const open = shared();
    const benches = [open(), open(), open()];
    await logIn(benches[0]!);
    const clients = await Promise.all(benches.map((bench) => bench.client()));
    served.tokens.clear();
    const call = { name: 'web_echo', arguments: { text: 'hi' } };
    const answers = await Promise.all(clients.flatMap((client) => [client.callTool(call), client.callTool(call)]));
    expect(answers.map(textOf)).toEqual(['hi', 'hi', 'hi', 'hi', 'hi', 'hi']);
    expect(served.counts).toMatchObject({ refreshes: 1, reused: 0 });
  });

  it('reports a refused renewal before calls fail', async () => {
    const open = shared();
    served.expiresIn = 6;
    served.refuses = true;
    const bench = open();
    await logIn(bench);
    const client = await bench.client();
    await until(() => bench.mounts.status()[0]?.login?.state === 'ending', 'the end is reported');
    const { login } = bench.mounts.status()[0] ?? {};
    expect(login?.problem).toContain('the consent is over');
    expect(login?.ends).toBeGreaterThan(Date.now());
    expect(linesOf(bench, 'the log-in at the server "web" cannot be renewed and ends at')).toHaveLength(1);
    expect(textOf(await client.callTool({ name: 'web_echo', arguments: { text: 'still' } }))).toBe('still');
    served.tokens.clear();
    expect(textOf(await client.callTool({ name: 'web_echo', arguments: { text: 'late' } }))).toContain('needs a log-in');
  });

  it('reports the end of a refresh token that the server announces', async () => {
    const open = shared();
    served.expiresIn = 1;
    served.refreshExpiresIn = 60;
    const bench = open();
    await logIn(bench);
    await bench.client();
    // The first renewal shows that the end does not move.
    await until(() => bench.mounts.status()[0]?.login?.state === 'ending', 'the end is reported');
    expect(linesOf(bench, 'the log-in at the server "web" ends at')).toHaveLength(1);
  });

  it('keeps the log-in while the authorization server is out of order', async () => {
    const open = shared();
    served.expiresIn = 3_600;
    const bench = open();
    await logIn(bench);
    const client = await bench.client();
    served.refuses = 'busy';
    served.tokens.clear();
    const failed = textOf(await client.callTool({ name: 'web_echo', arguments: { text: 'hi' } }));
    expect(failed).not.toContain('needs a log-in');
    served.refuses = false;
    expect(textOf(await client.callTool({ name: 'web_echo', arguments: { text: 'hi' } }))).toBe('hi');
  });

  it('does not send tokens to another address that gets the same name', async () => {
    const state = createMemoryState();
    const options = { mounts: { state: () => Promise.resolve(state), secret: SECRET } };
    const bench = openBench({ mcpServers: { web: { url: served.url, credentials: 'service' } } }, options);
    await logIn(bench);
    await bench.close();
    const other = await serveGuarded();
    const moved = openBench({ mcpServers: { web: { url: other.url, credentials: 'service' } } }, options);
    await moved.client();
    expect(moved.mounts.status()[0]?.failure).toContain('needs a log-in');
    expect(other.headers.some(({ authorization }) => authorization !== undefined)).toBe(false);
    await moved.close();
    await other.close();
  });

  it('gives its tokens back at a log-out', async () => {
    const open = shared();
    const bench = open();
    const mount = await logIn(bench);
    expect(await bench.mounts.logout(mount, null)).toEqual({ count: 1, revoked: 1 });
    expect(served.revoked).toHaveLength(1);
    expect(served.revoked[0]).toMatch(/^refresh-/);
    expect(await bench.mounts.logout(mount, null)).toEqual({ count: 0, revoked: 0 });
    await bench.client();
    expect(bench.mounts.status()[0]?.failure).toContain('needs a log-in');
  });
});
